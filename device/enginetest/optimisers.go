package enginetest

import (
	"math"
	"slices"

	"github.com/clprop/clprop/cpuref"
	"github.com/clprop/clprop/device"
)

// rule is an optimiser: as an operation, and as the function of cpuref, which that
// package's tests compare with PyTorch.
type rule struct {
	name  string
	op    func(theta, grad, first, second device.Parameters, rate, step *device.Scalar) device.Op
	apply func(theta, grad, first, second layer64, rate, step float64)
}

func rules(decay float64) []rule {
	const mu, rho, beta1, beta2, eps = 0.9, 0.97, 0.8, 0.95, 1e-4
	momentum := func(name string, nesterov bool) rule {
		return rule{name, func(theta, grad, v, _ device.Parameters, rate, _ *device.Scalar) device.Op {
			return device.Momentum{Theta: theta, Grad: grad, Velocity: v, Rate: rate, Mu: mu, Nesterov: nesterov}
		}, func(theta, grad, v, _ layer64, rate, _ float64) {
			cpuref.Momentum(theta, grad, v, rate, mu, nesterov)
		}}
	}
	return []rule{
		momentum("momentum", false),
		momentum("nesterov", true),
		{"rmsprop", func(theta, grad, s, _ device.Parameters, rate, _ *device.Scalar) device.Op {
			return device.RMSprop{Theta: theta, Grad: grad, Square: s, Rate: rate, Rho: rho, Eps: eps}
		}, func(theta, grad, s, _ layer64, rate, _ float64) { cpuref.RMSprop(theta, grad, s, rate, rho, eps) }},
		{"adagrad", func(theta, grad, s, _ device.Parameters, rate, _ *device.Scalar) device.Op {
			return device.Adagrad{Theta: theta, Grad: grad, Square: s, Rate: rate, Eps: eps}
		}, func(theta, grad, s, _ layer64, rate, _ float64) { cpuref.Adagrad(theta, grad, s, rate, eps) }},
		{"adam", func(theta, grad, m, v device.Parameters, rate, step *device.Scalar) device.Op {
			return device.Adam{Theta: theta, Grad: grad, M: m, V: v, Rate: rate, Step: step,
				Beta1: beta1, Beta2: beta2, Eps: eps, Decay: decay}
		}, func(theta, grad, m, v layer64, rate, step float64) {
			cpuref.Adam(theta, grad, m, v, cpuref.AdamStep{
				Rate: rate, Step: step, Beta1: beta1, Beta2: beta2, Eps: eps, Decay: decay})
		}},
		{"lion", func(theta, grad, m, _ device.Parameters, rate, _ *device.Scalar) device.Op {
			return device.Lion{Theta: theta, Grad: grad, M: m, Rate: rate, Beta1: beta1, Beta2: beta2, Decay: decay}
		}, func(theta, grad, m, _ layer64, rate, _ float64) {
			cpuref.Lion(theta, grad, m, rate, beta1, beta2, decay)
		}},
	}
}

// optimisers runs each for a few steps on every size, with another α each step.
func optimisers(s suite) {
	s.each(func(s suite, n size) {
		for i, r := range rules(0.3) {
			r.compare(s, n, rules(0)[i], 3)
		}
	})
}

// optimisersLong runs each for 50 steps.
func optimisersLong(s suite) {
	for i, r := range rules(0.3) {
		r.compare(s, size{0, 17, 16}, rules(0)[i], 50)
	}
}

// numbers are weights and then biases.
func numbers[T cpuref.Float](l cpuref.Layer[T]) []T { return slices.Concat(l.W.Data, l.B) }

// compare holds Θ to float64 after every step. In step t a running sum of
// non-negative terms is off by at most 3tu of itself (a coefficient, a product and a
// sum, each step), its root by half of that; a sum of terms of both signs by 3tu of
// the same sum of their magnitudes; a step takes a dozen roundings more, its root 6u,
// its divisions 5u each, and Θ two: 4u|Θ| + (5t+24)u·U, with U the step that the same
// optimiser takes, without decay, from gradients |D|. It adds up over the steps.
//
// Lion's step is ±α: where c = β1 m + (1−β1) D is within its error of 0, either would
// be right. No element of these seeds is.
func (r rule) compare(s suite, n size, plain rule, steps int) {
	shapes := []device.Shape{{In: n.in, Out: n.out}, {In: n.out, Out: 2}}
	var start, blank []layer32
	var theta, first, second, up, upFirst, upSecond []layer64
	var tolerance [][]float64
	zero := func(shape device.Shape) layer64 { return cpuref.NewLayer[float64](shape.In, shape.Out) }
	for l, shape := range shapes {
		start = append(start, randomLayer(uint32(l), shape.In, shape.Out))
		blank = append(blank, cpuref.NewLayer[float32](shape.In, shape.Out))
		theta = append(theta, wideLayer(start[l]))
		first, second = append(first, zero(shape)), append(second, zero(shape))
		up, upFirst, upSecond = append(up, zero(shape)), append(upFirst, zero(shape)), append(upSecond, zero(shape))
		tolerance = append(tolerance, make([]float64, shape.Out*(shape.In+1)))
	}
	in, grad := s.parameters(start...), s.parameters(blank...)
	rate, step := device.NewScalar(0), device.NewScalar(0)
	plan := s.prepare(r.op(in, grad, s.parameters(blank...), s.parameters(blank...), rate, step))
	for t := 1; t <= steps; t++ {
		alpha := 0.02 / float64(1+t%3)
		rate.Set(alpha)
		step.Set(float64(t))
		var d []layer32
		for l, shape := range shapes {
			d = append(d, randomLayer(uint32(10*t+l), shape.In, shape.Out))
		}
		s.write(grad, d)
		s.run(plan)
		for l := range shapes {
			was := numbers(up[l])
			r.apply(theta[l], wideLayer(d[l]), first[l], second[l], alpha, float64(t))
			plain.apply(up[l], absoluteLayer(wideLayer(d[l])), upFirst[l], upSecond[l], alpha, float64(t))
			want := numbers(theta[l])
			for i, v := range numbers(up[l]) {
				tolerance[l][i] += u * (4*math.Abs(want[i]) + float64(5*t+24)*(was[i]-v))
			}
			within(s, r.name, numbers(s.layer(in, l)), want, func(i int) float64 { return tolerance[l][i] })
		}
	}
}
