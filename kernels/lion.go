package kernels

// Lion launches a step of Lion for one layer; SetLion gives what changes from step to
// step. All are laid out alike. See lion.cl.
func (s *Set) Lion(theta, grad, m Weights, beta1, beta2 float64) (*Launch, error) {
	l, n, err := s.update("lion", macros{}, theta, grad, m)
	if err != nil {
		return nil, err
	}
	return l.args(n, float32(0), float32(1), float32(beta1), float32(1-beta1), float32(beta2), float32(1-beta2),
		theta.In, theta.Panel, theta.NR, theta.Buf, grad.Buf, m.Buf)
}

// SetLion sets α and shrink = 1 − αλ of a launch made by Lion.
func (l *Launch) SetLion(rate, shrink float64) error { return l.setFactors(rate, shrink) }
