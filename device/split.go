package device

import "slices"

// Stage is a part of a list of operations that can run without a word from others who
// work on other rows of the same batch.
type Stage struct {
	// Sums are the Δ that Ops reads: what all have added to them must be summed, and
	// written to each, before Ops runs. They are in the order of their first use.
	Sums []Parameters
	Ops  []Op
	join []normGiven // the first of Ops, if Saved of all must be joined before
}

// Split cuts a list of operations where data-parallel training has to exchange
// something. Each of several workers runs the list on its own rows of a batch, with
// Parameters that are the same on all. Accumulate, and BatchNormDelta and LayerNormDelta,
// which add to Δγ and Δβ in the same way, are the operations whose Parameters are then a
// part of the whole:
//
//	Δ(l) = Σ_w δ_w(l+1)ᵀ [1 a_w(l)]      over the workers w
//
// so that a stage ends before the first operation that reads what the stage has added
// to. Of a training step this makes two: as far as the last Accumulate, and from Gradient
// on. Gradient's Sum is in Sums even where no Accumulate of the list comes before it, since
// that can have been in a list that ran before, of a micro-batch. Cost adds to a Tally in
// the same way, which each reads when it is asked for.
//
// BatchNorm in training is another matter: its mean and variance are of a worker's own rows,
// and so are the running ones that it moves in Theta. Engines of several write it down as
// what is in norm_parts.go first, which ends a stage each way.
//
// The order of the operations stays as it is, and no stage is empty.
func Split(ops []Op) []Stage {
	var stages []Stage
	var open []Parameters // what Accumulate added to and nothing has summed
	now := Stage{}
	for _, op := range ops {
		sums := sumsOf(op, open)
		given, joins := op.(normGiven)
		if joins && len(now.Ops) > 0 || slices.ContainsFunc(sums, func(p Parameters) bool { return slices.Contains(open, p) }) {
			stages, now = append(stages, now), Stage{}
			open = slices.DeleteFunc(open, func(p Parameters) bool { return slices.Contains(sums, p) })
		}
		for _, p := range sums {
			if !slices.Contains(now.Sums, p) {
				now.Sums = append(now.Sums, p)
			}
		}
		if joins {
			now.join = append(now.join, given)
		}
		now.Ops = append(now.Ops, op)
		if sum := addsTo(op); sum != nil && !slices.Contains(open, sum) {
			open = append(open, sum)
		}
	}
	if len(now.Ops) > 0 {
		stages = append(stages, now)
	}
	return stages
}

// sumsOf lists what must be summed before an operation: those of open that it uses, and
// Gradient's Sum.
func sumsOf(op Op, open []Parameters) []Parameters {
	own := addsTo(op) // its own part
	var sums []Parameters
	if g, ok := op.(Gradient); ok {
		sums = append(sums, g.Sum)
	}
	for _, p := range open {
		if p != own && uses(op, p) && !slices.Contains(sums, p) {
			sums = append(sums, p)
		}
	}
	return sums
}

// addsTo is the Δ that an operation adds to, or nil.
func addsTo(op Op) Parameters {
	switch o := op.(type) {
	case Accumulate:
		return o.Sum
	case BatchNormDelta:
		return o.Sum
	case LayerNormDelta:
		return o.Sum
	case normSums:
		return o.Sum
	}
	return nil
}

// addedLayers are the layers of that Δ.
func addedLayers(op Op) []int {
	switch o := op.(type) {
	case Accumulate:
		return []int{o.Layer}
	case BatchNormDelta:
		return []int{o.Layer, o.Layer + 1}
	case LayerNormDelta:
		return []int{o.Layer, o.Layer + 1}
	case normSums:
		return []int{o.Layer, o.Layer + 1}
	}
	return nil
}

// parametersOf lists the Parameters that an operation reads or writes; known is false for
// an operation that is not in a list that a caller makes.
func parametersOf(op Op) (all []Parameters, known bool) {
	switch o := op.(type) {
	case Forward:
		return []Parameters{o.Theta}, true
	case HiddenDelta:
		return []Parameters{o.Theta}, true
	case Accumulate:
		return []Parameters{o.Sum}, true
	case Gradient:
		return []Parameters{o.Sum, o.Theta, o.Grad}, true
	case SGD:
		return []Parameters{o.Theta, o.Grad}, true
	case Penalty:
		return []Parameters{o.Theta}, true
	case Momentum:
		return []Parameters{o.Theta, o.Grad, o.Velocity}, true
	case RMSprop:
		return []Parameters{o.Theta, o.Grad, o.Square}, true
	case Adagrad:
		return []Parameters{o.Theta, o.Grad, o.Square}, true
	case Adam:
		return []Parameters{o.Theta, o.Grad, o.M, o.V}, true
	case Lion:
		return []Parameters{o.Theta, o.Grad, o.M}, true
	case L1:
		return []Parameters{o.Theta, o.Grad}, true
	case ClipValue:
		return []Parameters{o.Grad}, true
	case ClipNorm:
		return []Parameters{o.Grad}, true
	case gradientNorm:
		return []Parameters{o.Grad}, true
	case rescale:
		return []Parameters{o.Grad}, true
	case MaxNorm:
		return []Parameters{o.Theta}, true
	case Average:
		return []Parameters{o.Theta, o.Mean}, true
	case BatchNorm:
		return []Parameters{o.Theta}, true
	case LayerNorm:
		return []Parameters{o.Theta}, true
	case BatchNormDelta:
		return []Parameters{o.Theta, o.Sum}, true
	case LayerNormDelta:
		return []Parameters{o.Theta, o.Sum}, true
	case Unscale:
		return []Parameters{o.Sum}, true
	case normGiven:
		return []Parameters{o.Theta}, true
	case normSums:
		return []Parameters{o.Sum}, true
	case normBack:
		return []Parameters{o.Theta, o.Sum}, true
	case normMoments, Gather, Activate, OutputDelta, Cost, Dropout, Shift, Noise, Mixup:
		return nil, true
	}
	return nil, false
}
