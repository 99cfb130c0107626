package device

import "slices"

// backprop is what fusePass makes of the operations that take a batch through all
// layers and back:
//
//	Forward of every layer, Activate, OutputDelta, HiddenDelta of every hidden layer
//
// without weights of examples and without z of hidden layers, and, where they are there, of
//
//	Gather of x and y before, Cost of the batch on the way
//
// It sets the same matrices to the same bits. It is in no list that a caller makes.
type backprop struct {
	forward []Forward // of layers 0, 1, …; the last gives z(L)
	out     Activate
	delta   OutputDelta
	hidden  []HiddenDelta // hidden[l] gives δ of what layer l gives; nil of the last

	x, y *Gather // both or none
	cost *Cost   // may be nil
}

func (backprop) check() error { return nil } // its parts were checked

// fusePass returns the operations with a whole way through the layers and back joined,
// if there is one that begins with the first Forward, and if wanted says that it pays.
// The joined operation comes where the first Forward was; what was between its parts
// comes after it, in the same order.
//
// That is right when nothing between the parts writes what a part reads or writes, or
// reads what a later part writes. So only a few operations are let through: Cost of the
// same z, which no later part writes, and Accumulate of δ that are there, into Δ, which
// no part reads. All matrices must be memory of their own: each is written once.
func fusePass(ops []Op, wanted func(backprop) bool) []Op {
	var p passFinder
	first := -1
	var others []Op
	for i, op := range ops {
		if !p.complete() {
			switch {
			case p.take(op):
				if first < 0 {
					first = i
				}
				continue
			case first >= 0 && p.takeCost(op):
				continue
			case first >= 0 && !p.lets(op):
				return ops
			}
		}
		others = append(others, op)
	}
	if !p.complete() || !p.apart() || !p.oneLoss() {
		return ops
	}
	before := p.takeGathers(others[:first])
	if !wanted(p.backprop) {
		return ops
	}
	return append(append(before, p.backprop), others[first:]...)
}

// takeGathers takes the Gather of x and that of y from what comes before the pass, and
// returns the rest. Both must read the same rows of their sets, and be followed by nothing
// but others of their kind, which neither read nor write x and y, nor write those sets.
func (p *passFinder) takeGathers(before []Op) (rest []Op) {
	var x, y *Gather
	rest = slices.Clone(before)
	for len(rest) > 0 && (x == nil || y == nil) {
		g, ok := rest[len(rest)-1].(Gather)
		if !ok {
			break
		}
		switch {
		case x == nil && g.Dst == p.input(0):
			x = &g
		case y == nil && g.Dst == p.delta.Y:
			y = &g
		case sameMemory(g.Dst, p.input(0)) || sameMemory(g.Dst, p.delta.Y) || sameMemory(g.Src, p.input(0)) || sameMemory(g.Src, p.delta.Y):
			return slices.Clone(before)
		}
		rest = rest[:len(rest)-1]
	}
	if x == nil || y == nil || x.Index != y.Index || x.From != y.From || !p.apart(x.Src, y.Src) ||
		changed(before[len(rest):], x.Src, y.Src) {
		return slices.Clone(before)
	}
	for _, op := range before[len(rest):] {
		if g := op.(Gather); g.Dst != x.Dst && g.Dst != y.Dst {
			rest = append(rest, g)
		}
	}
	p.x, p.y = x, y
	return rest
}

// passFinder collects the parts in the order that they must have.
type passFinder struct {
	backprop
	layers int // of Θ; 0 before the first part
}

func (p *passFinder) complete() bool {
	return p.layers > 0 && p.delta.Delta != nil && p.hiddenLeft() == 0
}

// hiddenLeft is how many HiddenDelta are to come.
func (p *passFinder) hiddenLeft() int {
	left := 0
	for l := range max(0, p.layers-1) {
		if p.hidden[l].Delta == nil {
			left++
		}
	}
	return left
}

// take takes the part that comes next, if op is that.
func (p *passFinder) take(op Op) bool {
	done := len(p.forward)
	switch o := op.(type) {
	case Forward:
		if p.layers == 0 {
			p.layers = len(o.Theta.Shapes())
			p.hidden = make([]HiddenDelta, p.layers)
		}
		if o.Layer != done || done == p.layers || p.out.A != nil || o.Z != nil {
			return false
		}
		if done > 0 && (o.A != p.forward[done-1].Out || o.Theta != p.forward[0].Theta) {
			return false
		}
		if last := done == p.layers-1; last && o.Act != Linear || !last && done > 0 && o.Act != p.forward[0].Act {
			return false
		}
		p.forward = append(p.forward, o)
		return true
	case Activate:
		if p.layers == 0 || done != p.layers || p.out.A != nil || o.Z != p.forward[done-1].Out ||
			o.Act != Linear && o.Act != Sigmoid && o.Act != Softmax { // the outputs that there are kernels for
			return false
		}
		p.out = o
		return true
	case OutputDelta:
		if p.out.A == nil || p.delta.Delta != nil || o.A != p.out.A || o.Weight != nil || o.Scale != nil {
			return false
		}
		p.delta = o
		return true
	case HiddenDelta:
		return p.takeHidden(o)
	}
	return false
}

func (p *passFinder) takeHidden(o HiddenDelta) bool {
	if p.delta.Delta == nil {
		return false
	}
	l := p.hiddenLeft() // this one reads Θ of layer l and gives δ of what layer l−1 gives
	if o.Layer != l || o.Theta != p.forward[0].Theta || o.A != p.forward[l-1].Out || o.Act != p.forward[l-1].Act || o.Next != p.deltaOf(l) {
		return false
	}
	p.hidden[l-1] = o
	return true
}

// deltaOf is δ of what layer l gives, nil before it is there.
func (b *backprop) deltaOf(l int) Matrix {
	if l == len(b.forward)-1 {
		return b.delta.Delta
	}
	return b.hidden[l].Delta
}

// input is what layer l reads.
func (b *backprop) input(l int) Matrix { return b.forward[l].A }

// takeCost takes the first Cost of the batch, if op is that.
func (p *passFinder) takeCost(op Op) bool {
	o, ok := op.(Cost)
	if !ok || p.cost != nil || o.Weight != nil || !p.lets(op) {
		return false
	}
	p.cost = &o
	return true
}

// oneLoss reports whether the Cost that was taken, if any, is of the labels and the loss of
// δ(L). The cross-entropies have the same δ(L).
func (p *passFinder) oneLoss() bool {
	if p.cost == nil {
		return true
	}
	of := orCrossEntropy(p.delta.Loss)
	return p.cost.Y == p.delta.Y && (p.cost.Loss == of || crossEntropy(p.cost.Loss) && crossEntropy(of))
}

func crossEntropy(of Loss) bool {
	return of == SigmoidCrossEntropy || of == SoftmaxCrossEntropy || of == MultiLabelCrossEntropy
}

// lets reports whether op may come after all parts although it is between them.
func (p *passFinder) lets(op Op) bool {
	switch o := op.(type) {
	case Cost:
		return len(p.forward) == p.layers && o.Z == p.forward[p.layers-1].Out
	case Accumulate:
		if p.delta.Delta == nil || o.Sum == p.forward[0].Theta || o.Layer >= p.layers {
			return false
		}
		return p.deltaOf(o.Layer) != nil && o.Delta == p.deltaOf(o.Layer) && o.A == p.input(o.Layer)
	}
	return false
}

// apart reports whether the matrices, and others, are memory of their own.
func (p *passFinder) apart(others ...Matrix) bool {
	matrices := append([]Matrix{p.forward[0].A, p.out.A, p.delta.Y}, others...)
	for l, f := range p.forward {
		matrices = append(matrices, f.Out, p.deltaOf(l))
	}
	for i, a := range matrices {
		for _, b := range matrices[:i] {
			if sameMemory(a, b) {
				return false
			}
		}
	}
	return true
}
