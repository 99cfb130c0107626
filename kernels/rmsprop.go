package kernels

// RMSprop launches s := ρ s + (1−ρ) D², Θ := Θ − α D/(√s + ε) for one layer; SetRate
// gives α. All are laid out alike. See rmsprop.cl.
func (s *Set) RMSprop(theta, grad, square Weights, rho, eps float64) (*Launch, error) {
	l, n, err := s.update("rmsprop", macros{}, theta, grad, square)
	if err != nil {
		return nil, err
	}
	return l.args(n, float32(0), float32(rho), float32(1-rho), float32(eps), theta.Buf, grad.Buf, square.Buf)
}
