package kernels

import (
	"fmt"

	"github.com/clprop/clprop/cl"
)

// TallyWords is the size of a tally's buffer in 4-byte words: 0 the loss (float), 1 its
// compensation (float), 2 correct rows (int), 3 rows (int), 4 squared weights
// (float), 5 the magnitudes of weights (float), 6 and 7 not used.
const TallyWords = 8

// Loss is a loss as the kernels take it.
type Loss struct {
	// Name is one of sigmoid-cross-entropy, softmax-cross-entropy, multilabel-cross-entropy,
	// hinge, mse, mae and huber.
	Name string
	// Limit is the threshold δ of huber; not used by the others.
	Limit float32
	// Weight, if not nil, is a column of b weights; row i counts weight i times.
	Weight *Matrix
}

// lossMacros has the definition that selects a loss in loss.cl and outputdelta.cl.
var lossMacros = map[string]string{
	"sigmoid-cross-entropy":    "LOSS_SIGMOID",
	"softmax-cross-entropy":    "LOSS_SOFTMAX",
	"multilabel-cross-entropy": "LOSS_MULTILABEL",
	"hinge":                    "LOSS_HINGE",
	"mse":                      "LOSS_MSE",
	"mae":                      "LOSS_MAE",
	"huber":                    "LOSS_HUBER",
}

// macros selects the loss, and whether there are weights for rows rows.
func (l Loss) macros(name string, rows int) (macros, error) {
	macro, ok := lossMacros[l.Name]
	if !ok {
		return nil, fmt.Errorf("no kernel for loss %q", l.Name)
	}
	mac := macros{macro: 1}
	if l.Weight != nil {
		mac["WEIGHTED"] = 1
		return mac, fits(name, l.Weight.Rows == rows && l.Weight.Cols == 1 && inFloats(*l.Weight), "weights %v for %d rows", *l.Weight, rows)
	}
	return mac, nil
}

// args are the arguments that weights add to a kernel's.
func (l Loss) args() []any {
	if l.Weight == nil {
		return nil
	}
	return []any{l.Weight.Buf, l.Weight.LD}
}

// Losses are the loss of each of b examples (float) and whether it is right (int), as RowCost
// writes them.
type Losses struct{ Loss, Right *cl.MemObject }

func (l Losses) operands(rows int) []operandBuffer {
	return []operandBuffer{{"losses", l.Loss, rows}, {"right", l.Right, rows}}
}

// Tallied is a batch to be added to a tally, as Tally does it.
type Tallied struct {
	Losses
	Tally *cl.MemObject
}

func (t Tallied) operands(rows int) []operandBuffer {
	return append(t.Losses.operands(rows), operandBuffer{"tally", t.Tally, TallyWords})
}

// RowCost launches the loss of each row, times its weight, and whether it is right,
// into losses (rows floats) and right (rows ints). z are the logits z(L). See cost.cl.
func (s *Set) RowCost(loss Loss, z, y Matrix, losses, right *cl.MemObject) (*Launch, error) {
	if err := fits("cost", z.Rows == y.Rows && z.Cols == y.Cols && inFloats(z, y), "z %v, y %v", z, y); err != nil {
		return nil, err
	}
	mac, err := loss.macros("cost", z.Rows)
	if err != nil {
		return nil, err
	}
	operands := []operandBuffer{{"z", z.Buf, z.Rows * z.LD}, {"y", y.Buf, y.Rows * y.LD}}
	if err := longEnough("rowcost", append(operands, Losses{losses, right}.operands(z.Rows)...)...); err != nil {
		return nil, err
	}
	k, err := s.kernel("rowcost", mac, "loss.cl", "tally.cl", "cost.cl")
	if err != nil {
		return nil, err
	}
	l, err := s.overItems("rowcost", k, z.Rows, rowGroup)
	if err != nil {
		return nil, err
	}
	l.Bytes = 4 * float64(z.Rows) * float64(2*z.Cols+2)
	l.rowBlock, l.writes = 1, []*cl.MemObject{losses, right}
	args := []any{z.Rows, z.Cols, z.Buf, z.LD, y.Buf, y.LD, losses, right, loss.Limit}
	return l.args(append(args, loss.args()...)...)
}

// Tally launches adding rows losses and hits, as RowCost wrote them, to a tally.
// See cost.cl.
func (s *Set) Tally(rows int, losses, right, tally *cl.MemObject) (*Launch, error) {
	if err := longEnough("tally", Tallied{Losses{losses, right}, tally}.operands(rows)...); err != nil {
		return nil, err
	}
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
