package device

import "slices"

// splitMatrices are the matrices of an operation whose rows are those of a batch: all but
// what Gather reads, and what batch normalisation keeps of the units.
func splitMatrices(op Op) []Matrix {
	var all []Matrix
	switch o := op.(type) {
	case Gather:
		all = []Matrix{o.Dst}
	case Forward:
		all = []Matrix{o.A, o.Out, o.Z}
	case Activate:
		all = []Matrix{o.Z, o.A}
	case OutputDelta:
		all = []Matrix{o.A, o.Y, o.Delta, o.Weight}
	case HiddenDelta:
		all = []Matrix{o.Next, o.A, o.Delta}
	case Accumulate:
		all = []Matrix{o.Delta, o.A}
	case Cost:
		all = []Matrix{o.Z, o.Y, o.Weight}
	case Dropout:
		all = []Matrix{o.A, o.Out}
	case Shift:
		all = []Matrix{o.A, o.Out}
	case Noise:
		all = []Matrix{o.A, o.Out}
	case Mixup:
		all = []Matrix{o.A, o.Out}
	case LayerNorm:
		all = []Matrix{o.Z, o.Saved, o.Out, o.Y}
	case LayerNormDelta:
		all = []Matrix{o.Delta, o.Z, o.Saved, o.Back}
	case BatchNorm:
		all = []Matrix{o.Z, o.Out, o.Y}
	case normMoments:
		all = []Matrix{o.Z}
	case normGiven:
		all = []Matrix{o.Z, o.Out, o.Y}
	case normSums:
		all = []Matrix{o.Delta, o.Z}
	case normBack:
		all = []Matrix{o.Delta, o.Z, o.Back}
	}
	return slices.DeleteFunc(all, func(m Matrix) bool { return m == nil }) // which some may be
}

// localiser writes operations of a group down for one member: its share of the rows, and
// its own copy of the rest.
type localiser struct {
	g       *group
	k       int
	shifted *[]shifted
}

// shifted is a Scalar of a member that is another one and the number of its first row.
type shifted struct {
	from, to *Scalar
	by       float64
}

func (l localiser) rows(m Matrix) Matrix {
	if m == nil {
		return nil
	}
	return m.(*groupMatrix).local(l.k)
}

func (l localiser) parameters(p Parameters) Parameters { return p.(*groupParameters).parts[l.k] }

func (l localiser) tally(t Tally) Tally { return t.(*groupTally).parts[l.k] }

// shift counts rows from the first of member k's on.
func (l localiser) shift(s *Scalar, rows Matrix) *Scalar {
	first, _ := rows.(*groupMatrix).share(l.k)
	if s == nil {
		return NewScalar(float64(first))
	}
	own := NewScalar(0)
	*l.shifted = append(*l.shifted, shifted{s, own, float64(first)})
	return own
}

// op is an operation for the member; nil if it has nothing to do there.
func (l localiser) op(op Op) Op {
	if rows := splitMatrices(op); len(rows) > 0 && l.rows(rows[0]) == nil {
		return nil
	}
	switch o := op.(type) {
	case Gather:
		return Gather{o.Src.(*groupMatrix).copyFor(l.g, l.k), o.Index.(*groupIndex).parts[l.k], l.shift(o.From, o.Dst), l.rows(o.Dst)}
	case Forward:
		return Forward{o.Act, l.rows(o.A), l.parameters(o.Theta), o.Layer, l.rows(o.Out), l.rows(o.Z)}
	case Activate:
		return Activate{o.Act, l.rows(o.Z), l.rows(o.A)}
	case OutputDelta:
		return OutputDelta{Loss: o.Loss, A: l.rows(o.A), Y: l.rows(o.Y), Delta: l.rows(o.Delta), Weight: l.rows(o.Weight)}
	case HiddenDelta:
		return HiddenDelta{o.Act, l.rows(o.Next), l.parameters(o.Theta), o.Layer, l.rows(o.A), l.rows(o.Delta)}
	case Accumulate:
		return Accumulate{l.rows(o.Delta), l.rows(o.A), l.parameters(o.Sum), o.Layer, o.Fresh}
	case Cost:
		return Cost{o.Loss, l.rows(o.Z), l.rows(o.Y), l.rows(o.Weight), l.tally(o.Tally)}
	case Dropout:
		o.A, o.Out, o.First = l.rows(o.A), l.rows(o.Out), l.shift(o.First, o.A)
		return o
	case Shift:
		o.A, o.Out, o.First = l.rows(o.A), l.rows(o.Out), l.shift(o.First, o.A)
		return o
	case Noise:
		o.A, o.Out, o.First = l.rows(o.A), l.rows(o.Out), l.shift(o.First, o.A)
		return o
	case Mixup:
		return Mixup{l.rows(o.A), l.rows(o.Out), o.Share}
	case LayerNorm:
		o.Z, o.Saved, o.Out, o.Y = l.rows(o.Z), l.rows(o.Saved), l.rows(o.Out), l.rows(o.Y)
		o.Theta = l.parameters(o.Theta)
		return o
	case LayerNormDelta:
		o.Delta, o.Z, o.Saved, o.Back = l.rows(o.Delta), l.rows(o.Z), l.rows(o.Saved), l.rows(o.Back)
		o.Theta, o.Sum = l.parameters(o.Theta), l.parameters(o.Sum)
		return o
	case BatchNorm, normMoments, normGiven, normSums, normBack:
		return l.batchNorm(op)
	case Penalty:
		if l.k > 0 {
			return nil // the same on all
		}
		return Penalty{l.parameters(o.Theta), l.tally(o.Tally)}
	}
	return localUpdate(op, l.parameters)
}

// batchNorm is a batch normalisation, or half of one: Saved is on every member.
func (l localiser) batchNorm(op Op) Op {
	switch o := op.(type) {
	case BatchNorm:
		o.Z, o.Out, o.Y, o.Theta = l.rows(o.Z), l.rows(o.Out), l.rows(o.Y), l.parameters(o.Theta)
		return o
	case normMoments:
		return normMoments{l.rows(o.Z), o.Saved.(*groupMatrix).copyFor(l.g, l.k)}
	case normGiven:
		saved := o.Saved.(*groupMatrix).copyFor(l.g, l.k)
		o.BatchNorm = l.batchNorm(o.BatchNorm).(BatchNorm)
		o.Saved = saved
		return o
	case normSums:
		o.BatchNormDelta = l.batchNormDelta(o.BatchNormDelta)
		return o
	case normBack:
		o.BatchNormDelta = l.batchNormDelta(o.BatchNormDelta)
		return o
	}
	return nil
}

func (l localiser) batchNormDelta(o BatchNormDelta) BatchNormDelta {
	o.Delta, o.Z, o.Back = l.rows(o.Delta), l.rows(o.Z), l.rows(o.Back)
	o.Saved = o.Saved.(*groupMatrix).copyFor(l.g, l.k)
	o.Theta, o.Sum = l.parameters(o.Theta), l.parameters(o.Sum)
	return o
}

// localUpdate is op, of what every member does alike, on its own Parameters.
func localUpdate(op Op, own func(Parameters) Parameters) Op {
	switch o := op.(type) {
	case Gradient:
		o.Sum, o.Theta, o.Grad = own(o.Sum), own(o.Theta), own(o.Grad)
		return o
	case SGD:
		return SGD{own(o.Theta), own(o.Grad), o.Rate}
	case Momentum:
		o.Theta, o.Grad, o.Velocity = own(o.Theta), own(o.Grad), own(o.Velocity)
		return o
	case RMSprop:
		o.Theta, o.Grad, o.Square = own(o.Theta), own(o.Grad), own(o.Square)
		return o
	case Adagrad:
		o.Theta, o.Grad, o.Square = own(o.Theta), own(o.Grad), own(o.Square)
		return o
	case Adam:
		o.Theta, o.Grad, o.M, o.V = own(o.Theta), own(o.Grad), own(o.M), own(o.V)
		return o
	case Lion:
		o.Theta, o.Grad, o.M = own(o.Theta), own(o.Grad), own(o.M)
		return o
	case L1:
		o.Theta, o.Grad = own(o.Theta), own(o.Grad)
		return o
	case ClipValue:
		return ClipValue{own(o.Grad), o.Limit}
	case ClipNorm:
		return ClipNorm{own(o.Grad), o.Limit}
	case MaxNorm:
		return MaxNorm{own(o.Theta), o.Limit}
	case Average:
		return Average{own(o.Theta), own(o.Mean), o.Share}
	}
	return op // checkOps has refused what is none of these
}
