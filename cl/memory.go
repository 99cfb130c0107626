package cl

import (
	"runtime"
	"sync/atomic"
	"unsafe"
)

// MemObject is a buffer: memory of a context's devices, or a part of such a
// buffer (CreateSubBuffer).
type MemObject struct {
	object
	size int
	ctx  *Context
	host *hostStore // Go memory that is the buffer's store, or nil
}

// hostStore is the Go memory of a MemUseHostPtr buffer, shared by its
// sub-buffers.
type hostStore struct {
	users atomic.Int32
	pin   runtime.Pinner
}

// CreateBufferUnsafe makes a buffer of size bytes. dataPtr is nil, or points to
// size bytes which are copied (MemCopyHostPtr) or become the store
// (MemUseHostPtr, see the package comment).
func (c *Context) CreateBufferUnsafe(flags MemFlag, size int, dataPtr unsafe.Pointer) (*MemObject, error) {
	h, err := c.use(&clCreateBuffer)
	if err != nil {
		return nil, err
	}
	defer runtime.KeepAlive(c)
	if size < 1 {
		return nil, detail(clCreateBuffer.fail(invalidBufferSize), "%d bytes", size)
	}
	var host *hostStore
	if flags&MemUseHostPtr != 0 && dataPtr != nil {
		host = new(hostStore)
		host.users.Store(1)
		host.pin.Pin(dataPtr)
	}
	var code Code
	buffer, err := create(&clCreateBuffer, &code, h, uintptr(flags), uintptr(size), uintptr(dataPtr), uintptr(unsafe.Pointer(&code)))
	if err != nil {
		if host != nil {
			host.pin.Unpin()
		}
		return nil, detail(err, "%d bytes", size)
	}
	return newMemObject(c, buffer, size, host), nil
}

func newMemObject(c *Context, handle uintptr, size int, host *hostStore) *MemObject {
	m := &MemObject{size: size, ctx: c, host: host}
	m.set(kindBuffer, &clReleaseMemObject, handle)
	runtime.SetFinalizer(m, (*MemObject).finalize)
	return m
}

// CreateEmptyBuffer makes a buffer of size bytes, of unknown content.
func (c *Context) CreateEmptyBuffer(flags MemFlag, size int) (*MemObject, error) {
	return c.CreateBufferUnsafe(flags, size, nil)
}

// CreateBuffer makes a buffer as long as data, which must not be empty. flags
// say what data is for: MemCopyHostPtr or MemUseHostPtr.
func (c *Context) CreateBuffer(flags MemFlag, data []byte) (*MemObject, error) {
	return c.CreateBufferUnsafe(flags, len(data), unsafe.Pointer(unsafe.SliceData(data)))
}

// CreateBufferFloat32 is CreateBuffer for float32.
func (c *Context) CreateBufferFloat32(flags MemFlag, data []float32) (*MemObject, error) {
	return c.CreateBufferUnsafe(flags, 4*len(data), unsafe.Pointer(unsafe.SliceData(data)))
}

const bufferCreateRegion = 0x1220 // CL_BUFFER_CREATE_TYPE_REGION

// CreateSubBuffer makes a view of size bytes of the buffer, from byte origin
// on; origin is a multiple of MemBaseAddrAlign()/8 of the devices that will use
// it. flags may narrow those of the buffer; 0 takes them over.
func (m *MemObject) CreateSubBuffer(flags MemFlag, origin, size int) (*MemObject, error) {
	h, err := m.use(&clCreateSubBuffer)
	if err != nil {
		return nil, err
	}
	defer runtime.KeepAlive(m)
	if origin < 0 || size < 1 || size > m.size-origin {
		return nil, detail(clCreateSubBuffer.fail(invalidValue), "bytes %d+%d of %d", origin, size, m.size)
	}
	if !m.ctx.aligned(origin) {
		return nil, detail(clCreateSubBuffer.fail(misalignedOffset), "origin %d is no multiple of any device's MemBaseAddrAlign()/8", origin)
	}
	region := [2]uintptr{uintptr(origin), uintptr(size)}
	var code Code
	part, err := create(&clCreateSubBuffer, &code, h, uintptr(flags), bufferCreateRegion,
		uintptr(unsafe.Pointer(&region)), uintptr(unsafe.Pointer(&code)))
	if err != nil {
		return nil, detail(err, "bytes %d+%d of %d", origin, size, m.size)
	}
	if m.host != nil {
		m.host.users.Add(1)
	}
	return newMemObject(m.ctx, part, size, m.host), nil
}

// Size is the buffer's length in bytes.
func (m *MemObject) Size() int {
	if m == nil {
		return 0
	}
	return m.size
}

// Release gives the buffer back; commands that were enqueued with it still
// work. For a buffer whose store is Go memory (MemUseHostPtr) it first waits
// for the context's queues. It is safe to call twice and on nil.
func (m *MemObject) Release() {
	if m == nil {
		return
	}
	runtime.SetFinalizer(m, nil)
	if m.handle.Load() == 0 {
		return
	}
	host := m.host
	m.host = nil
	m.release()
	if host != nil && host.users.Add(-1) == 0 {
		if m.ctx.queues.finish() != nil {
			// A command may still use the memory: keep it for ever.
			strand(host)
			return
		}
		host.pin.Unpin()
	}
}

// finalize releases a buffer that nobody refers to. It must not hold up the
// finalizers, so a wait gets a goroutine of its own.
func (m *MemObject) finalize() {
	if m.host != nil {
		go m.Release()
		return
	}
	m.Release()
}

// use returns the handle, or an ErrReleased.
func (m *MemObject) use(e *entry) (uintptr, error) {
	if m == nil {
		return 0, e.fail(codeReleased)
	}
	return m.object.use(e)
}
