package kernels

// Gradient launches D = (Δ + λΘ)/m, without λ for the bias, for one layer. sum, theta
// and grad are laid out alike. See gradient.cl.
func (s *Set) Gradient(sum, theta Weights, lambda float32, m int, grad Weights) (*Launch, error) {
	err := fits("gradient", sum.In == theta.In && sum.Out == theta.Out && sum.In == grad.In && sum.Out == grad.Out && m > 0,
		"sum %v, theta %v, grad %v, m %d", sum, theta, grad, m)
	if err != nil {
		return nil, err
	}
	rows := s.Tuning.RowsPerItem
	k, err := s.plain("gradient")
	if err != nil {
		return nil, err
	}
	items := ceilDiv(sum.In+1, rows)
	l, err := s.launch("gradient", k, []int{1, items, sum.Panels()}, []int{1, 1, 1})
	if s.Tuning.Family == Tile {
		local := min(s.local, 32)
		l, err = s.launch("gradient", k, []int{roundUp(ceilDiv(sum.NR, s.Tuning.VW), local), items, 1}, []int{local, 1, 1})
	}
	if err != nil {
		return nil, err
	}
	l.Bytes = 3 * 4 * float64(sum.In+1) * float64(sum.Out)
	return l.args(sum.In, sum.Panel, sum.NR, lambda, float32(m), sum.Buf, theta.Buf, grad.Buf)
}
