package device

import (
	"github.com/clprop/clprop/cpuref"
	"github.com/clprop/clprop/kernels"
)

// regularise adds the launches of what changes D or Θ beside an optimiser: one a layer,
// and two a layer and one for all of ClipNorm.
func (p *openclPlan) regularise(op Op) {
	set := p.engine.set
	switch o := op.(type) {
	case L1:
		theta, grad := p.layers(o.Theta), p.layers(o.Grad)
		for i := range theta {
			p.launch(func() (*kernels.Launch, error) { return set.L1(theta[i], grad[i], o.Lambda/float64(o.M)) })
		}
	case ClipValue:
		for _, grad := range p.layers(o.Grad) {
			p.launch(func() (*kernels.Launch, error) { return set.ClipValue(grad, o.Limit) })
		}
	case ClipNorm:
		p.clipNorm(o)
	case gradientNorm:
		grad, parts := p.layers(o.Grad), p.matrix(o.Parts)
		for i := range grad {
			p.launch(func() (*kernels.Launch, error) { return set.SumSquares(grad[i], i, parts.Buf) })
		}
	case rescale:
		grad, scale := p.layers(o.Grad), p.matrix(o.Scale)
		for i := range grad {
			p.launch(func() (*kernels.Launch, error) { return set.Rescale(grad[i], scale.Buf) })
		}
	case MaxNorm:
		for _, theta := range p.layers(o.Theta) {
			p.launch(func() (*kernels.Launch, error) { return set.MaxNorm(theta, o.Limit) })
		}
	case Average:
		theta, mean := p.layers(o.Theta), p.layers(o.Mean)
		for i := range theta {
			l := p.launch(func() (*kernels.Launch, error) { return set.Average(theta[i], mean[i]) })
			p.follow(o.Share, func(v float64) error { return l.SetRate(float32(v)) })
		}
	}
}

func (p *openclPlan) clipNorm(o ClipNorm) {
	set, grad := p.engine.set, p.layers(o.Grad)
	parts, scale := p.own("partial sums of the norm", kernels.NormParts*len(grad)), p.own("the scale of the gradient", 1)
	for i := range grad {
		p.launch(func() (*kernels.Launch, error) { return set.SumSquares(grad[i], i, parts) })
	}
	p.launch(func() (*kernels.Launch, error) { return set.ClipScale(len(grad), o.Limit, parts, scale) })
	for i := range grad {
		p.launch(func() (*kernels.Launch, error) { return set.Rescale(grad[i], scale) })
	}
}

// unscale is two launches a layer and one for all.
func (p *openclPlan) unscale(o Unscale) {
	set, sum, state := p.engine.set, p.layers(o.Sum), p.matrix(o.Scale)
	parts, factor := p.own("what of the gradient is finite", kernels.NormParts*len(sum)), p.own("the factor of the gradient", 1)
	for i := range sum {
		p.launch(func() (*kernels.Launch, error) { return set.NonFinite(sum[i], i, parts) })
	}
	p.launch(func() (*kernels.Launch, error) {
		return set.Adapt(len(sum), cpuref.ScaleGrowth, cpuref.MaxScale, parts, state.Buf, factor)
	})
	for i := range sum {
		p.launch(func() (*kernels.Launch, error) { return set.Unscale(sum[i], factor) })
	}
}

func (p *openclPlan) dropout(o Dropout) {
	a, out := p.matrix(o.A), p.matrix(o.Out)
	mask := kernels.Mask{Stream: kernels.Stream{Seed: o.Seed, Layer: o.Layer}, Threshold: cpuref.DropoutThreshold(o.Rate), Scale: float32(1 / (1 - o.Rate))}
	l := p.launch(func() (*kernels.Launch, error) { return p.engine.set.Dropout(mask, a, out) })
	p.streamed(l, o.Step, o.First)
}
