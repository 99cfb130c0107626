package enginetest

import (
	"errors"
	"math"

	"github.com/clprop/clprop/cpuref"
	"github.com/clprop/clprop/device"
)

// stored bounds what one rounding to a half adds: half a step of 11 bits, or of 2⁻²⁴.
func stored(v float64) float64 { return 0x1p-11*math.Abs(v) + 0x1p-25 }

// halves puts v, rounded, into the engine's memory as halves. An engine that has none says
// so, and the case ends there.
func (s suite) halves(v matrix32) device.Matrix {
	s.Helper()
	m, err := s.e.NewHalfMatrix(v.Rows, v.Cols)
	if errors.Is(err, device.ErrHalf) && len(s.e.Info().Members) > 0 {
		s.Skip(err)
	}
	s.ok(err)
	s.Cleanup(m.Release)
	if !m.Half() || !m.Head(1).Half() {
		s.Error("a matrix of halves, or its head, says that it is none")
	}
	s.ok(s.e.Write(m, 0, v.Data))
	cpuref.RoundToHalf(v.Data)
	return m
}

// halfOutput is a matrix of halves full of NaN.
func (s suite) halfOutput(rows, cols int) device.Matrix {
	s.Helper()
	v := cpuref.NewMatrix[float32](rows, cols)
	poison(v.Data)
	return s.halves(v)
}

// halves goes through what matrices of halves are for: they hold the nearest of what is
// written, and operations on them are within the bound of float32 and one rounding more.
func halves(s suite) {
	s.each(func(s suite, n size) {
		a, theta := normal(0, n.b, n.in, 1), randomLayer(1, n.in, n.out)
		a.Data[0], a.Data[len(a.Data)-1] = 1e-7, 70000 // between halves, and beyond them
		in := s.halves(a)
		same(s, "what was written", s.read(in), a.Data)
		s.upload(in, a)
		a = normal(0, n.b, n.in, 1)
		s.ok(s.e.Write(in, 0, a.Data))
		cpuref.RoundToHalf(a.Data)

		parameters, rows := s.parameters(theta), make([]int32, n.b)
		for i := range rows {
			rows[i] = int32(n.b - 1 - i)
		}
		x, want := s.halfOutput(n.b, n.in), cpuref.NewMatrix[float32](n.b, n.in)
		s.do(device.Gather{Src: in, Index: s.index(rows), From: device.NewScalar(0), Dst: x})
		cpuref.Gather(a, rows, want)
		same(s, "gather", s.read(x), want.Data)

		bound, z := cpuref.NewMatrix[float64](n.b, n.out), cpuref.NewMatrix[float64](n.b, n.out)
		cpuref.Forward(cpuref.Linear, absolute(wide(a)), absoluteLayer(wideLayer(theta)), bound)
		cpuref.Forward(cpuref.Linear, wide(a), wideLayer(theta), z)
		product := func(i int) float64 { return 2 * float64(n.in+1) * u * bound.Data[i] }
		out, full := s.halfOutput(n.b, n.out), s.output(n.b, n.out)
		s.do(device.Forward{Act: device.Linear, A: in, Theta: parameters, Out: out},
			device.Forward{Act: device.Linear, A: in, Theta: parameters, Out: full})
		within(s, "forward, float32", s.read(full), z.Data, product)
		within(s, "forward", s.read(out), z.Data, func(i int) float64 { return product(i) + stored(z.Data[i]) })
		rounded := s.read(full)
		cpuref.RoundToHalf(rounded)
		same(s, "forward, rounded", s.read(out), rounded)

		next := normal(2, n.b, n.out, 1)
		delta, back := s.halves(next), s.halfOutput(n.b, n.in)
		s.do(device.HiddenDelta{Act: device.ReLU, Next: delta, Theta: parameters, A: in, Delta: back})
		p, size := cpuref.NewMatrix[float64](n.b, n.in), cpuref.NewMatrix[float64](n.b, n.in)
		cpuref.HiddenDelta(cpuref.ReLU, wide(next), wideLayer(theta), wide(a), p)
		cpuref.HiddenDelta(cpuref.Linear, absolute(wide(next)), absoluteLayer(wideLayer(theta)), wide(a), size)
		within(s, "hidden delta", s.read(back), p.Data, func(i int) float64 {
			return 2*float64(n.out)*u*size.Data[i] + stored(p.Data[i])
		})

		sum := s.outputLayers(device.Shape{In: n.in, Out: n.out})
		s.do(device.Accumulate{Delta: delta, A: in, Sum: sum, Fresh: true})
		total, sizes := cpuref.NewLayer[float64](n.in, n.out), cpuref.NewLayer[float64](n.in, n.out)
		cpuref.Accumulate(wide(next), wide(a), total)
		cpuref.Accumulate(absolute(wide(next)), absolute(wide(a)), sizes)
		list := numbers(sizes)
		within(s, "accumulate", numbers(s.layer(sum, 0)), numbers(total), func(i int) float64 { return 2 * float64(n.b+1) * u * list[i] })
	})
	s.sub("Rows", rowsOfHalves)
	s.sub("Norms", normsOfHalves)
	s.sub("Misuse", halvesMisused)
}

// upload sends rows the other way, and reads them back.
func (s suite) upload(m device.Matrix, v matrix32) {
	s.Helper()
	transfer, err := s.e.Upload(m, v.Data)
	s.ok(err)
	s.ok(transfer.Wait())
	s.ok(s.e.Sync())
	same(s, "what was uploaded", s.read(m), v.Data)
}

// halvesMisused: operations without a kernel for halves, and operands that are not alike.
func halvesMisused(s suite) {
	h, m := s.halfOutput(3, 2), s.output(3, 2)
	theta := s.parameters(randomLayer(0, 2, 2))
	for what, op := range map[string]device.Op{
		"activate":          device.Activate{Act: device.Tanh, Z: h, A: m},
		"cost":              device.Cost{Loss: device.SoftmaxCrossEntropy, Z: h, Y: m, Tally: s.tally()},
		"dropout":           device.Dropout{A: h, Out: m, Step: device.NewScalar(0)},
		"noise":             device.Noise{A: m, Out: h, Step: device.NewScalar(0)},
		"mixup":             device.Mixup{A: m, Out: h, Share: device.NewScalar(0)},
		"labels":            device.OutputDelta{A: m, Y: h, Delta: h},
		"a scale":           device.OutputDelta{A: m, Y: m, Delta: h, Scale: s.halfOutput(1, 2)},
		"gather":            device.Gather{Src: m, Index: s.index([]int32{0, 1, 2}), From: device.NewScalar(0), Dst: h},
		"z":                 device.Forward{Act: device.SiLU, A: h, Theta: theta, Out: h, Z: m},
		"hidden delta":      device.HiddenDelta{Act: device.Tanh, Next: h, Theta: theta, A: h, Delta: m},
		"accumulate":        device.Accumulate{Delta: m, A: h, Sum: theta},
		"unscale by halves": device.Unscale{Sum: theta, Scale: s.halfOutput(1, 2)},
	} {
		_, err := s.e.Prepare(op)
		s.refused(what, err, device.ErrHalf)
	}
	for what, op := range map[string]device.Op{
		"a scale of three rows": device.OutputDelta{A: m, Y: m, Delta: h, Scale: m},
		"unscale by such":       device.Unscale{Sum: theta, Scale: m},
	} {
		_, err := s.e.Prepare(op)
		s.refused(what, err, device.ErrShape)
	}
	if _, err := s.e.Prepare(device.Unscale{Sum: theta}); err == nil {
		s.Error("unscale by nothing: no error")
	}
}

// halfStep is a step of a small net in half precision as a trainer writes it down, fused as
// an engine likes: it repeats bit for bit, follows the scale, and what the step comes to is
// what cpuref comes to that rounds at the same places. δ is so small that without the scale
// halves would have none of it.
//
// A rounding to a half may go the other way where a float32 sum is next to a middle, which is
// one step: 2⁻¹⁰ of it, or 2⁻²⁴ where it is below 2⁻¹⁴. On the way to an element of Δ are five
// of them: of a in z and in Δ, of a in g′, which is twice, and of δ. What they are steps of is
// added up by halfStepReference.
func halfStep(s suite) {
	s.each(func(s suite, n size) {
		if n.b > 65 {
			s.Skip("seen with fewer examples")
		}
		x, y := normal(0, n.b, n.in, 1), matrix32{Rows: n.b, Cols: 3, Data: make([]float32, n.b*3)}
		start := []layer32{randomLayer(1, n.in, n.out), randomLayer(2, n.out, 3)}
		for i := range y.Data {
			y.Data[i] = 0x1p-13 * float32(i%5)
		}
		for i := range start[1].W.Data {
			start[1].W.Data[i] *= 0x1p-13
		}
		clear(start[1].B)
		in, labels, a, z, delta, back := s.halves(x), s.matrix(y), s.halfOutput(n.b, n.out), s.output(n.b, 3), s.halfOutput(n.b, 3), s.halfOutput(n.b, n.out)
		theta, sum := s.parameters(start...), s.outputLayers(device.Shape{In: n.in, Out: n.out}, device.Shape{In: n.out, Out: 3})
		scale := s.matrix(matrix32{Rows: 1, Cols: 2, Data: []float32{device.FirstScale, 5}})
		plan, err := s.e.Prepare(
			device.Forward{Act: device.Tanh, A: in, Theta: theta, Layer: 0, Out: a},
			device.Forward{Act: device.Linear, A: a, Theta: theta, Layer: 1, Out: z},
			device.OutputDelta{Loss: device.MeanSquaredError, A: z, Y: labels, Delta: delta, Scale: scale},
			device.Accumulate{Delta: delta, A: a, Sum: sum, Layer: 1, Fresh: true},
			device.HiddenDelta{Act: device.Tanh, Next: delta, Theta: theta, Layer: 1, A: a, Delta: back},
			device.Accumulate{Delta: back, A: in, Sum: sum, Layer: 0, Fresh: true},
			device.Unscale{Sum: sum, Scale: scale},
		)
		if errors.Is(err, device.ErrHalf) { // several ranks
			s.Skip(err)
		}
		s.ok(err)
		s.Cleanup(plan.Release)
		s.run(plan)
		first := append(numbers(s.layer(sum, 0)), numbers(s.layer(sum, 1))...)
		s.run(plan)
		same(s, "again", append(numbers(s.layer(sum, 0)), numbers(s.layer(sum, 1))...), first)
		same(s, "the scale", s.read(scale), []float32{device.FirstScale, 7})

		want, sizes := halfStepReference(n, x, y, start)
		within(s, "Δ", first, want, func(i int) float64 { return 8 * 0x1p-10 * sizes[i] })

		// One overflow: Δ is 0, and S half of it.
		s.ok(s.e.Write(labels, 0, append([]float32{1e6}, y.Data[1:]...)))
		s.run(plan)
		for l := range start {
			for _, v := range numbers(s.layer(sum, l)) {
				if v != 0 {
					s.Fatalf("layer %d: Δ is %v after an overflow", l, v)
				}
			}
		}
		same(s, "the scale after an overflow", s.read(scale), []float32{device.FirstScale / 2, 0})
	})
}

// halfStepReference is Δ of both layers in float64 with the same roundings to halves, and the
// sums of the sizes of its terms: of δ(L) those of z are among them, and no δ counts as less
// than 2⁻¹⁴.
func halfStepReference(n size, x, y matrix32, start []layer32) (want, sizes []float64) {
	matrix := cpuref.NewMatrix[float64]
	a, z, delta, back := matrix(n.b, n.out), matrix(n.b, 3), matrix(n.b, 3), matrix(n.b, n.out)
	first, second := wideLayer(start[0]), wideLayer(start[1])
	cpuref.Forward(cpuref.Tanh, wide(x), first, a)
	cpuref.RoundToHalf(a.Data)
	cpuref.Forward(cpuref.Linear, a, second, z)
	cpuref.OutputDelta(cpuref.MeanSquaredError, z, wide(y), delta)
	cpuref.Scale(device.FirstScale, delta)
	cpuref.RoundToHalf(delta.Data)
	cpuref.HiddenDelta(cpuref.Tanh, delta, second, a, back)
	cpuref.RoundToHalf(back.Data)

	deltaSize, backSize := matrix(n.b, 3), matrix(n.b, n.out)
	cpuref.Forward(cpuref.Linear, absolute(a), absoluteLayer(second), deltaSize)
	cpuref.Scale(device.FirstScale, deltaSize)
	for i, d := range delta.Data {
		deltaSize.Data[i] += math.Abs(d) + 0x1p-14
	}
	cpuref.HiddenDelta(cpuref.Linear, deltaSize, absoluteLayer(second), a, backSize)
	for i := range backSize.Data {
		backSize.Data[i] += 0x1p-14
	}
	for l, part := range []struct{ delta, size, a matrix64 }{{back, backSize, wide(x)}, {delta, deltaSize, a}} {
		sum, size := cpuref.NewLayer[float64](start[l].W.Cols, start[l].W.Rows), cpuref.NewLayer[float64](start[l].W.Cols, start[l].W.Rows)
		cpuref.Accumulate(part.delta, part.a, sum)
		cpuref.Accumulate(part.size, absolute(part.a), size)
		cpuref.Unscale([]layer64{sum}, []float64{device.FirstScale, 0})
		cpuref.Unscale([]layer64{size}, []float64{device.FirstScale, 0})
		want, sizes = append(want, numbers(sum)...), append(sizes, numbers(size)...)
	}
	return want, sizes
}
