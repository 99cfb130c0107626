package kernels

import (
	"math"

	"github.com/clprop/clprop/cpuref"
)

// spread is the mean of some numbers, their 1/√(σ²+ε), and how far float32 may be off.
//
// The sum of k numbers is off by 2ku of the sum of their sizes, the mean by u more. With a
// mean that is e off, Σ(v−μ)² is k(σ² + e²): what is linear in e cancels. To that come the
// roundings, (2k+8)u of it. The root is 3 ulp off and the quotient 2.5, together 14u.
type spread struct {
	mean, meanError, variance, varianceError, scale, scaleError float64
}

func newSpread(v []float64) (s spread) {
	k, sizes := float64(len(v)), 0.0
	for _, x := range v {
		s.mean += x / k
		sizes += math.Abs(x) / k
	}
	for _, x := range v {
		s.variance += (x - s.mean) * (x - s.mean) / k
	}
	s.meanError = (2*k + 2) * u * sizes
	s.varianceError = (2*k+8)*u*s.variance + s.meanError*s.meanError
	s.scale = 1 / math.Sqrt(s.variance+cpuref.NormEps)
	s.scaleError = s.scale * (s.varianceError/(2*(s.variance+cpuref.NormEps)) + 14*u)
	return s
}

// normalized bounds the error of y = γ (v−μ)/√(σ²+ε) + β.
func (s spread) normalized(v, gamma, beta float64) float64 {
	d := v - s.mean
	of := (s.meanError+2*u*math.Abs(d))*s.scale + math.Abs(d)*s.scaleError
	return math.Abs(gamma)*of + 4*u*(math.Abs(gamma*d*s.scale)+math.Abs(beta))
}

// column and row are the numbers of one.
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

// back bounds the error of scale·(g − Σg/k − ẑ Σgẑ/k), where size is |g|, the sums are those
// of the sizes and each g has two roundings of its own: ẑ is 3u off, a sum of k terms 2ku.
func back(scale, size, z, sum, along float64, k int) float64 {
	n := float64(k)
	return u * scale * (12*size + (2*n+16)*(sum+math.Abs(z)*along)/n)
}
