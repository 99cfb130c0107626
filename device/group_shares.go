package device

import (
	"fmt"
	"math"
	"time"
)

// sharesWorkload stands for any network where shares are to be measured.
var sharesWorkload = Workload{Sizes: []int{256, 256, 64}, Batch: 128}

// measureShares splits rows by how fast each member runs the products of a workload, in
// whole percents, at least one; evenly where the members are alike. What is measured is not
// the same every time: give the shares that Info names to repeat a run bit for bit.
func measureShares(members []Engine, w Workload) ([]float64, error) {
	if len(members) < 2 || alike(members) {
		return nil, nil
	}
	if w.check() != nil {
		w = sharesWorkload
	}
	speeds, total := make([]float64, len(members)), 0.0
	for k, m := range members {
		took, err := timeStep(m, w)
		if err != nil {
			return nil, fmt.Errorf("measuring %s: %w", m.Info().Name, err)
		}
		speeds[k] = 1 / max(took.Seconds(), 1e-9)
		total += speeds[k]
	}
	for k, s := range speeds {
		speeds[k] = max(1, math.Round(100*s/total))
	}
	return speeds, nil
}

// timeStep is the least time of three for the products of a training step on e.
func timeStep(e Engine, w Workload) (best time.Duration, err error) {
	var held []interface{ Release() }
	defer func() {
		for _, h := range held {
			h.Release()
		}
	}()
	var shapes []Shape
	units := make([]Matrix, len(w.Sizes))
	for l, n := range w.Sizes {
		if units[l], err = e.NewMatrix(w.Batch, n); err != nil {
			return 0, err
		}
		held = append(held, units[l])
		if l > 0 {
			shapes = append(shapes, Shape{w.Sizes[l-1], n})
		}
	}
	theta, err := e.NewParameters(shapes)
	if err != nil {
		return 0, err
	}
	held = append(held, theta)
	sum, err := e.NewParameters(shapes)
	if err != nil {
		return 0, err
	}
	held = append(held, sum)
	plan, err := e.Prepare(stepProducts(units, theta, sum)...)
	if err != nil {
		return 0, err
	}
	held = append(held, plan)
	return fastestRun(e, plan)
}

// stepProducts are the products of a training step, whose δ take the place of the activations.
func stepProducts(units []Matrix, theta, sum Parameters) (ops []Op) {
	layers := len(units) - 1
	for l := range layers {
		ops = append(ops, Forward{Act: Linear, A: units[l], Theta: theta, Layer: l, Out: units[l+1]})
	}
	for l := layers - 1; l >= 0; l-- {
		ops = append(ops, Accumulate{Delta: units[l+1], A: units[l], Sum: sum, Layer: l, Fresh: true})
		if l > 0 {
			ops = append(ops, HiddenDelta{Act: Linear, Next: units[l+1], Theta: theta, Layer: l, A: units[l], Delta: units[l]})
		}
	}
	return ops
}

// fastestRun is the least time of three runs of a plan.
func fastestRun(e Engine, plan Plan) (best time.Duration, err error) {
	best = math.MaxInt64
	for run := range 4 { // the first compiles
		began := time.Now()
		if err = plan.Run(); err == nil {
			err = e.Sync()
		}
		if err != nil {
			return 0, err
		}
		if took := time.Since(began); run > 0 {
			best = min(best, took)
		}
	}
	return best, nil
}
