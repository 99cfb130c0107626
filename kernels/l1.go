package kernels

// L1 launches D := D + strength·sign(Θ) of one layer, without the bias; strength is
// λ1/m. theta and grad are laid out alike. See l1.cl.
func (s *Set) L1(theta, grad Weights, strength float64) (*Launch, error) {
	l, n, err := s.update("l1", macros{}, theta, grad)
	if err != nil {
		return nil, err
	}
	return l.args(n, theta.In, theta.Panel, theta.NR, float32(strength), theta.Buf, grad.Buf)
}
