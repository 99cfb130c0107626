package trainer

import "github.com/clprop/clprop/device"

// units is what the operations of a batch work on besides the weights: the
// activations and errors of up to b examples, in the engine's memory. A batch of
// m examples uses the first m rows.
type units struct {
	a     []device.Matrix // a[l] is a(l+2) of the formulas, b × s_{l+2}; the last is h
	z     device.Matrix   // z(L), b × K
	kept  []device.Matrix // kept[l] is z(l+2) of the hidden layers, normalised, where g′ needs it, else none
	delta []device.Matrix // delta[l] is δ(l+2), b × s_{l+2}
	// dropped[l] is what layer l reads in training in place of its input; nil where it
	// reads that, or all of it nil
	dropped []device.Matrix
	normed  []normed // of each hidden layer in training, if it is normalised
	// full is z of the hidden layers that are normalised, where a is halves and has no room for it
	full []device.Matrix
}

// head is the same memory seen as a batch of m examples.
func (u units) head(m int) units {
	cut := func(of []device.Matrix) []device.Matrix {
		heads := make([]device.Matrix, len(of))
		for l := range of {
			if of[l] != nil {
				heads[l] = of[l].Head(m)
			}
		}
		return heads
	}
	short := units{a: cut(u.a), z: u.z.Head(m), kept: cut(u.kept), delta: cut(u.delta), dropped: cut(u.dropped), full: cut(u.full)}
	for _, n := range u.normed {
		short.normed = append(short.normed, n.head(m))
	}
	return short
}

// plain is the same after training: without dropout, and with running means and variances.
func (u units) plain() units {
	u.dropped, u.normed = nil, nil
	return u
}

// reads is what layer l reads in place of a, its input.
func (u units) reads(l int, a device.Matrix) device.Matrix {
	if len(u.dropped) == 0 || u.dropped[l] == nil {
		return a
	}
	return u.dropped[l]
}

// zOf is where z of hidden layer l is kept; nil if it is not.
func (u units) zOf(l int) device.Matrix {
	if len(u.kept) == 0 {
		return nil
	}
	return u.kept[l]
}

// batch is m examples on the device: x is m × s_1, y m × K, and weight m × 1, or nil
// where every example counts as much as another.
type batch struct{ x, y, weight device.Matrix }

// onDevice is Θ in the engine's memory and how it is used.
type onDevice struct {
	hidden device.Activation // g of the hidden layers
	loss   device.Loss       // with g of the output layer
	theta  device.Parameters // Θ
	norm   Norm              // of the hidden layers
	dense  int               // the layers of Θ that are not of a normalisation; they come first
}

// descent is what an update needs beside Θ.
type descent struct {
	sum    device.Parameters // Δ
	grad   device.Parameters // D
	lambda float64           // λ
	by     optimizing        // with α
	tally  device.Tally      // collects the loss of every batch
	scale  device.Matrix     // S of the loss; nil in float32

	regularizers Regularizers
	average      averaging
	drop         dropping
	augment      augmenting
}

// part is a part of a batch, whose examples are on the device together: a micro-batch, or
// the whole batch.
type part struct {
	rows        int  // its examples
	m           int  // the examples of its batch
	first, last bool // of its batch
	slot        int  // the input that it uses
}

// trainingStep writes down one step of training on a batch of m examples, or a part of it.
// This is the whole of back-propagation:
//
//	x and y are changed, see Augment
//	a(1) = x;  z(l+1) = Θ(l)[1; a(l)],  a(l+1) = g(z(l+1));  h = a(L)
//	with a Norm, in hidden layers, g of γ ẑ + β for z, and δ back through it to z
//	δ(L) = ∂loss/∂z(L), a(L) − y for a cross-entropy; times the weight of the example
//	and, in half precision, times S, which is then taken out of Δ: see Precision
//	Δ(l) := δ(l+1)[1; a(l)]ᵀ summed over the examples
//	δ(l) = (Θ(l)ᵀ δ(l+1) without its bias row) ⊙ g′(z(l)),   l = L−1 … 2
//	with dropout a(l), where it is read, and δ(l) go through one mask; see Regularizers
//	D = (Δ + λΘ)/m, without λΘ for the biases
//	Θ := Θ − α D, or what another optimizer makes of D; see Regularizers
//
// Of a batch in parts Δ is 0 before the first, and D and Θ follow the last.
//
// Source: D. E. Rumelhart, G. E. Hinton and R. J. Williams, "Learning
// representations by back-propagating errors", Nature 323 (1986) 533–536.
//
// The layer numbers of operations count from 0, so Θ(l+1) of the formulas is
// layer l here, in and out of it are input(l) and u.a[l].
func trainingStep(net onDevice, to descent, u units, b batch, of part) []device.Op {
	if of.rows == 0 { // all examples of the batch are other ranks'
		return to.descend(net.theta, of.m)
	}
	ops, b := to.augment.of(b)
	x := b.x
	u = u.head(of.rows)
	last := len(u.a) - 1
	input := func(l int) device.Matrix { // a(l+1): what layer l reads
		if l == 0 {
			return x
		}
		return u.a[l-1]
	}

	// A linear g is a copy. It stays in the list, so that every loss has the same one, which
	// an engine may join.
	ops = append(ops, forward(net, to.drop, u, x)...)
	ops = append(ops,
		device.Cost{Loss: net.loss, Z: u.z, Y: b.y, Weight: b.weight, Tally: to.tally},
		device.Activate{Act: net.loss.Output(), Z: u.z, A: u.a[last]},
		device.OutputDelta{Loss: net.loss, A: u.a[last], Y: b.y, Weight: b.weight, Scale: to.scale, Delta: u.delta[last]},
	)
	for l := last; l >= 0; l-- {
		ops = append(ops, device.Accumulate{Delta: u.delta[l], A: u.reads(l, input(l)), Sum: to.sum, Layer: l, Fresh: of.first})
		if l > 0 { // the input layer has no δ
			saved := input(l)
			if z := u.zOf(l - 1); z != nil {
				saved = z
			}
			delta := u.delta[l-1] // of what g is of
			if len(u.normed) > 0 {
				delta = u.normed[l-1].delta
			}
			ops = append(ops, device.HiddenDelta{
				Act: net.hidden, Next: u.delta[l], Theta: net.theta, Layer: l, A: saved, Delta: delta,
			})
			if u.reads(l, nil) != nil {
				ops = append(ops, to.drop.through(l, delta, delta))
			}
			if len(u.normed) > 0 {
				ops = append(ops, net.normBack(u, l-1, to.sum, of.first))
			}
		}
	}
	if !of.last {
		return ops
	}
	return append(ops, to.descend(net.theta, of.m)...)
}

// forward writes down the way from x to z(L), with dropout where u has room for it; u has
// as many rows as x.
func forward(net onDevice, drop dropping, u units, x device.Matrix) []device.Op {
	var ops []device.Op
	a, last := x, len(u.a)-1
	for l := range u.a {
		if read := u.reads(l, a); read != a {
			ops = append(ops, drop.through(l, a, read))
			a = read
		}
		if l == last {
			break
		}
		ops = append(ops, net.hiddenLayer(u, l, a)...)
		a = u.a[l]
	}
	return append(ops, device.Forward{Act: device.Linear, A: a, Theta: net.theta, Layer: last, Out: u.z})
}

// measure writes down how a batch is judged: its loss and the examples that are
// right, added to the tally. No weight changes, and no example counts more.
func measure(net onDevice, tally device.Tally, u units, b batch) []device.Op {
	u = u.head(b.x.Rows()).plain()
	return append(forward(net, dropping{}, u, b.x),
		device.Cost{Loss: net.loss, Z: u.z, Y: b.y, Tally: tally})
}

// judge is measure and predict in one.
func judge(net onDevice, tally device.Tally, u units, b batch) []device.Op {
	ops := measure(net, tally, u, b)
	u = u.head(b.x.Rows())
	return append(ops, device.Activate{Act: net.loss.Output(), Z: u.z, A: u.a[len(u.a)-1]})
}

// predict writes down h for a batch: u.a's last matrix.
func predict(net onDevice, u units, x device.Matrix) []device.Op {
	u = u.head(x.Rows()).plain()
	return append(forward(net, dropping{}, u, x),
		device.Activate{Act: net.loss.Output(), Z: u.z, A: u.a[len(u.a)-1]})
}
