package kernels

// OutputDelta launches δ(L) = a(L) − y, all rows × cols. See outputdelta.cl.
func (s *Set) OutputDelta(a, y, delta Matrix) (*Launch, error) {
	err := fits("output delta", a.Rows == y.Rows && a.Cols == y.Cols && a.Rows == delta.Rows && a.Cols == delta.Cols,
		"a %v, y %v, delta %v", a, y, delta)
	if err != nil {
		return nil, err
	}
	k, err := s.plain("outputdelta")
	if err != nil {
		return nil, err
	}
	l, err := s.overRows("outputdelta", k, a.Cols, a.Rows)
	if err != nil {
		return nil, err
	}
	l.Bytes = 3 * 4 * float64(a.Rows) * float64(a.Cols)
	return l.args(a.Rows, a.Cols, a.Buf, a.LD, y.Buf, y.LD, delta.Buf, delta.LD)
}
