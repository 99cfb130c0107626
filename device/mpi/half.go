package mpi

import "math"

// HalfScale is the power of two by which values of n ranks are multiplied before they become
// halves, so that neither they nor their sum are too large: n·most·scale ≤ 2¹⁵. It is 1 where
// most, the largest magnitude on any rank, is 0 or not finite.
func HalfScale(most float64, n int) float32 {
	if !(most > 0) || math.IsInf(most, 0) {
		return 1
	}
	_, exponent := math.Frexp(most * float64(n)) // below 2^exponent
	return float32(math.Ldexp(1, max(-100, min(15-exponent, 100))))
}

// Largest is the largest magnitude; NaN where there is one.
func Largest(values []float32) float64 {
	most := float32(0)
	for _, v := range values {
		if v != v {
			return math.NaN()
		}
		most = max(most, max(v, -v))
	}
	return float64(most)
}
