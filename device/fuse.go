package device

import "slices"

// descent is what fuse makes of Accumulate, Gradient and SGD: for every layer l
//
//	Θ(l) := Θ(l) − α (δᵀ[1 a] + λΘ(l))/m
//
// with Δ and D kept to itself. Layers of biases alone come after those and have no
// product: their Δ is there. It is in no list that a caller makes.
type descent struct {
	products []Accumulate // one for each layer of Theta that has inputs
	gradient Gradient
	sgd      SGD
}

func (descent) check() error { return nil } // its parts were checked

// gradients is what fuse makes of Accumulate and Gradient where another update than SGD
// follows, or something else than SGD uses D: for every layer l
//
//	D(l) := (δᵀ[1 a] + λΘ(l))/m
//
// with Δ kept to itself, and layers of biases alone as in descent. It is in no list that a
// caller makes.
type gradients struct {
	products []Accumulate // one for each layer of Theta that has inputs
	gradient Gradient
}

func (gradients) check() error { return nil } // its parts were checked

// descentOfSum is what fuse makes of Gradient and SGD whose Δ comes from elsewhere, such as the
// sum over several devices: for every layer l
//
//	Θ(l) := Θ(l) − α (Δ(l) + λΘ(l))/m
//
// with D kept to itself. It is in no list that a caller makes.
type descentOfSum struct {
	gradient Gradient
	sgd      SGD
}

func (descentOfSum) check() error { return nil } // its parts were checked

// fuse returns the operations with those joined that can be, for an engine that
// has kernels for these. The results are the same bits, except that Δ of what was joined to its
// products, and D of a joined descent, are not written.
func fuse(ops []Op) []Op {
	for end, op := range ops {
		gradient, ok := op.(Gradient)
		if !ok {
			continue
		}
		rest := ops[end+1:]
		products, ok := findProducts(ops[:end], gradient)
		if !ok || slices.ContainsFunc(rest, func(op Op) bool { return uses(op, gradient.Sum) }) {
			if sgd, ok := descends(gradient, rest); ok {
				return append(append(slices.Clone(ops[:end]), descentOfSum{gradient, sgd}), fuse(rest[1:])...)
			}
			continue
		}
		fused := make([]Op, 0, len(ops))
		for _, op := range ops[:end] {
			if a, ok := op.(Accumulate); !ok || a.Sum != gradient.Sum {
				fused = append(fused, op)
			}
		}
		if sgd, ok := descends(gradient, rest); ok {
			fused, rest = append(fused, descent{products, gradient, sgd}), rest[1:]
		} else {
			fused = append(fused, gradients{products, gradient})
		}
		return append(fused, fuse(rest)...)
	}
	return ops
}

// descends returns the SGD that comes right after a Gradient and descends along it, if D is used for
// nothing else.
func descends(gradient Gradient, rest []Op) (SGD, bool) {
	if len(rest) == 0 || gradient.Grad == gradient.Sum || gradient.Grad == gradient.Theta || gradient.Sum == gradient.Theta {
		return SGD{}, false
	}
	sgd, ok := rest[0].(SGD)
	ok = ok && sgd.Grad == gradient.Grad && sgd.Theta == gradient.Theta
	return sgd, ok && !slices.ContainsFunc(rest[1:], func(op Op) bool { return uses(op, gradient.Grad) })
}

// findProducts looks for the products whose sums a Gradient, which comes right after
// before, takes. Moving them to it is right when nothing after it uses Δ, and
//   - Δ is set by one fresh product for each layer, and by nothing else but the way back
//     through a normalisation, whose layers are biases alone and come last, and
//   - no operation after a product changes what the product reads.
//
// What else reads Δ or D on the way finds the values of the step before, which the
// plan would not have given it: then nothing is joined.
func findProducts(before []Op, gradient Gradient) ([]Accumulate, bool) {
	if gradient.Sum == gradient.Grad || gradient.Sum == gradient.Theta || gradient.Grad == gradient.Theta {
		return nil, false
	}
	dense, ok := dense(gradient.Theta.Shapes())
	if !ok {
		return nil, false
	}
	products, seen := make([]Accumulate, dense), 0
	for i, op := range before {
		if uses(op, gradient.Grad) {
			return nil, false
		}
		a, ok := op.(Accumulate)
		if !ok || a.Sum != gradient.Sum {
			if uses(op, gradient.Sum) && !normalizes(op, gradient) {
				return nil, false
			}
			continue
		}
		if !a.Fresh || products[a.Layer].Sum != nil || changed(before[i+1:], a.A, a.Delta) {
			return nil, false
		}
		products[a.Layer] = a
		seen++
	}
	return products, seen == len(products)
}

// dense counts the layers that have inputs, and reports whether they come before all
// others.
func dense(shapes []Shape) (n int, first bool) {
	first = true
	for l, s := range shapes {
		if s.In > 0 {
			first = first && n == l
			n++
		}
	}
	return n, first && n > 0
}

// normalizes reports whether an operation carries δ back through a normalisation of the
// same Θ, and with that sets Δ of its layers.
func normalizes(op Op, gradient Gradient) bool {
	switch o := op.(type) {
	case BatchNormDelta:
		return o.Sum == gradient.Sum && o.Theta == gradient.Theta
	case LayerNormDelta:
		return o.Sum == gradient.Sum && o.Theta == gradient.Theta
	}
	return false
}

// uses reports whether an operation reads or writes p.
func uses(op Op, p Parameters) bool {
	all, known := parametersOf(op)
	return !known || slices.Contains(all, p) // not known here: take care
}

// changed reports whether one of the operations writes to the memory of one of the
// matrices.
func changed(ops []Op, matrices ...Matrix) bool {
	for _, op := range ops {
		if _, known := parametersOf(op); !known {
			return true
		}
		for _, w := range written(op) {
			if slices.ContainsFunc(matrices, func(m Matrix) bool { return sameMemory(w, m) }) {
				return true
			}
		}
	}
	return false
}

// written lists the matrices that an operation writes.
func written(op Op) []Matrix {
	switch o := op.(type) {
	case Gather:
		return []Matrix{o.Dst}
	case Forward:
		if o.Z != nil {
			return []Matrix{o.Out, o.Z}
		}
		return []Matrix{o.Out}
	case Activate:
		return []Matrix{o.A}
	case Dropout:
		return []Matrix{o.Out}
	case Shift:
		return []Matrix{o.Out}
	case Noise:
		return []Matrix{o.Out}
	case Mixup:
		return []Matrix{o.Out}
	case OutputDelta:
		return []Matrix{o.Delta}
	case Unscale:
		return []Matrix{o.Scale}
	case HiddenDelta:
		return []Matrix{o.Delta}
	case BatchNorm:
		return slices.DeleteFunc([]Matrix{o.Out, o.Y, o.Saved}, func(m Matrix) bool { return m == nil })
	case LayerNorm:
		return slices.DeleteFunc([]Matrix{o.Out, o.Y, o.Saved}, func(m Matrix) bool { return m == nil })
	case BatchNormDelta:
		return []Matrix{o.Back}
	case LayerNormDelta:
		return []Matrix{o.Back}
	case normMoments:
		return []Matrix{o.Saved}
	case normGiven:
		return slices.DeleteFunc([]Matrix{o.Out, o.Y}, func(m Matrix) bool { return m == nil })
	case normBack:
		return []Matrix{o.Back}
	}
	return nil
}

// sameMemory reports whether two matrices are, or are views of, one piece of memory.
func sameMemory(a, b Matrix) bool {
	if x, ok := a.(*groupMatrix); ok {
		y, ok := b.(*groupMatrix)
		return !ok || x.groupRows == y.groupRows
	}
	if x, ok := a.(*columnsMatrix); ok {
		y, ok := b.(*columnsMatrix)
		return !ok || x.columnsRows == y.columnsRows
	}
	x, ok := a.(*openclMatrix)
	y, also := b.(*openclMatrix)
	return !ok || !also || x.upload == y.upload
}
