package kernels

import (
	"math"
	"slices"
	"testing"

	"github.com/clprop/clprop/cpuref"
)

// derivativeError bounds the error of g′ written from a, or z, and of the product with
// p = δW that it scales:
//
//	linear, ReLU  none: the factor is 1 or 0
//	sigmoid       u each for 1−a, a(1−a) and the product: 3u |p g′|
//	tanh          u a² and u(1−a²) for 1−a², u |p g′| for the product: 3u |p| at most
//	leaky ReLU    u for 1/100, u for the product: 2u |p g′|
//	ELU           u for 1+a, u for the product: 2u |p g′|
//	SELU          u λα for λα, u for the sum and u for the product: u |p| (1.76 + 2g′)
//	softplus      expm1 3 ulp, u for the product: 7u |p g′|
//	GELU          Φ 38u, |zφ| its exp 6u, argument u z²/2 and two products: at most
//	              0.25·8u + 0.5u, two sums: 42u |p| in all, as Φ ≤ 1 and |zφ| < ¼
//	SiLU          s, z(1−s) and 1+z(1−s) each a division of sums with an exp: 12u and 13u
//	              of |z|(1−s)s < 0.28, u for the sum: 26u |p g′| and 4u |p|
//	hard sigmoid  u for 1/6, u for the product: 2u |p g′|
//	hard swish    2z+3, /6 (2.5 ulp): 8u |p|·1.5
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
	case cpuref.GELU:
		return 42 * u * math.Abs(p)
	case cpuref.SiLU:
		return 26*u*math.Abs(p*slope) + 4*u*math.Abs(p)
	case cpuref.HardSigmoid:
		return 2 * u * math.Abs(p*slope)
	case cpuref.HardSwish:
		return 12 * u * math.Abs(p)
	}
	return 0
}

// slope is g′ at a = g(z), or at z where it is that which is kept.
func slope(act cpuref.Activation, a float64) float64 {
	switch act {
	case cpuref.GELU:
		return math.Erfc(-a/math.Sqrt2)/2 + a*math.Exp(-a*a/2)/math.Sqrt(2*math.Pi)
	case cpuref.SiLU:
		s := 1 / (1 + math.Exp(-a))
		return s * (1 + a*(1-s))
	case cpuref.HardSigmoid:
		if a > 0 && a < 1 {
			return 1. / 6
		}
		return 0
	case cpuref.HardSwish:
		switch {
		case a <= -3:
			return 0
		case a >= 3:
			return 1
		}
		return (2*a + 3) / 6
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

// reads is what HiddenDelta reads besides, made in memory of unknown content.
func (f fixture) reads(next Matrix, w Weights) Transposed {
	f.Helper()
	switch f.set.HiddenReads(next, w) {
	case TransposedWeights:
		return f.packed(w)
	case TransposedDelta:
		t := f.set.NewTransposedDelta(next)
		t.Buf = f.scratch(f.set.TransposedDeltaFloats(next))
		f.run(f.set.PackDelta(next, t))
		return t
	}
	return Transposed{}
}

// packed is a transposed copy of w, made by Pack in memory of unknown content.
func (f fixture) packed(w Weights) Transposed {
	f.Helper()
	t := f.set.NewTransposed(w)
	t.Buf = f.scratch(f.set.TransposedFloats(w))
	f.run(f.set.Pack(w, t))
	return t
}

// TestHiddenDelta holds C to 2·k·u·(|D||B|), k = out, times g′, and g′'s own error. Few
// examples of a layer with many outputs are hiddendot.cl's, more of them hiddenlanes.cl's; any
// order of a sum keeps the bound.
func TestHiddenDelta(t *testing.T) {
	eachProduct(t, func(f fixture) {
		asTheyLie := []size{{1, 31, 257}, {5, 67, 131}, {15, 17, 128}, {16, 1, 128}, {17, 33, 257}, {63, 15, 131}, {127, 65, 129}}
		if f.simulated {
			asTheyLie = []size{{1, 3, 129}, {6, 9, 128}, {17, 1, 129}}
		}
		for at, n := range slices.Concat(f.sizes, asTheyLie) {
			next, theta := normal(0, n.b, n.out, 1), randomLayer(1, n.in, n.out)
			for i := range theta.B {
				theta.B[i] = float32(math.NaN()) // the bias row is not part of the product
			}
			in, w := f.matrix(next), f.weights(theta)
			packed := f.reads(in, w)
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
					return math.Abs(g)*2*float64(n.out)*u*bound.Data[i] + derivativeError(act, p.Data[i], g)
				})
				f.unchanged(saved.Buf)
			}
			f.unchanged(in.Buf, w.Buf)
		}
	})
}

// A row of delta has the same bits from the copy of the weights, which many examples read,
// and from the copy of delta.
func TestHiddenLanesSameBits(t *testing.T) {
	eachWidth(t, func(f fixture) {
		if f.set.Tuning.Family != Block || f.simulated {
			return
		}
		const in, out = 3, widthWorthAsTheyLie
		w := f.weights(randomLayer(1, in, out))
		allNext, allA := normal(0, rowsWorthTransposing, out, 1), normal(2, rowsWorthTransposing, in, 1)
		first := func(m matrix32, rows int) matrix32 {
			return matrix32{Rows: rows, Cols: m.Cols, Data: m.Data[:rows*m.Cols]}
		}
		var values [3][]float32
		// The last vector of the fewest is a full one, so that a block of more than one has no last of one.
		for i, rows := range []int{rowsWorthTransposing, rowsWorthTransposing - 1, rowsWorthTransposing - 1 - f.set.Tuning.VW} {
			next, a, delta := f.matrix(first(allNext, rows)), f.matrix(first(allA, rows)), f.output(rows, in)
			f.run(f.set.HiddenDelta("tanh", next, w, f.reads(next, w), a, delta))
			values[i] = f.values(delta).Data
		}
		if f.set.HiddenReads(Matrix{Rows: rowsWorthTransposing}, w) == f.set.HiddenReads(Matrix{Rows: rowsWorthTransposing - 1}, w) {
			f.Fatal("both read the same copy")
		}
		for _, v := range values[1:] {
			if !slices.Equal(values[0][:len(v)], v) {
				f.Errorf("other bits from the copy of delta than from that of the weights, %d examples", len(v)/in)
			}
		}
	})
}

// The blocks of a batch are as wide as waste the least of their lanes: what is left over is a block, or
// one vector.
func TestLanes(t *testing.T) {
	wide, narrow := Tuning{VW: 16, NV: 3, MRs: []int{8, 4, 2, 1}}, Tuning{VW: 8, NV: 2, MRs: []int{6, 4, 2, 1}}
	for _, c := range []struct {
		t      Tuning
		b      int
		mr, nv int
		last   int
	}{
		{wide, 1, 8, 1, 0}, {wide, 16, 8, 1, 0}, {wide, 17, 8, 2, 0}, {wide, 48, 8, 3, 0},
		{wide, 49, 8, 3, 1}, {wide, 128, 8, 3, 2}, {wide, 200, 8, 3, 1}, {wide, 240, 8, 3, 0},
		{wide, 256, 8, 3, 1}, {wide, 257, 8, 3, 2}, {wide, 512, 8, 3, 2}, {wide, 2048, 8, 3, 0},
		{narrow, 8, 4, 1, 0}, {narrow, 25, 4, 3, 1}, {narrow, 32, 4, 3, 1}, {narrow, 64, 4, 3, 2},
	} {
		mr, nv := c.t.lanes(c.b)
		if mr != c.mr || nv != c.nv || c.t.last(c.b, nv) != c.last {
			t.Errorf("%d examples in lanes of %d: %d×%d, the last panel %d; want %d×%d, %d", c.b, c.t.VW, mr, nv, c.t.last(c.b, nv), c.mr, c.nv, c.last)
		}
	}
}

// Three parts of a device have the panels of a launch once each, also where its groups are
// divided along none but the first dimension.
func TestHiddenLanesShares(t *testing.T) {
	eachWidth(t, func(f fixture) {
		if f.set.Tuning.Family != Block || f.simulated {
			return
		}
		const rows, in, out = rowsWorthTransposing - 1, 3, 2048
		w, next, a := f.weights(randomLayer(1, in, out)), f.matrix(normal(0, rows, out, 1)), f.matrix(normal(2, rows, in, 1))
		whole, divided, packed := f.output(rows, in), f.output(rows, in), f.reads(next, w)
		f.run(f.set.HiddenDelta("tanh", next, w, packed, a, whole))
		l, err := f.set.HiddenDelta("tanh", next, w, packed, a, divided)
		f.ok(err)
		defer l.Release()
		for k := range 3 {
			event, err := l.EnqueueShare(f.queue, []int{1, 1, 1}, k, nil)
			f.ok(err)
			event.Release()
		}
		f.ok(f.queue.Finish())
		if !slices.Equal(f.values(whole).Data, f.values(divided).Data) {
			f.Error("other results from three parts than from one device")
		}
	})
}
