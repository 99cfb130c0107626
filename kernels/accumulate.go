package kernels

// Accumulate launches Δ_W += δᵀ a and Δ_θ0 += column sums of δ; with fresh, Δ is set
// to them instead. delta is b × out, a b × in; either may be halves.
// panels may be zero, or copies of the two made by Panel. See accumulate.cl.
func (s *Set) Accumulate(delta, a Matrix, panels Panels, sum Weights, fresh bool) (*Launch, error) {
	err := fits("accumulate", delta.Cols == sum.Out && a.Cols == sum.In && delta.Rows == a.Rows,
		"delta %v, a %v, sum %v", delta, a, sum)
	if err != nil {
		return nil, err
	}
	extra := sumMacros(delta, a, panels)
	if fresh {
		extra["FRESH"] = 1
	}
	l, err := s.product("accumulate", "linear", sum.In+1, sum.Out, delta.Rows, sum.NR, extra)
	if err != nil {
		return nil, err
	}
	l.FLOPs = 2 * float64(delta.Rows) * float64(sum.In+1) * float64(sum.Out)
	l.Bytes = a.bytes(a.Rows*sum.In) + delta.bytes(delta.Rows*sum.Out) + 2*4*float64(sum.In+1)*float64(sum.Out)
	left, right := s.operands(delta, a, panels)
	return l.args(sum.In+1, sum.Out, delta.Rows, left.Buf, left.step, left.panel, right.Buf, right.step, right.panel,
		sum.Buf, sum.Panel, sum.NR)
}
