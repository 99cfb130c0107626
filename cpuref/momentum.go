package cpuref

// Momentum is a step of gradient descent with momentum on one layer, weights and
// biases alike:
//
//	v := μ v + D
//	Θ := Θ − α v              or, with nesterov, Θ := Θ − α (D + μ v)
//
// velocity = v is 0 before the first step; all operands have one shape; rate = α.
// α stands outside of v, as in PyTorch's SGD: a change of α acts at once.
//
// Source: B. T. Polyak, "Some methods of speeding up the convergence of iteration
// methods", USSR Computational Mathematics and Mathematical Physics 4 (1964) 1–17,
// eq. 9; Nesterov's (1983) in the form of I. Sutskever, J. Martens, G. Dahl and
// G. Hinton, "On the importance of initialization and momentum in deep learning",
// ICML (2013), eq. 3 and 4, written for the point where D is taken.
func Momentum[T Float](theta, grad, velocity Layer[T], rate, mu float64, nesterov bool) {
	alike("Momentum", "theta grad velocity", theta, grad, velocity)
	update := func(theta, grad, velocity []T) {
		for i, d := range grad {
			d := float64(d)
			velocity[i] = T(mu*float64(velocity[i]) + d)
			step := float64(velocity[i])
			if nesterov {
				step = d + mu*step
			}
			theta[i] = T(float64(theta[i]) - rate*step)
		}
	}
	update(theta.W.Data, grad.W.Data, velocity.W.Data)
	update(theta.B, grad.B, velocity.B)
}
