package enginetest

import (
	"math"

	"github.com/clprop/clprop/cpuref"
	"github.com/clprop/clprop/device"
)

func column(m matrix64, j int) (v []float64) {
	for i := range m.Rows {
		v = append(v, m.Row(i)[j])
	}
	return v
}

// shifted are random numbers around another mean in each column.
func shifted(name uint32, rows, cols int) matrix32 {
	m := normal(name, rows, cols, 1.5)
	for i := range rows {
		for j := range cols {
			m.Row(i)[j] += float32(j%5) - 1
		}
	}
	return m
}

// normLayers are γ, β, a mean and a variance of units, each a layer of biases alone.
func normLayers(name uint32, units int) []layer32 {
	var layers []layer32
	for l := range uint32(device.BatchNormLayers) {
		v := layer32{W: matrix32{Rows: units}, B: normal(name+l, 1, units, 0.5).Data}
		for j := range v.B {
			switch l {
			case 0:
				v.B[j]++
			case 3:
				v.B[j] = 0.1 + v.B[j]*v.B[j]
			}
		}
		layers = append(layers, v)
	}
	return layers
}

// normOf is the same in float64.
func normOf(layers []layer32) (n cpuref.Norm[float64]) {
	n.Gamma, n.Beta = wideLayer(layers[0]).B, wideLayer(layers[1]).B
	if len(layers) == device.BatchNormLayers {
		n.Mean, n.Variance = wideLayer(layers[2]).B, wideLayer(layers[3]).B
	}
	return n
}

// withNorm are parameters in which the layers of a normalisation come after another layer.
func (s suite) withNorm(layers []layer32) device.Parameters {
	return s.parameters(append([]layer32{randomLayer(9, 3, 2)}, layers...)...)
}

// normActivations are one of each kind: a select, one that needs y, none, an exponential.
func normActivations(n size) device.Activation {
	return []device.Activation{device.ReLU, device.GELU, device.Linear, device.Sigmoid}[(n.b+n.in+n.out)%4]
}

// batchNorm in training, and with the running numbers; and the way back.
func batchNorm(s suite) {
	s.each(func(s suite, n size) {
		act, z, start := normActivations(n), shifted(0, n.b, n.out), normLayers(1, n.out)
		theta, in, saved, out, kept := s.withNorm(start), s.matrix(z), s.output(2, n.out), s.output(n.b, n.out), s.output(n.b, n.out)
		s.do(device.BatchNorm{Act: act, Z: in, Theta: theta, Layer: 1, Saved: saved, Out: out, Y: kept})

		want, y, a := normOf(start), cpuref.NewMatrix[float64](n.b, n.out), cpuref.NewMatrix[float64](n.b, n.out)
		stats := cpuref.NewMatrix[float64](2, n.out)
		cpuref.BatchNorm(wide(z), want, stats, y)
		cpuref.Activate(act, y, a)
		columns := make([]cpuref.Spread, n.out)
		for j := range columns {
			columns[j] = cpuref.NewSpread(column(wide(z), j))
		}
		off := func(i int) float64 {
			return columns[i%n.out].NormalizedError(float64(z.Data[i]), want.Gamma[i%n.out], want.Beta[i%n.out])
		}
		within(s, "saved", s.read(saved), stats.Data, func(i int) float64 {
			return []float64{columns[i%n.out].MeanError, columns[i%n.out].ScaleError}[i/n.out]
		})
		within(s, "y", s.read(kept), y.Data, off)
		within(s, string(act), s.read(out), a.Data, func(i int) float64 { return largestSlope(act)*off(i) + activationError(act, a.Data[i]) })
		bessel := float64(n.b) / float64(max(n.b-1, 1))
		within(s, "running mean", s.layer(theta, 3).B, want.Mean, func(j int) float64 {
			return 0.1*columns[j].MeanError + 4*u*(math.Abs(float64(start[2].B[j]))+math.Abs(columns[j].Mean))
		})
		within(s, "running variance", s.layer(theta, 4).B, want.Variance, func(j int) float64 {
			return 0.1*bessel*columns[j].VarianceError + 6*u*(float64(start[3].B[j])+bessel*columns[j].Variance)
		})
		for l, layer := range start[:2] {
			same(s, "γ and β", s.layer(theta, 1+l).B, layer.B)
		}
		s.batchNormBack(n, in, z, saved, theta, start)
		s.batchNormRunning(act, in, z, start)
	})
}

func (s suite) batchNormBack(n size, in device.Matrix, z matrix32, saved device.Matrix, theta device.Parameters, start []layer32) {
	delta, stats := normal(7, n.b, n.out, 1), matrix32{Rows: 2, Cols: n.out, Data: s.read(saved)}
	inDelta, out, sum := s.matrix(delta), s.output(n.b, n.out), s.outputLayers(theta.Shapes()...)
	op := device.BatchNormDelta{Delta: inDelta, Z: in, Saved: saved, Theta: theta, Layer: 1, Sum: sum, Fresh: true, Back: out}
	s.do(op)
	wants, sizes := emptyNorm(n.out), emptyNorm(n.out)
	want, normalized := cpuref.NewMatrix[float64](n.b, n.out), cpuref.NewMatrix[float64](n.b, n.out)
	cpuref.BatchNormDelta(wide(delta), wide(z), wide(stats), normOf(start), wants.Norm, want)
	for i, d := range delta.Data {
		j := i % n.out
		normalized.Data[i] = (float64(z.Data[i]) - float64(stats.Row(0)[j])) * float64(stats.Row(1)[j])
		sizes.add(j, float64(d), normalized.Data[i])
	}
	s.normSums("onto nothing", sum, n.b, 1, wants, sizes)
	within(s, "back", s.read(out), want.Data, func(i int) float64 {
		j := i % n.out
		scale := math.Abs(float64(start[0].B[j])) * float64(stats.Row(1)[j])
		return cpuref.NormBackError(scale, math.Abs(float64(delta.Data[i])), normalized.Data[i], sizes.Beta[j], sizes.Gamma[j], n.b)
	})
	op.Back = inDelta
	s.do(op)
	same(s, "in place", s.read(inDelta), s.read(out))
	s.sub("OntoSums", func(s suite) { // which several devices may refuse
		op.Delta, op.Back, op.Fresh = s.matrix(delta), out, false
		s.do(op)
		s.normSums("onto what is there", sum, n.b, 2, wants, sizes)
	})
}

// sums is a Norm of sums of float64.
type sums struct{ cpuref.Norm[float64] }

func emptyNorm(units int) sums {
	return sums{cpuref.Norm[float64]{Gamma: make([]float64, units), Beta: make([]float64, units)}}
}

// add adds the sizes of one δ.
func (s sums) add(j int, delta, normalized float64) {
	s.Beta[j] += math.Abs(delta)
	s.Gamma[j] += math.Abs(delta * normalized)
}

// normSums checks Δγ and Δβ, added up so many times.
func (s suite) normSums(what string, got device.Parameters, rows int, times float64, want, sizes sums) {
	s.Helper()
	k := float64(rows)
	for l, part := range [][2][]float64{{want.Gamma, sizes.Gamma}, {want.Beta, sizes.Beta}} {
		wants := make([]float64, len(part[0]))
		for j, v := range part[0] {
			wants[j] = times * v
		}
		within(s, what, s.layer(got, 1+l).B, wants, func(j int) float64 { return times * (2*k + 6) * u * part[1][j] })
	}
}

// batchNormRunning is in place, as evaluation is.
func (s suite) batchNormRunning(act device.Activation, in device.Matrix, z matrix32, start []layer32) {
	theta, n := s.withNorm(start), normOf(start)
	s.do(device.BatchNorm{Act: act, Z: in, Theta: theta, Layer: 1, Out: in})
	a := cpuref.NewMatrix[float64](z.Rows, z.Cols)
	cpuref.BatchNormRunning(wide(z), n, a)
	cpuref.Activate(act, a, a)
	within(s, "running "+string(act), s.read(in), a.Data, func(i int) float64 {
		j := i % z.Cols
		at := cpuref.RunningSpread(n.Mean[j], n.Variance[j])
		return largestSlope(act)*at.NormalizedError(float64(z.Data[i]), n.Gamma[j], n.Beta[j]) + activationError(act, a.Data[i])
	})
	for l := range start {
		same(s, "what evaluation reads", s.layer(theta, 1+l).B, start[l].B)
	}
}

// layerNorm, and the way back.
func layerNorm(s suite) {
	s.each(func(s suite, n size) {
		act, z, start := normActivations(n), shifted(0, n.b, n.out), normLayers(1, n.out)[:device.LayerNormLayers]
		theta, in, saved, out, kept := s.withNorm(start), s.matrix(z), s.output(n.b, 2), s.output(n.b, n.out), s.output(n.b, n.out)
		s.do(device.LayerNorm{Act: act, Z: in, Theta: theta, Layer: 1, Saved: saved, Out: out, Y: kept})
		want, y, a := normOf(start), cpuref.NewMatrix[float64](n.b, n.out), cpuref.NewMatrix[float64](n.b, n.out)
		stats := cpuref.NewMatrix[float64](n.b, 2)
		cpuref.LayerNorm(wide(z), want, stats, y)
		cpuref.Activate(act, y, a)
		rows := make([]cpuref.Spread, n.b)
		for i := range rows {
			rows[i] = cpuref.NewSpread(wide(z).Row(i))
		}
		off := func(i int) float64 {
			return rows[i/n.out].NormalizedError(float64(z.Data[i]), want.Gamma[i%n.out], want.Beta[i%n.out])
		}
		within(s, "saved", s.read(saved), stats.Data, func(i int) float64 {
			return []float64{rows[i/2].MeanError, rows[i/2].ScaleError}[i%2]
		})
		within(s, "y", s.read(kept), y.Data, off)
		within(s, string(act), s.read(out), a.Data, func(i int) float64 { return largestSlope(act)*off(i) + activationError(act, a.Data[i]) })
		s.layerNormBack(n, in, z, saved, theta, start)
		s.do(device.LayerNorm{Act: act, Z: in, Theta: theta, Layer: 1, Out: in})
		within(s, "in place", s.read(in), a.Data, func(i int) float64 { return largestSlope(act)*off(i) + activationError(act, a.Data[i]) })
	})
}

func (s suite) layerNormBack(n size, in device.Matrix, z matrix32, saved device.Matrix, theta device.Parameters, start []layer32) {
	delta, stats := normal(7, n.b, n.out, 1), matrix32{Rows: n.b, Cols: 2, Data: s.read(saved)}
	inDelta, out, sum := s.matrix(delta), s.output(n.b, n.out), s.outputLayers(theta.Shapes()...)
	op := device.LayerNormDelta{Delta: inDelta, Z: in, Saved: saved, Theta: theta, Layer: 1, Sum: sum, Fresh: true, Back: out}
	s.do(op)
	wants, sizes, rows := emptyNorm(n.out), emptyNorm(n.out), emptyNorm(n.b)
	want, normalized := cpuref.NewMatrix[float64](n.b, n.out), cpuref.NewMatrix[float64](n.b, n.out)
	cpuref.LayerNormDelta(wide(delta), wide(z), wide(stats), normOf(start), wants.Norm, want)
	for i, d := range delta.Data {
		row, j := i/n.out, i%n.out
		normalized.Data[i] = (float64(z.Data[i]) - float64(stats.Row(row)[0])) * float64(stats.Row(row)[1])
		sizes.add(j, float64(d), normalized.Data[i])
		rows.add(row, float64(d)*float64(start[0].B[j]), normalized.Data[i])
	}
	s.normSums("onto nothing", sum, n.b, 1, wants, sizes)
	within(s, "back", s.read(out), want.Data, func(i int) float64 {
		row := i / n.out
		g := math.Abs(float64(delta.Data[i]) * float64(start[0].B[i%n.out]))
		return cpuref.NormBackError(float64(stats.Row(row)[1]), g, normalized.Data[i], rows.Beta[row], rows.Gamma[row], n.out)
	})
	op.Fresh, op.Back = false, inDelta
	s.do(op)
	s.normSums("onto what is there", sum, n.b, 2, wants, sizes)
	same(s, "in place", s.read(inDelta), s.read(out))
}
