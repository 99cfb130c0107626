package device

import "github.com/clprop/clprop/kernels"

// augment adds the launches of what changes examples before they are learned from.
func (p *openclPlan) augment(op Op) {
	set := p.engine.set
	switch o := op.(type) {
	case Shift:
		a, out, stream := p.matrix(o.A), p.matrix(o.Out), kernels.Stream{Seed: o.Seed, Layer: o.Layer}
		l := p.launch(func() (*kernels.Launch, error) {
			return set.Shift(stream, kernels.Image(o.Image), o.By, o.Flip, a, out)
		})
		p.streamed(l, o.Step, o.First)
	case Noise:
		a, out, stream := p.matrix(o.A), p.matrix(o.Out), kernels.Stream{Seed: o.Seed, Layer: o.Layer}
		l := p.launch(func() (*kernels.Launch, error) { return set.Noise(stream, float32(o.Deviation), a, out) })
		p.streamed(l, o.Step, o.First)
	case Mixup:
		a, out := p.matrix(o.A), p.matrix(o.Out)
		l := p.launch(func() (*kernels.Launch, error) { return set.Mixup(a, out) })
		p.follow(o.Share, func(v float64) error { return l.SetShare(v) })
	}
}

// streamed makes the random numbers of a launch follow the step, and the place of its first
// row in the batch.
func (p *openclPlan) streamed(l *kernels.Launch, step, first *Scalar) {
	p.follow(step, func(v float64) error { return l.SetStreamStep(uint32(int64(v))) })
	if first != nil {
		p.follow(first, func(v float64) error { return l.SetStreamFirst(uint32(int64(v))) })
	}
}
