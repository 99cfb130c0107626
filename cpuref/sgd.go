package cpuref

// SGD is a step of gradient descent on one layer, weights and biases alike:
//
//	Θ := Θ − α D
//
// theta and grad = D have one shape; rate = α.
//
// Source: Rumelhart, Hinton and Williams (1986), eq. 8; with D of a batch in place of that
// of all examples, H. Robbins and S. Monro, "A stochastic approximation method", Annals of
// Mathematical Statistics 22 (1951) 400–407.
func SGD[T Float](theta, grad Layer[T], rate float64) {
	in, out := theta.W.Cols, theta.W.Rows
	if !grad.is(in, out) || !theta.is(in, out) {
		panic(unfit("SGD", "theta theta-bias grad grad-bias",
			theta.W, biases(theta.B), grad.W, biases(grad.B)))
	}
	for i, d := range grad.W.Data {
		theta.W.Data[i] -= T(rate) * d
	}
	for i, d := range grad.B {
		theta.B[i] -= T(rate) * d
	}
}
