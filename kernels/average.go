package kernels

// Average launches E := E + s (Θ − E) of one layer; SetRate gives s. theta and mean are
// laid out alike. See average.cl.
func (s *Set) Average(theta, mean Weights) (*Launch, error) {
	l, n, err := s.update("average", macros{}, theta, mean)
	if err != nil {
		return nil, err
	}
	return l.args(n, float32(0), theta.Buf, mean.Buf)
}
