package cl

import (
	"runtime"
	"unsafe"
)

// CommandQueue runs commands on one device, in the order in which they were
// enqueued unless it was made with CommandQueueOutOfOrderExecModeEnable.
type CommandQueue struct {
	object
	queues    *queueSet
	transfers *transfers
}

// CreateCommandQueue makes a queue for a device of the context.
func (c *Context) CreateCommandQueue(device *Device, properties CommandQueueProperty) (*CommandQueue, error) {
	h, err := c.use(&clCreateCommandQueue)
	if err != nil {
		return nil, err
	}
	d, err := device.use(&clCreateCommandQueue)
	if err != nil {
		return nil, err
	}
	defer runtime.KeepAlive(c)
	defer runtime.KeepAlive(device)
	var code Code
	queue, err := create(&clCreateCommandQueue, &code, h, d, uintptr(properties), uintptr(unsafe.Pointer(&code)))
	if err != nil {
		return nil, detail(err, "device %q", device.Name())
	}
	q := &CommandQueue{queues: c.queues, transfers: new(transfers)}
	q.set(kindQueue, &clReleaseCommandQueue, queue)
	q.queues.add(queue)
	runtime.SetFinalizer(q, (*CommandQueue).finalize)
	return q, nil
}

// Flush hands all enqueued commands to the device and does not wait.
func (q *CommandQueue) Flush() error {
	h, err := q.use(&clFlush)
	if err != nil {
		return err
	}
	defer runtime.KeepAlive(q)
	return call(&clFlush, h)
}

// Finish waits until all enqueued commands have ended.
func (q *CommandQueue) Finish() error {
	h, err := q.use(&clFinish)
	if err != nil {
		return err
	}
	defer runtime.KeepAlive(q)
	// Taken before the wait: what another goroutine enqueues during it may not
	// have ended after it.
	list := q.transfers.take()
	err = call(&clFinish, h)
	for _, t := range list {
		if err == nil {
			t.end()
		} else if !t.endIfComplete() {
			q.transfers.add(t)
		}
	}
	return err
}

// Release gives the queue back. If Go memory is in use by non-blocking
// commands, it waits for them first. It is safe to call twice and on nil.
func (q *CommandQueue) Release() {
	if q == nil {
		return
	}
	runtime.SetFinalizer(q, nil)
	h := q.handle.Load()
	if h == 0 {
		return
	}
	if q.transfers.collect(); !q.transfers.empty() && q.Finish() != nil {
		for _, t := range q.transfers.take() {
			strand(t)
		}
	}
	q.queues.remove(h)
	q.release()
}

// finalize releases a queue that nobody refers to. It must not hold up the
// finalizers, so a wait gets a goroutine of its own.
func (q *CommandQueue) finalize() {
	if !q.transfers.empty() {
		go q.Release()
		return
	}
	q.Release()
}

// use returns the handle, or an ErrReleased.
func (q *CommandQueue) use(e *entry) (uintptr, error) {
	if q == nil {
		return 0, e.fail(codeReleased)
	}
	return q.object.use(e)
}

// start returns what every enqueueing call needs first: the queue's handle, and
// the number and address of the events to wait for.
func (q *CommandQueue) start(e *entry, eventWaitList []*Event) (h, n uintptr, list *uintptr, err error) {
	if h, err = q.use(e); err != nil {
		return 0, 0, nil, err
	}
	handles, err := waitList(e, eventWaitList)
	return h, uintptr(len(handles)), unsafe.SliceData(handles), err
}

// EnqueueMarkerWithWaitList enqueues an event that ends when the given events,
// or without any all earlier commands, have ended.
func (q *CommandQueue) EnqueueMarkerWithWaitList(eventWaitList []*Event) (*Event, error) {
	return q.synchronize(&clEnqueueMarkerWithWaitList, eventWaitList)
}

// EnqueueBarrierWithWaitList is a marker that later commands wait for.
func (q *CommandQueue) EnqueueBarrierWithWaitList(eventWaitList []*Event) (*Event, error) {
	return q.synchronize(&clEnqueueBarrierWithWaitList, eventWaitList)
}

func (q *CommandQueue) synchronize(e *entry, eventWaitList []*Event) (*Event, error) {
	h, n, list, err := q.start(e, eventWaitList)
	if err != nil {
		return nil, err
	}
	defer runtime.KeepAlive(q)
	defer runtime.KeepAlive(eventWaitList)
	var event uintptr
	if err := call(e, h, n, uintptr(unsafe.Pointer(list)), uintptr(unsafe.Pointer(&event))); err != nil {
		return nil, err
	}
	return newEvent(event, nil), nil
}
