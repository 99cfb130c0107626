package kernels

// packSquares is SQUARES of pack.cl.
const packSquares = 9

// Pack launches the transposing copy of w into t. See pack.cl.
func (s *Set) Pack(w Weights, t Transposed) (*Launch, error) {
	if err := rooms("pack", operandBuffer{"weights", w.Buf, w.Floats()}, operandBuffer{"copy", t.Buf, s.TransposedFloats(w)}); err != nil {
		return nil, err
	}
	return s.pack(w.In, w.Out, operand{w.Buf, w.NR, w.Panel}, t)
}

func (s *Set) pack(in, out int, from operand, t Transposed) (*Launch, error) {
	k, err := s.plain("pack")
	if err != nil {
		return nil, err
	}
	vw := s.Tuning.VW
	outputs := packSquares * vw / t.NR * vw // of a work-item
	l, err := s.launch("pack", k, []int{ceilDiv(in, t.NR), ceilDiv(out, outputs)}, []int{1, 1})
	if err != nil {
		return nil, err
	}
	l.Bytes = 2 * 4 * float64(in) * float64(out)
	return l.args(in, out, from.Buf, from.panel, from.step, t.Buf, t.Panel, t.NR)
}
