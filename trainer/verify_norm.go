package trainer

import (
	"fmt"
	"math"

	"github.com/clprop/clprop/cpuref"
	"github.com/clprop/clprop/device"
)

// norm: y as cpuref.Spread has it; no g is steeper than 2, and none adds more than 40u (1+|a|).
// The running mean and variance move towards those of the batch by BatchNormMomentum.
func (v *verifier) norm(what string, o device.BatchNorm, columns bool) error {
	m, err := v.matrices(o.Z, o.Out)
	if err != nil {
		return err
	}
	z, got, n := m[0], m[1], v.normOf(v.before[nameTheta], o.Layer, columns)
	want := cpuref.NewMatrix[float64](got.Rows, got.Cols)
	by := spreads(z, columns)
	if columns {
		n.Mean, n.Variance = append([]float64(nil), n.Mean...), append([]float64(nil), n.Variance...)
		cpuref.BatchNorm(z, n, cpuref.NewMatrix[float64](2, z.Cols), want)
	} else {
		cpuref.LayerNorm(z, n, wideMatrix{}, want)
	}
	cpuref.Activate(o.Act, want, want)
	err = v.within(what, got, want, func(i int) float64 {
		j := i % z.Cols
		at := j
		if !columns {
			at = i / z.Cols
		}
		if math.IsInf(by[at].VarianceError, 1) {
			return by[at].VarianceError
		}
		return 2*by[at].NormalizedError(z.Data[i], n.Gamma[j], n.Beta[j]) + 40*unit*(1+math.Abs(want.Data[i]))
	})
	if err != nil || !columns {
		return err
	}
	return v.running(what, o, n, by, z.Rows)
}

// running compares the running mean and variance after the step: want has them.
func (v *verifier) running(what string, o device.BatchNorm, want cpuref.Norm[float64], by []cpuref.Spread, rows int) error {
	after, err := v.parameters(o.Theta)
	if err != nil {
		return err
	}
	got, bessel := v.normOf(after, o.Layer, true), float64(rows)/float64(max(rows-1, 1))
	row := func(values []float64) wideMatrix { return wideMatrix{Rows: 1, Cols: len(values), Data: values} }
	err = v.within(what+", running mean", row(got.Mean), row(want.Mean), func(j int) float64 {
		return cpuref.BatchNormMomentum*by[j].MeanError + 8*unit*(math.Abs(want.Mean[j])+math.Abs(by[j].Mean))
	})
	if err != nil {
		return err
	}
	return v.within(what+", running variance", row(got.Variance), row(want.Variance), func(j int) float64 {
		return cpuref.BatchNormMomentum*bessel*by[j].VarianceError + 8*unit*(want.Variance[j]+bessel*by[j].Variance)
	})
}

// spreads are those of the columns, or of the rows.
func spreads(z wideMatrix, columns bool) (list []cpuref.Spread) {
	if !columns {
		for i := range z.Rows {
			list = append(list, spread(z.Row(i)))
		}
		return list
	}
	column := make([]float64, z.Rows)
	for j := range z.Cols {
		for i := range column {
			column[i] = z.Row(i)[j]
		}
		list = append(list, spread(column))
	}
	return list
}

// spread is that of values, with a variance that is off by ∞ where the sum of their squares is
// beyond float32: a device then normalises to 0.
func spread(values []float64) cpuref.Spread {
	s := cpuref.NewSpread(values)
	if s.Variance*float64(len(values)) > math.MaxFloat32 {
		s.VarianceError = math.Inf(1)
	}
	return s
}

// normOf finds a normalisation in layers like Θ.
func (v *verifier) normOf(layers wideLayers, at int, columns bool) (n cpuref.Norm[float64]) {
	n.Gamma, n.Beta = layers[at].B, layers[at+1].B
	if columns {
		n.Mean, n.Variance = layers[at+2].B, layers[at+3].B
	}
	return n
}

// normDelta: with g = δ, or δγ of layer normalisation, it is scale·(g − Σg/k − ẑ Σgẑ/k).
func (v *verifier) normDelta(what string, o device.BatchNormDelta, columns bool) error {
	m, err := v.matrices(o.Delta, o.Z, o.Saved, o.Back)
	if err != nil {
		return err
	}
	delta, z, saved, got := m[0], m[1], m[2], m[3]
	v.normSums(o.Layer, columns, delta, z, saved)
	n, want := v.normOf(v.before[nameTheta], o.Layer, false), cpuref.NewMatrix[float64](z.Rows, z.Cols)
	sums := func(units int) cpuref.Norm[float64] {
		return cpuref.Norm[float64]{Gamma: make([]float64, units), Beta: make([]float64, units)}
	}
	groups, k, back := z.Rows, z.Cols, cpuref.LayerNormDelta[float64]
	if columns {
		groups, k, back = z.Cols, z.Rows, cpuref.BatchNormDelta[float64]
	}
	back(delta, z, saved, n, sums(z.Cols), want)
	sizes := sums(groups)
	each := func(i int) (group int, g, normalized, scale float64) {
		row, j := i/z.Cols, i%z.Cols
		if columns {
			return j, math.Abs(delta.Data[i]), math.Abs((z.Data[i] - saved.Row(0)[j]) * saved.Row(1)[j]), math.Abs(n.Gamma[j]) * saved.Row(1)[j]
		}
		return row, math.Abs(delta.Data[i] * n.Gamma[j]), math.Abs((z.Data[i] - saved.Row(row)[0]) * saved.Row(row)[1]), saved.Row(row)[1]
	}
	for i := range z.Data {
		group, g, normalized, _ := each(i)
		sizes.Beta[group] += g
		sizes.Gamma[group] += g * normalized
	}
	return v.within(what, got, want, func(i int) float64 {
		group, g, normalized, scale := each(i)
		if (1+normalized)*(sizes.Beta[group]+sizes.Gamma[group]) > math.MaxFloat32 { // which a small scale hides
			return math.Inf(1)
		}
		return cpuref.NormBackError(scale, g, normalized, sizes.Beta[group], sizes.Gamma[group], k)
	})
}

// normSums adds to Δγ and Δβ, and to the sums of the sizes of their terms: they are compared
// with the update, as Δ is.
func (v *verifier) normSums(layer int, columns bool, delta, z, saved wideMatrix) {
	for i, d := range delta.Data {
		row, j := i/z.Cols, i%z.Cols
		mean, scale := 2*row, 2*row+1 // where they are
		if columns {
			mean, scale = j, z.Cols+j
		}
		g := d * (z.Data[i] - saved.Data[mean]) * saved.Data[scale]
		v.sum[layer].B[j] += g
		v.sum[layer+1].B[j] += d
		v.size[layer].B[j] += math.Abs(g)
		v.size[layer+1].B[j] += math.Abs(d)
	}
}

// normalization names one in a message; layers count from 1 as Θ's do.
func (v *verifier) normalization(name string, layer int) string {
	return fmt.Sprintf("%s, layer %d", name, (layer-v.dev.dense)/v.dev.norm.layers()+1)
}
