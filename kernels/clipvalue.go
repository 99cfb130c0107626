package kernels

// ClipValue launches cutting every element of D of one layer, biases too, to −limit …
// limit. See clipvalue.cl.
func (s *Set) ClipValue(grad Weights, limit float64) (*Launch, error) {
	l, n, err := s.update("clipvalue", macros{}, grad)
	if err != nil {
		return nil, err
	}
	l.Bytes = 2 * 4 * float64(n)
	return l.args(n, float32(limit), grad.Buf)
}
