package trainer

import (
	"context"
	"errors"
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/clprop/clprop/device"
	"github.com/clprop/clprop/device/enginetest"
	"github.com/clprop/clprop/trainer/data"
)

// ranked is what Fit came to on one rank.
type ranked struct {
	net     *Network
	history *History
	err     error
}

// fitOnRanks trains a new network of the same seed on each of n ranks, which are
// goroutines with CPU references. change, if not nil, changes what a rank is given.
func fitOnRanks(t *testing.T, n int, train, validation *data.Set, c Config, change func(rank int, ctx *context.Context, train **data.Set, c *Config)) []ranked {
	t.Helper()
	out := make([]ranked, n)
	var all sync.WaitGroup
	for r, comm := range enginetest.Ranks(n) {
		all.Go(func() {
			local := device.OpenReference()
			defer local.Close()
			ctx, set, own := context.Background(), train, c
			if change != nil {
				change(r, &ctx, &set, &own)
			}
			net, err := NewNetwork(NetworkConfig{Sizes: []int{train.Features, 9, train.Outputs}, Seed: 3})
			if err != nil {
				out[r].err = err
				return
			}
			tr, err := New(net, device.NewRanked(local, comm))
			if err != nil {
				out[r].err = err
				return
			}
			defer tr.Close()
			history, err := tr.Fit(ctx, set, validation, own)
			out[r] = ranked{net, history, err}
		})
	}
	all.Wait()
	return out
}

// digitsParts are some of the digits: rows that no batch or number of ranks divides.
func digitsParts(t *testing.T, rows int) (train, validation *data.Set) {
	t.Helper()
	digits, _, err := data.Digits()
	if err != nil {
		t.Fatal(err)
	}
	list := make([]int, rows+50)
	for i := range list {
		list[i] = i
	}
	return digits.Subset(list[:rows]), digits.Subset(list[rows:])
}

// One rank is training without ranks, to the bit. Of more, all have the same weights and
// numbers, which are those of one to rounding: each element of Δ is a sum of m float32
// products in another order, of relative error below m·2⁻²⁴, 2e-6 here, and a few epochs
// carry it on. Batches that ranks do not divide, of fewer examples than ranks, in parts,
// streamed, with dropout and moments are all among them.
func TestRanksTrainTheSameNetwork(t *testing.T) {
	train, validation := digitsParts(t, 131) // 131 = 4·32 + 3: the last batch has three examples
	for name, c := range map[string]Config{
		"sgd":          {Epochs: 4, BatchSize: 32, Seed: 5},
		"one example":  {Epochs: 2, BatchSize: 10, Seed: 5, Rate: 0.01}, // and the rest is one
		"streamed":     {Epochs: 2, BatchSize: 32, Seed: 5, Resident: ResidentNo},
		"parts":        {Epochs: 2, BatchSize: 32, MicroBatch: 5, Seed: 5},
		"dropout":      {Epochs: 2, BatchSize: 32, Seed: 5, Regularizers: Regularizers{Dropout: 0.3, InputDropout: 0.1}},
		"adam, clip":   {Epochs: 3, BatchSize: 32, Seed: 5, Rate: 0.001, Optimizer: Optimizer{Name: "adamw"}, Regularizers: Regularizers{ClipNorm: 1, L1: 1e-4}, Lambda: 0.1},
		"mixup":        {Epochs: 2, BatchSize: 30, Seed: 5, Rate: 0.01, Augment: Augment{Mixup: 0.3}}, // quarters of it are odd
		"average, few": {Epochs: 2, BatchSize: 2, Seed: 5, Rate: 0.01, Regularizers: Regularizers{Average: 0.9}},
	} {
		t.Run(name, func(t *testing.T) {
			plain, _ := plainFit(t, train, validation, c)
			for _, n := range []int{1, 2, 3, 4} {
				results := fitOnRanks(t, n, train, validation, c, nil)
				for r, got := range results {
					if got.err != nil {
						t.Fatalf("rank %d of %d: %v", r, n, got.err)
					}
					sameRun(t, n, r, plain, got)
					if d := largestDifference(results[0].net, got.net); d != 0 {
						t.Errorf("rank %d of %d has other weights than rank 0, by %g", r, n, d)
					}
				}
			}
		})
	}
}

// plainFit is fitOnRanks without ranks.
func plainFit(t *testing.T, train, validation *data.Set, c Config) (ranked, *Trainer) {
	t.Helper()
	eng := device.OpenReference()
	t.Cleanup(func() { eng.Close() })
	net, err := NewNetwork(NetworkConfig{Sizes: []int{train.Features, 9, train.Outputs}, Seed: 3})
	if err != nil {
		t.Fatal(err)
	}
	tr, err := New(net, eng)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(tr.Close)
	history, err := tr.Fit(context.Background(), train, validation, c)
	if err != nil {
		t.Fatal(err)
	}
	return ranked{net, history, nil}, tr
}

func sameRun(t *testing.T, n, r int, plain, got ranked) {
	t.Helper()
	const tolerance = 1e-5
	near := func(a, b float64) bool { return a == b || n > 1 && math.Abs(a-b) <= tolerance*math.Abs(b) }
	if len(got.history.Epochs) != len(plain.history.Epochs) {
		t.Fatalf("rank %d of %d: %d epochs, want %d", r, n, len(got.history.Epochs), len(plain.history.Epochs))
	}
	for i, want := range plain.history.Epochs {
		is := got.history.Epochs[i]
		if !near(is.Loss, want.Loss) || !near(is.Cost, want.Cost) || !near(is.ValLoss, want.ValLoss) || is.Accuracy != want.Accuracy || is.ValAccuracy != want.ValAccuracy {
			t.Errorf("rank %d of %d, epoch %d: %+v, want %+v", r, n, i+1, is, want)
		}
	}
	limit := 0.0
	if n > 1 {
		limit = tolerance
	}
	if d := largestDifference(plain.net, got.net); d > limit {
		t.Errorf("rank %d of %d: weights differ by %g", r, n, d)
	}
}

func largestDifference(a, b *Network) float64 {
	largest := 0.0
	for l := range a.Layers {
		for i, w := range a.Layers[l].W {
			largest = max(largest, math.Abs(float64(w)-float64(b.Layers[l].W[i])))
		}
		for i, v := range a.Layers[l].B {
			largest = max(largest, math.Abs(float64(v)-float64(b.Layers[l].B[i])))
		}
	}
	return largest
}

// Every rank gets the same error, which names what differs, before the first step.
func TestRanksThatDiffer(t *testing.T) {
	train, validation := digitsParts(t, 60)
	other := *train
	other.X = append([]float32{}, train.X...)
	other.X[17] += 1
	for what, change := range map[string]func(train **data.Set, c *Config){
		"training set":  func(set **data.Set, _ *Config) { *set = &other },
		"configuration": func(_ **data.Set, c *Config) { c.Rate = 0.25 },
	} {
		results := fitOnRanks(t, 3, train, validation, Config{Epochs: 1, Seed: 1}, func(rank int, _ *context.Context, set **data.Set, c *Config) {
			if rank == 1 {
				change(set, c)
			}
		})
		for r, got := range results {
			if !errors.Is(got.err, ErrRanks) || !strings.Contains(got.err.Error(), "rank 1 has other "+what) {
				t.Errorf("%s: rank %d: %v", what, r, got.err)
			}
		}
	}
	for _, c := range []Config{{VerifyEvery: 1}, {OnDivergence: DivergenceReload}} {
		for r, got := range fitOnRanks(t, 2, train, validation, c, nil) {
			if got.err == nil || !strings.Contains(got.err.Error(), "there are 2 ranks") {
				t.Errorf("%+v: rank %d: %v", c, r, got.err)
			}
		}
	}
}

// The time that one rank has ends training on all, after the same step.
func TestRanksAgreeOnTime(t *testing.T) {
	train, _ := digitsParts(t, 131)
	results := fitOnRanks(t, 2, train, nil, Config{Epochs: 1 << 20, BatchSize: 16, Seed: 5, Interval: time.Millisecond}, func(rank int, _ *context.Context, _ **data.Set, c *Config) {
		if c.Stop.Time = time.Hour; rank == 1 {
			c.Stop.Time = 50 * time.Millisecond
		}
	})
	for r, got := range results {
		if got.err != nil || got.history.Stopped == nil || got.history.Stopped.Reason != StopTime {
			t.Fatalf("rank %d: %+v, %v", r, got.history, got.err)
		}
		if d := largestDifference(results[0].net, got.net); d != 0 {
			t.Errorf("rank %d stopped with other weights, by %g", r, d)
		}
	}
}

// With sums of float16 ranks have the same bits, and train: Δ is off by some 2⁻¹⁰ of the
// magnitudes that it is a sum of, so that the loss after a few epochs, which begins at 2.3
// or so and falls with every step, is within a few times that of the loss without: 1%. One
// rank sums nothing, and is training without ranks.
func TestRanksCompress(t *testing.T) {
	train, validation := digitsParts(t, 131)
	c := Config{Epochs: 4, BatchSize: 32, Seed: 5}
	plain, _ := plainFit(t, train, validation, c)
	c.Compress = CompressFP16
	for _, n := range []int{2, 3} {
		results := fitOnRanks(t, n, train, validation, c, nil)
		for r, got := range results {
			if got.err != nil {
				t.Fatalf("rank %d of %d: %v", r, n, got.err)
			}
			if d := largestDifference(results[0].net, got.net); d != 0 {
				t.Errorf("rank %d of %d has other weights than rank 0, by %g", r, n, d)
			}
			if d := largestDifference(plain.net, got.net); d == 0 || d > 0.01 {
				t.Errorf("rank %d of %d: weights differ by %g from those without", r, n, d)
			}
			if is, want := got.history.Last().Loss, plain.history.Last().Loss; math.Abs(is-want) > 0.01*want {
				t.Errorf("rank %d of %d: loss %v, without %v", r, n, is, want)
			}
		}
	}
	if _, err := (Config{Compress: "fp8"}).withDefaults(); err == nil || !strings.Contains(err.Error(), "fp8") {
		t.Errorf("fp8: %v", err)
	}
}
