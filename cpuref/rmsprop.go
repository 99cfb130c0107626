package cpuref

import "math"

// RMSprop is a step of RMSprop on one layer, weights and biases alike:
//
//	s := ρ s + (1−ρ) D²
//	Θ := Θ − α D / (√s + ε)
//
// square = s is 0 before the first step; all operands have one shape; rate = α.
// ε stands outside of the root, as in PyTorch.
//
// Source: T. Tieleman and G. Hinton, "Lecture 6.5, rmsprop: divide the gradient by
// a running average of its recent magnitude", Coursera (2012), slide 29.
func RMSprop[T Float](theta, grad, square Layer[T], rate, rho, eps float64) {
	alike("RMSprop", "theta grad square", theta, grad, square)
	update := func(theta, grad, square []T) {
		for i, d := range grad {
			d := float64(d)
			square[i] = T(rho*float64(square[i]) + (1-rho)*d*d)
			theta[i] = T(float64(theta[i]) - rate*d/(math.Sqrt(float64(square[i]))+eps))
		}
	}
	update(theta.W.Data, grad.W.Data, square.W.Data)
	update(theta.B, grad.B, square.B)
}
