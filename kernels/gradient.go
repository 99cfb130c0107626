package kernels

// Gradient launches D = (Δ + λΘ)/m, without λ for the bias, for one layer. sum, theta
// and grad are laid out alike. See gradient.cl.
func (s *Set) Gradient(sum, theta Weights, lambda float32, m int, grad Weights) (*Launch, error) {
	err := fits("gradient", sum.In == theta.In && sum.Out == theta.Out && sum.In == grad.In && sum.Out == grad.Out && m > 0,
		"sum %v, theta %v, grad %v, m %d", sum, theta, grad, m)
	if err != nil {
		return nil, err
	}
	k, err := s.plain("gradient")
	if err != nil {
		return nil, err
	}
	global, local := s.overWeights(sum)
	l, err := s.striding("gradient", k, global, local)
	if err != nil {
		return nil, err
	}
	l.Bytes = 3 * 4 * float64(sum.In+1) * float64(sum.Out)
	return l.args(sum.In, sum.Panel, sum.NR, lambda, float32(m), sum.Buf, theta.Buf, grad.Buf)
}

// overWeights is the shape (vectors, rows, panels) of kernels that go over the weights of a layer
// row by row; dimension 0 strides.
func (s *Set) overWeights(w Weights) (global, local []int) {
	global, local = []int{1, ceilDiv(w.In+1, s.Tuning.RowsPerItem), w.Panels()}, []int{1, 1, 1}
	if s.Tuning.Family == Tile { // one panel: neighbours take the vectors of a row
		local[0] = min(s.local, 32)
		global[0] = roundUp(ceilDiv(w.NR, s.Tuning.VW), local[0])
	}
	return global, local
}
