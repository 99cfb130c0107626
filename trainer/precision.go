package trainer

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/clprop/clprop/device"
	"github.com/clprop/clprop/trainer/data"
)

// Precision is how the numbers of a batch are stored in training.
//
// In FP16 the examples, and a(l) and δ(l) of all layers but z(L) and h, are halves (IEEE 754
// binary16: 11 bits of mantissa, numbers from 6e-8 to 65504), which take half of the memory
// and of its traffic; so is what dropout, Augment and a Norm make of them. All sums are
// float32, with them z that is to be normalised, as are Θ, Δ, D, the moments and the loss: every
// operation reads halves, computes in float32, and rounds what it stores. So that a small δ
// is not rounded to 0, δ(L) is times a scale S, which is taken out of Δ again: see
// device.Unscale. Evaluating and predicting are float32.
//
// Source: P. Micikevicius et al., "Mixed precision training", ICLR (2018).
type Precision string

// The precisions.
const (
	FP32 Precision = "fp32" // float32, as is ""
	FP16 Precision = "fp16"
)

// Precisions lists them.
func Precisions() []string { return []string{string(FP32), string(FP16)} }

// CheckPrecision names the first field that half precision does not go with, in an error that
// wraps ErrConfig.
func (c Config) CheckPrecision() error {
	switch c.Precision {
	case "", FP32:
		return nil
	case FP16:
	default:
		return fmt.Errorf("precision is %q: have %s, %s", string(c.Precision), FP32, FP16)
	}
	for _, n := range []struct {
		what string
		set  bool
	}{
		{"optimizer " + c.Optimizer.Name, c.Optimizer.WholeSet()},
		{"verifying steps", c.VerifyEvery != 0},
	} {
		if n.set {
			return conflict("precision fp16 does not go with %s, which works on float32: leave it out, or use precision fp32", n.what)
		}
	}
	return nil
}

// stored allocates what is halves in half precision.
func (m *memory) stored(what string, rows, cols int) device.Matrix {
	if !m.half {
		return m.matrix(what, rows, cols)
	}
	return hold(m, "allocating "+what, func() (device.Matrix, error) { return m.eng.NewHalfMatrix(rows, cols) })
}

// lossScale allocates the state of the loss scale; nil in float32.
func (m *memory) lossScale() device.Matrix {
	if !m.half {
		return nil
	}
	scale := m.matrix("the loss scale", 1, 2)
	if m.err == nil {
		m.err = m.eng.Write(scale, 0, firstScale())
	}
	return scale
}

// firstScale is S before the first step, and no good steps yet.
func firstScale() []float32 { return []float32{device.FirstScale, 0} }

// readScale returns the state of the loss scale; nil in float32.
func (f *fit) readScale() ([]float32, error) {
	if f.to.scale == nil {
		return nil, nil
	}
	state := make([]float32, 2)
	if err := f.eng.Read(state, f.to.scale, 0); err != nil {
		return nil, fmt.Errorf("reading the loss scale: %w", err)
	}
	return state, nil
}

// writeScale sets the state of the loss scale; there is none in float32.
func (f *fit) writeScale(state []float32) error {
	if f.to.scale == nil {
		return nil
	}
	if err := f.eng.Write(f.to.scale, 0, state); err != nil {
		return fmt.Errorf("writing the loss scale: %w", err)
	}
	return nil
}

// checkRange names the first input that is beyond what halves hold, of a set that may be nil,
// or that is a stream, whose examples are looked at when they come.
func (c Config) checkRange(name string, set *data.Set) error {
	if c.Precision != FP16 || set == nil || set.Streamed != nil {
		return nil
	}
	return set.EachInputs(func(first int, x []float32) error { return checkHalves(name, first, set.Features, x) })
}

// checkHalves is checkRange of some examples, of which first is the number of the first. An
// input that is not finite is left to what looks for those.
func checkHalves(name string, first, features int, x []float32) error {
	i := slices.IndexFunc(x, func(v float32) bool {
		return math.Abs(float64(v)) > device.MaxHalf && !math.IsInf(float64(v), 0)
	})
	if i < 0 {
		return nil
	}
	return fmt.Errorf("%w: feature %d of %s example %d is %v, more than the 65504 of the largest half: scale the inputs, or use precision fp32",
		ErrData, i%features, name, first+i/features, x[i])
}

// checkScale refuses a state that no loss scale was in.
func (s *Snapshot) checkScale() error {
	if s.Config.Precision != FP16 {
		if len(s.LossScale) > 0 {
			return errors.New("a loss scale, and no half precision")
		}
		return nil
	}
	if len(s.LossScale) != 2 {
		return fmt.Errorf("a loss scale of %d numbers", len(s.LossScale))
	}
	scale, good := float64(s.LossScale[0]), float64(s.LossScale[1])
	fraction, _ := math.Frexp(scale)
	if !(fraction == 0.5 && scale >= 1 && scale <= device.MaxScale) || !(good >= 0 && good < device.ScaleGrowth && good == math.Trunc(good)) {
		return fmt.Errorf("a loss scale of %v, after %v good steps", scale, good)
	}
	return nil
}
