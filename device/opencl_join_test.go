package device

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/clprop/clprop/cl/cltest"
	"github.com/clprop/clprop/kernels"
)

// TestJoinedStepSameBits trains three steps with the launches of a step made one, at once and
// after the first step, and with all operations one by one: the weights must be the same bits.
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
		eager, err := found.open("", Options{Family: kernels.Block, Eager: true})
		if err != nil {
			t.Fatal(err)
		}
		defer eager.Close()
		single := openFamily(t, found, kernels.Block, true)
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
					step.Plan.(*openclPlan).untilJoined = 2 // all operations are in one then
					late := trainedBy(t, single, step, sizes, batch)
					if after := step.Launches(); after >= before || before < 8 {
						t.Errorf("%d launches before and %d after they were joined", before, after)
					}
					for l := range want {
						if !slices.Equal(joined[l], want[l]) || !slices.Equal(late[l], want[l]) {
							t.Errorf("weights or sums, part %d: joined %v, after one step %v, one by one %v", l, joined[l], late[l], want[l])
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

// TestJoinAfter asks when launches become one: never where the work takes long beside them,
// else after what they have cost is a second, which is the sooner the more there are.
func TestJoinAfter(t *testing.T) {
	for _, c := range []struct {
		launches   int
		work, cost float64
		want       int
	}{
		{13, 1e-3, 5e-6, 8334}, // 2·12·5 µs a run
		{2, 50e-6, 5e-6, 100000},
		{2, 1e-3, 5e-6, 0}, // 10 µs of 1 ms
		{16, 30e-3, 5e-6, 0},
		{16, 5e-3, 1e-3, 0}, // long, whatever the launches cost
		{2, 0, 0, 1e9},      // a clock that is too coarse
	} {
		if got := joinAfter(c.launches, c.work, c.cost); got != c.want {
			t.Errorf("%+v: after %d runs", c, got)
		}
	}
}
