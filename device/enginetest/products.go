package enginetest

import (
	"math"

	"github.com/clprop/clprop/cpuref"
	"github.com/clprop/clprop/device"
)

var hiddenActivations = cpuref.HiddenActivations()

// someActivations are those that a product of a size is tried with: all of them with a
// batch of 31, otherwise some, as the kernels differ in g alone and compiling takes
// longest.
func someActivations(n size) []device.Activation {
	if n.b == 31 {
		return hiddenActivations
	}
	var some []device.Activation
	for i := (n.b + n.in + n.out) % 5; i < len(hiddenActivations); i += 5 {
		some = append(some, hiddenActivations[i])
	}
	return some
}

// largestSlope is the Lipschitz constant of g: the largest |g′|.
func largestSlope(act device.Activation) float64 {
	switch act {
	case device.Sigmoid:
		return 0.25 // a(1−a) at a = 1/2
	case device.SELU:
		return 1.76 // λα, just below 0
	case device.GELU, device.SiLU:
		return 1.13 // at z = √2, and less for SiLU
	case device.HardSigmoid:
		return 1. / 6
	case device.HardSwish:
		return 1.5 // just below 3
	}
	return 1
}

// activationError bounds the error that g adds to its value a:
//
//	linear, ReLU  none
//	sigmoid       1/(1+e^−z): 6u of e^−z, which is at most the whole of the sum,
//	              u for the sum, 5u for the division: 12u a
//	tanh          10u |a|
//	leaky ReLU    u for 1/100 and u for the product: 2u |a|
//	ELU           expm1: 6u |a|
//	SELU          expm1, λα and the product: 8u |a|
//	softplus      log1p(e), e = e^−|z|: 6u of e are at most 6u of its log1p, which adds
//	              4u, and the sum u: 11u a
//	GELU          erfc 32u and two products: 35u |a|; 1/√2 and z/√2, 3u of the argument
//	              x, are 3u (2x²+1) of erfc where x > 0, with |z| erfc/2 in all below u
//	SiLU          as the sigmoid, 12u |a|
//	hard sigmoid  5u for z/6, and the sum: 6u (½+|a|)
//	hard swish    that times z, and the product; |z| < 3 there: 7u·3
func activationError(act device.Activation, a float64) float64 {
	switch act {
	case device.Sigmoid:
		return 12 * u * a
	case device.Tanh:
		return 10 * u * math.Abs(a)
	case device.LeakyReLU:
		return 2 * u * math.Abs(a)
	case device.ELU:
		return 6 * u * math.Abs(a)
	case device.SELU:
		return 8 * u * math.Abs(a)
	case device.Softplus:
		return 11 * u * a
	case device.GELU:
		return 38*u*math.Abs(a) + u
	case device.SiLU:
		return 12 * u * math.Abs(a)
	case device.HardSigmoid:
		return 6 * u * (0.5 + a)
	case device.HardSwish:
		return 21 * u
	}
	return 0
}

func forward(s suite) {
	s.each(func(s suite, n size) {
		a, theta := normal(0, n.b, n.in, 1), randomLayer(1, n.in, n.out)
		in, parameters, out := s.matrix(a), s.parameters(theta), s.output(n.b, n.out)

		// The bias is one more product, of 1: k = in + 1.
		bound, want := cpuref.NewMatrix[float64](n.b, n.out), cpuref.NewMatrix[float64](n.b, n.out)
		cpuref.Forward(cpuref.Linear, absolute(wide(a)), absoluteLayer(wideLayer(theta)), bound)
		acts := someActivations(n)
		for _, act := range acts {
			s.do(device.Forward{Act: act, A: in, Theta: parameters, Layer: 0, Out: out})
			cpuref.Forward(act, wide(a), wideLayer(theta), want)
			within(s, string(act), s.read(out), want.Data, func(i int) float64 {
				return largestSlope(act)*2*float64(n.in+1)*u*bound.Data[i] + activationError(act, want.Data[i])
			})
		}

		// With z kept: a is the same bits, and z is within its bound.
		z, again := s.output(n.b, n.out), s.output(n.b, n.out)
		last := acts[len(acts)-1]
		s.do(device.Forward{Act: last, A: in, Theta: parameters, Layer: 0, Out: again, Z: z})
		same(s, "a where z is kept", s.read(again), s.read(out))
		cpuref.Forward(cpuref.Linear, wide(a), wideLayer(theta), want)
		within(s, "z", s.read(z), want.Data, func(i int) float64 { return 2 * float64(n.in+1) * u * bound.Data[i] })
	})
}

// derivativeError bounds the error of g′ written from a, and of the product with
// p = δW that it scales:
//
//	linear, ReLU  none: the factor is 1 or 0
//	sigmoid       u each for 1−a, a(1−a) and the product: 3u |p g′|
//	tanh          u a² and u(1−a²) for 1−a², u |p g′| for the product: 2u |p| at most,
//	              and as (1−a)(1+a) 3u |p g′| and the product: 4u |p|
//	leaky ReLU    u for 1/100, u for the product: 2u |p g′|
//	ELU           u for 1+a, u for the product: 2u |p g′|
//	SELU          u λα for λα, u for the sum and u for the product: u |p| (1.76 + 2g′)
//	softplus      expm1 6u, u for the product: 7u |p g′|
//	GELU          Φ 38u, |zφ| its exp 6u, argument u z²/2 and two products: at most
//	              0.25·8u + 0.5u, two sums: 42u |p| in all, as Φ ≤ 1 and |zφ| < ¼
//	SiLU          s, z(1−s) and 1+z(1−s) each a division of sums with an exp: 12u and 13u
//	              of |z|(1−s)s < 0.28, u for the sum: 26u |p g′| and 4u |p|
//	hard sigmoid  u for 1/6, u for the product: 2u |p g′|
//	hard swish    2z+3, and 5u for a division: 8u |p|·1.5
func derivativeError(act device.Activation, p, derivative float64) float64 {
	switch act {
	case device.Sigmoid:
		return 3 * u * math.Abs(p*derivative)
	case device.Tanh:
		return 4 * u * math.Abs(p)
	case device.LeakyReLU, device.ELU:
		return 2 * u * math.Abs(p*derivative)
	case device.SELU:
		return u * math.Abs(p) * (1.76 + 2*derivative)
	case device.Softplus:
		return 7 * u * math.Abs(p*derivative)
	case device.GELU:
		return 42 * u * math.Abs(p)
	case device.SiLU:
		return 26*u*math.Abs(p*derivative) + 4*u*math.Abs(p)
	case device.HardSigmoid:
		return 2 * u * math.Abs(p*derivative)
	case device.HardSwish:
		return 12 * u * math.Abs(p)
	}
	return 0
}

func hiddenDelta(s suite) {
	s.each(func(s suite, n size) {
		next, theta := normal(0, n.b, n.out, 1), randomLayer(1, n.in, n.out)
		delta := s.output(n.b, n.in)
		nextIn, parameters := s.matrix(next), s.parameters(theta)

		product := func(next matrix64, theta layer64) matrix64 {
			p := cpuref.NewMatrix[float64](n.b, n.in)
			cpuref.HiddenDelta(cpuref.Linear, next, theta, p, p)
			return p
		}
		p := product(wide(next), wideLayer(theta))
		bound := product(absolute(wide(next)), absoluteLayer(wideLayer(theta)))
		for _, act := range someActivations(n) {
			a := activations(act, 2, n.b, n.in)
			s.do(device.HiddenDelta{Act: act, Next: nextIn, Theta: parameters, Layer: 0, A: s.matrix(a), Delta: delta})
			want := cpuref.NewMatrix[float64](n.b, n.in)
			cpuref.HiddenDelta(act, wide(next), wideLayer(theta), wide(a), want)
			within(s, string(act), s.read(delta), want.Data, func(i int) float64 {
				g := derivative(act, float64(a.Data[i]))
				return math.Abs(g)*2*float64(n.out)*u*bound.Data[i] + derivativeError(act, p.Data[i], g)
			})
		}
	})
}

// derivative is g′ at a = g(z), or at z where it is that which is kept.
func derivative(act device.Activation, a float64) float64 {
	switch act {
	case device.GELU:
		return math.Erfc(-a/math.Sqrt2)/2 + a*math.Exp(-a*a/2)/math.Sqrt(2*math.Pi)
	case device.SiLU:
		s := 1 / (1 + math.Exp(-a))
		return s * (1 + a*(1-s))
	case device.HardSigmoid:
		if a > 0 && a < 1 {
			return 1. / 6
		}
		return 0
	case device.HardSwish:
		switch {
		case a <= -3:
			return 0
		case a >= 3:
			return 1
		}
		return (2*a + 3) / 6
	case device.Sigmoid:
		return a * (1 - a)
	case device.Tanh:
		return 1 - a*a
	case device.Softplus:
		return -math.Expm1(-a)
	case device.SELU:
		if a > 0 {
			return 1.0507009873554805
		}
		return 1.7580993408473766 + a
	}
	if a > 0 {
		return 1
	}
	switch act {
	case device.ReLU:
		return 0
	case device.LeakyReLU:
		return 0.01
	case device.ELU:
		return 1 + a
	}
	return 1
}

// accumulate sums a batch afresh, whatever was there, and a second one onto it.
func accumulate(s suite) {
	s.each(func(s suite, n size) {
		// Layer 1 of two: the other must be left alone.
		other := randomLayer(9, 2, 3)
		sum := s.parameters(other, cpuref.NewLayer[float32](n.in, n.out))
		dirty := cpuref.NewLayer[float32](n.in, n.out)
		poison(dirty.W.Data)
		poison(dirty.B)
		s.ok(s.e.WriteParameters(sum, 1, dirty.W.Data, dirty.B))

		want, bound := cpuref.NewLayer[float64](n.in, n.out), cpuref.NewLayer[float64](n.in, n.out)
		for batch := range 2 {
			delta, a := normal(uint32(2*batch), n.b, n.out, 1), normal(uint32(2*batch+1), n.b, n.in, 1)
			s.do(device.Accumulate{Delta: s.matrix(delta), A: s.matrix(a), Sum: sum, Layer: 1, Fresh: batch == 0})
			cpuref.Accumulate(wide(delta), wide(a), want)
			cpuref.Accumulate(absolute(wide(delta)), absolute(wide(a)), bound)
			// What is there is one more product, of 1: k = (batches)(b + 1).
			k := float64((batch + 1) * (n.b + 1))
			got := s.layer(sum, 1)
			within(s, "weights", got.W.Data, want.W.Data, func(i int) float64 { return 2 * k * u * bound.W.Data[i] })
			within(s, "biases", got.B, want.B, func(i int) float64 { return 2 * k * u * bound.B[i] })
		}
		left := s.layer(sum, 0)
		same(s, "weights of the other layer", left.W.Data, other.W.Data)
		same(s, "biases of the other layer", left.B, other.B)
	})
}
