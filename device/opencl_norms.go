package device

import (
	"github.com/clprop/clprop/cpuref"
	"github.com/clprop/clprop/kernels"
)

// norm adds the launches of a normalisation: one, and two of the way back through layer
// normalisation, whose sums go over the rows.
func (p *openclPlan) norm(op Op) {
	set := p.engine.set
	switch o := op.(type) {
	case BatchNorm:
		p.batchNorm(o)
	case LayerNorm:
		z, out, n := p.matrix(o.Z), p.matrix(o.Out), p.normOf(o.Theta, o.Layer, LayerNormLayers)
		saved, y := p.maybe(o.Saved), p.maybe(o.Y)
		p.launch(func() (*kernels.Launch, error) { return set.LayerNorm(string(o.Act), z, n, saved, out, y) })
	case BatchNormDelta:
		delta, z, saved, back := p.matrix(o.Delta), p.matrix(o.Z), p.matrix(o.Saved), p.matrix(o.Back)
		n, sum := p.normOf(o.Theta, o.Layer, BatchNormLayers), p.normOf(o.Sum, o.Layer, LayerNormLayers)
		p.launch(func() (*kernels.Launch, error) { return set.BatchNormDelta(delta, z, saved, n, sum, o.Fresh, back) })
	case LayerNormDelta:
		delta, z, saved, back := p.matrix(o.Delta), p.matrix(o.Z), p.matrix(o.Saved), p.matrix(o.Back)
		n, sum := p.normOf(o.Theta, o.Layer, LayerNormLayers), p.normOf(o.Sum, o.Layer, LayerNormLayers)
		p.launch(func() (*kernels.Launch, error) { return set.LayerNormSums(delta, z, saved, sum, o.Fresh) })
		p.launch(func() (*kernels.Launch, error) { return set.LayerNormDelta(delta, z, saved, n, back) })
	default:
		p.normPart(op)
	}
}

// normPart adds half of a batch normalisation, each way.
func (p *openclPlan) normPart(op Op) {
	set := p.engine.set
	switch o := op.(type) {
	case normMoments:
		z, saved := p.matrix(o.Z), p.matrix(o.Saved)
		p.launch(func() (*kernels.Launch, error) { return set.BatchNormMoments(z, saved) })
	case normGiven:
		z, saved, out, y := p.matrix(o.Z), p.matrix(o.Saved), p.matrix(o.Out), p.maybe(o.Y)
		n := p.normOf(o.Theta, o.Layer, LayerNormLayers)
		p.launch(func() (*kernels.Launch, error) { return set.BatchNormGiven(string(o.Act), z, saved, n, out, y) })
	case normSums:
		delta, z, saved, sum := p.matrix(o.Delta), p.matrix(o.Z), p.matrix(o.Saved), p.normOf(o.Sum, o.Layer, LayerNormLayers)
		p.launch(func() (*kernels.Launch, error) { return set.BatchNormSums(delta, z, saved, sum, o.Fresh) })
	case normBack:
		delta, z, saved, back := p.matrix(o.Delta), p.matrix(o.Z), p.matrix(o.Saved), p.matrix(o.Back)
		n, sum := p.normOf(o.Theta, o.Layer, LayerNormLayers), p.normOf(o.Sum, o.Layer, LayerNormLayers)
		p.launch(func() (*kernels.Launch, error) { return set.BatchNormBack(delta, z, saved, n, sum, o.all, back) })
	}
}

func (p *openclPlan) batchNorm(o BatchNorm) {
	set := p.engine.set
	z, out, n, y := p.matrix(o.Z), p.matrix(o.Out), p.normOf(o.Theta, o.Layer, BatchNormLayers), p.maybe(o.Y)
	if o.Saved == nil {
		p.launch(func() (*kernels.Launch, error) { return set.BatchNormRunning(string(o.Act), z, n, out, y) })
		return
	}
	saved := p.matrix(o.Saved)
	p.launch(func() (*kernels.Launch, error) { return set.BatchNorm(string(o.Act), z, n, saved, out, y) })
}

// maybe is matrix for an operand that may be nil.
func (p *openclPlan) maybe(m Matrix) *kernels.Matrix {
	if m == nil {
		return nil
	}
	own := p.matrix(m)
	return &own
}

// normOf finds the n layers of a normalisation, from layer on.
func (p *openclPlan) normOf(parameters Parameters, layer, n int) kernels.Norm {
	layers := p.layers(parameters)
	if p.err != nil {
		return kernels.Norm{}
	}
	found := kernels.Norm{Gamma: layers[layer], Beta: layers[layer+1], Eps: cpuref.NormEps, Share: cpuref.BatchNormMomentum}
	if n == BatchNormLayers {
		found.Mean, found.Variance = layers[layer+2], layers[layer+3]
	}
	return found
}
