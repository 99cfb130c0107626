package kernels

// descendSumRate is the position of α among the arguments of descendsum.cl.
const descendSumRate = 5

// DescendSum launches Gradient and SGD of one layer in one pass, with the same results:
// Θ := Θ − α (Δ + λΘ)/m, without λ for the bias. SetDescentRateSum gives α. sum and theta are
// laid out alike. See descendsum.cl.
func (s *Set) DescendSum(sum, theta Weights, lambda float32, m int) (*Launch, error) {
	err := fits("descendsum", sum.In == theta.In && sum.Out == theta.Out && m > 0, "sum %v, theta %v, m %d", sum, theta, m)
	if err != nil {
		return nil, err
	}
	k, err := s.kernel("descendsum", macros{"ROWS_PER_ITEM": s.Tuning.RowsPerItem}, "descendsum.cl")
	if err != nil {
		return nil, err
	}
	global, local := s.overWeights(sum)
	l, err := s.striding("descendsum", k, global, local)
	if err != nil {
		return nil, err
	}
	l.Bytes = 3 * 4 * float64(sum.In+1) * float64(sum.Out)
	return l.args(sum.In, sum.Panel, sum.NR, lambda, float32(m), float32(0), sum.Buf, theta.Buf)
}

// SetDescentRateSum sets the learning rate α of a launch made by DescendSum.
func (l *Launch) SetDescentRateSum(rate float32) error { return l.setFloat(descendSumRate, rate) }
