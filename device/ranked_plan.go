package device

import (
	"errors"
	"fmt"
	"time"
)

// leastBucket is how many values of Δ are summed at once at least, 256 KiB: a sum of
// fewer takes as long as its latency, and every bucket makes the host wait for the
// device once.
const leastBucket = 1 << 16

// rankedPlan is a plan with a sum over ranks in it.
type rankedPlan struct {
	engine  *Ranked
	sum     Parameters // Δ
	buckets []*bucket
	update  Plan
}

// bucket is some layers of Δ, which are summed at once.
type bucket struct {
	plan   Plan // that ends when Δ of the layers is complete; nil if there is nothing to do
	layers []bucketLayer
	values []float32 // of all its layers
	wait   func() (time.Duration, error)
}

// bucketLayer is where a layer lies in the values of a bucket.
type bucketLayer struct {
	layer         int
	weights, bias []float32
}

// Prepare is that of the engine, except for a list that Split cuts.
func (e *Ranked) Prepare(ops ...Op) (Plan, error) {
	if err := checkOps(ops); err != nil {
		return nil, err
	}
	if err := oneDevice(ops); err != nil {
		return nil, err
	}
	stages := Split(ops)
	last := stages[len(stages)-1]
	switch {
	case len(stages) == 1 && len(last.Sums) == 0:
		return e.Engine.Prepare(ops...)
	case len(stages) > 2 || len(last.Sums) != 1 || len(stages) == 2 && len(stages[0].Sums) > 0:
		return nil, errors.New("prepare: the list sums over ranks more than once: make a plan for each sum")
	}
	p := &rankedPlan{engine: e, sum: last.Sums[0]}
	err := p.prepare(ops[:len(ops)-len(last.Ops)])
	if err == nil {
		p.update, err = e.Engine.Prepare(last.Ops...)
	}
	if err != nil {
		p.Release()
		return nil, err
	}
	return p, nil
}

// prepare cuts the operations before Gradient: a bucket begins with those that Δ of its
// layers takes. Where no Accumulate is among them, Δ is what other lists made it.
func (p *rankedPlan) prepare(ops []Op) error {
	shapes, from := p.sum.Shapes(), 0
	complete := make([]int, len(shapes)) // how many operations Δ of a layer takes
	for i, op := range ops {
		if a, ok := op.(Accumulate); ok && a.Sum == p.sum {
			complete[a.Layer] = i + 1
		}
	}
	for _, layers := range bucketLayers(shapes) {
		to := from
		for _, l := range layers {
			to = max(to, complete[l])
		}
		if layers[len(layers)-1] == 0 {
			to = len(ops)
		}
		b := newBucket(shapes, layers)
		p.buckets = append(p.buckets, b)
		if to > from {
			var err error
			if b.plan, err = p.engine.Engine.Prepare(ops[from:to]...); err != nil {
				return err
			}
		}
		from = to
	}
	return nil
}

// bucketLayers divides layers into buckets, the last layers first, as back-propagation
// comes to them. It depends on nothing else, so that it is the same on all ranks.
func bucketLayers(shapes []Shape) (buckets [][]int) {
	var layers []int
	values := 0
	for l := len(shapes) - 1; l >= 0; l-- {
		layers = append(layers, l)
		values += (shapes[l].In + 1) * shapes[l].Out
		if l == 0 || values >= leastBucket {
			buckets, layers, values = append(buckets, layers), nil, 0
		}
	}
	return buckets
}

func newBucket(shapes []Shape, layers []int) *bucket {
	total := 0
	for _, l := range layers {
		total += (shapes[l].In + 1) * shapes[l].Out
	}
	b := &bucket{values: make([]float32, total)}
	rest := b.values
	take := func(n int) (part []float32) {
		part, rest = rest[:n:n], rest[n:]
		return part
	}
	for _, l := range layers {
		b.layers = append(b.layers, bucketLayer{l, take(shapes[l].In * shapes[l].Out), take(shapes[l].Out)})
	}
	return b
}

// Run queues a bucket's operations, waits for them, and begins its sum while the next
// ones are done.
func (p *rankedPlan) Run() error {
	for i, b := range p.buckets {
		if err := p.begin(b); err != nil {
			// The sums begun use the buckets' memory: the ranks that answer end them.
			for _, begun := range p.buckets[:i] {
				begun.wait()
			}
			return err
		}
	}
	var errs []error
	for _, b := range p.buckets {
		errs = append(errs, p.end(b))
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("the sum over ranks: %w", err)
	}
	return p.update.Run()
}

func (p *rankedPlan) begin(b *bucket) error {
	if b.plan != nil {
		if err := b.plan.Run(); err != nil {
			return err
		}
	}
	for _, l := range b.layers {
		if err := p.engine.Engine.ReadParameters(l.weights, l.bias, p.sum, l.layer); err != nil {
			return err
		}
	}
	b.wait = p.engine.comm.Sum(b.values)
	return nil
}

func (p *rankedPlan) end(b *bucket) error {
	began := time.Now()
	took, err := b.wait()
	waited := time.Since(began)
	p.engine.summed += max(took, waited)
	p.engine.waited += waited
	if err != nil {
		return err
	}
	for _, l := range b.layers {
		if err := p.engine.Engine.WriteParameters(p.sum, l.layer, l.weights, l.bias); err != nil {
			return err
		}
	}
	return nil
}

func (p *rankedPlan) Launches() int {
	launches := p.update.Launches()
	for _, b := range p.buckets {
		if b.plan != nil {
			launches += b.plan.Launches()
		}
	}
	return launches
}

func (p *rankedPlan) Release() {
	for _, b := range p.buckets {
		if b.plan != nil {
			b.plan.Release()
		}
	}
	if p.update != nil {
		p.update.Release()
	}
}
