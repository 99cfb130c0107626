package device

import (
	"math"

	"github.com/clprop/clprop/kernels"
)

// gradientNorm writes partial sums of Σ D², biases too, of every layer: kernels.NormParts of
// each into Parts, 1 × NormParts·layers. With rescale, D := S·D, it is the ClipNorm of members
// who have a part of D each, and whose host finds S. Both are in no list that a caller makes.
type gradientNorm struct {
	Grad  Parameters
	Parts Matrix
	limit float64
}

type rescale struct {
	Grad  Parameters
	Scale Matrix // 1 × 1
}

func (gradientNorm) check() error { return nil } // the ClipNorm that it is of was checked
func (rescale) check() error      { return nil }

// columnsClip is what members and host say to each other for a ClipNorm. A member without a
// part of D has none of it.
type columnsClip struct {
	limit        float64
	grad         *columnsParameters
	parts, scale []Matrix // by member
}

// newClip allocates it.
func (c *columns) newClip(o gradientNorm) (k *columnsClip, err error) {
	k = &columnsClip{limit: o.limit, grad: o.Grad.(*columnsParameters)}
	matrix := func(cols func(own Parameters) int) ([]Matrix, error) {
		return spread(c.members, func(d int) (Matrix, error) {
			own := k.grad.parts[d]
			if own == nil {
				return nil, nil
			}
			return c.members[d].NewMatrix(1, cols(own))
		})
	}
	if k.parts, err = matrix(func(own Parameters) int { return kernels.NormParts * len(own.Shapes()) }); err != nil {
		return nil, err
	}
	if k.scale, err = matrix(func(Parameters) int { return 1 }); err != nil {
		k.release()
		return nil, err
	}
	return k, nil
}

func (k *columnsClip) release() {
	release(k.parts)
	release(k.scale)
}

// exchange finds S = min(1, limit/‖D‖) and gives it to all. The sum is float64, over the
// members in their order; what all have alike is counted once. Where ‖D‖ is not a number S
// is 1, as of cpuref.ClipNorm.
func (k *columnsClip) exchange(c *columns) error {
	sums := make([]float64, len(c.members))
	err := c.each(func(d int) error {
		if k.parts[d] == nil {
			return nil
		}
		values := make([]float32, k.parts[d].Cols())
		if err := c.members[d].Read(values, k.parts[d], 0); err != nil {
			return err
		}
		for l, local := range k.grad.local[d] {
			if local < 0 || d > 0 && k.grad.replicated(l) {
				continue
			}
			for _, part := range values[local*kernels.NormParts:][:kernels.NormParts] {
				sums[d] += float64(part)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	total := 0.0
	for _, sum := range sums {
		total += sum
	}
	scale := k.limit / math.Sqrt(total)
	if !(scale < 1) {
		scale = 1
	}
	return c.each(func(d int) error {
		if k.scale[d] == nil {
			return nil
		}
		return put(c.members[d], k.scale[d], 0, []float32{float32(scale)})
	})
}
