package cl

import (
	"errors"
	"testing"
)

func TestProfiling(t *testing.T) {
	r := openRig(t)
	k, _ := r.empty(t)
	e, err := r.queue.EnqueueTask(k, nil)
	check(t, err)
	defer e.Release()
	check(t, WaitForEvents([]*Event{e}))
	if s, err := e.Status(); err != nil || s != CommmandExecStatusComplete {
		t.Errorf("status %v (%v) after the wait", s, err)
	}
	var last int64
	for _, what := range []ProfilingInfo{ProfilingInfoCommandQueued, ProfilingInfoCommandSubmit, ProfilingInfoCommandStart, ProfilingInfoCommandEnd} {
		at, err := e.GetEventProfilingInfo(what)
		check(t, err)
		if at < last || at == 0 && r.pocl() { // rusticl leaves the first at zero
			t.Errorf("time stamp %#x is %d, the one before %d", what, at, last)
		}
		last = at
	}
	_, err = e.GetEventProfilingInfo(0x7FFF)
	wantErr(t, err, ErrInvalidValue)

	plain, err := r.ctx.CreateCommandQueue(r.device, 0)
	check(t, err)
	defer plain.Release()
	f, err := plain.EnqueueTask(k, nil)
	check(t, err)
	defer f.Release()
	check(t, plain.Finish())
	_, err = f.GetEventProfilingInfo(ProfilingInfoCommandEnd)
	if r.pocl() {
		wantErr(t, err, ErrProfilingInfoNotAvailable)
	}
}

// A command that waits for a user event stays behind it.
func TestUserEvent(t *testing.T) {
	r := openRig(t)
	r.needQueueing(t)
	gate, err := r.ctx.CreateUserEvent()
	check(t, err)
	defer gate.Release()
	a := r.buffer(t, []float32{1})
	e, err := r.queue.EnqueueWriteBufferFloat32(a, false, 0, []float32{2}, []*Event{gate})
	check(t, err)
	defer e.Release()
	check(t, r.queue.Flush())
	if s, err := e.Status(); err != nil || s == CommmandExecStatusComplete {
		t.Errorf("status %v (%v) before the event it waits for", s, err)
	}
	check(t, gate.SetUserEventStatus(int(CommmandExecStatusComplete)))
	if err := gate.SetUserEventStatus(0); err == nil {
		t.Error("a user event ended twice")
	}
	check(t, WaitForEvents([]*Event{gate, e}))
	expect(t, r.read(t, a), []float32{2})
	done(t)(r.queue.EnqueueMarkerWithWaitList([]*Event{e}))
	done(t)(r.queue.EnqueueBarrierWithWaitList([]*Event{}))
	check(t, WaitForEvents(nil))
	check(t, WaitForEvents([]*Event{}))
	wantErr(t, WaitForEvents([]*Event{nil}), ErrReleased)
	if err := e.SetUserEventStatus(0); err == nil {
		t.Error("a command's event was ended like a user event")
	}
}

// A failed event has its cause in Status, and fails the wait.
func TestFailedEvent(t *testing.T) {
	r := openRig(t)
	gate, err := r.ctx.CreateUserEvent()
	check(t, err)
	defer gate.Release()
	check(t, gate.SetUserEventStatus(-5))
	s, err := gate.Status()
	if s != -5 || !errors.Is(err, ErrOutOfResources) {
		t.Errorf("status %d, error %v; want -5 and CL_OUT_OF_RESOURCES", s, err)
	}
	wantErr(t, WaitForEvents([]*Event{gate}), ErrExecStatusErrorForEventsInWaitList)
}
