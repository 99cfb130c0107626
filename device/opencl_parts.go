package device

import (
	"github.com/clprop/clprop/cl"
	"github.com/clprop/clprop/kernels"
)

// parts are the parts of one device that an engine works on. They share its memory, so that
// nothing is copied between them: each launch is divided among them by its work-groups, or
// dealt out, if it is long (opencl_deal.go), and the results are those of the whole device, to
// the bit.
//
// Part 0 has the engine's compute queue. A launch begins on every part when the one before it
// has ended on all. Whatever else is queued goes to the compute queue, see parts.join.
type parts struct {
	units   []int
	devices []*cl.Device       // to give back with the engine, if it owns them
	queues  []*cl.CommandQueue // of parts 1, 2, …
	// front is of the last launch on the compute queue; nil where something else came after it.
	front *cl.Event
	// ended are of the same launch on the others, which the compute queue has not waited for.
	ended []*cl.Event
	after []*cl.Event // reused
}

// newParts makes the queues of parts of a device, in a context of all of them.
func newParts(context *cl.Context, devices []*cl.Device) (*parts, error) {
	p := &parts{}
	for k, d := range devices {
		p.units = append(p.units, max(1, d.MaxComputeUnits()))
		if k == 0 {
			continue
		}
		q, err := context.CreateCommandQueue(d, 0)
		if err != nil {
			p.release()
			return nil, err
		}
		p.queues = append(p.queues, q)
	}
	return p, nil
}

// start queues one launch: on the compute queue, or divided among the parts.
func (e *opencl) start(l *kernels.Launch) error {
	if e.parts == nil {
		return l.Enqueue(e.compute)
	}
	return e.parts.start(e.compute, l)
}

func (p *parts) start(compute *cl.CommandQueue, l *kernels.Launch) error {
	before := p.ended
	if p.front == nil {
		var err error
		if p.front, err = compute.EnqueueMarkerWithWaitList(nil); err != nil {
			return err
		}
	}
	front, err := l.EnqueueShare(compute, p.units, 0, before)
	if err != nil {
		return err
	}
	p.after = append(append(p.after[:0], p.front), before...)
	var ended []*cl.Event
	for k, q := range p.queues {
		event, err := l.EnqueueShare(q, p.units, k+1, p.after)
		if err != nil {
			releaseEvents(append(ended, front))
			return err
		}
		if event != nil {
			ended = append(ended, event)
		}
	}
	releaseEvents(p.after)
	p.front, p.ended = front, ended
	return nil
}

// join makes what is queued next on the compute queue come after all runs of plans: those that are
// held, and those under way on the other parts; and after what the host gives back.
func (e *opencl) join() error {
	if err := e.release(); err != nil {
		return err
	}
	if err := e.parts.join(e.compute); err != nil {
		return err
	}
	return e.takeBack()
}

func (p *parts) join(compute *cl.CommandQueue) error {
	if p == nil {
		return nil
	}
	p.front.Release()
	p.front = nil
	if len(p.ended) == 0 {
		return nil
	}
	event, err := compute.EnqueueBarrierWithWaitList(p.ended)
	event.Release()
	releaseEvents(p.ended)
	p.ended = nil
	if err != nil {
		return err
	}
	return p.flush()
}

// flush hands the launches that are queued to the device, or to its parts.
func (e *opencl) flush() error {
	if err := e.fail(e.compute.Flush()); err != nil {
		return err
	}
	return e.fail(e.parts.flush())
}

// flush hands what is queued on the other parts to them.
func (p *parts) flush() error {
	if p == nil {
		return nil
	}
	for _, q := range p.queues {
		if err := q.Flush(); err != nil {
			return err
		}
	}
	return nil
}

func (p *parts) release() {
	if p == nil {
		return
	}
	p.front.Release()
	releaseEvents(p.ended)
	for _, q := range p.queues {
		q.Release()
	}
	releaseDevices(p.devices)
}

func releaseEvents(events []*cl.Event) {
	for _, event := range events {
		event.Release()
	}
}
