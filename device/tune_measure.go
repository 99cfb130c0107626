package device

import (
	"context"
	"errors"
	"time"

	"github.com/clprop/clprop/kernels"
)

// errHopeless: a candidate cannot win any more.
var errHopeless = errors.New("slower than the best")

// measure times the products of the workload under a tuning, the largest first, and gives
// up on what cannot beat best, if that is not nil.
func (t *tuner) measure(ctx context.Context, tuning kernels.Tuning, best *score) (score, error) {
	s := score{tuning: tuning, times: make([]time.Duration, len(t.products))}
	so := 0.0 // the best's total so far
	t.engine.set.Tuning = tuning
	for i, p := range t.products {
		if ctx.Err() != nil {
			return s, context.Cause(ctx)
		}
		took, err := t.engine.timeProduct(p)
		if err != nil {
			return s, err
		}
		s.times[i] = took
		s.total += time.Duration(p.count) * took
		if best == nil {
			continue
		}
		so += float64(p.count) * float64(best.times[i])
		if float64(s.total) > hopeless*so || time.Since(t.began) > t.options.Budget {
			return s, errHopeless
		}
	}
	return s, nil
}

// timeProduct times one product on operands of its own.
func (e *opencl) timeProduct(p product) (took time.Duration, err error) {
	x := &trial{e: e, s: batchShape{p.batch, p.in, p.out}}
	defer x.release()
	a, _ := x.matrix(0, p.batch, p.in)
	delta, _ := x.matrix(1, p.batch, p.out)
	x.onDevice = x.parameters()
	var below Matrix
	if p.kind == kernels.HiddenDeltaProduct {
		below = x.empty(p.batch, p.in)
	}
	if x.err != nil {
		return 0, x.err
	}
	plan := &openclPlan{engine: e}
	defer plan.Release()
	switch p.kind {
	case kernels.ForwardProduct:
		plan.add(Forward{Act: Linear, A: a, Theta: x.onDevice, Out: delta})
	case kernels.HiddenDeltaProduct:
		plan.add(HiddenDelta{Act: Linear, Next: delta, Theta: x.onDevice, A: a, Delta: below})
	case kernels.DescendProduct:
		// as fuse joins it; what it would read of Δ and D is not there
		plan.add(descent{
			products: []Accumulate{{Delta: delta, A: a, Sum: x.onDevice, Fresh: true}},
			gradient: Gradient{Sum: x.onDevice, Theta: x.onDevice, Grad: x.onDevice, M: p.batch},
			sgd:      SGD{Theta: x.onDevice, Grad: x.onDevice, Rate: NewScalar(0)},
		})
	}
	if plan.err != nil {
		return 0, plan.err
	}
	return e.timePlan(plan)
}

// timePlan returns the shortest time of a run, of a few tries after one to warm up: of
// the first the driver makes more work.
func (e *opencl) timePlan(p *openclPlan) (time.Duration, error) {
	each, err := e.timeRuns(p, 1)
	if err == nil && each < trialSlow {
		each, err = e.timeRuns(p, 1)
	}
	if err != nil {
		return 0, err
	}
	runs, tries := int(min(trialTime/each+1, 1000)), trialTries
	if each > trialSlow {
		runs, tries = 1, trialTries/2
	}
	best := time.Duration(0)
	for range tries {
		took, err := e.timeRuns(p, runs)
		if err != nil {
			return 0, err
		}
		if best == 0 || took < best {
			best = took
		}
	}
	return best, nil
}

// timeRuns returns what each of n runs takes, waiting at the end only.
func (e *opencl) timeRuns(p *openclPlan, n int) (time.Duration, error) {
	began := time.Now()
	for range n {
		if err := p.Run(); err != nil {
			return 0, err
		}
	}
	err := e.Sync()
	return max(time.Since(began)/time.Duration(n), 1), err
}
