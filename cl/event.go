package cl

import (
	"runtime"
	"unsafe"
)

// Event stands for a command in a queue, or for something that the host will
// report (CreateUserEvent).
type Event struct {
	object
	transfer *transfer // the Go memory that the command uses, or nil
}

// newEvent takes over an event handle.
func newEvent(handle uintptr, t *transfer) *Event {
	e := &Event{transfer: t}
	e.set(kindEvent, &clReleaseEvent, handle)
	runtime.SetFinalizer(e, (*Event).Release)
	return e
}

const (
	eventStatus = 0x11D3 // CL_EVENT_COMMAND_EXECUTION_STATUS
)

// CreateUserEvent makes an event that commands can wait for and that
// SetUserEventStatus ends.
func (c *Context) CreateUserEvent() (*Event, error) {
	h, err := c.use(&clCreateUserEvent)
	if err != nil {
		return nil, err
	}
	defer runtime.KeepAlive(c)
	var code Code
	event, err := create(&clCreateUserEvent, &code, h, uintptr(unsafe.Pointer(&code)))
	if err != nil {
		return nil, err
	}
	return newEvent(event, nil), nil
}

// SetUserEventStatus ends a user event, once: status is zero
// (CommmandExecStatusComplete), or negative to make the commands that wait for
// it fail.
func (e *Event) SetUserEventStatus(status int) error {
	h, err := e.use(&clSetUserEventStatus)
	if err != nil {
		return err
	}
	defer runtime.KeepAlive(e)
	return call(&clSetUserEventStatus, h, uintptr(int32(status)))
}

// Status tells how far the command has come, without waiting. If it failed,
// the error carries the code of the failure.
func (e *Event) Status() (CommmandExecStatus, error) {
	h, err := e.use(&clGetEventInfo)
	if err != nil {
		return 0, err
	}
	defer runtime.KeepAlive(e)
	status, err := commandStatus(h)
	if err != nil {
		return 0, err
	}
	if status <= CommmandExecStatusComplete {
		e.transfer.end()
	}
	if status < 0 {
		return status, detail(clGetEventInfo.fail(Code(status)), "the command failed")
	}
	return status, nil
}

func commandStatus(event uintptr) (CommmandExecStatus, error) {
	v, err := query{entry: &clGetEventInfo, subject: event, param: eventStatus}.word()
	return CommmandExecStatus(int32(v)), err
}

// GetEventProfilingInfo returns a time stamp of a command that has ended, in
// nanoseconds of the device's clock. The queue must have been made with
// CommandQueueProfilingEnable.
func (e *Event) GetEventProfilingInfo(paramName ProfilingInfo) (int64, error) {
	h, err := e.use(&clGetEventProfilingInfo)
	if err != nil {
		return 0, err
	}
	defer runtime.KeepAlive(e)
	v, err := query{entry: &clGetEventProfilingInfo, subject: h, param: uint32(paramName)}.word()
	return int64(v), err
}

// Release gives the event back; the command goes on. It is safe to call twice
// and on nil.
func (e *Event) Release() {
	if e == nil {
		return
	}
	runtime.SetFinalizer(e, nil)
	e.release()
}

// use returns the handle, or an ErrReleased.
func (e *Event) use(f *entry) (uintptr, error) {
	if e == nil {
		return 0, f.fail(codeReleased)
	}
	return e.object.use(f)
}

// WaitForEvents waits until all the commands have ended. No events, no wait.
// Commands that failed give ErrExecStatusErrorForEventsInWaitList; Event.Status
// has the cause.
func WaitForEvents(events []*Event) error {
	list, err := waitList(&clWaitForEvents, events)
	if err != nil || len(list) == 0 {
		return err
	}
	defer runtime.KeepAlive(events)
	err = call(&clWaitForEvents, uintptr(len(list)), uintptr(unsafe.Pointer(&list[0])))
	for _, e := range events {
		// After an error some may still run.
		if err == nil {
			e.transfer.end()
		} else {
			e.transfer.endIfComplete()
		}
	}
	return err
}

// waitList returns the handles of the events.
func waitList(f *entry, events []*Event) ([]uintptr, error) {
	if len(events) == 0 {
		return nil, nil
	}
	list := make([]uintptr, len(events))
	for i, e := range events {
		h, err := e.use(f)
		if err != nil {
			return nil, detail(err, "event %d of the wait list", i)
		}
		list[i] = h
	}
	return list, nil
}
