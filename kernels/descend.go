package kernels

// descendRate is the position of α among the arguments of descend.cl.
const descendRate = 14

// Descend launches Accumulate (fresh), Gradient and SGD of one layer in one pass, with
// the same bits for m below 2²²: Θ := Θ − α (δᵀ[a 1] + λΘ)/m, without λ for the bias. SetDescentRate
// gives α. delta is b × out, a b × in; either may be halves. panels may be zero. See descend.cl.
func (s *Set) Descend(delta, a Matrix, panels Panels, theta Weights, lambda float32, m int) (*Launch, error) {
	err := fits("descend", delta.Cols == theta.Out && a.Cols == theta.In && delta.Rows == a.Rows && m > 0,
		"delta %v, a %v, theta %v, m %d", delta, a, theta, m)
	if err != nil {
		return nil, err
	}
	extra := sumMacros(delta, a, panels)
	l, err := s.product("descend", "linear", theta.In+1, theta.Out, delta.Rows, theta.NR, extra)
	if err != nil {
		return nil, err
	}
	l.FLOPs = 2 * float64(delta.Rows) * float64(theta.In+1) * float64(theta.Out)
	l.Bytes = a.bytes(a.Rows*theta.In) + delta.bytes(delta.Rows*theta.Out) + 2*4*float64(theta.In+1)*float64(theta.Out)
	left, right := s.operands(delta, a, panels)
	return l.args(theta.In+1, theta.Out, delta.Rows, left.Buf, left.step, left.panel, right.Buf, right.step, right.panel,
		theta.Buf, theta.Panel, theta.NR, lambda, float32(m), float32(0))
}

// SetDescentRate sets the learning rate α of a launch made by Descend.
func (l *Launch) SetDescentRate(rate float32) error { return l.setFloat(descendRate, rate) }
