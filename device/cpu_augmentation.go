package device

import "github.com/clprop/clprop/cpuref"

// augment adds the calls of what changes examples before they are learned from.
func (b *binder) augment(op Op) {
	switch o := op.(type) {
	case Shift:
		b.streamed(o.A, o.Out, o.Seed, o.Layer, o.Step, o.First, func(s cpuref.Stream, first int, a, out cpuref.Matrix[float32]) {
			cpuref.Shift(s, o.Image, o.By, o.Flip, first, a, out)
		})
	case Noise:
		b.streamed(o.A, o.Out, o.Seed, o.Layer, o.Step, o.First, func(s cpuref.Stream, first int, a, out cpuref.Matrix[float32]) {
			cpuref.Noise(s, o.Deviation, first, a, out)
		})
	case Mixup:
		a, out := b.matrix(o.A), b.matrix(o.Out)
		b.call(func() { cpuref.Mixup(o.Share.Value(), a, out) })
		b.store(o.Out)
	}
}

// streamed adds a call that works row by row, with random numbers of the step.
func (b *binder) streamed(from, to Matrix, seed uint64, layer uint32, step, first *Scalar,
	do func(s cpuref.Stream, first int, a, out cpuref.Matrix[float32])) {

	a, out := b.matrix(from), b.matrix(to)
	b.share(a.Rows, len(a.Data), func(from, to int) func() {
		a, out := rowsOf(a, from, to), rowsOf(out, from, to)
		return func() {
			at := from
			if first != nil {
				at += int(first.Value())
			}
			do(cpuref.NewStream(seed, layer, uint32(int64(step.Value()))), at, a, out)
		}
	})
	b.store(to)
}
