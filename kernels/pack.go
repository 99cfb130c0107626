package kernels

// packStrip is STRIP of pack.cl.
const packStrip = 16

// Pack launches the transposing copy of w into t. See pack.cl.
func (s *Set) Pack(w Weights, t Transposed) (*Launch, error) {
	if err := rooms("pack", operandBuffer{"weights", w.Buf, w.Floats()}, operandBuffer{"copy", t.Buf, s.TransposedFloats(w)}); err != nil {
		return nil, err
	}
	k, err := s.plain("pack")
	if err != nil {
		return nil, err
	}
	across, down := ceilDiv(w.In, s.Tuning.VW*packStrip), ceilDiv(w.Out, s.Tuning.VW)
	l, err := s.launch("pack", k, []int{across, down}, []int{1, 1})
	if err != nil {
		return nil, err
	}
	l.Bytes = 2 * 4 * float64(w.In) * float64(w.Out)
	return l.args(w.In, w.Out, w.Buf, w.Panel, w.NR, t.Buf, t.Panel, t.NR)
}
