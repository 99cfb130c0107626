package cpuref

import "math"

// Adagrad is a step of Adagrad on one layer, weights and biases alike:
//
//	s := s + D²
//	Θ := Θ − α D / (√s + ε)
//
// square = s is 0 before the first step; all operands have one shape; rate = α.
//
// Source: J. Duchi, E. Hazan and Y. Singer, "Adaptive subgradient methods for
// online learning and stochastic optimization", Journal of Machine Learning
// Research 12 (2011) 2121–2159, eq. 1 and figure 1, with diagonal matrices.
func Adagrad[T Float](theta, grad, square Layer[T], rate, eps float64) {
	alike("Adagrad", "theta grad square", theta, grad, square)
	update := func(theta, grad, square []T) {
		for i, d := range grad {
			d := float64(d)
			square[i] = T(float64(square[i]) + d*d)
			theta[i] = T(float64(theta[i]) - rate*d/(math.Sqrt(float64(square[i]))+eps))
		}
	}
	update(theta.W.Data, grad.W.Data, square.W.Data)
	update(theta.B, grad.B, square.B)
}
