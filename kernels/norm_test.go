package kernels

import (
	"github.com/clprop/clprop/cpuref"
)

// column is the numbers of one.
func column(m matrix64, j int) []float64 {
	var v []float64
	for i := range m.Rows {
		v = append(v, m.Row(i)[j])
	}
	return v
}

// flatNorm is what a normalisation of units holds: γ around 1, β, a mean, a variance.
func flatNorm(units int) cpuref.Norm[float32] {
	n := cpuref.Norm[float32]{
		Gamma: normal(50, 1, units, 0.3).Data, Beta: normal(51, 1, units, 0.5).Data,
		Mean: normal(52, 1, units, 1).Data, Variance: normal(53, 1, units, 1).Data,
	}
	for j := range units {
		n.Gamma[j]++
		n.Variance[j] = 0.1 + n.Variance[j]*n.Variance[j]
	}
	return n
}

func wideNorm(n cpuref.Norm[float32]) cpuref.Norm[float64] {
	widened := func(v []float32) []float64 { return wide(matrix32{Rows: 1, Cols: len(v), Data: v}).Data }
	return cpuref.Norm[float64]{Gamma: widened(n.Gamma), Beta: widened(n.Beta), Mean: widened(n.Mean), Variance: widened(n.Variance)}
}

// norm puts it into buffers.
func (f fixture) norm(n cpuref.Norm[float32]) Norm {
	f.Helper()
	units := func(v []float32) Weights { return f.weights(layer32{W: matrix32{Rows: len(v)}, B: v}) }
	return Norm{
		Gamma: units(n.Gamma), Beta: units(n.Beta), Mean: units(n.Mean), Variance: units(n.Variance),
		Eps: cpuref.NormEps, Share: cpuref.BatchNormMomentum,
	}
}

// units reads a layer of biases alone.
func (f fixture) units(w Weights) []float32 {
	f.Helper()
	return f.layer(w).B
}

// shifted are random numbers around another mean in each column: what is to be taken off.
func shifted(name uint32, rows, cols int) matrix32 {
	m := normal(name, rows, cols, 1.5)
	for i := range rows {
		for j := range cols {
			m.Row(i)[j] += float32(j%5) - 1
		}
	}
	return m
}

// normActivations are a g that is a select, one that needs y, and none.
var normActivations = []cpuref.Activation{cpuref.ReLU, cpuref.SiLU, cpuref.Linear}

// steepest is the largest |g′| of those, rounded up.
func steepest(act cpuref.Activation) float64 {
	if act == cpuref.SiLU {
		return 1.13
	}
	return 1
}
