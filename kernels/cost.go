package kernels

import (
	"fmt"

	"github.com/clprop/clprop/cl"
)

// TallyWords is the size of a tally's buffer in 4-byte words: 0 the loss (float), 1 its
// compensation (float), 2 correct rows (int), 3 rows (int), 4 squared weights
// (float), 5 to 7 not used.
const TallyWords = 8

// RowCost launches the loss of each row and whether it is right, into losses
// (rows floats) and right (rows ints). loss is "sigmoid-cross-entropy" or
// "softmax-cross-entropy"; z are the logits z(L). See cost.cl.
func (s *Set) RowCost(loss string, z, y Matrix, losses, right *cl.MemObject) (*Launch, error) {
	if err := fits("cost", z.Rows == y.Rows && z.Cols == y.Cols, "z %v, y %v", z, y); err != nil {
		return nil, err
	}
	mac := macros{}
	switch loss {
	case "sigmoid-cross-entropy":
		mac["LOSS_SIGMOID"] = 1
	case "softmax-cross-entropy":
		mac["LOSS_SOFTMAX"] = 1
	default:
		return nil, fmt.Errorf("no kernel for loss %q", loss)
	}
	k, err := s.kernel("rowcost", mac, "cost.cl")
	if err != nil {
		return nil, err
	}
	l, err := s.overItems("rowcost", k, z.Rows, rowGroup)
	if err != nil {
		return nil, err
	}
	l.Bytes = 4 * float64(z.Rows) * float64(2*z.Cols+2)
	return l.args(z.Rows, z.Cols, z.Buf, z.LD, y.Buf, y.LD, losses, right)
}

// Tally launches adding rows losses and hits, as RowCost wrote them, to a tally.
// See cost.cl.
func (s *Set) Tally(rows int, losses, right, tally *cl.MemObject) (*Launch, error) {
	k, err := s.plain("tally")
	if err != nil {
		return nil, err
	}
	l, err := s.launch("tally", k, []int{1}, []int{1})
	if err != nil {
		return nil, err
	}
	l.Bytes = 8 * float64(rows)
	return l.args(rows, losses, right, tally)
}
