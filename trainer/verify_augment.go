package trainer

import (
	"math"

	"github.com/clprop/clprop/cpuref"
	"github.com/clprop/clprop/device"
)

// augmented compares what became of the examples. A move has no rounding.
//
// Noise: σ is off by u of itself, the logarithm by 6u (3 ulp, OpenCL C 1.2, §7.4), so its
// root by 3u, which adds 6u, sine and cosine by 8u, and the two products by u each: 20u of
// what is added, and u of the sum.
//
// Mixup: λ, 1−λ, the products and the sum are off by u each: 3u of the magnitudes.
func (v *verifier) augmented(op device.Op) error {
	switch o := op.(type) {
	case device.Shift:
		a, out, want, err := v.pair(o.A, o.Out)
		if err != nil {
			return err
		}
		cpuref.Shift(v.stream(o.Seed, o.Layer), o.Image, o.By, o.Flip, int(o.First.Value()), a, want)
		return v.within("shift", out, want, func(int) float64 { return 0 })
	case device.Noise:
		a, out, want, err := v.pair(o.A, o.Out)
		if err != nil {
			return err
		}
		cpuref.Noise(v.stream(o.Seed, o.Layer), o.Deviation, int(o.First.Value()), a, want)
		return v.within("noise", out, want, func(i int) float64 {
			return 20*unit*math.Abs(want.Data[i]-a.Data[i]) + unit*math.Abs(want.Data[i])
		})
	case device.Mixup:
		a, out, want, err := v.pair(o.A, o.Out)
		if err != nil {
			return err
		}
		size := cpuref.NewMatrix[float64](a.Rows, a.Cols)
		cpuref.Mixup(o.Share.Value(), a, want)
		cpuref.Mixup(o.Share.Value(), absolute(a), size)
		return v.within("mixup", out, want, func(i int) float64 { return 3 * unit * size.Data[i] })
	}
	return nil
}

// stream is the random numbers of the step.
func (v *verifier) stream(seed uint64, layer uint32) cpuref.Stream {
	return cpuref.NewStream(seed, layer, uint32(int64(v.to.drop.step.Value())))
}

// pair reads two matrices, and makes room for what the second should be.
func (v *verifier) pair(a, out device.Matrix) (wideMatrix, wideMatrix, wideMatrix, error) {
	m, err := v.matrices(a, out)
	if err != nil {
		return wideMatrix{}, wideMatrix{}, wideMatrix{}, err
	}
	return m[0], m[1], cpuref.NewMatrix[float64](m[1].Rows, m[1].Cols), nil
}
