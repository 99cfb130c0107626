package kernels

// SGD launches Θ := Θ − α D for one layer; SetRate gives α. theta and grad are laid
// out alike. See sgd.cl.
func (s *Set) SGD(theta, grad Weights) (*Launch, error) {
	if err := fits("sgd", theta.In == grad.In && theta.Out == grad.Out, "theta %v, grad %v", theta, grad); err != nil {
		return nil, err
	}
	chunk := s.Tuning.Chunk
	k, err := s.plain("sgd")
	if err != nil {
		return nil, err
	}
	n := theta.Panels() * theta.Panel
	l, err := s.overItems("sgd", k, ceilDiv(n, chunk*s.Tuning.VW), 1)
	if err != nil {
		return nil, err
	}
	l.Bytes = 3 * 4 * float64(n)
	return l.args(n, float32(0), theta.Buf, grad.Buf)
}
