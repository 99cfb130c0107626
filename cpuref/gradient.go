package cpuref

import "fmt"

// Gradient is D = ∂J/∂Θ of one layer from the sums over m examples:
//
//	D_ij = (Δ_ij + λ Θ_ij)/m  for weights,   D_i0 = Δ_i0/m  for biases
//
// sum = Δ, theta and grad have one shape; grad may be sum. It panics if m < 1.
func Gradient[T Float](sum, theta Layer[T], lambda float64, m int, grad Layer[T]) {
	in, out := grad.W.Cols, grad.W.Rows
	if !sum.is(in, out) || !theta.is(in, out) || !grad.is(in, out) {
		panic(unfit("Gradient", "sum sum-bias theta theta-bias grad grad-bias",
			sum.W, biases(sum.B), theta.W, biases(theta.B), grad.W, biases(grad.B)))
	}
	if m < 1 {
		panic(fmt.Sprintf("cpuref.Gradient: m is %d: need at least one example", m))
	}
	for i, s := range sum.W.Data {
		grad.W.Data[i] = (s + T(lambda)*theta.W.Data[i]) / T(m)
	}
	for i, s := range sum.B {
		grad.B[i] = s / T(m)
	}
}
