package kernels

// Adam launches a step of Adam or AdamW for one layer; SetAdam gives what changes from
// step to step. All are laid out alike. See adam.cl.
func (s *Set) Adam(theta, grad, m, v Weights, beta1, beta2, eps float64) (*Launch, error) {
	l, n, err := s.update("adam", macros{}, theta, grad, m, v)
	if err != nil {
		return nil, err
	}
	return l.args(n, float32(0), float32(1), float32(1), float32(beta1), float32(1-beta1), float32(beta2), float32(1-beta2),
		float32(eps), theta.In, theta.Panel, theta.NR, theta.Buf, grad.Buf, m.Buf, v.Buf)
}

// SetAdam sets size = α/(1−β1^t), root = √(1−β2^t) and shrink = 1 − αλ of a launch made
// by Adam.
func (l *Launch) SetAdam(size, root, shrink float64) error { return l.setFactors(size, root, shrink) }
