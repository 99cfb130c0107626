package kernels

// Mask says which elements Dropout keeps: those whose word of Philox, keyed by Seed and
// addressed by place, Layer and step, see Stream, is Threshold or more. Scale is 1/(1−p).
type Mask struct {
	Stream
	Threshold uint32
	Scale     float32
}

// Dropout launches out = a·Scale where the mask keeps an element, else 0; both rows × cols,
// and they may be the same matrix, of floats or of halves. SetStreamStep gives the step, and
// SetStreamFirst the number of the first row; both are 0 before. See dropout.cl.
func (s *Set) Dropout(mask Mask, a, out Matrix) (*Launch, error) {
	if err := fits("dropout", a.Rows == out.Rows && a.Cols == out.Cols && a.Half == out.Half, "a %v, out %v", a, out); err != nil {
		return nil, err
	}
	k, err := s.kernel("dropout", rowMacros(macros{}, a, out), "philox.cl", "dropout.cl")
	if err != nil {
		return nil, err
	}
	l, err := s.overRows("dropout", k, ceilDiv(a.Cols, 4), a.Rows)
	if err != nil {
		return nil, err
	}
	l.Bytes = 2 * a.bytes(a.Rows*a.Cols)
	return l.args(a.Rows, a.Cols, uint32(0), uint32(0), a.Buf, a.LD, out.Buf, out.LD, mask.Threshold, mask.Scale,
		mask.Layer, uint32(mask.Seed), uint32(mask.Seed>>32))
}
