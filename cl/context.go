package cl

import (
	"runtime"
	"slices"
	"sync"
	"unsafe"
)

// Context holds buffers, programs and queues of one or more devices of one
// platform.
type Context struct {
	object
	devices []*Device
	queues  *queueSet
}

// CreateContext makes a context of devices, which must be of one platform.
func CreateContext(devices []*Device) (*Context, error) {
	handles, err := deviceHandles(&clCreateContext, devices)
	if err != nil {
		return nil, err
	}
	defer runtime.KeepAlive(devices)
	var code Code
	h, err := create(&clCreateContext, &code, 0, uintptr(len(handles)), uintptr(unsafe.Pointer(&handles[0])), 0, 0, uintptr(unsafe.Pointer(&code)))
	if err != nil {
		return nil, detail(err, "device %q", devices[0].Name())
	}
	c := &Context{devices: slices.Clone(devices), queues: &queueSet{open: make(map[uintptr]bool)}}
	c.set(kindContext, &clReleaseContext, h)
	runtime.SetFinalizer(c, (*Context).Release)
	return c, nil
}

// Devices are the devices that the context was made of.
func (c *Context) Devices() []*Device {
	if c == nil {
		return nil
	}
	return slices.Clone(c.devices)
}

// device finds a device of the context, or one that such a device is a part of,
// by its handle.
func (c *Context) device(handle uintptr) *Device {
	for _, d := range c.devices {
		for ; d != nil; d = d.parent {
			if d.handle.Load() == handle {
				return d
			}
		}
	}
	return nil
}

// aligned tells whether a sub-buffer of some device can start at origin.
func (c *Context) aligned(origin int) bool {
	for _, d := range c.devices {
		if align := d.MemBaseAddrAlign() / 8; align < 1 || origin%align == 0 {
			return true
		}
	}
	return false
}

// Release gives the context back. What was made in it stays usable until it is
// released too. It is safe to call twice and on nil.
func (c *Context) Release() {
	if c == nil {
		return
	}
	runtime.SetFinalizer(c, nil)
	c.release()
}

// use returns the handle, or an ErrReleased.
func (c *Context) use(e *entry) (uintptr, error) {
	if c == nil {
		return 0, e.fail(codeReleased)
	}
	return c.object.use(e)
}

// queueSet holds the handles of a context's open queues. It does not refer to
// the queues themselves, which could then never be finalized.
type queueSet struct {
	mu   sync.Mutex
	open map[uintptr]bool
}

func (s *queueSet) add(handle uintptr) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open[handle] = true
}

func (s *queueSet) remove(handle uintptr) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, handle)
}

// finish waits for all queues; it returns the first error.
func (s *queueSet) finish() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var first error
	for handle := range s.open {
		if err := call(&clFinish, handle); err != nil && first == nil {
			first = err
		}
	}
	return first
}
