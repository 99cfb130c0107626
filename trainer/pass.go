package trainer

import (
	"fmt"

	"github.com/clprop/clprop/device"
	"github.com/clprop/clprop/trainer/data"
)

// input is the place on the device where the examples of a batch lie while a
// plan works on them, and beside it the host memory they are gathered in when
// they are streamed.
type input struct {
	x, y         device.Matrix // b × s_1 and b × K
	hostX, hostY []float32     // nil until streamed to
	pending      []device.Transfer
}

// inputs allocates n inputs for batches of up to batch examples.
func (m *memory) inputs(net *Network, n, batch int) []*input {
	list := make([]*input, n)
	for i := range list {
		list[i] = &input{
			x: m.matrix("the inputs of a batch", batch, net.Sizes[0]),
			y: m.matrix("the labels of a batch", batch, net.outputs()),
		}
	}
	return list
}

// load sends the given rows of set. It waits only for this input's last load,
// whose host memory it fills anew: with two inputs in turn, that of two steps ago.
func (in *input) load(eng device.Engine, set *data.Set, rows []int32) error {
	for _, transfer := range in.pending {
		if err := transfer.Wait(); err != nil {
			return err
		}
	}
	in.pending = in.pending[:0]
	in.hostX = gather(in.hostX[:0], set.X, set.Features, rows)
	in.hostY = gather(in.hostY[:0], set.Y, set.Outputs, rows)
	for _, part := range []struct {
		dst device.Matrix
		src []float32
	}{{in.x, in.hostX}, {in.y, in.hostY}} {
		transfer, err := eng.Upload(part.dst, part.src)
		if err != nil {
			return err
		}
		in.pending = append(in.pending, transfer)
	}
	return nil
}

// gather appends the given rows of src, cols wide, to dst.
func gather(dst, src []float32, cols int, rows []int32) []float32 {
	for _, row := range rows {
		dst = append(dst, src[int(row)*cols:][:cols]...)
	}
	return dst
}

// pass goes through the examples of a set in batches, in any order, and runs one
// list of operations on each batch. The examples are on the device (resident),
// where the plan itself gathers a batch, or on the host, and are streamed.
type pass struct {
	eng   device.Engine
	set   *data.Set
	batch int     // b; the last batch of a pass may be smaller
	rows  []int32 // the order of the pass, Rows row numbers

	index device.Index   // rows, on the device; nil if streamed
	from  *device.Scalar // where in index the batch begins

	inputs []*input
	plans  []device.Plan // one for each input
	rest   device.Plan   // for the last, smaller batch; nil if there is none
}

// pass prepares a pass through set. ops writes down what is done with the batch
// that lies in x and y. An input can serve several passes, one after the other.
func (m *memory) pass(what string, set *data.Set, batch int, resident bool, inputs []*input,
	ops func(x, y device.Matrix) []device.Op) *pass {

	p := &pass{eng: m.eng, set: set, batch: min(batch, set.Rows), rows: make([]int32, set.Rows), inputs: inputs}
	p.inOrder()
	source := func(x, y device.Matrix) []device.Op { return nil }
	if resident {
		p.inputs = inputs[:1]
		source = p.settle(m, what)
	}
	prepare := func(in *input, n int) device.Plan {
		if m.err != nil {
			return nil
		}
		x, y := in.x.Head(n), in.y.Head(n)
		return m.plan(fmt.Sprintf("%s, %d examples", what, n), append(source(x, y), ops(x, y)...)...)
	}
	for _, in := range p.inputs {
		p.plans = append(p.plans, prepare(in, p.batch))
	}
	if n := set.Rows % p.batch; n != 0 {
		p.rest = prepare(p.inputs[p.slot(p.steps()-1)], n)
	}
	return p
}

// settle puts the set on the device, and returns the operations that bring a
// batch of it to x and y.
func (p *pass) settle(m *memory, what string) func(x, y device.Matrix) []device.Op {
	allX := m.matrix("the inputs for "+what, p.set.Rows, p.set.Features)
	allY := m.matrix("the labels for "+what, p.set.Rows, p.set.Outputs)
	p.index = m.index("the order for "+what, p.set.Rows)
	for _, write := range []func() error{
		func() error { return p.eng.Write(allX, 0, p.set.X) },
		func() error { return p.eng.Write(allY, 0, p.set.Y) },
		p.ordered,
	} {
		if m.err != nil {
			break
		}
		if err := write(); err != nil {
			m.err = fmt.Errorf("copying the examples for %s: %w", what, err)
		}
	}
	p.from = device.NewScalar(0)
	return func(x, y device.Matrix) []device.Op {
		return []device.Op{
			device.Gather{Src: allX, Index: p.index, From: p.from, Dst: x},
			device.Gather{Src: allY, Index: p.index, From: p.from, Dst: y},
		}
	}
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
func (p *pass) steps() int { return (len(p.rows) + p.batch - 1) / p.batch }

// slot says which input a step uses.
func (p *pass) slot(step int) int { return step % len(p.inputs) }

// run queues one step, counted from 0, and returns how many examples it has.
func (p *pass) run(step int) (examples int, err error) {
	from := step * p.batch
	examples = min(p.batch, len(p.rows)-from)
	slot := p.slot(step)
	plan := p.plans[slot]
	if examples < p.batch {
		plan = p.rest
	}
	if p.index != nil {
		p.from.Set(float64(from))
	} else if err := p.inputs[slot].load(p.eng, p.set, p.rows[from:][:examples]); err != nil {
		return 0, err
	}
	return examples, plan.Run()
}
