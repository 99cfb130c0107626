package cpuref

import (
	"fmt"
	"math"
	"slices"
	"testing"
)

// net is a whole network of the package's operations: what the tests
// differentiate, and work by hand.
type net struct {
	hidden Activation
	loss   Loss
	theta  []Layer[float64]
}

// randomMatrix fills a matrix from a stream, element by element.
func randomMatrix(s Stream, rows, cols int, scale float64) Matrix[float64] {
	m := NewMatrix[float64](rows, cols)
	for i := range m.Data {
		m.Data[i] = scale * s.Normal(uint64(i))
	}
	return m
}

func randomNet(seed uint64, hidden Activation, loss Loss, units []int) net {
	n := net{hidden: hidden, loss: loss}
	for l := range len(units) - 1 {
		in, out := units[l], units[l+1]
		layer := NewLayer[float64](in, out)
		layer.W = randomMatrix(NewStream(seed, 1, uint32(l)), out, in, 1/math.Sqrt(float64(in)))
		copy(layer.B, randomMatrix(NewStream(seed, 2, uint32(l)), 1, out, 0.5).Data)
		n.theta = append(n.theta, layer)
	}
	return n
}

// forward returns a(1) … a(L−1) and z(L).
func (n net) forward(x Matrix[float64]) (a []Matrix[float64], z Matrix[float64]) {
	a = []Matrix[float64]{x}
	for l, theta := range n.theta {
		out, act := NewMatrix[float64](x.Rows, theta.W.Rows), n.hidden
		if l == len(n.theta)-1 {
			act = Linear
		}
		Forward(act, a[l], theta, out)
		a = append(a, out)
	}
	return a[:len(n.theta)], a[len(n.theta)]
}

// cost is J(Θ).
func (n net) cost(x, y Matrix[float64], lambda float64) float64 {
	_, z := n.forward(x)
	loss, _ := Cost(n.loss, z, y)
	squares := 0.0
	for _, theta := range n.theta {
		squares += Penalty(theta)
	}
	m := float64(x.Rows)
	return loss/m + lambda/(2*m)*squares
}

// deltas returns δ(2) … δ(L), and what they are paired with, a(1) … a(L−1).
func (n net) deltas(x, y Matrix[float64]) (deltas, a []Matrix[float64]) {
	a, z := n.forward(x)
	last := len(n.theta) - 1
	deltas = make([]Matrix[float64], last+1)
	deltas[last] = NewMatrix[float64](y.Rows, y.Cols)
	Activate(n.loss.Output(), z, z)
	OutputDelta(n.loss, z, y, deltas[last])
	for l := last; l > 0; l-- {
		deltas[l-1] = NewMatrix[float64](a[l].Rows, a[l].Cols)
		saved := a[l]
		if n.hidden.NeedsZ() {
			saved = NewMatrix[float64](a[l].Rows, a[l].Cols)
			Forward(Linear, a[l-1], n.theta[l-1], saved)
		}
		HiddenDelta(n.hidden, deltas[l], n.theta[l], saved, deltas[l-1])
	}
	return deltas, a
}

// gradient is D for the whole batch at once.
func (n net) gradient(x, y Matrix[float64], lambda float64) []Layer[float64] {
	deltas, a := n.deltas(x, y)
	var grad []Layer[float64]
	for l, theta := range n.theta {
		sum := NewLayer[float64](theta.W.Cols, theta.W.Rows)
		Accumulate(deltas[l], a[l], sum)
		Gradient(sum, theta, lambda, x.Rows, sum)
		grad = append(grad, sum)
	}
	return grad
}

// nearKink reports whether a z is so near to a kink that a step of the central
// difference could cross it, where there is no derivative to compare: those of ReLU
// and its kin and of the ELU's g′ at 0, of the hard activations at ±3, of the losses
// where |h − y| is 0 or δ, or t h is 1. A parameter's step of 1e-6 moves z by less
// than 1e-4 at these sizes.
func (n net) nearKink(x, y Matrix[float64]) bool {
	kinks := []float64{0}
	switch n.hidden {
	case Linear, Sigmoid, Tanh, Softplus, GELU, SiLU:
		kinks = nil
	case HardSigmoid, HardSwish:
		kinks = []float64{-3, 3}
	}
	a := x
	for _, theta := range n.theta[:len(n.theta)-1] {
		z := NewMatrix[float64](x.Rows, theta.W.Rows)
		Forward(Linear, a, theta, z)
		for _, v := range z.Data {
			if near := func(k float64) bool { return math.Abs(v-k) < 1e-4 }; slices.ContainsFunc(kinks, near) {
				return true
			}
		}
		Activate(n.hidden, z, z)
		a = z
	}
	_, z := n.forward(x)
	for i, h := range z.Data {
		y, at := y.Data[i], math.Inf(1)
		switch n.loss.Kind() {
		case Hinge:
			at = 1 - (2*y-1)*h
		case MeanAbsoluteError:
			at = h - y
		case Huber:
			at = math.Abs(h-y) - n.loss.HuberDelta()
		}
		if math.Abs(at) < 1e-4 {
			return true
		}
	}
	return false
}

// labels are one-hot for the softmax, quantities for regression, and independent
// zeros and ones for the others.
func labels(s Stream, loss Loss, rows, k int) Matrix[float64] {
	y := NewMatrix[float64](rows, k)
	if loss.Regression() {
		return randomMatrix(s, rows, k, 1)
	}
	for i := range rows {
		if loss == SoftmaxCrossEntropy {
			y.Row(i)[int(s.Float64(uint64(i))*float64(k))] = 1
			continue
		}
		for j := range k {
			y.Row(i)[j] = math.Round(s.Float64(uint64(i*k + j)))
		}
	}
	return y
}

// D is ∂J/∂Θ: central differences, (J(θ+ε) − J(θ−ε))/2ε, agree for every hidden
// activation and loss, with λ on the weights and not on the biases, on 100
// random shapes each of 2 to 4 layers of 1 to 6 units, and 1 to 7 examples.
//
// Tolerance: with n the terms that go into J, a J carries a rounding error of at
// most about n·2⁻⁵³·(1+J) (the weights are scaled to keep z, and so every
// intermediate, near 1), and the difference of two of them is divided by 2ε; the
// truncation ε²/6·|J‴| is below 1e-9 for a third derivative below 6000.
func TestGradientIsDerivative(t *testing.T) {
	for _, hidden := range HiddenActivations() {
		for _, loss := range append(Losses(), HuberLoss(0.3)) {
			t.Run(fmt.Sprintf("%s/%s", hidden, loss), func(t *testing.T) {
				for c := range uint64(100) {
					checkDerivative(t, c, hidden, loss)
				}
			})
		}
	}
}

func checkDerivative(t *testing.T, c uint64, hidden Activation, loss Loss) {
	const eps = 1e-6
	size := func(i uint32, limit float64) int { return 1 + int(limit*NewStream(c, 0, i).Float64(0)) }
	units := make([]int, 1+size(0, 3))
	for l := range units {
		units[l] = size(uint32(1+l), 6)
	}
	m, lambda := size(9, 7), 2*NewStream(c, 0, 10).Float64(0)
	x := randomMatrix(NewStream(c, 3, 0), m, units[0], 1)
	y := labels(NewStream(c, 4, 0), loss, m, units[len(units)-1])
	n := randomNet(c, hidden, loss, units)
	for again := uint64(1); n.nearKink(x, y); again++ {
		n = randomNet(c+1000*again, hidden, loss, units)
	}

	terms := m * units[len(units)-1]
	for l, theta := range n.theta {
		terms += units[l] + len(theta.W.Data)
	}
	tolerance := float64(terms)*0x1p-53*(1+n.cost(x, y, lambda))/eps + 1e-9
	grad := n.gradient(x, y, lambda)
	check := func(what string, l int, theta, d []float64) {
		for i, was := range theta {
			theta[i] = was + eps
			above := n.cost(x, y, lambda)
			theta[i] = was - eps
			below := n.cost(x, y, lambda)
			theta[i] = was
			want := (above - below) / (2 * eps)
			if !(math.Abs(d[i]-want) <= tolerance) {
				t.Fatalf("case %d, units %v, m %d, λ %v: layer %d, %s %d: D = %v, difference quotient %v, off by more than %.1e",
					c, units, m, lambda, l, what, i, d[i], want, tolerance)
			}
		}
	}
	for l, theta := range n.theta {
		check("weight", l, theta.W.Data, grad[l].W.Data)
		check("bias", l, theta.B, grad[l].B)
	}
}
