package kernels

// Blank launches clearing a new matrix: zeros, and the column of ones. See blank.cl.
func (s *Set) Blank(m Matrix) (*Launch, error) {
	k, err := s.plain("blank")
	if err != nil {
		return nil, err
	}
	all := m.Rows + slack
	l, err := s.overItems("blank", k, all, rowGroup)
	if err != nil {
		return nil, err
	}
	l.Bytes = 4 * float64(MatrixFloats(m.Rows, m.Cols))
	return l.args(all, m.Rows, m.Cols, m.LD, m.Buf)
}
