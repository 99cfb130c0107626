package device

import (
	"github.com/clprop/clprop/cpuref"
	"github.com/clprop/clprop/kernels"
)

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
	case gradientNorm:
		grad, parts := b.layers(o.Grad), b.matrix(o.Parts)
		b.call(func() {
			for l, layer := range grad {
				parts.Data[l*kernels.NormParts] = float32(cpuref.SumSquares(layer))
			}
		})
	case rescale:
		grad, scale := b.layers(o.Grad), b.matrix(o.Scale)
		b.call(func() { cpuref.Rescale(float64(scale.Data[0]), grad) })
	case MaxNorm:
		b.perLayer(func(p []cpuref.Layer[float32]) { cpuref.MaxNorm(p[0], o.Limit) }, o.Theta)
	case Average:
		b.perLayer(func(p []cpuref.Layer[float32]) { cpuref.Average(p[0], p[1], o.Share.Value()) }, o.Theta, o.Mean)
	}
}

func (b *binder) dropout(o Dropout) {
	b.streamed(o.A, o.Out, o.Seed, o.Layer, o.Step, o.First, func(mask cpuref.Stream, first int, a, out cpuref.Matrix[float32]) {
		cpuref.Dropout(mask, o.Rate, first, a, out)
	})
}
