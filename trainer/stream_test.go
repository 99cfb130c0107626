package trainer

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/clprop/clprop/device"
	"github.com/clprop/clprop/trainer/data"
)

// table writes a CSV file of so many rows, with a weight and a class, and returns it as a
// stream and held, with the same rows to train on and for validation.
func table(t *testing.T, rows int, opts data.Options, share float64) (streamed, held [2]*data.Set) {
	t.Helper()
	var b strings.Builder
	b.WriteString("a,b,c,weight,class\n")
	for i := range rows {
		fmt.Fprintf(&b, "%d,%d.25,%s,%d,%d\n", i*i%101, i%17, []string{"x", "y", "z"}[i%3], 1+i%4, i*7/2%3)
	}
	path := filepath.Join(t.TempDir(), "t.csv")
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := data.OpenStream(path, opts, data.StreamOptions{Validation: share, Seed: 3, Goroutines: 2})
	if err != nil {
		t.Fatal(err)
	}
	p, err := s.Fit(context.Background(), data.FitOptions{})
	if err != nil {
		t.Fatal(err)
	}
	streamed[0], streamed[1] = s.Sets()
	for i, set := range streamed {
		if set != nil {
			held[i] = gathered(t, set)
		}
	}
	if p.Features() != streamed[0].Features {
		t.Fatal(p)
	}
	return streamed, held
}

// gathered is a streamed set in memory.
func gathered(t *testing.T, set *data.Set) *data.Set {
	t.Helper()
	r, err := set.Streamed.Read()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	held := *set
	held.Streamed = nil
	for len(held.Y) < set.Rows*set.Outputs {
		part, err := r.Next()
		if err != nil {
			t.Fatal(err)
		}
		held.X, held.Y, held.Weights = append(held.X, part.X...), append(held.Y, part.Y...), append(held.Weights, part.Weights...)
	}
	return &held
}

// The same rows in the same order come to the same bits, read from a file as they are needed or
// in memory, whatever becomes of them: in the order of the file, through a shuffle buffer of
// few and of all, in parts, with weights, verified.
func TestStreamedIsHeld(t *testing.T) {
	streamed, held := table(t, 83, data.Options{Weights: "weight"}, 0.2)
	n := NetworkConfig{Sizes: []int{held[0].Features, 6, 3}, Hidden: device.Tanh, Seed: 5}
	different := map[float64]bool{}
	for name, c := range map[string]Config{
		"order of the file": {ShuffleBuffer: 1},
		"buffer of 7":       {ShuffleBuffer: 7, MicroBatch: 4},
		"buffer of all":     {ShuffleBuffer: 500},
		"weights": {ShuffleBuffer: 11, ClassWeights: ClassWeights{Balanced: true}, LabelSmoothing: 0.1, VerifyEvery: 3,
			Regularizers: Regularizers{Dropout: 0.2}, Augment: Augment{Mixup: 0.3}},
	} {
		c.Epochs, c.BatchSize, c.Seed = 3, 10, 7
		got, h := fitted(t, n, streamed[0], streamed[1], c)
		want, history := fitted(t, n, held[0], held[1], c)
		if !sameBits(got, want) || !slices.Equal(timeless(h), timeless(history)) {
			t.Errorf("%s: other bits: %+v, want %+v", name, h.Epochs, history.Epochs)
		}
		if h.Resident {
			t.Errorf("%s: the stream is resident", name)
		}
		different[h.Last().Loss] = true
	}
	if len(different) != 4 {
		t.Errorf("%d different trainings: buffers change nothing", len(different))
	}
	for name, eng := range map[string]func() device.Engine{"OpenCL": func() device.Engine { return openOpenCL(t) }} {
		t.Run(name, func(t *testing.T) {
			c := Config{Epochs: 2, BatchSize: 10, ShuffleBuffer: 20}
			var nets [2]*Network
			for i, sets := range [][2]*data.Set{streamed, held} {
				nets[i] = newNetwork(t, n)
				if _, err := open(t, nets[i], eng()).Fit(context.Background(), sets[0], sets[1], c); err != nil {
					t.Fatal(err)
				}
			}
			if !sameBits(nets[0], nets[1]) {
				t.Error("other bits")
			}
		})
	}
}

// Stopped after any step, also in the middle of an epoch or of validation, a training that
// streams ends with the bits of one that was never stopped.
func TestStreamedResumeIsExact(t *testing.T) {
	streamed, _ := table(t, 29, data.Options{Drop: "c", Weights: "weight"}, 0.3)
	net := resumeNet
	net.Sizes = []int{2, 7, 3}
	defer func(before NetworkConfig) { resumeNet = before }(resumeNet)
	resumeNet = net
	c := resumeConfig()
	c.ShuffleBuffer = 8
	want := newNetwork(t, resumeNet)
	h, err := open(t, want, device.OpenReference()).Fit(context.Background(), streamed[0], streamed[1], c)
	if err != nil {
		t.Fatal(err)
	}
	for n := 1; n < 24; n++ {
		got, history, _ := stopAndResume(t, device.OpenReference(), n, c, streamed[0], streamed[1])
		if !sameBits(got, want) || !slices.Equal(timeless(history), timeless(h)) {
			t.Errorf("stopped after %d plans: other weights or history", n)
		}
	}
	// Another seed holds other rows back, which are another set.
	s, err := NewFingerprint(streamed[0])
	v, err2 := NewFingerprint(streamed[1])
	if err != nil || err2 != nil || s == v || s.SHA256 == v.SHA256 {
		t.Errorf("fingerprints %v and %v, %v", s, v, err)
	}
}

// Ranks read the same stream, and each takes its share of a batch.
func TestStreamedOnRanks(t *testing.T) {
	streamed, held := table(t, 83, data.Options{Drop: "weight"}, 0.2)
	c := Config{Epochs: 2, BatchSize: 12, ShuffleBuffer: 9, Resident: ResidentNo}
	got := fitOnRanks(t, 3, streamed[0], streamed[1], c, nil)
	want := fitOnRanks(t, 3, held[0], held[1], c, nil)
	for r := range got {
		if got[r].err != nil || want[r].err != nil || !sameBits(got[r].net, want[r].net) {
			t.Errorf("rank %d: other bits, or error %v, %v", r, got[r].err, want[r].err)
		}
	}
}

// A gradient to look at and a sweep of rates work on a stream; what goes over the rows at will
// is refused.
func TestStreamedElsewhere(t *testing.T) {
	streamed, held := table(t, 40, data.Options{Drop: "weight"}, 0)
	net := newNetwork(t, NetworkConfig{Sizes: []int{held[0].Features, 4, 3}, Seed: 5})
	tr := open(t, net, device.OpenReference())
	a, err := tr.Gradient(streamed[0], 0.1)
	if err != nil {
		t.Fatal(err)
	}
	if b, err := tr.Gradient(held[0], 0.1); err != nil || !slices.Equal(a[0].W, b[0].W) {
		t.Errorf("other gradients, %v", err)
	}
	var losses [2][]float64
	for i, set := range []*data.Set{streamed[0], held[0]} {
		found, err := tr.Sweep(context.Background(), set, Config{BatchSize: 8, ShuffleBuffer: 5}, Sweep{Steps: 12})
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range found.Points {
			losses[i] = append(losses[i], p.Loss)
		}
	}
	if len(losses[0]) == 0 || !slices.Equal(losses[0], losses[1]) {
		t.Errorf("sweep %v, want %v", losses[0], losses[1])
	}
	for name, c := range map[string]Config{"lbfgs": {Optimizer: Optimizer{Name: "lbfgs"}}, "resident": {Resident: ResidentYes}} {
		if _, err := tr.Fit(context.Background(), streamed[0], nil, c); !errors.Is(err, data.ErrNoStream) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: error %v", name, err)
		}
	}
	if _, err := tr.Evaluate(context.Background(), streamed[0]); !errors.Is(err, data.ErrNoStream) {
		t.Errorf("error %v", err)
	}
}

// A shuffle buffer lets every row through once, none before it can be in a slot; one slot
// leaves the order, and with a slot for each all orders are alike likely: with 6000 draws
// χ² of the 6 orders of 3 rows, with 5 degrees of freedom, is above 20.5 once in 1000 times.
func TestShuffleWithin(t *testing.T) {
	const n = 1000
	for _, slots := range []int{1, 2, 50, n, 2 * n} {
		rows := make([]int32, n)
		shuffleWithin(rows, 4, 2, slots)
		moved := false
		for k, row := range rows {
			if int(row) >= k+slots {
				t.Fatalf("%d slots: row %d comes at %d", slots, row, k)
			}
			moved = moved || int(row) != k
		}
		if moved != (slots > 1) {
			t.Errorf("%d slots: rows moved: %v", slots, moved)
		}
		slices.Sort(rows)
		for i, row := range rows {
			if int(row) != i {
				t.Fatalf("%d slots: not every row once", slots)
			}
		}
	}
	counts := map[[3]int32]int{}
	for epoch := range 6000 {
		var rows [3]int32
		shuffleWithin(rows[:], 42, epoch, 3)
		counts[rows]++
	}
	chi := 0.0
	for _, c := range counts {
		chi += float64((c-1000)*(c-1000)) / 1000
	}
	if len(counts) != 6 || chi > 20.5 {
		t.Errorf("χ² = %v of %v", chi, counts)
	}
}
