package device

import (
	"slices"
	"testing"

	"github.com/clprop/clprop/kernels"
)

// TestHeldRuns runs a step many times between which numbers change, and everything else that the
// engine is asked for comes between: runs that wait to be one launch must have been by then, so
// that the bits are those of launches one by one.
func TestHeldRuns(t *testing.T) {
	found := joiningDevice(t)
	eager := openEager(t, found)
	want, launched := heldHistory(t, openFamily(t, found, kernels.Block, true))
	got, fewer := heldHistory(t, eager)
	if fewer > RunsALaunch {
		t.Errorf("%d launches, one by one %d, want 3, or some more on a machine that is slow to queue them", fewer, launched)
	}
	for i := range want {
		if !slices.Equal(got[i], want[i]) {
			t.Errorf("what was read %d: held %v, one by one %v", i, got[i], want[i])
		}
	}
}

// heldHistory is all that was read, and the launches of the longest row of runs, of which RunsALaunch
// are one launch twice, and then three.
func heldHistory(t *testing.T, e Engine) (seen [][]float32, launches int64) {
	sizes, batch := []int{17, 33, 5}, 7
	step, other := newStep(t, e, sizes, batch, 0), newStep(t, e, sizes, batch, 0)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	runs := 0
	run := func(p stepPlan, n int) {
		for range n {
			p.from.Set(float64(runs % batch))
			p.rate.Set(0.1 + 0.01*float64(runs%9))
			runs++
			must(p.Run())
		}
	}
	look := func(p stepPlan) {
		for l, s := range sizes[1:] {
			w, b := make([]float32, sizes[l]*s), make([]float32, s)
			must(e.ReadParameters(w, b, p.theta, l))
			seen = append(seen, w, b)
		}
	}
	seen = append(seen, trainedBy(t, e, step, sizes, batch)...)
	run(step, 3)
	look(step)
	before := e.Counters().Launches
	run(step, 2*RunsALaunch+3)
	must(e.Sync())
	launches = e.Counters().Launches - before

	out, err := e.NewMatrix(2*batch, sizes[1])
	must(err)
	forward, err := e.Prepare(Forward{Act: ReLU, A: step.x, Theta: step.theta, Layer: 0, Out: out})
	must(err)
	run(step, 2)
	must(forward.Run()) // one launch, which nothing is joined to
	z := make([]float32, 2*batch*sizes[1])
	must(e.Read(z, out, 0))
	seen = append(seen, z)

	run(step, 2)
	must(e.WriteIndex(step.index, slices.Repeat([]int32{3, 1}, batch)))
	run(step, 2)
	must(e.Write(step.x, 3, make([]float32, sizes[0])))
	run(step, 1)
	run(other, 2)
	run(step, 1)
	must(e.WriteParameters(other.theta, 1, make([]float32, sizes[1]*sizes[2]), make([]float32, sizes[2])))
	run(other, 1)
	look(step)
	look(other)

	run(step, 2)
	transfer, err := e.Upload(step.x, make([]float32, sizes[0])) // from now on each run waits for uploads
	must(err)
	run(step, 3)
	must(transfer.Wait())
	look(step)

	run(step, 2)
	run(other, 2)
	other.Plan.Release()
	look(other)
	run(step, 2)
	step.x.Release() // what was asked for before is done with it
	look(step)
	step.Plan.Release()
	return seen, launches
}

// TestHeldLaunch runs a plan of one short launch, whose runs wait for each other, and one of a launch
// for which that saves nothing.
func TestHeldLaunch(t *testing.T) {
	found := joiningDevice(t)
	eager := openEager(t, found)
	const runs = 2*RunsALaunch + 3
	want, launches := addedUp(t, openFamily(t, found, kernels.Block, true), runs, 7, 17, 33)
	if launches != runs {
		t.Errorf("%d launches one by one, want %d", launches, runs)
	}
	got, fewer := addedUp(t, eager, runs, 7, 17, 33)
	if fewer > RunsALaunch {
		t.Errorf("%d launches of %d runs, want 3, or some more on a machine that is slow to queue them", fewer, runs)
	}
	if !slices.Equal(got, want) {
		t.Errorf("sums %v, one by one %v", got, want)
	}
	if _, all := addedUp(t, asMeasured(eager), 3, 4096, 257, 511); all != 3 {
		t.Errorf("%d launches of 3 long runs", all)
	}
}

// sawtooth is a matrix of first, first + by, … first + 10 by, again and again.
func sawtooth(t *testing.T, e Engine, rows, cols int, first, by float32) Matrix {
	t.Helper()
	m, err := e.NewMatrix(rows, cols)
	if err != nil {
		t.Fatal(err)
	}
	values := make([]float32, rows*cols)
	for i := range values {
		values[i] = first + by*float32(i%11)
	}
	if err := e.Write(m, 0, values); err != nil {
		t.Fatal(err)
	}
	return m
}

// addedUp is a layer's Δ after so many runs of one Accumulate, and the launches that they took.
func addedUp(t *testing.T, e Engine, runs, batch, in, out int) (sum []float32, launches int64) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	total, err := e.NewParameters([]Shape{{In: in, Out: out}})
	must(err)
	op := Accumulate{Delta: sawtooth(t, e, batch, out, -1, 0.37), A: sawtooth(t, e, batch, in, 0.1, 0.37), Sum: total}
	held := e.Counters().Allocated
	p, err := e.Prepare(op)
	must(err)
	before := e.Counters().Launches
	for range runs {
		must(p.Run())
	}
	must(e.Sync())
	launches = e.Counters().Launches - before
	w, b := make([]float32, in*out), make([]float32, out)
	must(e.ReadParameters(w, b, total, 0))
	p.Release()
	if left := e.Counters().Allocated; left != held {
		t.Errorf("%d bytes allocated after the plan was released, %d before it was prepared", left, held)
	}
	return append(w, b...), launches
}
