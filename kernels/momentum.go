package kernels

// Momentum launches v := μ v + D, Θ := Θ − α v for one layer, or Nesterov's form of
// it; SetRate gives α. All are laid out alike. See momentum.cl.
func (s *Set) Momentum(theta, grad, velocity Weights, mu float64, nesterov bool) (*Launch, error) {
	mac := macros{}
	if nesterov {
		mac["NESTEROV"] = 1
	}
	l, n, err := s.update("momentum", mac, theta, grad, velocity)
	if err != nil {
		return nil, err
	}
	return l.args(n, float32(0), float32(mu), theta.Buf, grad.Buf, velocity.Buf)
}
