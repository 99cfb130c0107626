package device

import (
	"errors"
	"fmt"

	"github.com/clprop/clprop/cpuref"
)

// ErrHalf is wrapped by every error about matrices of halves where there can be none.
var ErrHalf = errors.New("no half precision here")

// The loss scale of a training: see Unscale.
const (
	FirstScale  = cpuref.FirstScale
	MaxScale    = cpuref.MaxScale
	ScaleGrowth = cpuref.ScaleGrowth
)

// MaxHalf is the largest number that a matrix of halves holds; larger ones become infinite.
const MaxHalf = cpuref.MaxHalf

// Unscale is Δ := Δ/S, all layers, where OutputDelta has scaled δ(L) by the same Scale, and
// the next S: twice as large after many good steps. Where an element of Δ is not finite Δ := 0
// and S is halved, down to 1, at which Δ stays as it is. Scale is 1 × 2: S, a power of two,
// and the good steps since it changed. See cpuref.Unscale.
type Unscale struct {
	Sum   Parameters // Δ
	Scale Matrix
}

func (o Unscale) check() error {
	if err := present("unscale", o.Sum, o.Scale); err != nil {
		return err
	}
	return scaleShape("unscale", o.Scale)
}

// scaleShape validates the state of a loss scale; nil is none.
func scaleShape(op string, scale Matrix) error {
	if scale != nil && (scale.Rows() != 1 || scale.Cols() != 2) {
		return mismatch(op, "scale %d×%d: need 1×2", scale.Rows(), scale.Cols())
	}
	return nil
}

// checkHalves says which operation has halves for an operand that must be float32, or halves
// and float32 for operands that must be alike. Examples, a(l) and δ(l) may be halves; what comes
// of a sum, such as z(L), z that is to be normalised, and Δ, is float32.
func checkHalves(op Op) error {
	switch o := op.(type) {
	case Gather:
		return storedAlike("gather", o.Src, o.Dst)
	case Forward:
		return storedAlike("forward", o.Out, o.Z)
	case HiddenDelta:
		return storedAlike("hidden delta", o.Next, o.A, o.Delta)
	case Accumulate:
		return storedAlike("accumulate", o.Delta, o.A)
	case OutputDelta:
		return inFloats("output delta", o.A, o.Y, o.Weight, o.Scale)
	case Unscale:
		return inFloats("unscale", o.Scale)
	case Activate:
		return inFloats("activate", o.Z, o.A)
	case Cost:
		return inFloats("cost", o.Z, o.Y, o.Weight)
	case Dropout:
		return storedAlike("dropout", o.A, o.Out)
	case Shift:
		return storedAlike("shift", o.A, o.Out)
	case Noise:
		return storedAlike("noise", o.A, o.Out)
	case Mixup:
		return storedAlike("mixup", o.A, o.Out)
	case BatchNorm:
		return normHalves("batch norm", o.Z, o.Saved, o.Out, o.Y)
	case LayerNorm:
		return normHalves("layer norm", o.Z, o.Saved, o.Out, o.Y)
	case BatchNormDelta:
		return normHalves("batch norm delta", o.Z, o.Saved, o.Delta, o.Back)
	case LayerNormDelta:
		return normHalves("layer norm delta", o.Z, o.Saved, o.Delta, o.Back)
	}
	return nil
}

// normHalves wants z and what is saved of it in float32, and the others alike.
func normHalves(op string, z, saved, first, second Matrix) error {
	if err := inFloats(op, z, saved); err != nil {
		return err
	}
	return storedAlike(op, first, second)
}

// storedAlike refuses a matrix that is halves where the first is not, or the other way.
func storedAlike(op string, first Matrix, others ...Matrix) error {
	for _, m := range others {
		if m != nil && m.Half() != first.Half() {
			return fmt.Errorf("%s: %w: its matrices are all float32, or all halves", op, ErrHalf)
		}
	}
	return nil
}

// inFloats refuses halves.
func inFloats(op string, matrices ...Matrix) error {
	for _, m := range matrices {
		if m != nil && m.Half() {
			return fmt.Errorf("%s: %w: it works on float32", op, ErrHalf)
		}
	}
	return nil
}

// inHalves reports whether any matrix of a pass through the layers is halves.
func (b backprop) inHalves() bool {
	matrices := []Matrix{b.input(0), b.delta.Delta}
	for _, f := range b.forward {
		matrices = append(matrices, f.Out)
	}
	for l := range len(b.forward) - 1 {
		matrices = append(matrices, b.hidden[l].Delta)
	}
	return inFloats("", matrices...) != nil
}
