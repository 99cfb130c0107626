package device

import (
	"unsafe"

	"github.com/clprop/clprop/cl"
)

// loan is a layer of Parameters that the host has for a while, to add to it what other devices
// have found. No plan that runs meanwhile may use it.
type loan interface {
	// wait returns the layer when it is complete, as it lies on the device; also when it is
	// called again.
	wait() ([]float32, error)
	// giveBack makes it what the host made of the values. It does not wait: what is queued next
	// does.
	giveBack() error
	// release frees what is left of a loan of which wait or giveBack failed.
	release()
}

// lent is a loan of an OpenCL device. Where device and host share one memory the values are
// the layer itself, mapped, else they are a copy in host memory.
type lent struct {
	engine *opencl
	mem    *cl.MemObject
	values []float32
	mapped *cl.MappedMemObject // nil for a copy
	ready  *cl.Event
}

// lend begins to give the host a layer, as it is after all plans that were run: on the transfer
// queue, so that the compute queue goes on. host is memory for a copy.
func (e *opencl) lend(p *openclParameters, layer int, host func(floats int) []float32) (*lent, error) {
	if err := e.ready("sum"); err != nil {
		return nil, err
	}
	done, err := e.afterPlans()
	if err != nil {
		return nil, err
	}
	defer done.Release()
	w := p.layers[layer]
	l := &lent{engine: e, mem: w.Buf}
	floats, after := w.Panels()*w.Panel, []*cl.Event{done}
	if e.unified {
		l.mapped, l.ready, err = e.transfer.EnqueueMapBuffer(w.Buf, false, cl.MapFlagRead|cl.MapFlagWrite, 0, 4*floats, after)
	} else {
		l.values = host(floats)
		l.ready, err = e.transfer.EnqueueReadBufferFloat32(w.Buf, false, 0, l.values, after)
	}
	if err == nil {
		err = e.transfer.Flush()
	}
	if err != nil {
		l.release()
		return nil, e.fail(err)
	}
	return l, nil
}

func (l *lent) wait() ([]float32, error) {
	if l.ready == nil {
		return l.values, nil
	}
	if err := l.engine.arrived("sum", l.ready); err != nil {
		return nil, err
	}
	l.ready = nil
	if l.mapped != nil {
		l.values = unsafe.Slice((*float32)(l.mapped.Ptr()), l.mapped.Size()/4)
	}
	return l.values, nil
}

func (l *lent) giveBack() error {
	e := l.engine
	var back *cl.Event
	var err error
	if l.mapped != nil {
		back, err = e.transfer.EnqueueUnmapMemObject(l.mem, l.mapped, nil)
	} else {
		back, err = e.transfer.EnqueueWriteBufferFloat32(l.mem, false, 0, l.values, nil)
	}
	return e.giveBack(back, err)
}

func (l *lent) release() {
	if !l.engine.hung {
		l.ready.Release()
	}
}

// giveBack notes a command of the transfer queue, or why there is none, that gives a layer back.
func (e *opencl) giveBack(back *cl.Event, err error) error {
	if err == nil {
		e.returned = append(e.returned, back)
		err = e.transfer.Flush()
	}
	return e.fail(err)
}

// takeBack makes the compute queue wait for what the host has given back.
func (e *opencl) takeBack() error {
	if len(e.returned) == 0 {
		return nil
	}
	event, err := e.compute.EnqueueBarrierWithWaitList(e.returned)
	event.Release()
	releaseEvents(e.returned)
	e.returned = e.returned[:0]
	return err
}
