package cpuref

import "math"

// rounding is the relative error of one float32 rounding.
const rounding = 0x1p-24

// Spread is what a normalisation takes of some numbers, μ, σ² and 1/√(σ² + ε), and how far
// off a float32 engine may be with each, whatever its order of summation.
//
// The sum of k numbers is off by 2ku of the sum of their sizes, u = 2⁻²⁴, the mean by u
// more. With a mean that is e off, Σ(v−μ)² is k(σ² + e²): what is linear in e cancels. To
// that come the roundings, (2k+8)u of it. The root is 3 ulp off and the quotient 2.5,
// together 14u.
type Spread struct {
	Mean, MeanError, Variance, VarianceError, Scale, ScaleError float64
}

// NewSpread is that of v.
func NewSpread(v []float64) (s Spread) {
	k, sizes := float64(len(v)), 0.0
	for _, x := range v {
		s.Mean += x / k
		sizes += math.Abs(x) / k
	}
	for _, x := range v {
		s.Variance += (x - s.Mean) * (x - s.Mean) / k
	}
	s.MeanError = (2*k + 2) * rounding * sizes
	s.VarianceError = (2*k+8)*rounding*s.Variance + s.MeanError*s.MeanError
	s.setScale()
	return s
}

// RunningSpread is that of a mean and a variance which are given, and not off.
func RunningSpread(mean, variance float64) Spread {
	s := Spread{Mean: mean, Variance: variance}
	s.setScale()
	return s
}

func (s *Spread) setScale() {
	s.Scale = 1 / math.Sqrt(s.Variance+NormEps)
	s.ScaleError = s.Scale * (s.VarianceError/(2*(s.Variance+NormEps)) + 14*rounding)
}

// NormalizedError bounds the error of y = γ (v−μ)/√(σ²+ε) + β in float32.
func (s Spread) NormalizedError(v, gamma, beta float64) float64 {
	d := v - s.Mean
	of := (s.MeanError+2*rounding*math.Abs(d))*s.Scale + math.Abs(d)*s.ScaleError
	return math.Abs(gamma)*of + 4*rounding*(math.Abs(gamma*d*s.Scale)+math.Abs(beta))
}

// NormBackError bounds the error in float32 of scale·(g − Σg/k − ẑ Σgẑ/k), what
// BatchNormDelta and LayerNormDelta give back: size is |g|, z is ẑ, sum and along are the
// sums of the sizes of the k terms. Each g has two roundings, each ẑ three, a sum 2k.
func NormBackError(scale, size, z, sum, along float64, k int) float64 {
	n := float64(k)
	return rounding * scale * (12*size + (2*n+16)*(sum+math.Abs(z)*along)/n)
}
