package kernels

// MaxNorm launches scaling the weights into each unit of one layer so that their norm is
// at most limit. See maxnorm.cl.
func (s *Set) MaxNorm(theta Weights, limit float64) (*Launch, error) {
	k, err := s.kernel("maxnorm", macros{}, "maxnorm.cl")
	if err != nil {
		return nil, err
	}
	l, err := s.overItems("maxnorm", k, theta.Panels()*theta.NR/s.Tuning.VW, 1)
	if err != nil {
		return nil, err
	}
	l.Bytes = 3 * 4 * float64(theta.In) * float64(theta.Out) // read twice
	return l.args(theta.In, theta.Panels(), theta.Panel, theta.NR, float32(limit), theta.Buf)
}
