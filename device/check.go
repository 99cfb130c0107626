package device

import (
	"errors"
	"fmt"
	"math"
)

// Errors of misuse that every engine returns, wrapped with where and what.
var (
	// ErrClosed: the engine was closed; open it again.
	ErrClosed = errors.New("engine is closed")
	// ErrReleased: the operand or plan was released; make a new one.
	ErrReleased = errors.New("used after Release")
	// ErrForeign: the operand was made by another engine; Read it there and
	// Write it here.
	ErrForeign = errors.New("operand belongs to another engine")
)

// maxElements bounds one allocation to 4 TiB of float32, more than a machine of
// today holds. Below it sizes in bytes cannot overflow and make cannot panic.
const maxElements = 1 << 40

// checkSize validates the size of a new matrix.
func checkSize(op string, rows, cols int) error {
	if rows < 1 || cols < 1 {
		return fmt.Errorf("%s: %d×%d: need at least one row and one column", op, rows, cols)
	}
	if int64(rows) > maxElements/int64(cols) {
		return fmt.Errorf("%s: %d×%d is more than any memory holds", op, rows, cols)
	}
	return nil
}

// checkShapes validates the layers of new parameters, alone and together.
func checkShapes(op string, shapes []Shape) error {
	if len(shapes) == 0 {
		return fmt.Errorf("%s: no layer given: need at least one", op)
	}
	total := int64(0)
	for l, s := range shapes {
		if s.In < 0 {
			return fmt.Errorf("layer %d: %s: %d inputs: need 0, for biases alone, or more", l, op, s.In)
		}
		if err := checkSize(op, s.Out, max(s.In, 1)); err != nil {
			return fmt.Errorf("layer %d: %w", l, err)
		}
		if total += int64(s.Out) * (int64(s.In) + 1); total > maxElements {
			return fmt.Errorf("%s: the first %d layers are more than any memory holds", op, l+1)
		}
	}
	return nil
}

// checkRows validates a copy of n values into or out of m, from row on.
func checkRows(op string, m Matrix, row, n int) error {
	if n < 1 || n%m.Cols() != 0 {
		return mismatch(op, "%d values are not whole rows of %d columns", n, m.Cols())
	}
	if rows := n / m.Cols(); row < 0 || row > m.Rows()-rows {
		return mismatch(op, "%d rows from row %d on, the matrix has %d", rows, row, m.Rows())
	}
	return nil
}

// checkHead validates the number of rows of a view.
func checkHead(m Matrix, rows int) error {
	if rows < 1 || rows > m.Rows() {
		return mismatch("head", "%d rows of a matrix of %d", rows, m.Rows())
	}
	return nil
}

// checkLayer validates the lengths of one layer's host slices.
func checkLayer(op string, p Parameters, layer, weights, bias int) error {
	s, err := layerShape(op, p, layer)
	if err != nil {
		return err
	}
	if weights != s.Out*s.In || bias != s.Out {
		return mismatch(op, "layer %d: %d weights and %d biases for %d×%d and %d",
			layer, weights, bias, s.Out, s.In, s.Out)
	}
	return nil
}

// checkIndex validates the number of row numbers written to an index.
func checkIndex(op string, dst Index, n int) error {
	if n != dst.Len() {
		return mismatch(op, "%d row numbers for an index of %d", n, dst.Len())
	}
	return nil
}

// checkFrom turns the present value of Gather.From into a position from which
// rows row numbers lie inside an index of length n.
func checkFrom(from *Scalar, rows, n int) (int, error) {
	v := from.Value()
	if !(v >= 0 && v <= float64(n-rows) && v == math.Trunc(v)) { // so that NaN fails
		return 0, mismatch("gather", "%d row numbers from position %v on, the index has %d", rows, v, n)
	}
	return int(v), nil
}

// checkGather validates a Gather of rows rows whose row numbers, of which there are n from
// low to top, were found out when they were written.
func checkGather(from *Scalar, rows, n int, low, top int32, src int) error {
	if _, err := checkFrom(from, rows, n); err != nil {
		return err
	}
	if low < 0 || int(top) >= src {
		return mismatch("gather", "row numbers %d to %d, the source has %d rows", low, top, src)
	}
	return nil
}

// checkRow validates one row number of a Gather.
func checkRow(position int, row int32, src int) error {
	if row < 0 || int(row) >= src {
		return mismatch("gather", "row number %d at position %d, the source has %d rows", row, position, src)
	}
	return nil
}

// checkOps validates a list of operations as far as it is the same for every
// engine: kinds, presence, names and shapes, not whose the operands are.
func checkOps(ops []Op) error {
	if len(ops) == 0 {
		return errors.New("prepare: no operation given: need at least one")
	}
	for i, op := range ops {
		switch op.(type) {
		case Gather, Forward, Activate, OutputDelta, HiddenDelta, Accumulate, Gradient, SGD, Cost, Penalty,
			Momentum, RMSprop, Adagrad, Adam, Lion, L1, ClipValue, ClipNorm, MaxNorm, Average, Dropout,
			Shift, Noise, Mixup, BatchNorm, BatchNormDelta, LayerNorm, LayerNormDelta, Unscale,
			gradientNorm, rescale, normMoments, normGiven, normSums, normBack:
		default: // nil, or a pointer, which may be nil
			return fmt.Errorf("prepare: operation %d is a %T: need one of package device's, by value", i, op)
		}
		err := op.check()
		if err == nil {
			err = checkHalves(op)
		}
		if err != nil {
			return fmt.Errorf("prepare: operation %d: %w", i, err)
		}
	}
	return nil
}
