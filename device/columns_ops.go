package device

// columnUse is a matrix that an operation reads or writes, and the form it is in.
type columnUse struct {
	m    Matrix
	form form
}

// columnUses lists what an operation reads and writes. Products write, or read, columns;
// what they read all columns of, and all else, is whole. What hidden delta writes is summed
// on the host.
func columnUses(op Op) (reads, writes []columnUse) {
	whole := func(list ...Matrix) (uses []columnUse) {
		for _, m := range list {
			if m != nil {
				uses = append(uses, columnUse{m, inWhole})
			}
		}
		return uses
	}
	switch o := op.(type) {
	case Gather:
		return whole(o.Src), whole(o.Dst)
	case Forward:
		writes = []columnUse{{o.Out, inParts}}
		if o.Z != nil {
			writes = append(writes, columnUse{o.Z, inParts})
		}
		return whole(o.A), writes
	case HiddenDelta:
		return append(whole(o.A), columnUse{o.Next, inParts}), []columnUse{{o.Delta, inHost}}
	case Accumulate:
		return append(whole(o.A), columnUse{o.Delta, inParts}), nil
	case Activate:
		return whole(o.Z), whole(o.A)
	case OutputDelta:
		return whole(o.A, o.Y, o.Weight), whole(o.Delta)
	case Cost:
		return whole(o.Z, o.Y, o.Weight), nil
	case Dropout:
		return whole(o.A), whole(o.Out)
	case Shift:
		return whole(o.A), whole(o.Out)
	case Noise:
		return whole(o.A), whole(o.Out)
	case Mixup:
		return whole(o.A), whole(o.Out)
	case BatchNorm:
		return whole(o.Z), whole(o.Saved, o.Out, o.Y)
	case LayerNorm:
		return whole(o.Z), whole(o.Saved, o.Out, o.Y)
	case BatchNormDelta:
		return whole(o.Delta, o.Z, o.Saved), whole(o.Back)
	case LayerNormDelta:
		return whole(o.Delta, o.Z, o.Saved), whole(o.Back)
	}
	return nil, nil
}

// expand writes operations down as the ones that columns has. Of a Forward that keeps z, z alone
// is gathered, of which every member makes a, all columns, by itself, to the same bits if they
// are alike. ClipNorm needs a word from all members.
func (c *columns) expand(ops ...Op) []Op {
	var list []Op
	for _, op := range ops {
		switch o := op.(type) {
		case Forward:
			if o.Z != nil && c.alike {
				list = append(list, Forward{Act: Linear, A: o.A, Theta: o.Theta, Layer: o.Layer, Out: o.Z},
					Activate{Act: o.Act, Z: o.Z, A: o.Out})
				continue
			}
		case ClipNorm:
			list = append(list, gradientNorm{Grad: o.Grad, limit: o.Limit}, rescale{Grad: o.Grad})
			continue
		}
		list = append(list, op)
	}
	return list
}

// sink moves each Accumulate down to where its Δ is used, or what it reads is changed. What
// other members wait for comes first then, and the products of a last stage may be joined
// with the update.
func sink(ops []Op) []Op {
	var list, pending []Op
	for _, op := range ops {
		if _, ok := op.(Accumulate); ok {
			pending = append(pending, op)
			continue
		}
		for _, waits := range pending {
			a := waits.(Accumulate)
			if uses(op, a.Sum) || changed([]Op{op}, a.A, a.Delta) {
				list, pending = append(list, pending...), nil
				break
			}
		}
		list = append(list, op)
	}
	return append(list, pending...)
}

// columnsMember writes operations down for member d.
type columnsMember struct {
	c    *columns
	d    int
	clip *columnsClip // of the operations from a gradientNorm on; nil before
}

// in is what the member has of a matrix in a form: nil if that is nothing. Sums are made in
// whole matrices.
func (w columnsMember) in(m Matrix, f form) Matrix {
	if m == nil {
		return nil
	}
	own := m.(*columnsMatrix)
	of := own.whole[w.d]
	if f == inParts {
		parts, _ := own.partsOn(w.c) // bind has made them
		if of = parts[w.d]; of == nil {
			return nil
		}
	}
	if own.head == own.rows {
		return of
	}
	return of.Head(own.head)
}

func (w columnsMember) whole(m Matrix) Matrix { return w.in(m, inWhole) }

func (w columnsMember) parameters(p Parameters) Parameters {
	return p.(*columnsParameters).parts[w.d]
}

func (w columnsMember) layer(p Parameters, layer int) int {
	return p.(*columnsParameters).local[w.d][layer]
}

// op is an operation for the member; nil if it has nothing to do there.
func (w columnsMember) op(op Op) Op {
	if all, _ := parametersOf(op); len(all) > 0 && w.parameters(all[0]) == nil {
		return nil
	}
	switch o := op.(type) {
	case Gather:
		return Gather{w.whole(o.Src), o.Index.(*columnsIndex).parts[w.d], o.From, w.whole(o.Dst)}
	case Forward:
		o.A, o.Out, o.Z = w.whole(o.A), w.in(o.Out, inParts), w.in(o.Z, inParts)
		o.Theta, o.Layer = w.parameters(o.Theta), w.layer(o.Theta, o.Layer)
		return where(o.Layer >= 0, o)
	case HiddenDelta:
		o.Next, o.A, o.Delta = w.in(o.Next, inParts), w.whole(o.A), w.whole(o.Delta)
		o.Theta, o.Layer = w.parameters(o.Theta), w.layer(o.Theta, o.Layer)
		return where(o.Layer >= 0, o)
	case Accumulate:
		o.Delta, o.A, o.Sum, o.Layer = w.in(o.Delta, inParts), w.whole(o.A), w.parameters(o.Sum), w.layer(o.Sum, o.Layer)
		return where(o.Layer >= 0, o)
	case Activate:
		return Activate{o.Act, w.whole(o.Z), w.whole(o.A)}
	case OutputDelta:
		return OutputDelta{Loss: o.Loss, A: w.whole(o.A), Y: w.whole(o.Y), Delta: w.whole(o.Delta), Weight: w.whole(o.Weight)}
	case Cost:
		return where(w.d == 0, Cost{o.Loss, w.whole(o.Z), w.whole(o.Y), w.whole(o.Weight), o.Tally.(*columnsTally).parts[w.d]})
	case Penalty:
		return Penalty{w.parameters(o.Theta), o.Tally.(*columnsTally).parts[w.d]}
	case BatchNorm, LayerNorm, BatchNormDelta, LayerNormDelta:
		return w.norm(op)
	case gradientNorm:
		o.Grad, o.Parts = w.parameters(o.Grad), w.clip.parts[w.d]
		return o
	case rescale:
		return rescale{w.parameters(o.Grad), w.clip.scale[w.d]}
	case Dropout:
		o.A, o.Out = w.whole(o.A), w.whole(o.Out)
		return o
	case Shift:
		o.A, o.Out = w.whole(o.A), w.whole(o.Out)
		return o
	case Noise:
		o.A, o.Out = w.whole(o.A), w.whole(o.Out)
		return o
	case Mixup:
		return Mixup{w.whole(o.A), w.whole(o.Out), o.Share}
	}
	return localUpdate(op, w.parameters)
}

// where is op, or none.
func where(has bool, op Op) Op {
	if has {
		return op
	}
	return nil
}

// norm is a normalisation, whose layers each member has.
func (w columnsMember) norm(op Op) Op {
	switch o := op.(type) {
	case BatchNorm:
		o.Layer = w.layer(o.Theta, o.Layer)
		o.Z, o.Saved, o.Out, o.Y, o.Theta = w.whole(o.Z), w.whole(o.Saved), w.whole(o.Out), w.whole(o.Y), w.parameters(o.Theta)
		return o
	case LayerNorm:
		return LayerNorm(w.norm(BatchNorm(o)).(BatchNorm))
	case BatchNormDelta:
		o.Layer = w.layer(o.Theta, o.Layer)
		o.Delta, o.Z, o.Saved, o.Back = w.whole(o.Delta), w.whole(o.Z), w.whole(o.Saved), w.whole(o.Back)
		o.Theta, o.Sum = w.parameters(o.Theta), w.parameters(o.Sum)
		return o
	case LayerNormDelta:
		return LayerNormDelta(w.norm(BatchNormDelta(o)).(BatchNormDelta))
	}
	return nil
}
