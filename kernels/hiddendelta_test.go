package kernels

import (
	"math"
	"testing"

	"github.com/clprop/clprop/cpuref"
)

// derivativeError bounds the error of g′ written from a, and of the product with
// p = δW that it scales:
//
//	linear, ReLU  none: the factor is 1 or 0
//	sigmoid       u each for 1−a, a(1−a) and the product: 3u |p g′|
//	tanh          u a² and u(1−a²) for 1−a², u |p g′| for the product: 3u |p| at most
//	leaky ReLU    u for 1/100, u for the product: 2u |p g′|
//	ELU           u for 1+a, u for the product: 2u |p g′|
//	SELU          u λα for λα, u for the sum and u for the product: u |p| (1.76 + 2g′)
//	softplus      expm1 3 ulp, u for the product: 7u |p g′|
func derivativeError(act cpuref.Activation, p, slope float64) float64 {
	switch act {
	case cpuref.Sigmoid:
		return 3 * u * math.Abs(p*slope)
	case cpuref.Tanh:
		return 3 * u * math.Abs(p)
	case cpuref.LeakyReLU, cpuref.ELU:
		return 2 * u * math.Abs(p*slope)
	case cpuref.SELU:
		return u * math.Abs(p) * (1.76 + 2*slope)
	case cpuref.Softplus:
		return 7 * u * math.Abs(p*slope)
	}
	return 0
}

// slope is g′ at a = g(z).
func slope(act cpuref.Activation, a float64) float64 {
	switch act {
	case cpuref.Sigmoid:
		return a * (1 - a)
	case cpuref.Tanh:
		return 1 - a*a
	case cpuref.Softplus:
		return -math.Expm1(-a)
	case cpuref.SELU:
		if a > 0 {
			return 1.0507009873554805
		}
		return 1.7580993408473766 + a
	}
	if a > 0 {
		return 1
	}
	switch act {
	case cpuref.ReLU:
		return 0
	case cpuref.LeakyReLU:
		return 0.01
	case cpuref.ELU:
		return 1 + a
	}
	return 1
}

// packed is a transposed copy of w, made by Pack in memory of unknown content.
func (f fixture) packed(w Weights) Transposed {
	f.Helper()
	if !f.set.NeedsTransposed() {
		return Transposed{}
	}
	t := f.set.NewTransposed(w)
	t.Buf = f.scratch(f.set.TransposedFloats(w))
	f.run(f.set.Pack(w, t))
	return t
}

// TestHiddenDelta holds C to 2·k·u·(|D||B|), k = out, times g′, and g′'s own error.
func TestHiddenDelta(t *testing.T) {
	each(t, func(f fixture) {
		for at, n := range f.sizes {
			next, theta := normal(0, n.b, n.out, 1), randomLayer(1, n.in, n.out)
			for i := range theta.B {
				theta.B[i] = float32(math.NaN()) // the bias row is not part of the product
			}
			in, w := f.matrix(next), f.weights(theta)
			packed := f.packed(w)
			product := func(next matrix64, theta layer64) matrix64 {
				p := cpuref.NewMatrix[float64](n.b, n.in)
				cpuref.HiddenDelta(cpuref.Linear, next, theta, p, p)
				return p
			}
			p, bound := product(wide(next), wideLayer(theta)), product(absolute(next), absoluteLayer(theta))
			for _, act := range f.some(at) {
				a := activations(act, 2, n.b, n.in)
				saved, delta := f.matrix(a), f.output(n.b, n.in)
				f.run(f.set.HiddenDelta(string(act), in, w, packed, saved, delta))
				want := cpuref.NewMatrix[float64](n.b, n.in)
				cpuref.HiddenDelta(act, wide(next), wideLayer(theta), wide(a), want)
				f.compare(n, string(act), f.values(delta).Data, want.Data, func(i int) float64 {
					g := slope(act, float64(a.Data[i]))
					return g*2*float64(n.out)*u*bound.Data[i] + derivativeError(act, p.Data[i], g)
				})
				f.unchanged(saved.Buf)
			}
			f.unchanged(in.Buf, w.Buf)
		}
	})
}
