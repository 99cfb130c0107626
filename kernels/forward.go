package kernels

// Forward launches out = g(a Wᵀ + 1 θ0ᵀ): a is b × in, out b × out. act is linear,
// sigmoid, tanh or relu. See forward.cl.
func (s *Set) Forward(act string, a Matrix, w Weights, out Matrix) (*Launch, error) {
	err := fits("forward", a.Cols == w.In && out.Cols == w.Out && a.Rows == out.Rows,
		"a %v, weights %v, out %v", a, w, out)
	if err != nil {
		return nil, err
	}
	l, err := s.product("forward", act, a.Rows, w.Out, nil)
	if err != nil {
		return nil, err
	}
	l.FLOPs = 2 * float64(a.Rows) * float64(w.In+1) * float64(w.Out)
	l.Bytes = 4 * (float64(a.Rows)*float64(w.In+w.Out) + float64(w.In+1)*float64(w.Out))
	return l.args(a.Rows, w.Out, w.In+1, a.Buf, a.LD, w.Buf, w.Panel, w.NR, out.Buf, out.LD)
}
