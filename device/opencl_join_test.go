package device

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/clprop/clprop/cl/cltest"
	"github.com/clprop/clprop/kernels"
)

// TestJoinedStepSameBits trains three steps with the launches of a step made one, at once and
// after the first step, or a few, as those of a long step are, and with all operations one by one:
// the weights must be the same bits.
func TestJoinedStepSameBits(t *testing.T) {
	listing, err := List()
	if err != nil {
		cltest.Missing(t, err)
	}
	ran := false
	for _, found := range listing.Devices {
		if !strings.HasPrefix(found.Name, "pthread") {
			continue // other compilers take no joined.cl, and TestNoJoin shows what then is
		}
		ran = true
		eager, single := openEager(t, found), openFamily(t, found, kernels.Block, true)
		for _, batch := range []int{1, 33} {
			for _, sizes := range [][]int{{17, 33, 5}, {31, 257, 65, 2}} {
				t.Run(fmt.Sprintf("%v/%d", sizes, batch), func(t *testing.T) {
					want, _ := trainedWeights(t, single, sizes, batch, 0)
					joined, launches := trainedWeights(t, eager, sizes, batch, 0)
					if launches != 1 {
						t.Errorf("%d launches, want 1", launches)
					}
					step := newStep(t, single, sizes, batch, 0)
					before := step.Launches()
					grouped, groups := inGroups(t, eager, sizes, batch)
					if groups < 2 || groups >= before {
						t.Errorf("%d launches of %d, as if they took long", groups, before)
					}
					step.Plan.(*openclPlan).untilJoined = 2 // all operations are in one then
					late := trainedBy(t, single, step, sizes, batch)
					if after := step.Launches(); after >= before || before < 8 {
						t.Errorf("%d launches before and %d after they were joined", before, after)
					}
					for l := range want {
						if !slices.Equal(joined[l], want[l]) || !slices.Equal(late[l], want[l]) || !slices.Equal(grouped[l], want[l]) {
							t.Errorf("weights or sums, part %d: joined %v, after one step %v, in groups %v, one by one %v",
								l, joined[l], late[l], grouped[l], want[l])
						}
					}
				})
			}
		}
	}
	if !ran {
		cltest.Missing(t, fmt.Errorf("no PoCL"))
	}
}

// TestJoinedForm trains a net whose step is two launches where they stay apart, and one of a kernel
// an operation where they are joined, which is faster then: the weights must be the same bits
// before and after, and the plan must become what it is to be.
func TestJoinedForm(t *testing.T) {
	found := joiningDevice(t)
	kept(t) // nothing is compiled yet
	sizes, batch := []int{300, 257, 9}, 33
	want, _ := trainedWeights(t, openFamily(t, found, kernels.Block, true), sizes, batch, 0)
	e := openFamily(t, found, kernels.Block, false)
	e.(*opencl).launchTime = time.Millisecond // so that as few launches as possible seem best
	step := newStep(t, e, sizes, batch, 0)
	p := step.Plan.(*openclPlan)
	before, held := len(p.launches), e.Counters().Allocated
	if p.later == nil || before != 2 {
		t.Fatalf("%d launches, later %v: want 2, and others later", before, p.later)
	}
	p.untilJoined = 2
	got := trainedBy(t, e, step, sizes, batch)
	if len(p.launches) != 1 || p.later != nil || p.ahead < 2 {
		t.Errorf("%d launches, later %v, %d runs a launch: want 1, nil, some", len(p.launches), p.later, p.ahead)
	}
	for l := range want {
		if !slices.Equal(got[l], want[l]) {
			t.Errorf("weights or sums, part %d: %v, one by one %v", l, got[l], want[l])
		}
	}
	step.Plan.Release()
	if left := e.Counters().Allocated; left >= held {
		t.Errorf("%d bytes allocated after the plan was released, %d before it was joined", left, held)
	}
}

// TestWorkers holds the steps of nets for which BenchmarkStep shows that one core is faster than two, or slower, to
// that; and those of few examples, which waste the lanes of a pass, or of many weights to a launch a layer.
func TestWorkers(t *testing.T) {
	found := joiningDevice(t)
	if found.Units < 2 {
		t.Skip("one core")
	}
	for _, c := range []struct {
		sizes []int
		batch int
		alone bool
		pass  bool
	}{
		{[]int{4, 8, 3}, 8, true, true},
		{[]int{64, 64, 10}, 32, true, true},
		{[]int{300, 100, 10}, 8, true, false},
		{[]int{256, 64, 10}, 32, true, false},
		{[]int{784, 128, 10}, 1, false, false},
		{[]int{784, 128, 10}, 32, false, false},
		{[]int{32, 64, 64, 64, 64, 64, 64, 4}, 64, false, true},
	} {
		step := newStep(t, asMeasured(openEager(t, found)), c.sizes, c.batch, 0)
		p := step.Plan.(*openclPlan)
		if len(p.launches) != 1 {
			t.Fatalf("%v: %d launches, want 1", c.sizes, len(p.launches))
		}
		if pass := p.launches[0].Size == "2 launches"; pass != c.pass {
			t.Errorf("%v, batch %d: %s joined, want a pass: %v", c.sizes, c.batch, p.launches[0].Size, c.pass)
		}
		if alone := p.launches[0].WorkItems() == 1; alone != c.alone {
			t.Errorf("%v, batch %d: %d workers, want one: %v", c.sizes, c.batch, p.launches[0].WorkItems(), c.alone)
		}
	}
}

// joiningDevice is the first device whose compiler takes joined launches.
func joiningDevice(t *testing.T) Found {
	t.Helper()
	listing, err := List()
	if err != nil {
		cltest.Missing(t, err)
	}
	for _, found := range listing.Devices {
		if strings.HasPrefix(found.Name, "pthread") {
			return found
		}
	}
	cltest.Missing(t, fmt.Errorf("no PoCL"))
	return Found{}
}

// openEager opens a device to join launches at once.
func openEager(t *testing.T, found Found) Engine {
	t.Helper()
	e, err := found.open("", Options{Family: kernels.Block, Eager: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return e
}

// asMeasured makes an engine reckon as on the machine of BenchmarkStep: two cores of 2.6 GHz, with
// vectors of 16.
func asMeasured(e Engine) *opencl {
	own := e.(*opencl)
	own.info.Units = min(2, own.info.Units)
	own.clockMHz = 2600 * 16 / own.set.Tuning.VW
	return own
}

// TestNoJoin asks devices for joined launches whose compilers take none: the launches stay
// apart, and the steps are done.
func TestNoJoin(t *testing.T) {
	listing, err := List()
	if err != nil {
		cltest.Missing(t, err)
	}
	for _, found := range listing.Devices {
		if strings.HasPrefix(found.Name, "pthread") || cltest.Slow(found.Name) {
			continue
		}
		e := openFamily(t, found, kernels.Block, false)
		step := newStep(t, e, []int{5, 4, 3}, 7, 0)
		p := step.Plan.(*openclPlan)
		before := len(p.launches)
		p.untilJoined = 1
		for range 2 {
			if err := step.Run(); err != nil {
				t.Fatal(err)
			}
		}
		if err := e.Sync(); err != nil || len(p.launches) != before || !e.(*opencl).cannotJoin {
			t.Errorf("%s: %d launches of %d, %v", found.Name, len(p.launches), before, err)
		}
	}
}

// inGroups is trainedWeights of a step whose every product is held for a long one.
func inGroups(t *testing.T, e Engine, sizes []int, batch int) ([][]float32, int) {
	t.Helper()
	longest, short := joinLongest, joinShort
	defer func() { joinLongest, joinShort = longest, short }()
	joinLongest, joinShort = 0, 0
	return trainedWeights(t, e, sizes, batch, 0)
}

// TestJoinAfter asks when launches become fewer: never where the work takes long beside them,
// else after what they have cost is as long as they take to compile.
func TestJoinAfter(t *testing.T) {
	for _, c := range []struct {
		compile, fewer float64
		work, cost     float64
		slower         float64
		want           int
	}{
		{4.4, 12, 1e-3, 5e-6, 0, 12223}, // 12·30 µs a run
		{1, 1, 50e-6, 5e-6, 0, 33334},
		{1, 1, 50e-6, 5e-6, 0.8, 14286}, // 30 µs and 40 µs a run
		{1, 1, 5e-3, 5e-6, 0, 33334},    // 30 µs of 5 ms
		{1, 1, 7e-3, 5e-6, 0, 0},        // of 7 ms
		{1, 14, 30e-3, 5e-6, 0, 2381},
		{1, 14, 300e-3, 5e-6, 0, 0},
		{1, 1, 0, 0, 0, 1e9}, // a clock that is too coarse
	} {
		if got := joinAfter(c.compile, c.fewer, c.work, c.cost, c.slower); got != c.want {
			t.Errorf("%+v: after %d runs", c, got)
		}
	}
}
