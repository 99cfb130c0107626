package cpuref

// Lion is a step of Lion on one layer:
//
//	c := β1 m + (1−β1) D
//	Θ := (1 − αλ) Θ − α sign(c),   sign(0) = 0
//	m := β2 m + (1−β2) D
//
// without the factor 1 − αλ for biases. m is 0 before the first step; all operands
// have one shape; rate = α, decay = λ.
//
// Source: X. Chen et al., "Symbolic discovery of optimization algorithms", NeurIPS
// (2023), algorithm 2.
func Lion[T Float](theta, grad, m Layer[T], rate, beta1, beta2, decay float64) {
	alike("Lion", "theta grad m", theta, grad, m)
	update := func(theta, grad, m []T, shrink float64) {
		for i, d := range grad {
			d, was := float64(d), float64(m[i])
			c := beta1*was + (1-beta1)*d
			theta[i] = T(shrink*float64(theta[i]) - rate*sign(c))
			m[i] = T(beta2*was + (1-beta2)*d)
		}
	}
	update(theta.W.Data, grad.W.Data, m.W.Data, 1-rate*decay)
	update(theta.B, grad.B, m.B, 1)
}

// sign is −1, 0 or 1, and NaN of NaN.
func sign(x float64) float64 {
	switch {
	case x > 0:
		return 1
	case x < 0:
		return -1
	}
	return x // ±0 or NaN
}
