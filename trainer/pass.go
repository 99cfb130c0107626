package trainer

import (
	"fmt"
	"time"

	"github.com/clprop/clprop/device"
)

// pass goes through the examples of a set in batches, in any order, and runs a
// list of operations on each batch, or on each part of it in turn. The examples are on
// the device (resident), where the plan itself gathers a part, or on the host, or in a file
// that is read in its order, and are streamed.
type pass struct {
	eng   device.Engine
	ranks ranks // that share every batch
	set   examples
	batch int     // b; the last batch of a pass may be smaller
	size  int     // the most examples of a part; b if batches are run whole
	rows  []int32 // the order of the pass, Rows row numbers; nil of a stream

	stream *stream // nil if the set is held

	index device.Index   // rows, on the device; nil if streamed
	from  *device.Scalar // where in index the part begins
	first *device.Scalar // where in its batch the part begins
	none  func() error   // what to do first where this rank has no example in a batch; may be nil

	inputs []*input
	plans  map[part]device.Plan
}

// pass prepares a pass through set, in batches of a size, each in parts of as many
// examples as an input holds. ops writes down what is done with one that lies on the
// device. An input can serve several passes, one after the other.
func (m *memory) pass(what string, set examples, size int, resident bool, inputs []*input,
	ops func(batch, part) []device.Op) *pass {

	p := &pass{eng: m.eng, ranks: m.ranks, set: set, batch: min(size, set.Rows), inputs: inputs,
		first: device.NewScalar(0), plans: map[part]device.Plan{}}
	if streams(set.Set) {
		p.stream = &stream{of: set}
	} else {
		p.rows = make([]int32, set.Rows)
	}
	if p.size = p.batch; m.err == nil {
		p.size = min(p.batch, inputs[0].x.Rows())
	}
	p.inOrder()
	if set.weighted() && m.err == nil && inputs[0].weight == nil {
		m.weigh(inputs)
	}
	source := func(batch) []device.Op { return nil }
	if resident {
		p.inputs = inputs[:1]
		source = p.settle(m, what)
	}
	for step := range p.steps() {
		if step >= len(p.inputs) && step != p.steps()-1 {
			continue // as two steps before
		}
		for k := range p.parts(step) {
			of, _ := p.part(step, k)
			if p.plans[of] != nil || m.err != nil {
				continue
			}
			var b batch
			var list []device.Op
			if of.rows > 0 {
				b = p.inputs[of.slot].head(of.rows, set.weighted())
				list = source(b)
			}
			if list = append(list, ops(b, of)...); len(list) > 0 {
				p.plans[of] = m.plan(fmt.Sprintf("%s, %d examples", what, of.rows), list...)
			}
		}
	}
	return p
}

// settle puts the set on the device, and returns the operations that bring a
// batch of it to x and y.
func (p *pass) settle(m *memory, what string) func(batch) []device.Op {
	allX := m.stored("the inputs for "+what, p.set.Rows, p.set.Features)
	allY := m.matrix("the labels for "+what, p.set.Rows, p.set.Outputs)
	writes := []func() error{
		func() error {
			return p.set.EachInputs(func(first int, x []float32) error { return p.eng.Write(allX, first, x) })
		},
		func() error { return p.eng.Write(allY, 0, p.set.Y) },
		p.ordered,
	}
	var allWeights device.Matrix
	if p.set.Weights != nil {
		allWeights = m.matrix("the weights for "+what, p.set.Rows, 1)
		writes = append(writes, func() error { return p.eng.Write(allWeights, 0, p.set.Weights) })
	}
	p.index = m.index("the order for "+what, p.set.Rows)
	if _, counts := p.eng.(sized); counts {
		writes = nil // they take no memory, and may be of a large file
	}
	for _, write := range writes {
		if m.err != nil {
			break
		}
		if err := write(); err != nil {
			m.err = fmt.Errorf("copying the examples for %s: %w", what, err)
		}
	}
	p.from = device.NewScalar(0)
	return func(b batch) []device.Op {
		ops := []device.Op{
			device.Gather{Src: allX, Index: p.index, From: p.from, Dst: b.x},
			device.Gather{Src: allY, Index: p.index, From: p.from, Dst: b.y},
		}
		if b.weight != nil {
			ops = append(ops, device.Gather{Src: allWeights, Index: p.index, From: p.from, Dst: b.weight})
		}
		return ops
	}
}

// begin makes the order that of an epoch: c says how it is found.
func (p *pass) begin(c Config, epoch int) error {
	switch {
	case p.stream != nil:
		began := time.Now()
		err := p.stream.begin(c.Seed, epoch, c.ShuffleBuffer)
		p.inputs[0].gathering += time.Since(began)
		return err
	case c.ShuffleBuffer == 0:
		shuffle(p.rows, c.Seed, epoch)
	default:
		shuffleWithin(p.rows, c.Seed, epoch, c.ShuffleBuffer)
	}
	return p.ordered()
}

// again goes back to the beginning of a pass in the order of the set.
func (p *pass) again() error {
	if p.stream == nil {
		return nil
	}
	return p.stream.begin(0, 0, 1)
}

// gathering is how long the host was busy with getting examples of a set that is not
// resident, or waited for them, since it was asked last.
func (p *pass) gathering() (took time.Duration) {
	for _, in := range p.inputs {
		took += in.gathering
		in.gathering = 0
	}
	return took
}

// inOrder makes the order that of the set.
func (p *pass) inOrder() {
	for i := range p.rows {
		p.rows[i] = int32(i)
	}
}

// ordered says that rows changed.
func (p *pass) ordered() error {
	if p.index == nil {
		return nil
	}
	return p.eng.WriteIndex(p.index, p.rows)
}

// steps is the number of batches of a pass.
func (p *pass) steps() int { return (p.set.Rows + p.batch - 1) / p.batch }

// examples is the number of those of a step.
func (p *pass) examples(step int) int { return min(p.batch, p.set.Rows-step*p.batch) }

// parts is the number of those of a step that are this rank's, counted from 0. Where it
// has no example there is one part all the same, of none.
func (p *pass) parts(step int) int {
	_, share := p.ranks.share(p.examples(step))
	return max(1, (share+p.size-1)/p.size)
}

// part returns part k of a step, and where in rows it begins. The inputs take turns, from
// one step to the next too.
func (p *pass) part(step, k int) (of part, from int) {
	m, whole := p.examples(step), p.parts(0)
	mine, share := p.ranks.share(m)
	of = part{rows: min(p.size, share-k*p.size), m: m, first: k == 0, last: k == p.parts(step)-1,
		slot: (step*whole + k) % len(p.inputs)}
	return of, step*p.batch + mine + k*p.size
}

// run queues one step, counted from 0.
func (p *pass) run(step int) error {
	for k := range p.parts(step) {
		if err := p.runPart(step, k); err != nil {
			return err
		}
	}
	return nil
}

// runPart queues part k of a step. The parts before it have been.
func (p *pass) runPart(step, k int) error {
	of, from := p.part(step, k)
	if of.rows == 0 {
		return p.runEmpty(of)
	}
	p.first.Set(float64(from - step*p.batch))
	in := p.inputs[of.slot]
	var err error
	switch {
	case p.index != nil:
		p.from.Set(float64(from))
	case p.stream != nil:
		err = in.send(p.eng, p.set.weighted(), func() error { return p.stream.load(in, from, of.rows) })
	default:
		err = in.load(p.eng, p.set.Set, p.rows[from:][:of.rows])
	}
	if err != nil {
		return err
	}
	return p.plans[of].Run()
}

// batchOnHost is the examples of a part as the host has them.
type batchOnHost struct{ x, y, weight []float32 }

// onHost is the part that was run last, which begins at from.
func (p *pass) onHost(of part, from int) (b batchOnHost, err error) {
	if p.stream != nil {
		in := p.inputs[of.slot]
		return batchOnHost{in.hostX, in.hostY, in.hostWeight}, nil
	}
	rows := p.rows[from:][:of.rows]
	if b.x, err = p.set.Append(nil, rows); err != nil {
		return b, err
	}
	b.y = gather(nil, p.set.Y, p.set.Outputs, rows)
	if p.set.Weights != nil {
		b.weight = gather(nil, p.set.Weights, 1, rows)
	}
	return b, nil
}

// runEmpty queues what is done of a batch in which this rank has no example.
func (p *pass) runEmpty(of part) error {
	plan := p.plans[of]
	if plan == nil {
		return nil
	}
	if err := p.none(); err != nil {
		return err
	}
	return plan.Run()
}

// launches is the number of kernels that the first step launches.
func (p *pass) launches() int {
	launches := 0
	for k := range p.parts(0) {
		if of, _ := p.part(0, k); p.plans[of] != nil {
			launches += p.plans[of].Launches()
		}
	}
	return launches
}
