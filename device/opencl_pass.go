package device

import (
	"time"

	"github.com/clprop/clprop/kernels"
)

// passPays reports whether a pass through the layers in one launch is faster than a launch
// an operation. The results are the same bits either way, so a wrong guess costs time
// only. One launch saves the others, each of which costs launchSlower times one that does
// nothing: its work waits for the slowest core of the one before. But its work-items are
// vectors of examples, which may be fewer than there are cores, and pass through the layers
// at passSlower times the cost of the blocks of a matrix product, whether there is an example in each lane or not.
func (e *opencl) passPays(b backprop) bool {
	return e.passSaves(b, func() float64 { return launchSlower * e.launchCost().Seconds() })
}

// joinedPassPays is passPays where the launches are made one.
func (e *opencl) joinedPassPays(b backprop) bool {
	return e.passSaves(b, func() float64 { return joinedCost })
}

// passSaves is passPays if a launch costs so many seconds.
func (e *opencl) passSaves(b backprop, launchCost func() float64) bool {
	layers := len(b.forward)
	if !e.set.Backprops(layers) || b.inHalves() {
		return false
	}
	theta, ok := b.forward[0].Theta.(*openclParameters)
	if !ok {
		return false // it is not ours: add says so
	}
	for l, w := range theta.layers {
		if l > 0 && e.set.HiddenReads(kernels.Matrix{Rows: b.input(0).Rows(), Cols: w.Out}, w) == kernels.WeightsAsTheyLie ||
			e.set.AnyOnAMX(b.input(0).Rows(), w) {
			return false // it adds in another order: the bits would not be the same
		}
	}
	rows, flops, weights := b.input(0).Rows(), 0.0, 0
	for l, s := range b.forward[0].Theta.Shapes() {
		products := 6.0 // forward, back and descent; the input layer has no δ
		if l == 0 {
			products = 4
		}
		flops += products * float64(rows) * float64(s.In+1) * float64(s.Out)
		weights += (s.In + 1) * s.Out
	}
	width := e.set.Tuning.VW
	groups := (rows + width - 1) / width
	rate := e.unitFLOPS()
	units := float64(max(1, e.info.Units))
	apart := flops / (rate * units)
	full := float64(groups*width) / float64(rows) // lanes without an example take their time too
	cores := min(units, float64(groups))
	joined := passSlower * full * flops / (rate * cores)
	if cores > 1 { // each core reads all weights, of which others have descended most
		joined += 4 * float64(weights) / crossingBandwidth
	}
	saved := 4*layers - 2 // Forward, Activate, OutputDelta, Pack and HiddenDelta, descent: all but two
	if b.x != nil {
		saved += 2 // Gather of x and y
	}
	if b.cost != nil {
		saved++ // the losses
	}
	return joined < apart+float64(saved)*launchCost()
}

// unitFLOPS is about how many operations a second a compute unit does at most: two multiply-adds
// of a vector a cycle.
func (e *opencl) unitFLOPS() float64 {
	return float64(2*2*e.set.Tuning.VW) * float64(max(e.clockMHz, 1000)) * 1e6
}

// What BenchmarkStep shows of nets that are bound by multiply-adds, and by launches.
const (
	passSlower        = 1.8
	launchSlower      = 1.5
	joinedCost        = 1.5e-6 // seconds, until all cores have seen that one of joined launches has ended
	crossingCost      = 11e-6  // seconds, what it costs a run that cores read what others have written
	crossingBandwidth = 6e9    // bytes a second of weights that others have written
)

// LaunchCost is what a launch of a kernel costs that does nothing, one of many queued, measured
// within some milliseconds; 0 for an engine without launches.
func LaunchCost(e Engine) (time.Duration, error) {
	o, ok := e.(*opencl)
	if !ok {
		return 0, nil
	}
	if err := o.ready("measure a launch"); err != nil {
		return 0, err
	}
	l, err := o.set.PeakEmpty()
	if err != nil {
		return 0, err // it is for a figure only: the engine goes on without
	}
	l.Release()
	return o.launchCost(), o.failed
}

// launchCost measures, once, what a launch of a kernel costs that does nothing, in a few
// short series.
func (e *opencl) launchCost() time.Duration {
	const launches = 32
	if e.sizes != nil {
		return e.sizes.launchCost()
	}
	if e.launchTime > 0 {
		return e.launchTime
	}
	e.launchTime = time.Nanosecond
	l, err := e.set.PeakEmpty()
	if e.fail(err) != nil {
		return e.launchTime // the next call of the engine returns the error
	}
	defer l.Release()
	took, err := e.fastest(l, launches)
	if err == nil { // else the next call of the engine returns it
		e.launchTime = max(took/launches, time.Nanosecond)
	}
	return e.launchTime
}

// pass is what the kernels of a whole pass work on.
func (p *openclPlan) pass(b backprop) kernels.Pass {
	pass := kernels.Pass{
		X: p.matrix(b.input(0)), Theta: p.layers(b.forward[0].Theta),
		Z: p.matrix(b.out.Z), Y: p.matrix(b.delta.Y),
	}
	for l, f := range b.forward {
		a := f.Out
		if l == len(b.forward)-1 {
			a = b.out.A
		}
		pass.A = append(pass.A, p.matrix(a))
		pass.Delta = append(pass.Delta, p.matrix(b.deltaOf(l)))
	}
	return pass
}

func (p *openclPlan) backprop(b backprop) {
	of := orCrossEntropy(b.delta.Loss)
	if b.cost != nil {
		of = b.cost.Loss // of two with one δ(L) it says which
	}
	set, pass, loss := p.engine.set, p.pass(b), p.loss(of, nil)
	p.fetch(b, &pass)
	if b.cost != nil {
		pass.Costs = p.costs(pass.Z.Rows, b.cost.Tally)
	}
	if p.err != nil {
		return
	}
	hidden := Linear // a net without hidden layers has none
	if len(b.forward) > 1 {
		hidden = b.forward[0].Act
	}
	scratch := p.scratch(set.BackpropFloats(pass), nil)
	launch := p.launch(func() (*kernels.Launch, error) {
		return set.Backprop(string(hidden), string(b.out.Act), loss, pass, scratch)
	})
	if b.x != nil {
		p.follow(b.x.From, func(v float64) error { return launch.SetFirst(int32(v)) })
	}
}

// fetch makes a pass begin with the Gather of x and y.
func (p *openclPlan) fetch(b backprop, pass *kernels.Pass) {
	if b.x == nil {
		return
	}
	x, y, index := p.matrix(b.x.Src), p.matrix(b.y.Src), bind[*openclIndex](p, b.x.Index)
	if p.err != nil {
		return
	}
	pass.Fetch = &kernels.Fetch{X: x, Y: y, Index: index.mem}
	p.gathers = append(p.gathers, gatherCheck{from: b.x.From, rows: pass.X.Rows, src: min(x.Rows, y.Rows), index: index})
}

// costs are where the next launch puts the losses of a batch, which a launch after it adds
// to a tally: that of a descent of all layers, or one of its own.
func (p *openclPlan) costs(rows int, tally Tally) *kernels.Losses {
	p.addTally() // of a batch before
	to := bind[*openclTally](p, tally)
	losses, right := p.own("losses of a batch", rows), p.own("hits of a batch", rows)
	if p.err != nil {
		return nil
	}
	p.tallied = &kernels.Tallied{Losses: kernels.Losses{Loss: losses, Right: right}, Tally: to.mem}
	p.talliedRows = rows
	return &p.tallied.Losses
}

// addTally adds the batch whose losses were not added yet, if there is one.
func (p *openclPlan) addTally() {
	if of := p.tallied; of != nil {
		p.tallied = nil
		p.launch(func() (*kernels.Launch, error) {
			return p.engine.set.Tally(p.talliedRows, of.Loss, of.Right, of.Tally)
		})
	}
}

// takeTallied is the batch whose losses were not added yet, for a launch over as many rows
// that does it; nil if there is none.
func (p *openclPlan) takeTallied(rows int) *kernels.Tallied {
	of := p.tallied
	if of == nil || p.talliedRows != rows {
		return nil
	}
	p.tallied = nil
	return of
}

// descents are the layers that DescendAll and GradientAll take; there are none where a
// layer is so wide that copies of its operands pay or its product is on AMX, or halves, or where there is no
// such kernel.
func (p *openclPlan) descents(products []Accumulate, theta []kernels.Weights) []kernels.Descent {
	set := p.engine.set
	if !set.DescendsAll(len(products)) {
		return nil
	}
	var layers []kernels.Descent
	for i, product := range products {
		delta, a := p.matrix(product.Delta), p.matrix(product.A)
		if p.err != nil || delta.Half || a.Half || set.WantsPanels(delta, a) || set.SumsOnAMX(delta, a) || a.Rows != products[0].A.Rows() {
			return nil
		}
		layers = append(layers, kernels.Descent{Delta: delta, A: a, Theta: theta[i]})
	}
	return layers
}

// descendAll is descend with one launch for all layers; it reports whether that is so.
func (p *openclPlan) descendAll(o descent, theta []kernels.Weights) bool {
	layers := p.descents(o.products, theta)
	if layers == nil {
		return false
	}
	tallied := p.takeTallied(layers[0].A.Rows)
	l := p.launch(func() (*kernels.Launch, error) {
		return p.engine.set.DescendAll(layers, float32(o.gradient.Lambda), o.gradient.M, tallied)
	})
	p.follow(o.sgd.Rate, func(v float64) error { return l.SetDescentRateAll(float32(v)) })
	return true
}

// gradients is one launch, or what it was made of.
func (p *openclPlan) gradients(o gradients) {
	theta, grad := p.layers(o.gradient.Theta), p.layers(o.gradient.Grad)
	sum := p.layers(o.gradient.Sum)
	if layers := p.descents(o.products, theta); layers != nil {
		tallied := p.takeTallied(layers[0].A.Rows)
		p.launch(func() (*kernels.Launch, error) {
			return p.engine.set.GradientAll(layers, float32(o.gradient.Lambda), o.gradient.M, grad[:len(layers)], tallied)
		})
		for l := len(layers); l < len(theta); l++ { // biases alone, whose Δ is there
			p.layerGradient(o.gradient, sum, theta, grad, l)
		}
		return
	}
	for _, product := range o.products {
		p.add(product)
	}
	p.add(o.gradient)
}
