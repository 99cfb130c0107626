package cl

import (
	"runtime"
	"unsafe"
)

// Kernel is a __kernel function of a built program, with its arguments. Its
// arguments are kept from one launch to the next, so a Kernel is for one
// goroutine at a time.
type Kernel struct {
	object
	name string
	// buffers keeps the buffer arguments alive, by argument number: OpenCL
	// itself does not.
	buffers []*MemObject
	value   uint64 // where a number lies while it is handed over
}

const (
	kernelNumArgs = 0x1191
	kernelArgName = 0x119A

	kernelWorkGroupSize        = 0x11B0
	kernelCompileWorkGroupSize = 0x11B1
	kernelLocalMemSize         = 0x11B2
	kernelPreferredMultiple    = 0x11B3
	kernelPrivateMemSize       = 0x11B4
)

// CreateKernel finds the __kernel function called name. Each call makes a new
// Kernel with arguments of its own.
func (p *Program) CreateKernel(name string) (*Kernel, error) {
	h, err := p.use(&clCreateKernel)
	if err != nil {
		return nil, err
	}
	defer runtime.KeepAlive(p)
	text, ok := cstring(name)
	if !ok || name == "" {
		return nil, detail(clCreateKernel.fail(invalidKernelName), "kernel %q", name)
	}
	var code Code
	kernel, err := create(&clCreateKernel, &code, h, uintptr(unsafe.Pointer(&text[0])), uintptr(unsafe.Pointer(&code)))
	if err != nil {
		return nil, detail(err, "kernel %q", name)
	}
	k := &Kernel{name: name}
	k.set(kindKernel, &clReleaseKernel, kernel)
	runtime.SetFinalizer(k, (*Kernel).Release)
	return k, nil
}

// NumArgs is the number of arguments.
func (k *Kernel) NumArgs() (int, error) {
	h, err := k.use(&clGetKernelInfo)
	if err != nil {
		return 0, err
	}
	defer runtime.KeepAlive(k)
	n, err := query{entry: &clGetKernelInfo, subject: h, param: kernelNumArgs}.word()
	return int(n), err
}

// ArgName is the name of an argument in the source. Many drivers only know it if
// the program was built with -cl-kernel-arg-info.
func (k *Kernel) ArgName(index int) (string, error) {
	h, err := k.use(&clGetKernelArgInfo)
	if err != nil {
		return "", err
	}
	defer runtime.KeepAlive(k)
	if index < 0 {
		return "", detail(clGetKernelArgInfo.fail(invalidArgIndex), "kernel %s, argument %d", k.name, index)
	}
	second := uintptr(index)
	s, err := query{entry: &clGetKernelArgInfo, subject: h, second: &second, param: kernelArgName}.text()
	return s, detail(err, "kernel %s, argument %d", k.name, index)
}

// WorkGroupSize is the most work-items of a work-group of this kernel.
func (k *Kernel) WorkGroupSize(device *Device) (int, error) {
	return k.groupWord(device, kernelWorkGroupSize)
}

// PreferredWorkGroupSizeMultiple is what a work-group's size should be a
// multiple of, for speed.
func (k *Kernel) PreferredWorkGroupSizeMultiple(device *Device) (int, error) {
	return k.groupWord(device, kernelPreferredMultiple)
}

// CompileWorkGroupSize is the size that the source demands with
// __attribute__((reqd_work_group_size(x,y,z))), or all zero.
func (k *Kernel) CompileWorkGroupSize(device *Device) ([3]int, error) {
	var size [3]int
	q, err := k.query(device, kernelCompileWorkGroupSize)
	if err != nil {
		return size, err
	}
	defer runtime.KeepAlive(k)
	defer runtime.KeepAlive(device)
	list, err := q.words()
	for i := range min(len(list), len(size)) {
		size[i] = int(list[i])
	}
	return size, err
}

// LocalMemSize is the bytes of local memory that a work-group uses, with those
// of the LocalBuffer arguments set so far.
func (k *Kernel) LocalMemSize(device *Device) (int, error) {
	return k.groupWord(device, kernelLocalMemSize)
}

// PrivateMemSize is the least bytes of private memory that a work-item uses.
func (k *Kernel) PrivateMemSize(device *Device) (int, error) {
	return k.groupWord(device, kernelPrivateMemSize)
}

func (k *Kernel) groupWord(device *Device, param uint32) (int, error) {
	q, err := k.query(device, param)
	if err != nil {
		return 0, err
	}
	defer runtime.KeepAlive(k)
	defer runtime.KeepAlive(device)
	v, err := q.word()
	return int(v), err
}

// query asks about the kernel on a device.
func (k *Kernel) query(device *Device, param uint32) (query, error) {
	e := &clGetKernelWorkGroupInfo
	h, err := k.use(e)
	if err != nil {
		return query{}, err
	}
	id, err := device.use(e)
	return query{entry: e, subject: h, second: &id, param: param}, err
}

// Release gives the kernel back; launches that were enqueued still run. It is
// safe to call twice and on nil.
func (k *Kernel) Release() {
	if k == nil {
		return
	}
	runtime.SetFinalizer(k, nil)
	k.release()
	k.buffers = nil
}

// use returns the handle, or an ErrReleased.
func (k *Kernel) use(e *entry) (uintptr, error) {
	if k == nil {
		return 0, e.fail(codeReleased)
	}
	return k.object.use(e)
}

// ready returns the handle for a launch: no buffer among the arguments may have
// been released, for drivers do not check that.
func (k *Kernel) ready(e *entry) (uintptr, error) {
	h, err := k.use(e)
	if err != nil {
		return 0, detail(err, "kernel")
	}
	for i, m := range k.buffers {
		if m != nil && m.handle.Load() == 0 {
			return 0, detail(e.fail(codeReleased), "kernel %s, argument %d", k.name, i)
		}
	}
	return h, nil
}
