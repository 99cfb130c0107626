package kernels

import (
	"slices"

	"github.com/clprop/clprop/cl"
)

// OutputDelta launches δ(L) = ∂loss/∂z(L) from a = a(L), all rows × cols. Where the
// loss's output is linear, a is z(L). delta may be halves. See outputdelta.cl.
func (s *Set) OutputDelta(loss Loss, a, y, delta Matrix) (*Launch, error) {
	return s.outputDelta(loss, a, y, delta, nil)
}

// ScaledOutputDelta is OutputDelta times the first float of scale, a power of two.
func (s *Set) ScaledOutputDelta(loss Loss, a, y, delta Matrix, scale *cl.MemObject) (*Launch, error) {
	if err := longEnough("output delta", operandBuffer{"scale", scale, 1}); err != nil {
		return nil, err
	}
	return s.outputDelta(loss, a, y, delta, scale)
}

func (s *Set) outputDelta(loss Loss, a, y, delta Matrix, scale *cl.MemObject) (*Launch, error) {
	err := fits("output delta", a.Rows == y.Rows && a.Cols == y.Cols && a.Rows == delta.Rows && a.Cols == delta.Cols && inFloats(a, y),
		"a %v, y %v, delta %v", a, y, delta)
	if err != nil {
		return nil, err
	}
	mac, err := loss.macros("output delta", a.Rows)
	if err != nil {
		return nil, err
	}
	args := []any{a.Rows, a.Cols, a.Buf, a.LD, y.Buf, y.LD, delta.Buf, delta.LD}
	var k *kernel
	if loss.crossEntropy() && loss.Weight == nil && scale == nil && !delta.Half {
		k, err = s.plain("outputdelta")
	} else {
		mac["ANY_LOSS"] = 1
		mac.half("C_HALF", delta)
		args = append(append(args, loss.scale(a.Cols), loss.Limit), loss.args()...)
		if scale != nil {
			mac["SCALED"] = 1
			args = append(args, scale)
		}
		k, err = s.kernel("outputdelta", mac, "outputdelta.cl")
	}
	if err != nil {
		return nil, err
	}
	l, err := s.overRows("outputdelta", k, a.Cols, a.Rows)
	if err != nil {
		return nil, err
	}
	l.Bytes = 2*a.bytes(a.Rows*a.Cols) + delta.bytes(a.Rows*a.Cols)
	l.rowBlock, l.writes = 1, []*cl.MemObject{delta.Buf}
	return l.args(args...)
}

// crossEntropy reports whether δ(L) is a(L) − y.
func (l Loss) crossEntropy() bool {
	return slices.Contains([]string{"sigmoid-cross-entropy", "softmax-cross-entropy", "multilabel-cross-entropy"}, l.Name)
}

// scale is the factor of δ(L) for cols outputs, as far as the loss has one.
func (l Loss) scale(cols int) float32 {
	if l.Name == "mse" {
		return float32(2 / float64(cols))
	}
	return float32(1 / float64(cols))
}
