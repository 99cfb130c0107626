package device

import (
	"errors"
	"slices"
	"testing"

	"github.com/clprop/clprop/cl/cltest"
)

// A member that is lost anywhere in a step, in any of its sums, loses nothing of the step: either
// Run says so and, after Drop, does the step again with all of the batch, to the bits of one
// device, or the step was done, to the bits of two.
func TestGroupLosesNoStep(t *testing.T) {
	const batch, outOfResources = 17, -5
	cltest.WithDouble(t, func(d *cltest.Double) {
		t.Setenv("CLPROP_CACHE", "off")
		one, err := OpenWith("pthread/1", Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer one.Close()
		fromOne := oneStep(t, one, batch, nil)
		fromTwo := oneStep(t, openTwo(t, false), batch, nil)
		again, done := 0, 0
		for _, c := range []struct {
			function string
			copied   bool
			calls    []int
		}{
			{"clEnqueueMapBuffer", false, []int{1, 2, 3, 4, 5, 6}}, // 3 layers of 2 members
			{"clEnqueueUnmapMemObject", false, []int{1, 2, 3, 4, 5, 6}},
			{"clEnqueueReadBuffer", true, []int{1, 2, 3, 4, 5, 6}},
			{"clEnqueueWriteBuffer", true, []int{1, 2, 3, 4, 5, 6}},
			{"clWaitForEvents", false, []int{1, 2, 3, 4, 5, 6}},
			{"clEnqueueNDRangeKernel", false, []int{1, 16, 32, 48}},
		} {
			for _, call := range c.calls {
				g := openTwo(t, c.copied)
				lost := false
				got := oneStep(t, g, batch, func(p Plan) {
					d.Fail(c.function, call, outOfResources)
					err := p.Run()
					d.Reset()
					if err == nil { // the loss, if there was one, shows in the next call
						lost = g.Sync() != nil
						done++
					} else if lost = errors.Is(err, ErrLost); !lost {
						t.Fatalf("%s, call %d: %v", c.function, call, err)
					}
					if lost {
						if _, drop := Drop(g); drop != nil {
							t.Fatalf("%s, call %d: %v", c.function, call, drop)
						}
					}
					if err != nil {
						again++
						err = p.Run()
					}
					if err != nil {
						t.Fatalf("%s, call %d: %v", c.function, call, err)
					}
				})
				want, of := fromTwo, "two devices"
				if lost && !equalParts(got, want) {
					want, of = fromOne, "one device"
				}
				if !equalParts(got, want) {
					t.Errorf("%s, call %d: the weights are not those of a step on %s", c.function, call, of)
				}
			}
		}
		if again < 20 || done == 0 {
			t.Errorf("%d steps were done again, %d were not", again, done)
		}
	})
}

func equalParts(a, b [][]float32) bool {
	return slices.EqualFunc(a, b, func(x, y []float32) bool { return slices.Equal(x, y) })
}

// oneStep runs one step from values that are always the same, and returns Θ. run is Plan.Run
// and all that belongs to it; nil for no more than that.
func oneStep(t *testing.T, e Engine, batch int, run func(Plan)) (weights [][]float32) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	values := func(n, of int) []float32 {
		v := make([]float32, n)
		for i := range v {
			v[i] = float32((i*37+of)%101-50) / 400
		}
		return v
	}
	step := newStep(t, e, summedSizes, batch, 0)
	must(e.Write(step.x, 0, values(2*batch*summedSizes[0], 1)))
	must(e.Write(step.y, 0, values(2*batch*summedSizes[3], 2)))
	must(step.Run()) // from then on every member has all examples
	must(e.ResetTally(step.tally))
	for l, s := range step.theta.Shapes() {
		must(e.WriteParameters(step.theta, l, values(s.In*s.Out, 3+l), values(s.Out, 7+l)))
	}
	must(e.Sync())
	if run == nil {
		run = func(p Plan) { must(p.Run()) }
	}
	run(step.Plan)
	for l, s := range step.theta.Shapes() {
		w, b := make([]float32, s.In*s.Out), make([]float32, s.Out)
		must(e.ReadParameters(w, b, step.theta, l))
		weights = append(weights, w, b)
	}
	sums, err := e.ReadTally(step.tally)
	must(err)
	if sums.Count != batch {
		t.Errorf("%d examples were counted, want %d: %s", sums.Count, batch, e.Info().Name)
	}
	return weights
}
