package kernels

import (
	"math"
	"slices"
	"testing"

	"github.com/clprop/clprop/cpuref"
)

// hidden are the activations that have a kernel of their own in each product.
var hidden = cpuref.HiddenActivations()

// some picks the activations for the size at a place in f.sizes: all of them once,
// and otherwise one, as the epilogue is the same code for each size and block. For tiles
// that is a size with a small tile, as a large one takes long to compile.
func (f fixture) some(at int) []cpuref.Activation {
	all := 9
	switch {
	case f.simulated:
		all = 1
	case f.set.Tuning.Family == Tile:
		all = 4
	}
	switch {
	case !f.byHand() && at == all:
		return hidden
	case f.byHand():
		return hidden[f.set.Tuning.RowsPerItem%len(hidden):][:1]
	}
	return []cpuref.Activation{cpuref.Sigmoid}
}

// largestSlope is the Lipschitz constant of g: the largest |g′|.
func largestSlope(act cpuref.Activation) float64 {
	switch act {
	case cpuref.Sigmoid:
		return 0.25 // a(1−a) at a = 1/2
	case cpuref.SELU:
		return 1.76 // λα, just below 0
	case cpuref.GELU, cpuref.SiLU:
		return 1.13 // at z = √2, and less for SiLU
	case cpuref.HardSigmoid:
		return 1. / 6
	case cpuref.HardSwish:
		return 1.5 // just below 3
	}
	return 1
}

// activationError bounds the error that g adds to its value a. An ulp is at most
// 2u of the value; the ulps are those of The OpenCL C Specification 1.2, §7.4:
//
//	linear, ReLU  none
//	sigmoid       1/(1+e^−z): exp 3 ulp is 6u of e^−z, which is at most the whole of
//	              the sum, u for the sum, division 2.5 ulp: 12u a
//	tanh          5 ulp: 10u |a|
//	leaky ReLU    u for 1/100 and u for the product: 2u |a|
//	ELU           expm1 3 ulp: 6u |a|
//	SELU          expm1, λα and the product: 8u |a|
//	softplus      log1p(e), e = e^−|z|: 6u of e are at most 6u of its log1p, which adds
//	              2 ulp, and the sum u: 11u a
//	GELU          erfc 16 ulp and two products: 35u |a|; 1/√2 and z/√2, 3u of the argument
//	              x, are 3u (2x²+1) of erfc where x > 0, with |z| erfc/2 in all below u
//	SiLU          as the sigmoid, 12u |a|
//	hard sigmoid  u for z/6, 5u with a division of 2.5 ulp, and the sum: 6u (½+|a|)
//	hard swish    that times z, and the product; |z| < 3 there: 7u·3
func activationError(act cpuref.Activation, a float64) float64 {
	switch act {
	case cpuref.Sigmoid:
		return 12 * u * a
	case cpuref.Tanh:
		return 10 * u * math.Abs(a)
	case cpuref.LeakyReLU:
		return 2 * u * math.Abs(a)
	case cpuref.ELU:
		return 6 * u * math.Abs(a)
	case cpuref.SELU:
		return 8 * u * math.Abs(a)
	case cpuref.Softplus:
		return 11 * u * a
	case cpuref.GELU:
		return 38*u*math.Abs(a) + u
	case cpuref.SiLU:
		return 12 * u * math.Abs(a)
	case cpuref.HardSigmoid:
		return 6 * u * (0.5 + a)
	case cpuref.HardSwish:
		return 21 * u
	}
	return 0
}

// TestForward holds C to |C − C_ref| ≤ 2·k·u·(|A||B|), k = in + 1, the bias being a
// product with 1, carried through g.
func TestForward(t *testing.T) {
	eachProduct(t, func(f fixture) {
		for at, n := range f.sizes {
			a, theta := normal(0, n.b, n.in, 1), randomLayer(1, n.in, n.out)
			in, w := f.matrix(a), f.weights(theta)
			bound, want := cpuref.NewMatrix[float64](n.b, n.out), cpuref.NewMatrix[float64](n.b, n.out)
			cpuref.Forward(cpuref.Linear, absolute(a), absoluteLayer(theta), bound)
			for _, act := range f.some(at) {
				out := f.output(n.b, n.out)
				f.run(f.set.Forward(string(act), in, w, out))
				cpuref.Forward(act, wide(a), wideLayer(theta), want)
				f.compare(n, string(act), f.values(out).Data, want.Data, func(i int) float64 {
					return largestSlope(act)*2*float64(n.in+1)*u*bound.Data[i] + activationError(act, want.Data[i])
				})
			}
			f.unchanged(in.Buf, w.Buf)
		}
	})
}

// Keeping z gives the same a, and the z that a linear layer gives, bit for bit.
func TestForwardKeepingZ(t *testing.T) {
	eachProduct(t, func(f fixture) {
		n := f.sizes[min(2, len(f.sizes)-1)]
		in, w := f.matrix(normal(0, n.b, n.in, 1)), f.weights(randomLayer(1, n.in, n.out))
		wantA, wantZ, a, z := f.output(n.b, n.out), f.output(n.b, n.out), f.output(n.b, n.out), f.output(n.b, n.out)
		f.run(f.set.Forward("silu", in, w, wantA))
		f.run(f.set.Forward("linear", in, w, wantZ))
		f.run(f.set.ForwardKeepingZ("silu", in, w, a, z))
		for _, pair := range [][2]Matrix{{a, wantA}, {z, wantZ}} {
			if got, want := f.values(pair[0]).Data, f.values(pair[1]).Data; !slices.Equal(got, want) {
				f.Errorf("%v: %v, want %v", n, got, want)
			}
		}
		f.unchanged(in.Buf, w.Buf)
		if _, err := f.set.ForwardKeepingZ("silu", in, w, a, in); err == nil && n.in != n.out {
			f.Error("a z of another shape: no error")
		}
	})
}

// compare is within, naming the size.
func (f fixture) compare(n size, what string, got []float32, want []float64, tolerance func(i int) float64) {
	f.Helper()
	within(f, n.String()+", "+what, got, want, tolerance)
}

// Forward counts 2·b·(in+1)·out operations, and each operand's bytes once.
func TestForwardCounts(t *testing.T) {
	eachWidth(t, func(f fixture) {
		a, w, out := f.matrix(normal(0, 3, 4, 1)), f.weights(randomLayer(1, 4, 2)), f.output(3, 2)
		l, err := f.set.Forward("linear", a, w, out)
		f.ok(err)
		defer l.Release()
		// 3·5·2 multiply-adds; 12 + 6 activations and 10 weights of 4 bytes
		if l.Name != "forward" || l.FLOPs != 60 || l.Bytes != 112 {
			f.Errorf("%s: %v operations, %v bytes, want forward: 60, 112", l.Name, l.FLOPs, l.Bytes)
		}
	})
}
