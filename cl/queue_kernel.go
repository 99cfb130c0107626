package cl

import (
	"runtime"
	"unsafe"
)

// NDRange is an index space made ready for Launch: work-items in 1 to 3
// dimensions, and how they are grouped. It does not change and may be shared.
type NDRange struct {
	dims          uintptr
	offset        [3]uintptr
	global, local [3]uintptr
	hasOffset     bool
	hasLocal      bool
}

// NewNDRange makes an index space of global work-items in groups of local, for
// each of 1 to 3 dimensions. A nil local leaves the grouping to the driver;
// otherwise each global size is a multiple of the local one, as OpenCL 1.2
// demands.
func NewNDRange(global, local []int) (*NDRange, error) { return NewNDRangeFrom(nil, global, local) }

// NewNDRangeFrom is NewNDRange whose work-items are counted from offset on in each
// dimension; nil is zero.
func NewNDRangeFrom(offset, global, local []int) (*NDRange, error) {
	nd := new(NDRange)
	if err := nd.set(offset, global, local); err != nil {
		return nil, err
	}
	return nd, nil
}

func (nd *NDRange) set(offset, global, local []int) error {
	e := &clEnqueueNDRangeKernel
	dims := len(global)
	if dims < 1 || dims > 3 {
		return detail(e.fail(invalidDimension), "global size %v has %d dimensions, not 1 to 3", global, dims)
	}
	nd.dims, nd.hasOffset, nd.hasLocal = uintptr(dims), len(offset) > 0, len(local) > 0
	if nd.hasOffset && len(offset) != dims {
		return detail(e.fail(invalidOffset), "offset %v for global size %v", offset, global)
	}
	if nd.hasLocal && len(local) != dims {
		return detail(e.fail(invalidGroupSize), "local size %v for global size %v", local, global)
	}
	for i, n := range global {
		if n < 1 {
			return detail(e.fail(invalidGlobalSize), "global size %v", global)
		}
		nd.global[i] = uintptr(n)
		if nd.hasLocal {
			if local[i] < 1 || n%local[i] != 0 {
				return detail(e.fail(invalidGroupSize), "global size %v in groups of %v", global, local)
			}
			nd.local[i] = uintptr(local[i])
		}
		if nd.hasOffset {
			if offset[i] < 0 {
				return detail(e.fail(invalidOffset), "offset %v", offset)
			}
			nd.offset[i] = uintptr(offset[i])
		}
	}
	return nil
}

// pointers returns the addresses that the call takes, nil for what is absent.
func (nd *NDRange) pointers() (offset, local *[3]uintptr) {
	if nd.hasOffset {
		offset = &nd.offset
	}
	if nd.hasLocal {
		local = &nd.local
	}
	return offset, local
}

// Launch enqueues a kernel without an event: the per-step path. It neither
// waits nor flushes.
func (q *CommandQueue) Launch(kernel *Kernel, nd *NDRange) error {
	return q.launch(kernel, nd, nil, nil)
}

// LaunchEvent is Launch with an event, such as one to read time stamps from.
func (q *CommandQueue) LaunchEvent(kernel *Kernel, nd *NDRange) (*Event, error) {
	return q.LaunchAfter(kernel, nd, nil)
}

// LaunchAfter is LaunchEvent that begins when the given events, of other queues, have ended.
func (q *CommandQueue) LaunchAfter(kernel *Kernel, nd *NDRange, after []*Event) (*Event, error) {
	event := new(uintptr)
	if err := q.launch(kernel, nd, after, event); err != nil {
		return nil, err
	}
	return newEvent(*event, nil), nil
}

func (q *CommandQueue) launch(kernel *Kernel, nd *NDRange, after []*Event, event *uintptr) error {
	e := &clEnqueueNDRangeKernel
	h, n, list, err := q.start(e, after)
	if err != nil {
		return err
	}
	k, err := kernel.ready(e)
	if err != nil {
		return err
	}
	if nd == nil {
		return detail(e.fail(invalidGlobalSize), "kernel %s: no NDRange", kernel.name)
	}
	offset, local := nd.pointers()
	err = call(e, h, k, nd.dims, uintptr(unsafe.Pointer(offset)), uintptr(unsafe.Pointer(&nd.global)), uintptr(unsafe.Pointer(local)),
		n, uintptr(unsafe.Pointer(list)), uintptr(unsafe.Pointer(event)))
	runtime.KeepAlive(after)
	runtime.KeepAlive(q)
	runtime.KeepAlive(kernel)
	if err != nil {
		return detail(err, "kernel %s", kernel.name)
	}
	return nil
}

// EnqueueNDRangeKernel enqueues a kernel over an index space of 1 to 3
// dimensions. A nil offset is zero; a nil local size leaves the grouping to the
// driver.
func (q *CommandQueue) EnqueueNDRangeKernel(kernel *Kernel, globalWorkOffset, globalWorkSize, localWorkSize []int, eventWaitList []*Event) (*Event, error) {
	e := &clEnqueueNDRangeKernel
	h, n, list, err := q.start(e, eventWaitList)
	if err != nil {
		return nil, err
	}
	k, err := kernel.ready(e)
	if err != nil {
		return nil, err
	}
	nd := new(NDRange)
	if err := nd.set(globalWorkOffset, globalWorkSize, localWorkSize); err != nil {
		return nil, err
	}
	defer runtime.KeepAlive(q)
	defer runtime.KeepAlive(kernel)
	defer runtime.KeepAlive(eventWaitList)
	offset, local := nd.pointers()
	var event uintptr
	err = call(e, h, k, nd.dims, uintptr(unsafe.Pointer(offset)), uintptr(unsafe.Pointer(&nd.global)), uintptr(unsafe.Pointer(local)),
		n, uintptr(unsafe.Pointer(list)), uintptr(unsafe.Pointer(&event)))
	if err != nil {
		return nil, detail(err, "kernel %s, global size %v, local size %v", kernel.name, globalWorkSize, localWorkSize)
	}
	return newEvent(event, nil), nil
}

// EnqueueTask enqueues a kernel with a single work-item.
func (q *CommandQueue) EnqueueTask(kernel *Kernel, eventWaitList []*Event) (*Event, error) {
	return q.EnqueueNDRangeKernel(kernel, nil, []int{1}, []int{1}, eventWaitList)
}
