package kernels

// Noise launches out = a + deviation·n with n normal; both rows × cols, and they may be the
// same matrix, of floats or of halves. SetStreamStep gives the step and SetStreamFirst the number of the first row.
// See noise.cl.
func (s *Set) Noise(stream Stream, deviation float32, a, out Matrix) (*Launch, error) {
	if err := fits("noise", a.Rows == out.Rows && a.Cols == out.Cols && a.Half == out.Half, "a %v, out %v", a, out); err != nil {
		return nil, err
	}
	k, err := s.kernel("noise", rowMacros(macros{}, a, out), "philox.cl", "noise.cl")
	if err != nil {
		return nil, err
	}
	l, err := s.overRows("noise", k, ceilDiv(a.Cols, 4), a.Rows)
	if err != nil {
		return nil, err
	}
	l.Bytes = 2 * a.bytes(a.Rows*a.Cols)
	return l.args(a.Rows, a.Cols, uint32(0), uint32(0), a.Buf, a.LD, out.Buf, out.LD, deviation,
		stream.Layer, uint32(stream.Seed), uint32(stream.Seed>>32))
}
