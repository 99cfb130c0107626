package kernels

import (
	"testing"

	"github.com/clprop/clprop/cpuref"
)

// TestDropout compares bits: one product of the same numbers, under the same mask; in place
// and elsewhere, for two steps and first rows of one launch. Wide rows have several blocks of 64 columns.
func TestDropout(t *testing.T) {
	const p, seed, layer = 0.3, 0xfedcba9876543210, 5
	mask := Mask{Stream: Stream{Seed: seed, Layer: layer}, Threshold: cpuref.DropoutThreshold(p), Scale: float32(1 / (1 - p))}
	eachWidth(t, func(f fixture) {
		for _, n := range append(f.sizes, size{3, 1, 130}) {
			a := normal(0, n.b, n.out, 1)
			in, out, place := f.matrix(a), f.output(n.b, n.out), f.matrix(a)
			apart, err := f.set.Dropout(mask, in, out)
			f.ok(err)
			for _, step := range []uint32{0, 0xf0000001} {
				first := step % 7
				f.ok(apart.SetStreamStep(step))
				f.ok(apart.SetStreamFirst(first))
				f.enqueue(apart)
				want := cpuref.NewMatrix[float32](n.b, n.out)
				cpuref.Dropout(cpuref.NewStream(seed, layer, step), p, int(first), a, want)
				f.masked(n, "dropout", f.values(out), want)
			}
			apart.Release()
			f.unchanged(in.Buf)
			f.run(f.set.Dropout(mask, place, place))
			want := cpuref.NewMatrix[float32](n.b, n.out)
			cpuref.Dropout(cpuref.NewStream(seed, layer, 0), p, 0, a, want)
			f.masked(n, "dropout in place", f.values(place), want)
		}
	})
}

func (f fixture) masked(n size, what string, got, want matrix32) {
	f.Helper()
	for i, w := range want.Data {
		if got.Data[i] != w {
			f.Errorf("%v: %s: element %d is %v, want %v", n, what, i, got.Data[i], w)
			return
		}
	}
}
