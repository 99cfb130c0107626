package main

import (
	"context"
	"time"

	"github.com/clprop/clprop/cpuref"
	"github.com/clprop/clprop/device"
)

// product is a plan of one operation, what it works on, and how to read what it computed.
type product struct {
	eng   device.Engine
	plan  device.Plan
	read  func() ([]float32, error)
	held  []interface{ Release() }
	write []func(context.Context) error // the operands
}

// newProduct prepares a product on eng, of operands that are 0 before fill.
func newProduct(eng device.Engine, layout string, s gemmSize) (*product, error) {
	p := &product{eng: eng}
	op, err := p.operation(layout, s)
	if err == nil {
		if p.plan, err = eng.Prepare(op); err == nil {
			p.held = append(p.held, p.plan)
		}
	}
	if err != nil {
		p.release()
		return nil, err
	}
	return p, nil
}

// fill writes operands that are even in [−1, 1) and the same each time.
func (p *product) fill(ctx context.Context) error {
	for _, write := range p.write {
		if err := write(ctx); err != nil {
			return err
		}
	}
	return nil
}

// operation allocates what a product is of.
func (p *product) operation(layout string, s gemmSize) (op device.Op, err error) {
	matrix := func(rows, cols int, what uint32) (m device.Matrix) {
		if err == nil {
			m, err = p.matrix(rows, cols, what)
		}
		return m
	}
	parameters := func(in, out int) (theta device.Parameters) {
		if err == nil {
			theta, err = p.parameters(in, out)
		}
		return theta
	}
	length := s.m * s.n
	switch layout {
	case "forward":
		a, theta, c := matrix(s.m, s.k, 0), parameters(s.k, s.n), matrix(s.m, s.n, 2)
		op = device.Forward{Act: device.Linear, A: a, Theta: theta, Out: c}
		p.read = func() ([]float32, error) { out := make([]float32, length); return out, p.eng.Read(out, c, 0) }
	case "delta":
		a, theta, c, delta := matrix(s.m, s.k, 0), parameters(s.n, s.k), matrix(s.m, s.n, 2), matrix(s.m, s.n, 3)
		op = device.HiddenDelta{Act: device.Linear, Next: a, Theta: theta, A: c, Delta: delta}
		p.read = func() ([]float32, error) { out := make([]float32, length); return out, p.eng.Read(out, delta, 0) }
	default:
		a, b, sum := matrix(s.k, s.m, 0), matrix(s.k, s.n, 1), parameters(s.n, s.m)
		op = device.Accumulate{Delta: a, A: b, Sum: sum, Fresh: true}
		p.read = func() ([]float32, error) {
			out := make([]float32, length)
			return out, p.eng.ReadParameters(out, make([]float32, s.m), sum, 0)
		}
	}
	return op, err
}

func (p *product) matrix(rows, cols int, what uint32) (device.Matrix, error) {
	m, err := p.eng.NewMatrix(rows, cols)
	if err != nil {
		return nil, err
	}
	p.held = append(p.held, m)
	p.write = append(p.write, func(ctx context.Context) error {
		values, err := evenValues(ctx, rows*cols, what)
		if err != nil {
			return err
		}
		return p.eng.Write(m, 0, values)
	})
	return m, nil
}

func (p *product) parameters(in, out int) (device.Parameters, error) {
	theta, err := p.eng.NewParameters([]device.Shape{{In: in, Out: out}})
	if err != nil {
		return nil, err
	}
	p.held = append(p.held, theta)
	p.write = append(p.write, func(ctx context.Context) error {
		values, err := evenValues(ctx, in*out, 1)
		if err != nil {
			return err
		}
		return p.eng.WriteParameters(theta, 0, values, make([]float32, out))
	})
	return theta, nil
}

// evenValues makes n values. Of a large matrix that takes seconds, so that it looks at ctx.
func evenValues(ctx context.Context, n int, what uint32) ([]float32, error) {
	const between = 1 << 20 // values
	random, values := cpuref.NewStream(benchSeed, what, 0), make([]float32, n)
	for i := range values {
		if i%between == 0 && ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		values[i] = float32(2*random.Float64(uint64(i)) - 1)
	}
	return values, nil
}

// times runs a product n times, and waits at the end.
func (p *product) times(n int) (time.Duration, error) {
	began := time.Now()
	for range n {
		if err := p.plan.Run(); err != nil {
			return 0, err
		}
	}
	err := p.eng.Sync()
	return time.Since(began), err
}

// twice times the first run of a product, with all that it needs but the filling, and a second
// one. The operands are filled: gonum's products pass over zeros.
func (s gemmSize) twice(ctx context.Context, eng device.Engine, layout string) (first, second time.Duration, err error) {
	began := time.Now()
	p, err := newProduct(eng, layout, s)
	if err != nil {
		return 0, 0, err
	}
	defer p.release()
	first = time.Since(began)
	if err := p.fill(ctx); err != nil {
		return 0, 0, err
	}
	took, err := p.times(1)
	if err != nil {
		return 0, 0, err
	}
	second, err = p.times(1)
	return first + took, second, err
}

func (p *product) release() {
	for _, held := range p.held {
		held.Release()
	}
}
