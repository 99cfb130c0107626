package device

import (
	"fmt"

	"github.com/clprop/clprop/cpuref"
)

// referencePlan is a list of calls of cpuref with their operands bound.
type referencePlan struct {
	engine   *reference
	operands []interface{ usable(*reference) error }
	steps    []func() error
	released bool
}

func (e *reference) Prepare(ops ...Op) (Plan, error) {
	if err := e.ready("prepare"); err != nil {
		return nil, err
	}
	if err := checkOps(ops); err != nil {
		return nil, err
	}
	p := &referencePlan{engine: e}
	for i, op := range ops {
		b := binder{engine: e}
		p.steps = append(p.steps, b.bind(op))
		if b.err != nil {
			return nil, fmt.Errorf("operation %d: %w", i, b.err)
		}
		p.operands = append(p.operands, b.operands...)
	}
	return p, nil
}

// Run does the operations in order, at once. An operand that has been released
// since Prepare is found before anything is done; an error after that leaves the
// work half done, so it stays with the engine.
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
	for i, step := range p.steps {
		if err := step(); err != nil {
			e.failed = fmt.Errorf("run: operation %d: %w", i, err)
			return e.failed
		}
	}
	return nil
}

func (p *referencePlan) Launches() int { return 0 }
func (p *referencePlan) Release()      { p.released = true }

// binder turns one operation into a call on the memory of its operands, and
// keeps the first error.
type binder struct {
	engine   *reference
	operands []interface{ usable(*reference) error }
	err      error
}

// bound is what own finds, kept for later checks; nil after an error.
func bound[P interface{ usable(*reference) error }](b *binder, operand any) (p P) {
	if b.err != nil {
		return p
	}
	p, b.err = own[P](b.engine, "prepare", operand)
	b.operands = append(b.operands, p)
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

// bind returns the call for op. What it binds is memory, which never moves;
// Scalars are read when the call is made.
func (b *binder) bind(op Op) func() error {
	switch o := op.(type) {
	case Gather:
		return b.gather(o)
	case Forward:
		a, theta, out := b.matrix(o.A), b.layers(o.Theta), b.matrix(o.Out)
		return b.call(func() { cpuref.Forward(o.Act, a, theta[o.Layer], out) })
	case Activate:
		z, a := b.matrix(o.Z), b.matrix(o.A)
		return b.call(func() { cpuref.Activate(o.Act, z, a) })
	case OutputDelta:
		a, y, delta := b.matrix(o.A), b.matrix(o.Y), b.matrix(o.Delta)
		return b.call(func() { cpuref.OutputDelta(a, y, delta) })
	case HiddenDelta:
		next, theta, a, delta := b.matrix(o.Next), b.layers(o.Theta), b.matrix(o.A), b.matrix(o.Delta)
		return b.call(func() { cpuref.HiddenDelta(o.Act, next, theta[o.Layer], a, delta) })
	case Accumulate:
		delta, a, sum := b.matrix(o.Delta), b.matrix(o.A), b.layers(o.Sum)
		return b.call(func() {
			if o.Fresh {
				cpuref.Zero(sum[o.Layer])
			}
			cpuref.Accumulate(delta, a, sum[o.Layer])
		})
	case Gradient:
		sum, theta, grad := b.layers(o.Sum), b.layers(o.Theta), b.layers(o.Grad)
		return b.eachLayer(sum, func(l int) { cpuref.Gradient(sum[l], theta[l], o.Lambda, o.M, grad[l]) })
	case SGD:
		theta, grad := b.layers(o.Theta), b.layers(o.Grad)
		return b.eachLayer(theta, func(l int) { cpuref.SGD(theta[l], grad[l], o.Rate.Value()) })
	case Cost:
		z, y, sums := b.matrix(o.Z), b.matrix(o.Y), b.tally(o.Tally)
		return b.call(func() {
			loss, correct := cpuref.Cost(o.Loss, z, y)
			sums.Loss += loss
			sums.Correct += correct
			sums.Count += z.Rows
		})
	case Penalty:
		theta, sums := b.layers(o.Theta), b.tally(o.Tally)
		return b.eachLayer(theta, func(l int) {
			if l == 0 {
				sums.Squares = 0 // set, not added to
			}
			sums.Squares += cpuref.Penalty(theta[l])
		})
	}
	b.err = fmt.Errorf("prepare: the CPU reference has no %T", op)
	return nil
}

// call counts and cannot fail: checkOps has seen the shapes.
func (b *binder) call(do func()) func() error {
	e := b.engine
	return func() error {
		e.calls++
		do()
		return nil
	}
}

func (b *binder) eachLayer(layers []cpuref.Layer[float32], do func(l int)) func() error {
	e := b.engine
	return func() error {
		for l := range layers {
			e.calls++
			do(l)
		}
		return nil
	}
}

// gather is the operation whose numbers, not only shapes, can be wrong.
func (b *binder) gather(o Gather) func() error {
	src, dst := b.matrix(o.Src), b.matrix(o.Dst)
	index := bound[*referenceIndex](b, o.Index)
	e := b.engine
	return func() error {
		from, err := checkFrom(o.From, dst.Rows, index.Len())
		if err != nil {
			return err
		}
		rows := index.rows[from:][:dst.Rows]
		for i, row := range rows {
			if err := checkRow(from+i, row, src.Rows); err != nil {
				return err
			}
		}
		e.calls++
		cpuref.Gather(src, rows, dst)
		return nil
	}
}
