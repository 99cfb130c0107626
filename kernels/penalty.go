package kernels

import "github.com/clprop/clprop/cl"

// PenaltyParts is how many floats Squares writes: two partial sums for each of
// penaltyItems work-items.
const (
	PenaltyParts = 2 * penaltyItems
	penaltyItems = 256
)

// Squares launches the partial sums of Σ_{j≠0} Θ_ij² and Σ_{j≠0} |Θ_ij| of one layer,
// PenaltyParts floats. See penalty.cl.
func (s *Set) Squares(w Weights, parts *cl.MemObject) (*Launch, error) {
	if err := longEnough("squares", operandBuffer{"weights", w.Buf, w.Floats()}, operandBuffer{"parts", parts, PenaltyParts}); err != nil {
		return nil, err
	}
	k, err := s.plain("squares")
	if err != nil {
		return nil, err
	}
	l, err := s.striding("squares", k, []int{penaltyItems}, []int{min(8, s.local)})
	if err != nil {
		return nil, err
	}
	l.Bytes = 4 * float64(w.In) * float64(w.Out)
	return l.args(w.In, w.Panels(), w.Panel, w.NR, w.Buf, parts)
}

// AddSquares launches adding the partial sums to the tally's squares and magnitudes;
// first sets them instead. See penalty.cl.
func (s *Set) AddSquares(first bool, parts, tally *cl.MemObject) (*Launch, error) {
	if err := longEnough("addsquares", operandBuffer{"parts", parts, PenaltyParts}, operandBuffer{"tally", tally, TallyWords}); err != nil {
		return nil, err
	}
	k, err := s.plain("addsquares")
	if err != nil {
		return nil, err
	}
	l, err := s.launch("addsquares", k, []int{1}, []int{1})
	if err != nil {
		return nil, err
	}
	l.Bytes = 4 * PenaltyParts
	return l.args(penaltyItems, boolean(first), parts, tally)
}
