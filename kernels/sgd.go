package kernels

// SGD launches Θ := Θ − α D for one layer; SetRate gives α. theta and grad are laid
// out alike. See sgd.cl.
func (s *Set) SGD(theta, grad Weights) (*Launch, error) {
	l, n, err := s.update("sgd", macros{}, theta, grad)
	if err != nil {
		return nil, err
	}
	return l.args(n, float32(0), theta.Buf, grad.Buf)
}
