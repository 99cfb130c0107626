package cpuref

import "math"

// AdamStep is what Adam needs beside Θ, D and its moments.
type AdamStep struct {
	Rate         float64 // α
	Step         float64 // t: 1 for the first step
	Beta1, Beta2 float64 // β1 and β2, at least 0 and below 1
	Eps          float64 // ε
	Decay        float64 // λ of the decoupled decay, 0 for none; no bias decays
}

// Factors are the numbers of a step that are the same for all of Θ:
//
//	size = α/(1−β1^t)    root = √(1−β2^t)    shrink = 1 − αλ
func (c AdamStep) Factors() (size, root, shrink float64) {
	return c.Rate / (1 - math.Pow(c.Beta1, c.Step)), math.Sqrt(1 - math.Pow(c.Beta2, c.Step)), 1 - c.Rate*c.Decay
}

// Adam is a step of Adam on one layer, and of AdamW if there is a decay:
//
//	m := β1 m + (1−β1) D        v := β2 v + (1−β2) D²
//	Θ := (1 − αλ) Θ − α/(1−β1^t) · m / (√v/√(1−β2^t) + ε)
//
// without the factor 1 − αλ for biases, as λ is nowhere else on them either. m and
// v are 0 before the first step; all operands have one shape.
//
// Source: D. P. Kingma and J. Ba, "Adam: a method for stochastic optimization",
// ICLR (2015), algorithm 1; I. Loshchilov and F. Hutter, "Decoupled weight decay
// regularization", ICLR (2019), algorithm 2, with the decay times α as in PyTorch.
func Adam[T Float](theta, grad, m, v Layer[T], c AdamStep) {
	alike("Adam", "theta grad m v", theta, grad, m, v)
	size, root, shrink := c.Factors()
	update := func(theta, grad, m, v []T, shrink float64) {
		for i, d := range grad {
			d := float64(d)
			m[i] = T(c.Beta1*float64(m[i]) + (1-c.Beta1)*d)
			v[i] = T(c.Beta2*float64(v[i]) + (1-c.Beta2)*d*d)
			theta[i] = T(shrink*float64(theta[i]) - size*float64(m[i])/(math.Sqrt(float64(v[i]))/root+c.Eps))
		}
	}
	update(theta.W.Data, grad.W.Data, m.W.Data, v.W.Data, shrink)
	update(theta.B, grad.B, m.B, v.B, 1)
}
