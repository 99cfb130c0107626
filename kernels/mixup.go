package kernels

// The positions of λ and 1−λ among the arguments of mixup.cl.
const (
	mixupShare = 2
	mixupRest  = 3
)

// Mixup launches out_i = λ a_i + (1−λ) a_j of neighbouring rows i and j; both rows × cols,
// memory of their own, of floats or of halves. SetShare gives λ; it is 1 before. See mixup.cl.
func (s *Set) Mixup(a, out Matrix) (*Launch, error) {
	if err := fits("mixup", a.Rows == out.Rows && a.Cols == out.Cols && a.Half == out.Half, "a %v, out %v", a, out); err != nil {
		return nil, err
	}
	k, err := s.kernel("mixup", rowMacros(macros{}, a, out), "mixup.cl")
	if err != nil {
		return nil, err
	}
	l, err := s.overRows("mixup", k, a.Cols, a.Rows)
	if err != nil {
		return nil, err
	}
	l.Bytes = 3 * a.bytes(a.Rows*a.Cols)
	return l.args(a.Rows, a.Cols, float32(1), float32(0), a.Buf, a.LD, out.Buf, out.LD)
}

// SetShare sets λ of a launch made by Mixup.
func (l *Launch) SetShare(share float64) error {
	if err := l.setFloat(mixupShare, float32(share)); err != nil {
		return err
	}
	return l.setFloat(mixupRest, float32(1-share))
}
