package kernels

// Adagrad launches s := s + D², Θ := Θ − α D/(√s + ε) for one layer; SetRate gives α.
// All are laid out alike. See adagrad.cl.
func (s *Set) Adagrad(theta, grad, square Weights, eps float64) (*Launch, error) {
	l, n, err := s.update("adagrad", macros{}, theta, grad, square)
	if err != nil {
		return nil, err
	}
	return l.args(n, float32(0), float32(eps), theta.Buf, grad.Buf, square.Buf)
}
