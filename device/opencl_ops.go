package device

import (
	"slices"

	"github.com/clprop/clprop/cl"
	"github.com/clprop/clprop/kernels"
)

// add appends the launches of one operation; p.err keeps the first error.
func (p *openclPlan) add(op Op) {
	set := p.engine.set
	switch o := op.(type) {
	case Gather:
		p.gather(o)
	case Forward:
		p.forward(o)
	case Activate:
		z, a := p.matrix(o.Z), p.matrix(o.A)
		p.launch(func() (*kernels.Launch, error) { return set.Activate(string(o.Act), z, a) })
	case OutputDelta:
		p.outputDelta(o)
	case HiddenDelta:
		p.hiddenDelta(o)
	case Accumulate:
		delta, a, sum := p.matrix(o.Delta), p.matrix(o.A), p.layers(o.Sum)
		panels := p.panels(delta, a)
		p.launch(func() (*kernels.Launch, error) { return set.Accumulate(delta, a, panels, sum[o.Layer], o.Fresh) })
	case Gradient:
		p.gradient(o)
	case SGD:
		p.sgd(o)
	case Momentum, RMSprop, Adagrad, Adam, Lion:
		p.update(op)
	case Unscale:
		p.unscale(o)
	case L1, ClipValue, ClipNorm, gradientNorm, rescale, MaxNorm, Average:
		p.regularise(op)
	case Dropout:
		p.dropout(o)
	case Shift, Noise, Mixup:
		p.augment(op)
	case BatchNorm, BatchNormDelta, LayerNorm, LayerNormDelta, normMoments, normGiven, normSums, normBack:
		p.norm(op)
	case backprop:
		p.backprop(o)
	case gradients:
		p.gradients(o)
	case descent:
		p.descend(o)
	case descentOfSum:
		p.descendSum(o)
	case Cost:
		p.cost(o)
	case Penalty:
		p.penalty(o)
	}
}

// bind is what take finds, kept for later checks; zero after an error.
func bind[P interface{ usable(*opencl) error }](p *openclPlan, operand any) (own P) {
	if p.err != nil {
		return own
	}
	own, p.err = take[P](p.engine, "operand", operand)
	p.operands = append(p.operands, own)
	return own
}

func (p *openclPlan) matrix(m Matrix) kernels.Matrix {
	own := bind[*openclMatrix](p, m)
	if p.err != nil {
		return kernels.Matrix{}
	}
	if !slices.Contains(p.matrices, own.upload) {
		p.matrices = append(p.matrices, own.upload)
	}
	return own.m
}

func (p *openclPlan) layers(theta Parameters) []kernels.Weights {
	own := bind[*openclParameters](p, theta)
	if p.err != nil {
		return nil
	}
	return own.layers
}

// launch appends what a launcher returns. The launcher runs only if its operands
// were found.
func (p *openclPlan) launch(launcher func() (*kernels.Launch, error)) *kernels.Launch {
	if p.err != nil || p.engine.sizes != nil {
		return nil
	}
	var l *kernels.Launch
	if l, p.err = launcher(); p.err != nil {
		return nil
	}
	p.launches = append(p.launches, l)
	return l
}

// own allocates memory that lives as long as the plan.
func (p *openclPlan) own(what string, floats int) *cl.MemObject {
	if p.err != nil {
		return nil
	}
	var b *buffer
	if b, p.err = p.engine.zeroed(what, floats); p.err != nil {
		return nil
	}
	p.memory = append(p.memory, b)
	return b.mem
}

// follow makes an argument take the value of a Scalar at every Run.
func (p *openclPlan) follow(from *Scalar, set func(float64) error) {
	if p.err == nil && p.engine.sizes == nil {
		last := from.Value()
		p.err = set(last)
		p.scalars = append(p.scalars, scalarArg{from: from, last: last, set: set})
	}
}

func (p *openclPlan) gather(o Gather) {
	src, dst, index := p.matrix(o.Src), p.matrix(o.Dst), bind[*openclIndex](p, o.Index)
	l := p.launch(func() (*kernels.Launch, error) { return p.engine.set.Gather(src, index.mem, dst) })
	p.follow(o.From, func(v float64) error { return l.SetFrom(int32(v)) })
	p.gathers = append(p.gathers, gatherCheck{from: o.From, rows: dst.Rows, src: src.Rows, index: index})
}

// loss is a loss as the kernels take it.
func (p *openclPlan) loss(of Loss, weight Matrix) kernels.Loss {
	l := kernels.Loss{Name: string(of.Kind()), Limit: float32(of.HuberDelta())}
	if weight != nil {
		column := p.matrix(weight)
		l.Weight = &column
	}
	return l
}

func (p *openclPlan) outputDelta(o OutputDelta) {
	set := p.engine.set
	a, y, delta, loss := p.matrix(o.A), p.matrix(o.Y), p.matrix(o.Delta), p.loss(orCrossEntropy(o.Loss), o.Weight)
	if o.Scale == nil {
		p.launch(func() (*kernels.Launch, error) { return set.OutputDelta(loss, a, y, delta) })
		return
	}
	scale := p.matrix(o.Scale)
	p.launch(func() (*kernels.Launch, error) { return set.ScaledOutputDelta(loss, a, y, delta, scale.Buf) })
}

func (p *openclPlan) forward(o Forward) {
	set := p.engine.set
	a, theta, out := p.matrix(o.A), p.layers(o.Theta), p.matrix(o.Out)
	if o.Z == nil {
		p.launch(func() (*kernels.Launch, error) { return set.Forward(string(o.Act), a, theta[o.Layer], out) })
		return
	}
	z := p.matrix(o.Z)
	p.launch(func() (*kernels.Launch, error) { return set.ForwardKeepingZ(string(o.Act), a, theta[o.Layer], out, z) })
}

// hiddenDelta is one launch, or two where the kernel reads a transposed copy of
// the weights, which the step before has changed, or of δ.
func (p *openclPlan) hiddenDelta(o HiddenDelta) {
	set := p.engine.set
	next, theta, a, delta := p.matrix(o.Next), p.layers(o.Theta), p.matrix(o.A), p.matrix(o.Delta)
	if p.err != nil {
		return
	}
	w, packed := theta[o.Layer], kernels.Transposed{}
	switch set.HiddenReads(next, w) {
	case kernels.TransposedWeights:
		packed = set.NewTransposed(w)
		packed.Buf = p.scratch(set.TransposedFloats(w), nil)
		p.launch(func() (*kernels.Launch, error) { return set.Pack(w, packed) })
	case kernels.TransposedDelta:
		packed = set.NewTransposedDelta(next)
		packed.Buf = p.scratch(set.TransposedDeltaFloats(next), nil)
		p.launch(func() (*kernels.Launch, error) { return set.PackDelta(next, packed) })
	}
	p.launch(func() (*kernels.Launch, error) {
		return set.HiddenDelta(string(o.Act), next, w, packed, a, delta)
	})
}

// panels adds copies of the operands of a product where those make it faster.
func (p *openclPlan) panels(delta, a kernels.Matrix) (panels kernels.Panels) {
	set := p.engine.set
	if p.err != nil || !set.WantsPanels(delta, a) {
		return panels
	}
	forA, forDelta := set.PanelFloats(delta, a)
	if panels.A = p.scratch(forA, nil); p.err == nil {
		panels.Delta = p.scratch(forDelta, panels.A)
	}
	p.launch(func() (*kernels.Launch, error) { return set.PanelA(a, panels.A) })
	p.launch(func() (*kernels.Launch, error) { return set.PanelDelta(delta, panels.Delta) })
	return panels
}

// scratch is memory for one operation of the plan, other than the memory taken.
func (p *openclPlan) scratch(floats int, taken *cl.MemObject) *cl.MemObject {
	var s *scratch
	if s, p.err = p.engine.acquire(floats, taken); p.err != nil {
		return nil
	}
	p.shared = append(p.shared, s)
	return s.mem
}

func (p *openclPlan) gradient(o Gradient) {
	sum, theta, grad := p.layers(o.Sum), p.layers(o.Theta), p.layers(o.Grad)
	for l := range sum {
		p.layerGradient(o, sum, theta, grad, l)
	}
}

func (p *openclPlan) layerGradient(o Gradient, sum, theta, grad []kernels.Weights, layer int) {
	p.launch(func() (*kernels.Launch, error) {
		return p.engine.set.Gradient(sum[layer], theta[layer], float32(o.Lambda), o.M, grad[layer])
	})
}

func (p *openclPlan) sgd(o SGD) {
	theta, grad := p.layers(o.Theta), p.layers(o.Grad)
	for i := range theta {
		p.layerSGD(o, theta, grad, i)
	}
}

func (p *openclPlan) layerSGD(o SGD, theta, grad []kernels.Weights, layer int) {
	l := p.launch(func() (*kernels.Launch, error) { return p.engine.set.SGD(theta[layer], grad[layer]) })
	p.follow(o.Rate, func(v float64) error { return l.SetRate(float32(v)) })
}

func (p *openclPlan) descend(o descent) {
	theta := p.layers(o.sgd.Theta)
	sum, grad := p.layers(o.gradient.Sum), p.layers(o.gradient.Grad)
	for l := len(o.products); l < len(theta); l++ { // biases alone, whose Δ is there
		p.layerGradient(o.gradient, sum, theta, grad, l)
		p.layerSGD(o.sgd, theta, grad, l)
	}
	if p.descendAll(o, theta) {
		return
	}
	for i, product := range o.products {
		delta, a := p.matrix(product.Delta), p.matrix(product.A)
		panels := p.panels(delta, a)
		l := p.launch(func() (*kernels.Launch, error) {
			return p.engine.set.Descend(delta, a, panels, theta[i], float32(o.gradient.Lambda), o.gradient.M)
		})
		p.follow(o.sgd.Rate, func(v float64) error { return l.SetDescentRate(float32(v)) })
	}
}

func (p *openclPlan) descendSum(o descentOfSum) {
	sum, theta := p.layers(o.gradient.Sum), p.layers(o.gradient.Theta)
	p.layers(o.gradient.Grad) // to be checked
	for i := range theta {
		l := p.launch(func() (*kernels.Launch, error) {
			return p.engine.set.DescendSum(sum[i], theta[i], float32(o.gradient.Lambda), o.gradient.M)
		})
		p.follow(o.sgd.Rate, func(v float64) error { return l.SetDescentRateSum(float32(v)) })
	}
}

func (p *openclPlan) cost(o Cost) {
	z, y, loss := p.matrix(o.Z), p.matrix(o.Y), p.loss(o.Loss, o.Weight)
	to := p.costs(z.Rows, o.Tally)
	p.launch(func() (*kernels.Launch, error) { return p.engine.set.RowCost(loss, z, y, to.Loss, to.Right) })
}

func (p *openclPlan) penalty(o Penalty) {
	theta, tally := p.layers(o.Theta), bind[*openclTally](p, o.Tally)
	parts := p.own("partial sums", kernels.PenaltyParts)
	set := p.engine.set
	for l := range theta {
		p.launch(func() (*kernels.Launch, error) { return set.Squares(theta[l], parts) })
		p.launch(func() (*kernels.Launch, error) { return set.AddSquares(l == 0, parts, tally.mem) })
	}
}
