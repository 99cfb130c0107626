package device

import "github.com/clprop/clprop/cpuref"

// norm adds the calls of a normalisation: that, and g.
func (b *binder) norm(op Op) {
	switch o := op.(type) {
	case BatchNorm:
		b.batchNorm(o)
	case LayerNorm:
		b.layerNorm(o)
	case BatchNormDelta:
		b.normDelta(o, cpuref.BatchNormDelta[float32])
	case LayerNormDelta:
		b.normDelta(BatchNormDelta(o), cpuref.LayerNormDelta[float32])
	default:
		b.normPart(op)
	}
}

// normPart is half of a batch normalisation, each way.
func (b *binder) normPart(op Op) {
	switch o := op.(type) {
	case normMoments:
		z, saved := b.matrix(o.Z), b.matrix(o.Saved)
		b.call(func() { cpuref.BatchNormMoments(z, saved) })
	case normGiven:
		z, saved, theta, y := b.matrix(o.Z), b.matrix(o.Saved), b.layers(o.Theta), b.matrix(o.Out)
		if o.Y != nil {
			y = b.matrix(o.Y)
		}
		if b.err == nil {
			n := cpuref.Norm[float32]{Gamma: theta[o.Layer].B, Beta: theta[o.Layer+1].B}
			b.call(func() { cpuref.BatchNormGiven(z, saved, n, y) })
			b.activateNormed(o.BatchNorm)
		}
	case normSums:
		b.normDelta(o.BatchNormDelta, func(delta, z, saved cpuref.Matrix[float32], _, sum cpuref.Norm[float32], _ cpuref.Matrix[float32]) {
			cpuref.BatchNormSums(delta, z, saved, sum)
		})
	case normBack:
		o.Fresh = false // Sum is read
		b.normDelta(o.BatchNormDelta, func(delta, z, saved cpuref.Matrix[float32], n, sum cpuref.Norm[float32], back cpuref.Matrix[float32]) {
			cpuref.BatchNormBack(delta, z, saved, n, sum, o.all, back)
		})
	}
}

func (b *binder) batchNorm(o BatchNorm) {
	z, theta, out := b.matrix(o.Z), b.layers(o.Theta), b.matrix(o.Out)
	y := out
	if o.Y != nil {
		y = b.matrix(o.Y)
	}
	if b.err != nil {
		return
	}
	n := cpuref.Norm[float32]{
		Gamma: theta[o.Layer].B, Beta: theta[o.Layer+1].B, Mean: theta[o.Layer+2].B, Variance: theta[o.Layer+3].B,
	}
	if o.Saved == nil {
		b.call(func() { cpuref.BatchNormRunning(z, n, y) })
	} else {
		saved := b.matrix(o.Saved)
		b.call(func() { cpuref.BatchNorm(z, n, saved, y) })
	}
	b.activateNormed(o)
}

// activateNormed is g of what a normalisation has left in Y, or in Out.
func (b *binder) activateNormed(o BatchNorm) {
	out := b.matrix(o.Out)
	if o.Y == nil {
		b.activate(o.Act, out, out)
	} else {
		b.activate(o.Act, b.matrix(o.Y), out)
		b.store(o.Y)
	}
	b.store(o.Out)
}

func (b *binder) layerNorm(o LayerNorm) {
	z, theta, out := b.matrix(o.Z), b.layers(o.Theta), b.matrix(o.Out)
	y, saved := out, cpuref.Matrix[float32]{}
	if o.Y != nil {
		y = b.matrix(o.Y)
	}
	if o.Saved != nil {
		saved = b.matrix(o.Saved)
	}
	if b.err != nil {
		return
	}
	n := cpuref.Norm[float32]{Gamma: theta[o.Layer].B, Beta: theta[o.Layer+1].B}
	b.share(z.Rows, len(z.Data), func(from, to int) func() {
		z, y, kept := rowsOf(z, from, to), rowsOf(y, from, to), saved
		if o.Saved != nil {
			kept = rowsOf(saved, from, to)
		}
		return func() { cpuref.LayerNorm(z, n, kept, y) }
	})
	b.activateNormed(BatchNorm(o))
}

func (b *binder) normDelta(o BatchNormDelta, back func(delta, z, saved cpuref.Matrix[float32], n, sum cpuref.Norm[float32], back cpuref.Matrix[float32])) {
	delta, z, saved, out := b.matrix(o.Delta), b.matrix(o.Z), b.matrix(o.Saved), b.matrix(o.Back)
	theta, sums := b.layers(o.Theta), b.layers(o.Sum)
	if b.err != nil {
		return
	}
	n := cpuref.Norm[float32]{Gamma: theta[o.Layer].B}
	sum := cpuref.Norm[float32]{Gamma: sums[o.Layer].B, Beta: sums[o.Layer+1].B}
	b.call(func() {
		if o.Fresh {
			clear(sum.Gamma)
			clear(sum.Beta)
		}
		back(delta, z, saved, n, sum, out)
	})
	b.store(o.Back)
}
