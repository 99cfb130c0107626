package device_test

import (
	"errors"
	"math"
	"sync"
	"testing"
	"time"

	"github.com/clprop/clprop/device"
	"github.com/clprop/clprop/device/enginetest"
)

// onRanks runs a body for each of n ranks at the same time, on an engine of its own.
func onRanks(t *testing.T, n int, open func() (device.Engine, error), body func(e *device.Ranked)) {
	t.Helper()
	var all sync.WaitGroup
	for _, comm := range enginetest.Ranks(n) {
		local, err := open()
		if err != nil {
			t.Fatal(err)
		}
		defer local.Close()
		all.Go(func() { body(device.NewRanked(local, comm)) })
	}
	all.Wait()
}

func reference() (device.Engine, error) { return device.OpenReference(), nil }

// The shares of all ranks are the batch: nothing is left out, nothing is twice, all begin at
// even rows, and none is larger than an even share.
func TestShare(t *testing.T) {
	for n := 1; n <= 9; n++ {
		for m := 0; m <= 40; m++ {
			next := 0
			for _, comm := range enginetest.Ranks(n) {
				from, rows := device.NewRanked(nil, comm).Share(m)
				even := (m + n - 1) / n
				even += even % 2
				if from != next || rows < 0 || rows > even || from%2 == 1 && from < m {
					t.Fatalf("rank %d of %d: %d of %d examples from %d on, expected from %d", comm.Rank(), n, rows, m, from, next)
				}
				next += rows
			}
			if next != m {
				t.Fatalf("%d ranks have %d of %d examples", n, next, m)
			}
		}
	}
}

// The layers of wide are several buckets, since Θ(1) is larger than one; those of narrow
// are one.
var (
	narrow = []device.Shape{{In: 3, Out: 5}, {In: 5, Out: 2}}
	wide   = []device.Shape{{In: 3, Out: 5}, {In: 5, Out: 16000}, {In: 16000, Out: 2}}
)

// D of two layers comes from δ that differ by rank r, δ(l) = r+1 everywhere, and a = 1 in
// one row: Δ is Σ (r+1) = n(n+1)/2 on all ranks, exactly, for weights and biases; D is
// half of it with m = 2. Without an Accumulate in the list, Δ is summed as it is.
func TestRankedSumsBeforeGradient(t *testing.T) {
	for _, shapes := range [][]device.Shape{narrow, wide} {
		for _, n := range []int{1, 2, 3, 4} {
			onRanks(t, n, reference, func(e *device.Ranked) {
				must := func(err error) {
					if err != nil {
						t.Error(err)
						panic(err)
					}
				}
				parameters := func() device.Parameters {
					p, err := e.NewParameters(shapes)
					must(err)
					return p
				}
				matrix := func(cols int, v float32) device.Matrix {
					m, err := e.NewMatrix(1, cols)
					must(err)
					row := make([]float32, cols)
					for i := range row {
						row[i] = v
					}
					must(e.Write(m, 0, row))
					return m
				}
				theta, sum, grad := parameters(), parameters(), parameters()
				var ops []device.Op
				for l := len(shapes) - 1; l >= 0; l-- {
					ops = append(ops, device.Accumulate{
						Delta: matrix(shapes[l].Out, float32(e.Rank()+1)), A: matrix(shapes[l].In, 1), Sum: sum, Layer: l, Fresh: true,
					})
				}
				gradient := device.Gradient{Sum: sum, Theta: theta, M: 2, Grad: grad}
				whole, err := e.Prepare(append(ops, gradient)...)
				must(err)
				must(whole.Run())
				want := float32(n*(n+1)) / 4
				expect := func(want float32) {
					for l, s := range shapes {
						w, b := make([]float32, s.In*s.Out), make([]float32, s.Out)
						must(e.ReadParameters(w, b, grad, l))
						for _, v := range append(w, b...) {
							if v != want {
								t.Errorf("rank %d of %d, layer %d: D is %v, want %v", e.Rank(), n, l, v, want)
								return
							}
						}
					}
				}
				expect(want)
				rest, err := e.Prepare(gradient)
				must(err)
				must(rest.Run())
				expect(want * float32(n)) // the sums of all ranks, summed again
			})
		}
	}
}

// A tally read on ranks is that of all, in float64; what was read can be written and is
// read again, and sums of weights are not multiplied.
func TestRankedTally(t *testing.T) {
	for _, n := range []int{1, 2, 3} {
		onRanks(t, n, reference, func(e *device.Ranked) {
			tally, err := e.NewTally()
			if err != nil {
				t.Error(err)
				return
			}
			loss := 0.1 * float64(e.Rank()+1)
			own := device.Sums{Loss: loss, Running: loss, Correct: e.Rank(), Count: 5, Squares: 7, Magnitudes: 3}
			err = e.Local().WriteTally(tally, own)
			for range 2 {
				if err != nil {
					t.Error(err)
					return
				}
				var got device.Sums
				got, err = e.ReadTally(tally)
				want := 0.1 * float64(n*(n+1)) / 2
				// A few additions in float64.
				if math.Abs(got.Loss-want) > 1e-15*want*float64(n) || got.Correct != n*(n-1)/2 || got.Count != 5*n || got.Squares != 7 || got.Magnitudes != 3 {
					t.Errorf("rank %d of %d: %+v", e.Rank(), n, got)
				}
				if err == nil {
					err = e.WriteTally(tally, got)
				}
			}
		})
	}
}

// Agree is the union of what ranks ask for, and Differing names those that differ by one
// bit, at either end.
func TestAgreeAndDiffering(t *testing.T) {
	onRanks(t, 3, reference, func(e *device.Ranked) {
		if bits, err := e.Agree([]uint32{1, 4, 0}[e.Rank()]); bits != 5 || err != nil {
			t.Errorf("rank %d: agreed on %b, %v", e.Rank(), bits, err)
		}
		for _, flip := range []uint64{1, 1 << 63} {
			hash := uint64(0x123456789abcdef0)
			if e.Rank() == 2 {
				hash ^= flip
			}
			if ranks, err := e.Differing(hash); len(ranks) != 1 || ranks[0] != 2 || err != nil {
				t.Errorf("rank %d: differing %v, %v", e.Rank(), ranks, err)
			}
		}
	})
}

// broken is a communicator whose sums fail.
type broken struct{ device.Communicator }

var errBroken = errors.New("broken")

func (broken) Sum([]float32) func() (time.Duration, error) {
	return func() (time.Duration, error) { return 0, errBroken }
}

func (b broken) SumHalves(values []float32) func() (time.Duration, error) { return b.Sum(values) }

// A sum that fails is the plan's error, and D is not touched.
func TestRankedSumFails(t *testing.T) {
	local := device.OpenReference()
	defer local.Close()
	e := device.NewRanked(local, broken{enginetest.Ranks(1)[0]})
	p, err := e.NewParameters(narrow)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := e.Prepare(device.Gradient{Sum: p, Theta: p, M: 1, Lambda: 1, Grad: p})
	if err != nil {
		t.Fatal(err)
	}
	if err := plan.Run(); !errors.Is(err, errBroken) {
		t.Errorf("run: %v", err)
	}
	if calls := e.Counters().Calls; calls != 0 {
		t.Errorf("%d calls after the sum failed", calls)
	}
	if _, err := e.Prepare(device.Gradient{Sum: p, Theta: p, Grad: p}); err == nil {
		t.Error("a gradient with m = 0 was prepared")
	}
}
