package enginetest

import (
	"math"

	"github.com/clprop/clprop/cpuref"
	"github.com/clprop/clprop/device"
)

// regularisers holds what changes D or Θ beside an optimiser to float64, on two layers.
// The limits cut about half of what there is. Where a sum of k squares is in a result, it
// is off by at most (k+2)u of itself however it is added up, its root by half of that and
// 3u, the quotient by 3u more and the product by u: (k/2+8)u.
func regularisers(s suite) {
	s.each(func(s suite, n size) {
		start := []layer32{randomLayer(0, n.in, n.out), randomLayer(1, n.out, 3)}
		other := []layer32{randomLayer(2, n.in, n.out), randomLayer(3, n.out, 3)}
		start[0].W.Data[0] = 0
		const far = 1e6 // a limit that nothing reaches
		k := float64((n.in+1)*n.out+(n.out+1)*3)/2 + 8
		share := device.NewScalar(0.25)
		for _, c := range []struct {
			what string
			op   func(theta, grad device.Parameters) device.Op
			want func(theta, grad []layer64)
			// tolerance in u, of the result and of the operands
			of, operands float64
		}{
			{"l1", func(theta, grad device.Parameters) device.Op {
				return device.L1{Theta: theta, Grad: grad, Lambda: 0.5, M: 3}
			},
				func(theta, grad []layer64) {
					for l := range grad {
						cpuref.L1(theta[l], grad[l], 0.5, 3)
					}
				}, 2, 1},
			{"clip value", func(_, grad device.Parameters) device.Op { return device.ClipValue{Grad: grad, Limit: 0.25} },
				func(_, grad []layer64) {
					for l := range grad {
						cpuref.ClipValue(grad[l], 0.25)
					}
				}, 0, 0},
			{"clip norm", func(_, grad device.Parameters) device.Op { return device.ClipNorm{Grad: grad, Limit: 0.5} },
				func(_, grad []layer64) { cpuref.ClipNorm(grad, 0.5) }, k, 0},
			{"clip norm, far", func(_, grad device.Parameters) device.Op { return device.ClipNorm{Grad: grad, Limit: far} },
				func(_, grad []layer64) {}, 0, 0},
			{"max-norm", func(_, grad device.Parameters) device.Op { return device.MaxNorm{Theta: grad, Limit: 0.75} },
				func(_, grad []layer64) {
					for l := range grad {
						cpuref.MaxNorm(grad[l], 0.75)
					}
				}, k, 0},
			{"max-norm, far", func(_, grad device.Parameters) device.Op { return device.MaxNorm{Theta: grad, Limit: far} },
				func(_, grad []layer64) {}, 0, 0},
			{"average", func(theta, grad device.Parameters) device.Op {
				return device.Average{Theta: theta, Mean: grad, Share: share}
			}, func(theta, grad []layer64) {
				for l := range grad {
					cpuref.Average(theta[l], grad[l], 0.25)
				}
			}, 1, 2},
		} {
			theta, grad := s.parameters(start...), s.parameters(other...)
			s.do(c.op(theta, grad))
			want := []layer64{wideLayer(other[0]), wideLayer(other[1])}
			wide := []layer64{wideLayer(start[0]), wideLayer(start[1])}
			c.want(wide, want)
			for l := range want {
				w, a, b := numbers(want[l]), numbers(start[l]), numbers(other[l])
				within(s, c.what, numbers(s.layer(grad, l)), w, func(i int) float64 {
					return u * (c.of*math.Abs(w[i]) + c.operands*(math.Abs(float64(a[i]))+math.Abs(float64(b[i]))))
				})
				same(s, c.what+", Θ", numbers(s.layer(theta, l)), a)
			}
		}
	})
	s.sub("NaN", regularisersNaN)
	s.sub("Share", regularisersShare)
}

// regularisersNaN: what is not a number stays so, where it is, and spoils nothing else.
func regularisersNaN(s suite) {
	spoiled := func() device.Parameters {
		l := randomLayer(0, 5, 4)
		l.W.Data[7] = float32(math.NaN())
		return s.parameters(l)
	}
	for _, c := range []struct { // in one order, which ranks need
		what string
		op   func(p device.Parameters) device.Op
	}{
		{"l1", func(p device.Parameters) device.Op {
			return device.L1{Theta: p, Grad: s.parameters(randomLayer(1, 5, 4)), Lambda: 1, M: 1}
		}},
		{"clip value", func(p device.Parameters) device.Op { return device.ClipValue{Grad: p, Limit: 0.1} }},
		{"clip norm", func(p device.Parameters) device.Op { return device.ClipNorm{Grad: p, Limit: 0.1} }},
		{"max-norm", func(p device.Parameters) device.Op { return device.MaxNorm{Theta: p, Limit: 0.1} }},
		{"average", func(p device.Parameters) device.Op {
			return device.Average{Theta: s.parameters(randomLayer(1, 5, 4)), Mean: p, Share: device.NewScalar(0.5)}
		}},
	} {
		p := spoiled()
		o := c.op(p)
		s.do(o)
		if l, ok := o.(device.L1); ok {
			p = l.Grad
		}
		for i, v := range numbers(s.layer(p, 0)) {
			if math.IsNaN(float64(v)) != (i == 7) {
				s.Errorf("%s: element %d is %v", c.what, i, v)
			}
		}
	}
}

// regularisersShare: the share of a mean is that of the Scalar when the plan runs.
func regularisersShare(s suite) {
	theta, mean := s.parameters(randomLayer(0, 5, 4)), s.parameters(randomLayer(1, 5, 4))
	share := device.NewScalar(0)
	plan := s.prepare(device.Average{Theta: theta, Mean: mean, Share: share})
	s.run(plan)
	same(s, "with share 0", numbers(s.layer(mean, 0)), numbers(randomLayer(1, 5, 4)))
	share.Set(1)
	s.run(plan)
	want := numbers(wideLayer(randomLayer(0, 5, 4)))
	within(s, "with share 1", numbers(s.layer(mean, 0)), want, func(i int) float64 { // e + (w − e)
		return u * (2*math.Abs(want[i]) + math.Abs(float64(numbers(randomLayer(1, 5, 4))[i])))
	})
}

// dropout compares bits: one product under a mask that is the same everywhere, of the step
// that the Scalar says, in place and elsewhere, and of rows further down in a batch. What follows sees Out's column of ones as
// it was.
func dropout(s suite) {
	const p, seed, layer = 0.4, 0x1234567890ab, 7
	s.each(func(s suite, n size) {
		v := normal(0, n.b, n.in, 1)
		a, out, place := s.matrix(v), s.output(n.b, n.in), s.matrix(v)
		step := device.NewScalar(0)
		plan := s.prepare(device.Dropout{A: a, Out: out, Rate: p, Seed: seed, Layer: layer, Step: step})
		for _, at := range []uint32{0, 3_000_000_000} { // beyond int32
			step.Set(float64(at))
			s.run(plan)
			want := cpuref.NewMatrix[float32](n.b, n.in)
			cpuref.Dropout(cpuref.NewStream(seed, layer, at), p, 0, v, want)
			same(s, "dropout", s.read(out), want.Data)
			s.do(device.Dropout{A: place, Out: place, Rate: p, Seed: seed, Layer: layer, Step: step})
			same(s, "dropout in place", s.read(place), want.Data)
			s.ok(s.e.Write(place, 0, v.Data))
		}
		same(s, "A", s.read(a), v.Data)
		first := device.NewScalar(0)
		part := s.prepare(device.Dropout{A: a, Out: out, Rate: p, Seed: seed, Layer: layer, Step: step, First: first})
		for _, at := range []int{70_000, 1} {
			first.Set(float64(at))
			s.run(part)
			want := cpuref.NewMatrix[float32](n.b, n.in)
			cpuref.Dropout(cpuref.NewStream(seed, layer, 3_000_000_000), p, at, v, want)
			same(s, "dropout of a part", s.read(out), want.Data)
		}
		theta, z, plain := s.parameters(randomLayer(0, n.in, n.out)), s.output(n.b, n.out), s.output(n.b, n.out)
		s.do(device.Forward{Act: device.Linear, A: out, Theta: theta, Out: z},
			device.Forward{Act: device.Linear, A: s.matrix(matrix32{Rows: n.b, Cols: n.in, Data: s.read(out)}), Theta: theta, Out: plain})
		same(s, "z of what was dropped", s.read(z), s.read(plain))
	})
}
