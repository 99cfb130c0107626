package device

import "github.com/clprop/clprop/cpuref"

// regularise adds the calls of what changes D or Θ beside an optimiser.
func (b *binder) regularise(op Op) {
	switch o := op.(type) {
	case L1:
		b.perLayer(func(p []cpuref.Layer[float32]) { cpuref.L1(p[0], p[1], o.Lambda, o.M) }, o.Theta, o.Grad)
	case ClipValue:
		b.perLayer(func(p []cpuref.Layer[float32]) { cpuref.ClipValue(p[0], o.Limit) }, o.Grad)
	case ClipNorm:
		grad := b.layers(o.Grad)
		b.call(func() { cpuref.ClipNorm(grad, o.Limit) })
	case MaxNorm:
		b.perLayer(func(p []cpuref.Layer[float32]) { cpuref.MaxNorm(p[0], o.Limit) }, o.Theta)
	case Average:
		b.perLayer(func(p []cpuref.Layer[float32]) { cpuref.Average(p[0], p[1], o.Share.Value()) }, o.Theta, o.Mean)
	}
}

func (b *binder) dropout(o Dropout) {
	a, out := b.matrix(o.A), b.matrix(o.Out)
	b.share(a.Rows, len(a.Data), func(from, to int) func() {
		a, out := rowsOf(a, from, to), rowsOf(out, from, to)
		return func() {
			mask := cpuref.NewStream(o.Seed, o.Layer, uint32(int64(o.Step.Value())))
			first := from
			if o.First != nil {
				first += int(o.First.Value())
			}
			cpuref.Dropout(mask, o.Rate, first, a, out)
		}
	})
}
