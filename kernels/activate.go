package kernels

import "github.com/clprop/clprop/cl"

// Activate launches a = g(z), both rows × cols. act is any activation, softmax
// (row by row) included. See activate.cl.
func (s *Set) Activate(act string, z, a Matrix) (*Launch, error) {
	if err := fits("activate", z.Rows == a.Rows && z.Cols == a.Cols && inFloats(z, a), "z %v, a %v", z, a); err != nil {
		return nil, err
	}
	l, err := s.activate(act, z)
	if err != nil {
		return nil, err
	}
	l.Bytes = 2 * 4 * float64(z.Rows) * float64(z.Cols)
	l.rowBlock, l.writes = 1, []*cl.MemObject{a.Buf}
	return l.args(z.Rows, z.Cols, z.Buf, z.LD, a.Buf, a.LD)
}

func (s *Set) activate(act string, z Matrix) (*Launch, error) {
	if act == "softmax" {
		k, err := s.plain("softmax")
		if err != nil {
			return nil, err
		}
		return s.overItems("softmax", k, z.Rows, rowGroup)
	}
	mac, err := activationMacro(act)
	if err != nil {
		return nil, err
	}
	k, err := s.kernel("activate", mac, "activation.cl", "activate.cl")
	if err != nil {
		return nil, err
	}
	return s.overRows("activate", k, z.Cols, z.Rows)
}
