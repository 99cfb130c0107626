package cpuref

import "math"

// L1 adds the subgradient of the penalty λ1/m Σ_{j≠0} |Θ_ij| to D of one layer:
//
//	D_ij := D_ij + (λ1/m) sign(Θ_ij),   sign(0) = 0
//
// for the weights; biases carry no penalty. theta and grad have one shape; lambda = λ1.
// It panics if m < 1.
//
// Source: R. Tibshirani, "Regression shrinkage and selection via the lasso", J. Royal
// Statistical Society B 58 (1996) 267–288. At 0, where |Θ| has no derivative, 0 is the
// one of its subgradients that leaves a weight there.
func L1[T Float](theta, grad Layer[T], lambda float64, m int) {
	alike("L1", "theta grad", theta, grad)
	if m < 1 {
		panic("cpuref.L1: m is below 1: need at least one example")
	}
	strength := T(lambda / float64(m))
	for i, w := range theta.W.Data {
		grad.W.Data[i] += strength * T(sign(float64(w)))
	}
}

// L1Penalty returns one layer's part of the sum that the cost takes λ1/m times:
//
//	Σ_{j≠0} |Θ_ij|
//
// The sum is float64 in either type.
func L1Penalty[T Float](theta Layer[T]) float64 {
	sum := 0.0
	for _, w := range theta.W.Data {
		sum += math.Abs(float64(w))
	}
	return sum
}
