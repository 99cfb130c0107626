package device

import "slices"

// descent is what fuse makes of Accumulate, Gradient and SGD: for every layer l
//
//	Θ(l) := Θ(l) − α (δᵀ[1 a] + λΘ(l))/m
//
// with Δ and D kept to itself. It is in no list that a caller makes.
type descent struct {
	products []Accumulate // one for each layer of Theta
	gradient Gradient
	sgd      SGD
}

func (descent) check() error { return nil } // its parts were checked

// fuse returns the operations with those joined that can be, for an engine that
// has a kernel for a descent. The results are the same bits, except that Δ and D
// of a joined descent are not written.
func fuse(ops []Op) []Op {
	for end := 1; end < len(ops); end++ {
		sgd, ok := ops[end].(SGD)
		if !ok {
			continue
		}
		if d, ok := findDescent(ops[:end], sgd); ok {
			fused := make([]Op, 0, len(ops))
			for _, op := range ops[:end-1] {
				if a, ok := op.(Accumulate); !ok || a.Sum != d.gradient.Sum {
					fused = append(fused, op)
				}
			}
			return append(append(fused, d), fuse(ops[end+1:])...)
		}
	}
	return ops
}

// findDescent looks for the descent that sgd, which comes right after before,
// would end. Moving the products to the end is right when
//   - the Gradient comes right before and feeds this SGD,
//   - Δ is set by one fresh product for each layer, and by nothing else, and
//   - no operation after a product changes what the product reads.
//
// What else reads Δ, D or Θ on the way finds the values of the step before, which
// the plan would not have given it: then nothing is joined.
func findDescent(before []Op, sgd SGD) (descent, bool) {
	gradient, ok := before[len(before)-1].(Gradient)
	if !ok || gradient.Grad != sgd.Grad || gradient.Theta != sgd.Theta {
		return descent{}, false
	}
	if gradient.Sum == gradient.Grad || gradient.Sum == sgd.Theta || gradient.Grad == sgd.Theta {
		return descent{}, false
	}
	d := descent{gradient: gradient, sgd: sgd, products: make([]Accumulate, len(sgd.Theta.Shapes()))}
	seen := 0
	for i, op := range before[:len(before)-1] {
		if uses(op, gradient.Grad) {
			return descent{}, false
		}
		a, ok := op.(Accumulate)
		if !ok || a.Sum != gradient.Sum {
			if uses(op, gradient.Sum) {
				return descent{}, false
			}
			continue
		}
		if !a.Fresh || d.products[a.Layer].Sum != nil || changed(before[i+1:], a.A, a.Delta) {
			return descent{}, false
		}
		d.products[a.Layer] = a
		seen++
	}
	return d, seen == len(d.products)
}

// uses reports whether an operation reads or writes p.
func uses(op Op, p Parameters) bool {
	switch o := op.(type) {
	case Forward:
		return o.Theta == p
	case HiddenDelta:
		return o.Theta == p
	case Accumulate:
		return o.Sum == p
	case Gradient:
		return o.Sum == p || o.Theta == p || o.Grad == p
	case SGD:
		return o.Theta == p || o.Grad == p
	case Penalty:
		return o.Theta == p
	case Gather, Activate, OutputDelta, Cost, Dropout:
		return false
	}
	return true // not known here: take care
}

// changed reports whether one of the operations writes to the memory of one of the
// matrices.
func changed(ops []Op, matrices ...Matrix) bool {
	for _, op := range ops {
		var written []Matrix
		switch o := op.(type) {
		case Gather:
			written = []Matrix{o.Dst}
		case Forward:
			if written = []Matrix{o.Out}; o.Z != nil {
				written = append(written, o.Z)
			}
		case Activate:
			written = []Matrix{o.A}
		case Dropout:
			written = []Matrix{o.Out}
		case OutputDelta:
			written = []Matrix{o.Delta}
		case HiddenDelta:
			written = []Matrix{o.Delta}
		case Accumulate, Gradient, SGD, Cost, Penalty:
			continue
		default:
			return true
		}
		for _, m := range matrices {
			if slices.ContainsFunc(written, func(w Matrix) bool { return sameMemory(w, m) }) {
				return true
			}
		}
	}
	return false
}

// sameMemory reports whether two matrices are, or are views of, one piece of memory.
func sameMemory(a, b Matrix) bool {
	x, ok := a.(*openclMatrix)
	y, also := b.(*openclMatrix)
	return !ok || !also || x.upload == y.upload
}
