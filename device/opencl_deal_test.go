package device

import (
	"slices"
	"testing"

	"github.com/clprop/clprop/cl/cltest"
	"github.com/clprop/clprop/kernels"
)

// Launches that are dealt out among parts of a device, at once and after the first step, give
// the bits of the whole device with all operations one by one.
func TestDealtStepSameBits(t *testing.T) {
	found := findPoCL(t)
	if found.Units < 2 {
		t.Skip("needs PoCL with two compute units")
	}
	sizes, batch := []int{641, 641, 641, 10}, 127 // four launches take a few times dealLeast
	kept(t)
	whole := openFamily(t, found, kernels.Block, true)
	want, _ := trainedWeights(t, whole, sizes, batch, 0)
	for _, late := range []bool{true, false} {
		t.Run(map[bool]string{true: "after one step", false: "at once"}[late], func(t *testing.T) {
			e, err := OpenWith("pthread/1x2", Options{Family: kernels.Block, Eager: !late})
			if err != nil {
				t.Fatal(err)
			}
			defer e.Close()
			step := newStep(t, asMeasured(e), sizes, batch, 0)
			p := step.Plan.(*openclPlan)
			before := dealtLaunches(p)
			if late {
				p.untilJoined = 2
			}
			got := trainedBy(t, e, step, sizes, batch)
			after := dealtLaunches(p)
			if late && (before != 0 || after != 2) { // one is built in the second step, one in the third
				t.Errorf("%d launches dealt before the first step, %d after three", before, after)
			}
			if !late && (after < 4 || before != after) {
				t.Errorf("%d launches dealt before the first step, %d after three", before, after)
			}
			if len(p.launches) < 2*after {
				t.Errorf("%d launches: those that are dealt are not one", len(p.launches))
			}
			for l := range want {
				if !slices.Equal(got[l], want[l]) {
					t.Errorf("weights or sums, part %d, differ from those of the whole device", l)
				}
			}
		})
	}
}

func dealtLaunches(p *openclPlan) (n int) {
	for _, l := range p.launches {
		if l.Name == "joined" {
			n++
		}
	}
	return n
}

// Nothing is dealt where there is no other part, or little to do.
func TestRunsToDeal(t *testing.T) {
	if _, err := List(); err != nil {
		cltest.Missing(t, err)
	}
	for _, c := range []struct {
		spec  string
		sizes []int
		batch int
		deals bool
	}{
		{"pthread/1x2", []int{785, 641, 513, 10}, 127, true},
		{"pthread/1x2", []int{17, 33, 5}, 33, false},
		{"pthread/1", []int{785, 641, 513, 10}, 127, false},
	} {
		e, err := OpenWith(c.spec, Options{Family: kernels.Block})
		if err != nil {
			t.Fatal(err)
		}
		// A compiler that takes a second for each of some five programs, and 5% of a millisecond
		// or two saved by each step: some ten thousand steps, and never one that does not end.
		p := newStep(t, asMeasured(e), c.sizes, c.batch, 0).Plan.(*openclPlan)
		if runs := p.runsToDeal(); c.deals != (runs > 0) || c.deals && (runs < 1000 || runs > 1e6) {
			t.Errorf("%s, %v: after %d runs", c.spec, c.sizes, runs)
		}
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	}
}

// Runs of a plan that is one dealt launch wait for each other, each with its own rate: the weights are
// the bits of the whole device with all operations one by one.
func TestDealtHeldRuns(t *testing.T) {
	found := joiningDevice(t)
	if found.Units < 2 {
		t.Skip("needs two compute units")
	}
	rates := []float64{1000, 0, 0, 0, 0, 0, 0, 0, 500, 0, 0, 0, 0, 0, 1, 2, 3, 4}
	want, _ := descendedBy(t, openFamily(t, found, kernels.Block, true), rates)
	e, err := OpenWith("pthread/1x2", Options{Family: kernels.Block, Eager: true})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	// A run that seems to take a little longer than dealLeast, whatever the machine: three are held.
	o := e.(*opencl)
	o.clockMHz = int(descendedFLOPs / (1.25 * dealLeast * 4 * float64(o.set.Tuning.VW) * 2 * 1e6))
	got, launches := descendedBy(t, e, rates)
	if launches >= int64(len(rates)) {
		t.Errorf("%d launches of %d runs, want fewer: three runs may be one", launches, len(rates))
	}
	for l := range want {
		if !slices.Equal(got[l], want[l]) {
			t.Errorf("weights or biases, part %d, differ from those of the whole device", l)
		}
	}
}

const (
	descendedBatch, descendedWidth = 96, 640
	descendedFLOPs                 = 2 * descendedBatch * (descendedWidth + 1) * descendedWidth
)

// descendedBy is Θ of a layer after a descent along one gradient at each rate, and the launches that it took.
func descendedBy(t *testing.T, e Engine, rates []float64) (theta [][]float32, launches int64) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	matrix := func(first float32) Matrix { return sawtooth(t, e, descendedBatch, descendedWidth, first, 0.03) }
	parameters := func() Parameters {
		p, err := e.NewParameters([]Shape{{In: descendedWidth, Out: descendedWidth}})
		must(err)
		return p
	}
	weights, sum, grad, rate := parameters(), parameters(), parameters(), NewScalar(0)
	p, err := e.Prepare(Accumulate{Delta: matrix(-0.2), A: matrix(0.1), Sum: sum, Fresh: true},
		Gradient{Sum: sum, Theta: weights, Lambda: 0.1, M: descendedBatch, Grad: grad}, SGD{Theta: weights, Grad: grad, Rate: rate})
	must(err)
	before := e.Counters().Launches
	for _, r := range rates {
		rate.Set(r)
		must(p.Run())
	}
	must(e.Sync())
	launches = e.Counters().Launches - before
	w, b := make([]float32, descendedWidth*descendedWidth), make([]float32, descendedWidth)
	must(e.ReadParameters(w, b, weights, 0))
	return [][]float32{w, b}, launches
}
