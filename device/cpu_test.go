package device

import (
	"errors"
	"math"
	"runtime"
	"testing"
)

// step is a plan with every operation in it, on a net of 3-4-2 units and a batch
// of 5, and what it runs on.
func step(t *testing.T, e Engine) (Plan, Index, *Scalar) {
	t.Helper()
	matrix := func(rows, cols int) Matrix {
		m, err := e.NewMatrix(rows, cols)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	parameters := func() Parameters {
		p, err := e.NewParameters([]Shape{{3, 4}, {4, 2}})
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	index, err := e.NewIndex(5)
	if err != nil {
		t.Fatal(err)
	}
	tally, err := e.NewTally()
	if err != nil {
		t.Fatal(err)
	}
	src, x, y := matrix(9, 3), matrix(5, 3), matrix(5, 2)
	hidden, z, h := matrix(5, 4), matrix(5, 2), matrix(5, 2)
	out, in := matrix(5, 2), matrix(5, 4)
	theta, sum := parameters(), parameters()
	from := NewScalar(0)
	plan, err := e.Prepare(
		Gather{Src: src, Index: index, From: from, Dst: x},
		Forward{Act: Tanh, A: x, Theta: theta, Layer: 0, Out: hidden},
		Forward{Act: Linear, A: hidden, Theta: theta, Layer: 1, Out: z},
		Activate{Act: Softmax, Z: z, A: h},
		OutputDelta{A: h, Y: y, Delta: out},
		HiddenDelta{Act: Tanh, Next: out, Theta: theta, Layer: 1, A: hidden, Delta: in},
		Accumulate{Delta: out, A: hidden, Sum: sum, Layer: 1, Fresh: true},
		Accumulate{Delta: in, A: x, Sum: sum, Layer: 0, Fresh: true},
		Gradient{Sum: sum, Theta: theta, Lambda: 1, M: 5, Grad: sum},
		SGD{Theta: theta, Grad: sum, Rate: NewScalar(0.1)},
		Cost{Loss: SoftmaxCrossEntropy, Z: z, Y: y, Tally: tally},
		Penalty{Theta: theta, Tally: tally},
	)
	if err != nil {
		t.Fatal(err)
	}
	return plan, index, from
}

func TestReferenceInfo(t *testing.T) {
	t.Setenv(EnvBLAS, "off")
	info := OpenReference().Info()
	if info.Name != "cpuref" || info.OpenCL() || info.Index != -1 || info.Units != runtime.NumCPU() {
		t.Errorf("info = %+v", info)
	}
}

// A step on small matrices, which gonum multiplies without goroutines, allocates
// nothing.
func TestReferenceRunDoesNotAllocate(t *testing.T) {
	plan, _, _ := step(t, OpenReference())
	if n := testing.AllocsPerRun(10, func() {
		if err := plan.Run(); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations a step", n)
	}
}

// Each cpuref operation called is counted: 9 of the plan are one call, 3 go
// through the two layers.
func TestReferenceCounts(t *testing.T) {
	e := OpenReference()
	plan, _, _ := step(t, e)
	before := e.Counters()
	if err := plan.Run(); err != nil {
		t.Fatal(err)
	}
	after := e.Counters()
	if got := after.Calls - before.Calls; got != 9+3*2 || after.Launches != 0 || plan.Launches() != 0 {
		t.Errorf("%d calls, %d launches, plan of %d launches", got, after.Launches, plan.Launches())
	}
	// Matrices 9·3 + 5·(3+2+4+2+2+2+4), parameters 2·(3·4+4+4·2+2), an index of 5,
	// four bytes each; a tally of four sums of 8 bytes.
	if want := int64(4*(27+5*19+2*26+5) + 4*8); after.Allocated != want {
		t.Errorf("%d bytes allocated, want %d", after.Allocated, want)
	}
	if err := e.Close(); err != nil || e.Counters().Allocated != 0 {
		t.Errorf("closed: %v, %d bytes still allocated", err, e.Counters().Allocated)
	}
}

// A position outside the index and a row number outside the source are found when
// the plan runs, before it does anything, and the engine works on.
func TestReferenceGatherOutside(t *testing.T) {
	good := []int32{0, 8, 2, 3, 4}
	for name, spoil := range map[string]struct {
		rows []int32
		from float64
	}{
		"row too large":     {[]int32{0, 1, 9, 3, 4}, 0},
		"row negative":      {[]int32{0, 1, -1, 3, 4}, 0},
		"position":          {good, 1},
		"negative position": {good, -1},
		"fraction":          {good, -0.5},
		"no number":         {good, math.NaN()},
	} {
		e := OpenReference()
		plan, index, from := step(t, e)
		if err := e.WriteIndex(index, spoil.rows); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		from.Set(spoil.from)
		calls := e.Counters().Calls
		if err := plan.Run(); !errors.Is(err, ErrShape) || e.Counters().Calls != calls {
			t.Errorf("%s: Run returned %v after %d calls", name, err, e.Counters().Calls-calls)
		}
		from.Set(0)
		if err := e.WriteIndex(index, good); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := plan.Run(); err != nil {
			t.Errorf("%s: Run after it was mended: %v", name, err)
		}
	}
}
