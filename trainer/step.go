package trainer

import "github.com/clprop/clprop/device"

// units is what the operations of a batch work on besides the weights: the
// activations and errors of up to b examples, in the engine's memory. A batch of
// m examples uses the first m rows.
type units struct {
	a     []device.Matrix // a[l] is a(l+2) of the formulas, b × s_{l+2}; the last is h
	z     device.Matrix   // z(L), b × K
	delta []device.Matrix // delta[l] is δ(l+2), b × s_{l+2}
}

// head is the same memory seen as a batch of m examples.
func (u units) head(m int) units {
	cut := func(of []device.Matrix) []device.Matrix {
		heads := make([]device.Matrix, len(of))
		for l := range of {
			heads[l] = of[l].Head(m)
		}
		return heads
	}
	return units{a: cut(u.a), z: u.z.Head(m), delta: cut(u.delta)}
}

// onDevice is Θ in the engine's memory and how it is used.
type onDevice struct {
	hidden device.Activation // g of the hidden layers
	loss   device.Loss       // with g of the output layer
	theta  device.Parameters // Θ
}

// descent is what an update needs beside Θ.
type descent struct {
	sum    device.Parameters // Δ
	grad   device.Parameters // D
	lambda float64           // λ
	by     optimizing        // with α
	tally  device.Tally      // collects the loss of every batch
}

// trainingStep writes down one step of training on the m examples in the rows of
// x and y. This is the whole of back-propagation:
//
//	a(1) = x;  z(l+1) = Θ(l)[1; a(l)],  a(l+1) = g(z(l+1));  h = a(L)
//	δ(L) = a(L) − y
//	Δ(l) := δ(l+1)[1; a(l)]ᵀ summed over the examples
//	δ(l) = (Θ(l)ᵀ δ(l+1) without its bias row) ⊙ g′(z(l)),   l = L−1 … 2
//	D = (Δ + λΘ)/m, without λΘ for the biases
//	Θ := Θ − α D, or what another optimizer makes of D
//
// Source: D. E. Rumelhart, G. E. Hinton and R. J. Williams, "Learning
// representations by back-propagating errors", Nature 323 (1986) 533–536.
//
// The layer numbers of operations count from 0, so Θ(l+1) of the formulas is
// layer l here, in and out of it are input(l) and u.a[l].
func trainingStep(net onDevice, to descent, u units, x, y device.Matrix) []device.Op {
	m := x.Rows()
	u = u.head(m)
	last := len(u.a) - 1
	input := func(l int) device.Matrix { // a(l+1): what layer l reads
		if l == 0 {
			return x
		}
		return u.a[l-1]
	}

	ops := forward(net, u, x)
	ops = append(ops,
		device.Cost{Loss: net.loss, Z: u.z, Y: y, Tally: to.tally},
		device.Activate{Act: net.loss.Output(), Z: u.z, A: u.a[last]},
		device.OutputDelta{A: u.a[last], Y: y, Delta: u.delta[last]},
	)
	for l := last; l >= 0; l-- {
		ops = append(ops, device.Accumulate{Delta: u.delta[l], A: input(l), Sum: to.sum, Layer: l, Fresh: true})
		if l > 0 { // the input layer has no δ
			ops = append(ops, device.HiddenDelta{
				Act: net.hidden, Next: u.delta[l], Theta: net.theta, Layer: l, A: input(l), Delta: u.delta[l-1],
			})
		}
	}
	return append(ops,
		device.Gradient{Sum: to.sum, Theta: net.theta, Lambda: to.lambda, M: m, Grad: to.grad},
		to.by.update(net.theta, to.grad),
	)
}

// forward writes down the way from x to z(L); u has as many rows as x.
func forward(net onDevice, u units, x device.Matrix) []device.Op {
	var ops []device.Op
	a, last := x, len(u.a)-1
	for l := range last {
		ops = append(ops, device.Forward{Act: net.hidden, A: a, Theta: net.theta, Layer: l, Out: u.a[l]})
		a = u.a[l]
	}
	return append(ops, device.Forward{Act: device.Linear, A: a, Theta: net.theta, Layer: last, Out: u.z})
}

// measure writes down how a batch is judged: its loss and the examples that are
// right, added to the tally. No weight changes.
func measure(net onDevice, tally device.Tally, u units, x, y device.Matrix) []device.Op {
	u = u.head(x.Rows())
	return append(forward(net, u, x),
		device.Cost{Loss: net.loss, Z: u.z, Y: y, Tally: tally})
}

// predict writes down h for a batch: u.a's last matrix.
func predict(net onDevice, u units, x device.Matrix) []device.Op {
	u = u.head(x.Rows())
	return append(forward(net, u, x),
		device.Activate{Act: net.loss.Output(), Z: u.z, A: u.a[len(u.a)-1]})
}
