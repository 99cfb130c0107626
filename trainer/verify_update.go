package trainer

import (
	"fmt"
	"math"

	"github.com/clprop/clprop/cpuref"
	"github.com/clprop/clprop/device"
)

// update compares Θ after the step. D itself may never have been in the device's
// memory, so that the whole way from δ to Θ is one operation here.
//
// D is off by at most b, of its product and the roundings of (Δ+λΘ)/m. What that
// does to Θ depends on the optimizer: a square root, a sign. So the rest of the way
// is gone three times, with D−b, D and D+b; the largest change of an element between
// them, twice for what lies between, and the roundings of the way itself, 16u of the
// change of Θ and 4u of Θ, is the bound.
func (v *verifier) update(ops []device.Op, first int) error {
	grad, slack, err := v.gradient(ops[first])
	if err != nil {
		return err
	}
	var ends [3]wideLayers
	for i, sign := range []float64{0, -1, 1} {
		if ends[i], err = v.descended(ops[first+1:], shifted(grad, slack, sign)); err != nil {
			return err
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
			was, want := parts(v.before[nameTheta][l])[part], parts(ends[0][l])[part]
			low, high := parts(ends[1][l])[part], parts(ends[2][l])[part]
			err := v.within(operation+[]string{", weights", ", biases"}[part], values, want, func(i int) float64 {
				w := want.Data[i]
				spread := math.Max(math.Abs(low.Data[i]-w), math.Abs(high.Data[i]-w))
				return 2*spread + 16*unit*math.Abs(w-was.Data[i]) + 4*unit*math.Abs(w)
			})
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

// gradient returns D and how far that of the device may be from it: 2m·u of the sum of
// absolute products, and 9u of |Δ|+|λΘ|, over m.
func (v *verifier) gradient(op device.Op) (grad, slack wideLayers, err error) {
	g, ok := op.(device.Gradient)
	if !ok {
		return nil, nil, fmt.Errorf("verifying a step: no rule for %T", op)
	}
	theta := v.before[nameTheta]
	grad, slack = zeros(theta), zeros(theta)
	for l, was := range theta {
		cpuref.Gradient(v.sum[l], was, g.Lambda, g.M, grad[l])
		cpuref.Gradient(v.size[l], absoluteLayer(was), g.Lambda, g.M, slack[l])
		for _, part := range parts(slack[l]) {
			for i := range part.Data {
				part.Data[i] *= (2*float64(g.M) + 9) * unit
			}
		}
	}
	return grad, slack, nil
}

// descended returns Θ after the operations that follow D.
func (v *verifier) descended(ops []device.Op, grad wideLayers) (wideLayers, error) {
	state := map[string]wideLayers{}
	for name, layers := range v.before {
		state[name] = shifted(layers, layers, 0)
	}
	theta := state[nameTheta]
	for _, op := range ops {
		if o, ok := op.(device.ClipNorm); ok {
			cpuref.ClipNorm(grad, o.Limit)
			continue
		}
		for l := range theta {
			if !apply(op, theta[l], grad[l], func(moment int) cpuref.Layer[float64] {
				return state[v.to.by.state[moment].name][l]
			}) {
				return nil, fmt.Errorf("verifying a step: no rule for %T", op)
			}
		}
	}
	return theta, nil
}

// apply does what an operation does to one layer, and reports whether it knows it.
func apply(op device.Op, theta, grad cpuref.Layer[float64], moment func(int) cpuref.Layer[float64]) bool {
	switch o := op.(type) {
	case device.L1:
		cpuref.L1(theta, grad, o.Lambda, o.M)
	case device.ClipValue:
		cpuref.ClipValue(grad, o.Limit)
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
	case device.MaxNorm:
		cpuref.MaxNorm(theta, o.Limit)
	case device.Average: // of Θ, which it does not change
	default:
		return false
	}
	return true
}
