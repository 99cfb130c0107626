package trainer

import (
	"fmt"
	"math"

	"github.com/clprop/clprop/cpuref"
	"github.com/clprop/clprop/device"
)

// update compares Θ after the step. D itself may never have been in the device's
// memory, so that the whole way from δ to Θ is one operation here.
func (v *verifier) update(ops []device.Op, first int) error {
	ends, err := v.gradient(ops[first])
	if err != nil {
		return err
	}
	rest := v.shaped(ends, ops[first+1:])
	want, bound, err := v.stepped(rest[0], ends)
	if err != nil {
		return err
	}
	for _, op := range rest[1:] {
		switch o := op.(type) {
		case device.MaxNorm:
			maxNorm(want, bound, o.Limit)
		case device.Average: // of Θ, which it does not change
		default:
			return fmt.Errorf("verifying a step: no rule for %T", op)
		}
	}
	after, err := v.parameters(v.dev.theta)
	if err != nil {
		return err
	}
	for l := range after {
		if v.dev.statistic(l) {
			continue // not trained: norm has compared it
		}
		operation := "accumulate, gradient and update, " + v.layerName(l)
		if l < v.dev.dense {
			operation = fmt.Sprintf("accumulate, gradient and update, layer %d", l+1)
		}
		for part, values := range parts(after[l]) {
			limits := parts(bound[l])[part].Data
			err := v.within(operation+[]string{", weights", ", biases"}[part], values, parts(want[l])[part], func(i int) float64 { return limits[i] })
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// parts are the weights and the biases of a layer, one bias a column.
func parts(l cpuref.Layer[float64]) []wideMatrix {
	return []wideMatrix{l.W, {Rows: 1, Cols: len(l.B), Data: l.B}}
}

// accumulate adds to Δ. It is compared with the update: Δ need not be in the device's memory
// after a step.
func (v *verifier) accumulate(o device.Accumulate) error {
	m, err := v.matrices(o.Delta, o.A)
	if err != nil {
		return err
	}
	cpuref.Accumulate(m[0], m[1], v.sum[o.Layer])
	cpuref.Accumulate(absolute(m[0]), absolute(m[1]), v.size[o.Layer])
	return nil
}

// ends are D, and the least and the most that it may be on the device.
type ends [3]wideLayers

// gradient returns D. That of the device is off by 2m·u of the sum of absolute products, and
// 11u of |Δ|+|λΘ|, over m: 8u for the formula, of which the division may take 5u, and 3u for
// λ1 sign(Θ)/m, see stepped. Where the sum is beyond float32 the ends are no numbers, which
// clipping does not change.
func (v *verifier) gradient(op device.Op) (of ends, err error) {
	g, ok := op.(device.Gradient)
	if !ok {
		return of, fmt.Errorf("verifying a step: no rule for %T", op)
	}
	theta := v.before[nameTheta]
	grad, slack := zeros(theta), zeros(theta)
	for l, was := range theta {
		cpuref.Gradient(v.sum[l], was, g.Lambda, g.M, grad[l])
		cpuref.Gradient(v.size[l], absoluteLayer(was), g.Lambda, g.M, slack[l])
		for _, part := range parts(slack[l]) {
			for i := range part.Data {
				if part.Data[i]*float64(g.M) > math.MaxFloat32 {
					part.Data[i] = math.NaN()
				}
				part.Data[i] *= (2*float64(g.M) + 11) * unit
			}
		}
	}
	return ends{grad, shifted(grad, slack, -1), shifted(grad, slack, 1)}, nil
}

// apply does what an optimizer does to one layer, and reports whether it knows it.
func apply(op device.Op, theta, grad cpuref.Layer[float64], moment func(int) cpuref.Layer[float64]) bool {
	switch o := op.(type) {
	case device.SGD:
		cpuref.SGD(theta, grad, o.Rate.Value())
	case device.Momentum:
		cpuref.Momentum(theta, grad, moment(0), o.Rate.Value(), o.Mu, o.Nesterov)
	case device.RMSprop:
		cpuref.RMSprop(theta, grad, moment(0), o.Rate.Value(), o.Rho, o.Eps)
	case device.Adagrad:
		cpuref.Adagrad(theta, grad, moment(0), o.Rate.Value(), o.Eps)
	case device.Adam:
		cpuref.Adam(theta, grad, moment(0), moment(1), cpuref.AdamStep{
			Rate: o.Rate.Value(), Step: o.Step.Value(), Beta1: o.Beta1, Beta2: o.Beta2, Eps: o.Eps, Decay: o.Decay})
	case device.Lion:
		cpuref.Lion(theta, grad, moment(0), o.Rate.Value(), o.Beta1, o.Beta2, o.Decay)
	default:
		return false
	}
	return true
}
