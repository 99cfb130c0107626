package kernels

// Blank launches clearing a new matrix: zeros, and the column of ones. See blank.cl.
func (s *Set) Blank(m Matrix) (*Launch, error) {
	var k *kernel
	var err error
	if m.Half {
		k, err = s.kernel("blank", macros{"C_HALF": 1}, "blank.cl")
	} else {
		k, err = s.plain("blank")
	}
	if err != nil {
		return nil, err
	}
	all := m.Rows + slack
	l, err := s.overItems("blank", k, all, rowGroup)
	if err != nil {
		return nil, err
	}
	l.Bytes = 4 * float64(m.Floats())
	return l.args(all, m.Rows, m.Cols, m.Words(), m.Buf)
}
