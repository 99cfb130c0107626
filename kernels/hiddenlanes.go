package kernels

// lanesChunk is how many bytes of δ's panels a set of rows of the weights meets: half of the
// second-level cache of most CPUs.
const lanesChunk = 1 << 20

// lanes is the block of hiddenlanes.cl for b examples: rows and vectors. Its rows are a power of
// two; with 4 of them 3 vectors fit in 16 registers too.
func (t Tuning) lanes(b int) (mr, nv int) {
	mr = 1
	for _, rows := range t.MRs {
		if rows > mr && rows <= 8 && rows&(rows-1) == 0 {
			mr = rows
		}
	}
	if mr <= 4 {
		t.NV = mostVectors
	}
	return mr, t.cheapest(func(nv int) int { return t.lanesCost(b, nv) })
}

// lanesCost is what b examples cost in blocks of nv vectors, of which those of a last panel of fewer
// vectors cost no more than a block of those.
func (t Tuning) lanesCost(b, nv int) int {
	last := t.last(b, nv)
	if last == 0 {
		return ceilDiv(b, nv*t.VW) * blockCost(nv)
	}
	return b/(nv*t.VW)*blockCost(nv) + blockCost(last)
}

// NewTransposedDelta lays out the copy of δ for HiddenDelta; Buf is for the caller to fill
// in, with TransposedDeltaFloats(next) floats.
func (s *Set) NewTransposedDelta(next Matrix) Transposed {
	_, nv := s.Tuning.lanes(next.Rows)
	nr := nv * s.Tuning.VW
	return Transposed{NR: nr, Panel: roundUp(next.Cols, align) * nr}
}

// TransposedDeltaFloats returns how many floats the buffer of NewTransposedDelta has.
func (s *Set) TransposedDeltaFloats(next Matrix) int {
	t := s.NewTransposedDelta(next)
	return ceilDiv(next.Rows, t.NR) * t.Panel
}

// PackDelta launches the transposing copy of next, b × out, into t. See pack.cl.
func (s *Set) PackDelta(next Matrix, t Transposed) (*Launch, error) {
	if err := fits("pack", inFloats(next), "delta %v", next); err != nil {
		return nil, err
	}
	err := longEnough("pack", operandBuffer{"delta", next.Buf, next.Floats()},
		operandBuffer{"copy", t.Buf, s.TransposedDeltaFloats(next)})
	if err != nil {
		return nil, err
	}
	// To pack.cl a row-major matrix is one panel, as wide as its rows are apart.
	return s.pack(next.Rows, next.Cols, operand{next.Buf, next.LD, 0}, t)
}

// hiddenLanes launches HiddenDelta on a transposed copy of next. See hiddenlanes.cl.
func (s *Set) hiddenLanes(act string, next Matrix, w Weights, packed Transposed, a, delta Matrix) (*Launch, error) {
	mac, err := activationMacro(act)
	if err != nil {
		return nil, err
	}
	mr, nv := s.Tuning.lanes(next.Rows)
	mac["MR"], mac["NV"] = mr, nv
	s.Tuning.setLast(mac, next.Rows, nv)
	k, err := s.kernel("hiddenlanes", mac, "block.cl", "square.cl", "activation.cl", "hiddenlanes.cl")
	if err != nil {
		return nil, err
	}
	panels := ceilDiv(next.Rows, packed.NR)
	near := min(panels, max(1, lanesChunk/(4*packed.Panel)))
	near = ceilDiv(panels, ceilDiv(panels, near)) // as many each time
	l, err := s.striding("hiddenlanes", k, []int{near, ceilDiv(w.In, mr), ceilDiv(panels, near)}, []int{1, 1, 1})
	if err != nil {
		return nil, err
	}
	l.hiddenDeltaWork(next, w)
	return l.args(next.Rows, w.In, w.Out, packed.Buf, packed.Panel, w.Buf, w.Panel, w.NR, a.Buf, a.LD, delta.Buf, delta.LD)
}
