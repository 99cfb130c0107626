package device

import (
	"fmt"
	"slices"

	"github.com/clprop/clprop/cpuref"
)

// referencePlan is a list of calls of cpuref with their operands bound.
type referencePlan struct {
	engine   *reference
	operands []interface{ usable(*reference) error }
	gathers  []referenceGather
	steps    []func()
	released bool
}

// referenceGather is what can be wrong with a Gather each time it runs.
type referenceGather struct {
	from      *Scalar
	rows, src int
	index     *referenceIndex
}

func (g referenceGather) check() error {
	if _, err := checkFrom(g.from, g.rows, g.index.Len()); err != nil {
		return err
	}
	for _, row := range [...]int32{g.index.low, g.index.top} {
		if checkRow(0, row, g.src) != nil {
			return checkRow(slices.Index(g.index.rows, row), row, g.src)
		}
	}
	return nil
}

func (e *reference) Prepare(ops ...Op) (Plan, error) {
	if err := e.ready("prepare"); err != nil {
		return nil, err
	}
	if err := checkOps(ops); err != nil {
		return nil, err
	}
	p := &referencePlan{engine: e}
	if e.sizes {
		return p, nil
	}
	b := binder{plan: p}
	for i, op := range ops {
		b.bind(op)
		if b.err != nil {
			return nil, fmt.Errorf("prepare: operation %d: %w", i, b.err)
		}
	}
	return p, nil
}

// Run does the operations in order, at once. What can be wrong is found before
// anything is done, so that no error leaves a step half done.
func (p *referencePlan) Run() error {
	e := p.engine
	if err := e.ready("run"); err != nil {
		return err
	}
	if p.released {
		return fmt.Errorf("run: plan %w", ErrReleased)
	}
	for _, o := range p.operands {
		if err := o.usable(e); err != nil {
			return fmt.Errorf("run: %w", err)
		}
	}
	for _, g := range p.gathers {
		if err := g.check(); err != nil {
			return fmt.Errorf("run: %w", err)
		}
	}
	for _, step := range p.steps {
		step()
	}
	return nil
}

func (p *referencePlan) Launches() int { return 0 }
func (p *referencePlan) Release()      { p.released = true }

// binder turns operations into calls on the memory of their operands, and keeps
// the first error.
type binder struct {
	plan *referencePlan
	err  error
}

// bound is what own finds, kept for later checks; nil after an error.
func bound[P interface{ usable(*reference) error }](b *binder, operand any) (p P) {
	if b.err != nil {
		return p
	}
	if p, b.err = own[P](b.plan.engine, operand); b.err == nil {
		b.plan.operands = append(b.plan.operands, p)
	}
	return p
}

func (b *binder) matrix(m Matrix) cpuref.Matrix[float32] {
	if own := bound[*referenceMatrix](b, m); b.err == nil {
		return own.Matrix
	}
	return cpuref.Matrix[float32]{}
}

func (b *binder) layers(p Parameters) []cpuref.Layer[float32] {
	if own := bound[*referenceParameters](b, p); b.err == nil {
		return own.layers
	}
	return nil
}

func (b *binder) tally(t Tally) *Sums {
	if own := bound[*referenceTally](b, t); b.err == nil {
		return &own.sums
	}
	return nil
}

// bind adds the calls of op to the plan. What it binds is memory, which never
// moves; Scalars are read when the call is made. No call can fail: checkOps has
// seen the shapes, and Run the rest.
func (b *binder) bind(op Op) {
	switch o := op.(type) {
	case Gather:
		b.gather(o)
	case Forward:
		b.forward(o)
	case Activate:
		z, a := b.matrix(o.Z), b.matrix(o.A)
		b.activate(o.Act, z, a)
	case OutputDelta:
		b.outputDelta(o)
	case HiddenDelta:
		next, theta, a, delta := b.matrix(o.Next), b.layers(o.Theta), b.matrix(o.A), b.matrix(o.Delta)
		b.call(func() { cpuref.HiddenDelta(o.Act, next, theta[o.Layer], a, delta) })
		b.store(o.Delta)
	case Accumulate:
		delta, a, sum := b.matrix(o.Delta), b.matrix(o.A), b.layers(o.Sum)
		b.call(func() {
			if o.Fresh {
				cpuref.Zero(sum[o.Layer])
			}
			cpuref.Accumulate(delta, a, sum[o.Layer])
		})
	case Gradient:
		b.perLayer(func(p []cpuref.Layer[float32]) {
			cpuref.Gradient(p[0], p[1], o.Lambda, o.M, p[2])
		}, o.Sum, o.Theta, o.Grad)
	case SGD:
		b.perLayer(func(p []cpuref.Layer[float32]) {
			cpuref.SGD(p[0], p[1], o.Rate.Value())
		}, o.Theta, o.Grad)
	case Momentum, RMSprop, Adagrad, Adam, Lion:
		b.update(op)
	case Unscale:
		sum, state := b.layers(o.Sum), b.matrix(o.Scale)
		b.call(func() { cpuref.Unscale(sum, state.Data) })
	case L1, ClipValue, ClipNorm, gradientNorm, rescale, MaxNorm, Average:
		b.regularise(op)
	case Dropout:
		b.dropout(o)
	case Shift, Noise, Mixup:
		b.augment(op)
	case BatchNorm, BatchNormDelta, LayerNorm, LayerNormDelta, normMoments, normGiven, normSums, normBack:
		b.norm(op)
	case Cost:
		b.cost(o)
	case Penalty:
		theta, sums := b.layers(o.Theta), b.tally(o.Tally)
		for l := range theta {
			b.call(func() {
				if l == 0 {
					sums.Squares, sums.Magnitudes = 0, 0 // set, not added to
				}
				sums.Squares += cpuref.Penalty(theta[l])
				sums.Magnitudes += cpuref.L1Penalty(theta[l])
			})
		}
	default:
		b.err = fmt.Errorf("the CPU reference has no %T", op)
	}
}

// forward is one call, or two where z is kept, or where g is worth the cores that a
// product shares itself among anyway.
func (b *binder) forward(o Forward) {
	a, theta, out := b.matrix(o.A), b.layers(o.Theta), b.matrix(o.Out)
	if o.Z == nil && (o.Act == Linear || len(out.Data) < sharedValues) {
		b.call(func() { cpuref.Forward(o.Act, a, theta[o.Layer], out) })
		b.store(o.Out)
		return
	}
	z := out
	if o.Z != nil {
		z = b.matrix(o.Z)
	}
	b.call(func() { cpuref.Forward(Linear, a, theta[o.Layer], z) })
	b.activate(o.Act, z, out)
	b.store(o.Out)
	if o.Z != nil {
		b.store(o.Z)
	}
}

func (b *binder) outputDelta(o OutputDelta) {
	o.Loss = orCrossEntropy(o.Loss)
	a, y, delta := b.matrix(o.A), b.matrix(o.Y), b.matrix(o.Delta)
	b.call(func() { cpuref.OutputDelta(o.Loss, a, y, delta) })
	if o.Weight != nil {
		weight := b.matrix(o.Weight)
		b.call(func() { cpuref.ScaleRows(weight, delta) })
	}
	if o.Scale != nil {
		state := b.matrix(o.Scale)
		b.call(func() { cpuref.Scale(state.Data[0], delta) })
	}
	b.store(o.Delta)
}

// store adds what a matrix of halves does to what an operation has written to it. It is part
// of the operation, and no call of its own.
func (b *binder) store(m Matrix) {
	if values := b.matrix(m).Data; b.err == nil && m.Half() {
		b.plan.steps = append(b.plan.steps, func() { cpuref.RoundToHalf(values) })
	}
}

func (b *binder) cost(o Cost) {
	z, y, sums := b.matrix(o.Z), b.matrix(o.Y), b.tally(o.Tally)
	judge := func() (float64, int) { return cpuref.Cost(o.Loss, z, y) }
	if o.Weight != nil {
		weight := b.matrix(o.Weight)
		judge = func() (float64, int) { return cpuref.WeightedCost(o.Loss, z, y, weight) }
	}
	b.call(func() {
		loss, correct := judge()
		sums.Loss += loss
		sums.Correct += correct
		sums.Count += z.Rows
	})
}

// call adds one call to the plan, which counts.
func (b *binder) call(do func()) {
	e := b.plan.engine
	b.plan.steps = append(b.plan.steps, func() {
		e.calls++
		do()
	})
}

func (b *binder) gather(o Gather) {
	src, index, dst := b.matrix(o.Src), bound[*referenceIndex](b, o.Index), b.matrix(o.Dst)
	b.plan.gathers = append(b.plan.gathers, referenceGather{o.From, dst.Rows, src.Rows, index})
	b.call(func() {
		cpuref.Gather(src, index.rows[int(o.From.Value()):][:dst.Rows], dst)
	})
}
