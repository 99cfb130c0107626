package enginetest

import (
	"github.com/clprop/clprop/cpuref"
	"github.com/clprop/clprop/device"
	"maps"
	"slices"
)

// rowsOfHalves: what changes rows of halves gives what it gives of floats, rounded. The two may be
// compiled apart, and then a float may be a rounding off, which the next half is a step away for.
func rowsOfHalves(s suite) {
	s.each(func(s suite, n size) {
		a := normal(0, n.b, n.out, 1)
		in := s.halves(a) // a is rounded
		floats, step, first := s.matrix(a), device.NewScalar(5), device.NewScalar(2)
		image := device.ImageShape{Height: 1, Width: n.out, Channels: 1}
		ops := map[string]func(a, out device.Matrix) device.Op{
			"dropout": func(a, out device.Matrix) device.Op {
				return device.Dropout{A: a, Out: out, Rate: 0.3, Seed: 1, Layer: 2, Step: step, First: first}
			},
			"shift": func(a, out device.Matrix) device.Op {
				return device.Shift{A: a, Out: out, Image: image, Flip: true, Seed: 1, Layer: 3, Step: step, First: first}
			},
			"noise": func(a, out device.Matrix) device.Op {
				return device.Noise{A: a, Out: out, Deviation: 0.5, Seed: 1, Layer: 4, Step: step, First: first}
			},
			"mixup": func(a, out device.Matrix) device.Op {
				return device.Mixup{A: a, Out: out, Share: device.NewScalar(0.7)}
			},
		}
		for _, what := range slices.Sorted(maps.Keys(ops)) { // in one order, which ranks need
			op := ops[what]
			want, got := s.output(n.b, n.out), s.halfOutput(n.b, n.out)
			s.do(op(floats, want), op(in, got))
			s.nextHalf(what, got, want)
		}
	})
}

// nextHalf holds halves to floats: the nearest, or the one beside it.
func (s suite) nextHalf(what string, got, floats device.Matrix) {
	s.Helper()
	want := s.read(floats)
	list := make([]float64, len(want))
	for i, v := range want {
		list[i] = float64(v)
	}
	read := s.read(got)
	within(s, what, read, list, func(i int) float64 { return 2 * stored(list[i]) })
	cpuref.RoundToHalf(want)
	exact := 0
	for i, v := range want {
		if read[i] == v {
			exact++
		}
	}
	if exact < len(want)-len(want)/100 { // a float32 is next to the middle of two halves once in some thousand
		s.Errorf("%s: %d of %d are the nearest halves", what, exact, len(want))
	}
}

// normsOfHalves: normalisations of z, which is floats, write halves and read δ of halves.
func normsOfHalves(s suite) {
	s.each(func(s suite, n size) {
		act, z, delta := normActivations(n), shifted(0, n.b, n.out), normal(7, n.b, n.out, 1)
		halfDelta := s.halves(delta) // delta is rounded
		in, inDelta := s.matrix(z), s.matrix(delta)
		for _, batch := range []bool{true, false} {
			run := func(d device.Matrix, output func(rows, cols int) device.Matrix) (y, out, running, back device.Matrix, sums []float32) {
				theta := s.withNorm(normLayers(1, n.out))
				sum := s.outputLayers(theta.Shapes()...)
				y, out, running, back = output(n.b, n.out), output(n.b, n.out), output(n.b, n.out), output(n.b, n.out)
				norm := device.BatchNorm{Act: act, Z: in, Theta: theta, Layer: 1, Saved: s.output(2, n.out), Out: out, Y: y}
				if !batch {
					norm.Saved = s.output(n.b, 2)
				}
				evaluated := device.BatchNorm{Act: act, Z: in, Theta: theta, Layer: 1, Out: running}
				way := device.BatchNormDelta{Delta: d, Z: in, Saved: norm.Saved, Theta: theta, Layer: 1, Sum: sum, Fresh: true, Back: back}
				if batch {
					s.do(norm, evaluated, way)
				} else {
					s.do(device.LayerNorm(norm), device.LayerNorm(evaluated), device.LayerNormDelta(way))
				}
				return y, out, running, back, append(s.layer(sum, 1).B, s.layer(sum, 2).B...)
			}
			y, out, running, back, sums := run(halfDelta, s.halfOutput)
			wantY, wantOut, wantRunning, wantBack, wantSums := run(inDelta, s.output)
			for _, m := range []struct {
				what      string
				got, want device.Matrix
			}{{"y", y, wantY}, {string(act), out, wantOut}, {"afterwards", running, wantRunning}, {"back", back, wantBack}} {
				s.nextHalf(m.what, m.got, m.want)
			}
			same(s, "sums", sums, wantSums)
		}
	})
}
