package enginetest

import (
	"math"

	"github.com/clprop/clprop/cpuref"
	"github.com/clprop/clprop/device"
)

// productSizes are wider than any block of the kernels for CPUs, so that each shape of
// these is one program, and no multiple of any.
var productSizes = []size{{31, 53, 113}, {65, 127, 61}}

// descent sums a batch, adds λ, and goes down by α, in one list, as a training step ends:
// an engine may join these. Θ := Θ − α(δᵀ[1 a] + λΘ)/m, biases without λ.
func descent(s suite) {
	const alpha, lambda = 0.25, 0.5
	s.each(func(s suite, n size) {
		delta, a, theta := normal(0, n.b, n.out, 1), normal(1, n.b, n.in, 1), randomLayer(2, n.in, n.out)
		on := s.parameters(theta)
		shape := device.Shape{In: n.in, Out: n.out}
		sum, grad := s.outputLayers(shape), s.outputLayers(shape)
		s.do(
			device.Accumulate{Delta: s.matrix(delta), A: s.matrix(a), Sum: sum, Layer: 0, Fresh: true},
			device.Gradient{Sum: sum, Theta: on, Lambda: lambda, M: n.b, Grad: grad},
			device.SGD{Theta: on, Grad: grad, Rate: device.NewScalar(alpha)},
		)
		total, bound := cpuref.NewLayer[float64](n.in, n.out), cpuref.NewLayer[float64](n.in, n.out)
		cpuref.Accumulate(wide(delta), wide(a), total)
		cpuref.Accumulate(absolute(wide(delta)), absolute(wide(a)), bound)

		// The sum of b products is off by 2·b·u of its bound. λΘ, the sum with Δ and α D are
		// rounded by u each, the division by 5u, and the difference by u of what it is of.
		m := float64(n.b)
		check := func(what string, got, was []float32, total, bound []float64, lambda float64) {
			want := make([]float64, len(was))
			for i, w := range was {
				want[i] = float64(w) - alpha*(total[i]+lambda*float64(w))/m
			}
			within(s, what, got, want, func(i int) float64 {
				step := alpha * (bound[i] + lambda*math.Abs(float64(was[i]))) / m
				return alpha/m*2*m*u*bound[i] + 9*u*step + u*math.Abs(float64(was[i]))
			})
		}
		got := s.layer(on, 0)
		check("weights", got.W.Data, theta.W.Data, total.W.Data, bound.W.Data, lambda)
		check("biases", got.B, theta.B, total.B, bound.B, 0)
	})
}
