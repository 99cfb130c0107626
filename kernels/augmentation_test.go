package kernels

import (
	"math"
	"testing"

	"github.com/clprop/clprop/cpuref"
)

// TestShift compares bits: nothing is calculated, only moved. Two steps and first rows of
// one launch; images of one pixel, of one column, of channels, and wider than a work-group.
func TestShift(t *testing.T) {
	const seed, layer = 0xfedcba9876543210, 5
	eachWidth(t, func(f fixture) {
		for _, c := range []struct {
			rows  int
			image Image
			by    int
			flip  bool
		}{
			{1, Image{1, 1, 1}, 0, true}, {17, Image{5, 1, 1}, 0, true}, {33, Image{3, 4, 1}, 2, false},
			{31, Image{7, 5, 3}, 4, true}, {16, Image{2, 65, 1}, 1, true}, {9, Image{16, 16, 1}, 3, true},
		} {
			values := c.image.Height * c.image.Width * c.image.Channels
			a := normal(0, c.rows, values, 1)
			in, out := f.matrix(a), f.output(c.rows, values)
			l, err := f.set.Shift(Stream{seed, layer}, c.image, c.by, c.flip, in, out)
			f.ok(err)
			for _, step := range []uint32{0, 0xf0000001} {
				first := step % 7
				f.ok(l.SetStreamStep(step))
				f.ok(l.SetStreamFirst(first))
				f.enqueue(l)
				want := cpuref.NewMatrix[float32](c.rows, values)
				cpuref.Shift(cpuref.NewStream(seed, layer, step), cpuref.ImageShape(c.image), c.by, c.flip, int(first), a, want)
				f.masked(size{c.rows, 1, values}, "shift", f.values(out), want)
			}
			l.Release()
			f.unchanged(in.Buf)
		}
	})
}

// TestNoise: σ is off by u of itself, the logarithm by 6u (3 ulp, OpenCL C 1.2, §7.4), so
// its root by 3u, which adds 6u of its own, sine and cosine by 8u, and the two products by u
// each: 20u of what is added, and u of the sum. In place and elsewhere.
func TestNoise(t *testing.T) {
	const seed, layer, deviation = 0xfedcba9876543210, 5, 0.3
	eachWidth(t, func(f fixture) {
		for _, n := range append(f.sizes, size{3, 1, 130}) {
			a := normal(0, n.b, n.out, 1)
			in, out, place := f.matrix(a), f.output(n.b, n.out), f.matrix(a)
			l, err := f.set.Noise(Stream{seed, layer}, deviation, in, out)
			f.ok(err)
			check := func(what string, got Matrix, step uint32, first int) {
				wide, want := cpuref.NewMatrix[float64](n.b, n.out), cpuref.NewMatrix[float64](n.b, n.out)
				for i, v := range a.Data {
					wide.Data[i] = float64(v)
				}
				cpuref.Noise(cpuref.NewStream(seed, layer, step), deviation, first, wide, want)
				within(f, what, f.values(got).Data, want.Data, func(i int) float64 {
					return 20*u*math.Abs(want.Data[i]-wide.Data[i]) + u*math.Abs(want.Data[i])
				})
			}
			for _, step := range []uint32{0, 0xf0000001} {
				first := step % 7
				f.ok(l.SetStreamStep(step))
				f.ok(l.SetStreamFirst(first))
				f.enqueue(l)
				check("noise", out, step, int(first))
			}
			l.Release()
			f.unchanged(in.Buf)
			f.run(f.set.Noise(Stream{seed, layer}, deviation, place, place))
			check("noise in place", place, 0, 0)
		}
	})
}

// TestMixup: λ, 1−λ, the products and the sum are off by u each, so 3u of the magnitudes.
// Batches of even and of odd size.
func TestMixup(t *testing.T) {
	eachWidth(t, func(f fixture) {
		for _, n := range f.sizes {
			a := normal(0, n.b, n.out, 1)
			in, out := f.matrix(a), f.output(n.b, n.out)
			l, err := f.set.Mixup(in, out)
			f.ok(err)
			for _, share := range []float64{0.7, 0, 1} {
				f.ok(l.SetShare(share))
				f.enqueue(l)
				wide, magnitudes := cpuref.NewMatrix[float64](n.b, n.out), cpuref.NewMatrix[float64](n.b, n.out)
				for i, v := range a.Data {
					wide.Data[i], magnitudes.Data[i] = float64(v), math.Abs(float64(v))
				}
				want, size := cpuref.NewMatrix[float64](n.b, n.out), cpuref.NewMatrix[float64](n.b, n.out)
				cpuref.Mixup(share, wide, want)
				cpuref.Mixup(share, magnitudes, size)
				within(f, "mixup", f.values(out).Data, want.Data, func(i int) float64 { return 3 * u * size.Data[i] })
			}
			l.Release()
			f.unchanged(in.Buf)
		}
	})
}
