package cl

import (
	"runtime"
	"unsafe"
)

// MappedMemObject is a part of a buffer that the host can use as memory, from
// the end of the map command to EnqueueUnmapMemObject.
type MappedMemObject struct {
	buffer *MemObject
	ptr    unsafe.Pointer
	size   int
}

// Ptr is the address of the region, nil after it was unmapped.
func (m *MappedMemObject) Ptr() unsafe.Pointer {
	if m == nil {
		return nil
	}
	return m.ptr
}

// Size is the length of the region in bytes, 0 after it was unmapped.
func (m *MappedMemObject) Size() int {
	if m == nil {
		return 0
	}
	return m.size
}

// ByteSlice is the region. It is memory of the driver: the slice must not be
// touched after EnqueueUnmapMemObject or after the buffer's Release. It is nil
// after the region was unmapped.
func (m *MappedMemObject) ByteSlice() []byte {
	if m == nil || m.ptr == nil {
		return nil
	}
	return unsafe.Slice((*byte)(m.ptr), m.size)
}

// EnqueueMapBuffer makes size bytes of the buffer, from byte offset on, usable
// by the host. Unless blocking, they must not be touched before the event has
// ended.
func (q *CommandQueue) EnqueueMapBuffer(buffer *MemObject, blocking bool, flags MapFlag, offset, size int, eventWaitList []*Event) (*MappedMemObject, *Event, error) {
	e := &clEnqueueMapBuffer
	h, n, list, err := q.start(e, eventWaitList)
	if err != nil {
		return nil, nil, err
	}
	m, err := q.region(e, buffer, offset, size)
	if err != nil {
		return nil, nil, err
	}
	defer runtime.KeepAlive(q)
	defer runtime.KeepAlive(buffer)
	defer runtime.KeepAlive(eventWaitList)
	var wait uintptr
	if blocking {
		wait = 1
	}
	var event uintptr
	var code Code
	address, err := create(e, &code, h, m, wait, uintptr(flags), uintptr(offset), uintptr(size),
		n, uintptr(unsafe.Pointer(list)), uintptr(unsafe.Pointer(&event)), uintptr(unsafe.Pointer(&code)))
	if err != nil {
		return nil, nil, detail(err, "bytes %d+%d of a buffer of %d", offset, size, buffer.size)
	}
	if blocking {
		q.transfers.collect()
	}
	// The address is the driver's, or that of pinned memory (MemUseHostPtr): the
	// collector never moves either, so the number can become a pointer again.
	ptr := *(*unsafe.Pointer)(unsafe.Pointer(&address))
	return &MappedMemObject{buffer: buffer, ptr: ptr, size: size}, newEvent(event, nil), nil
}

// EnqueueUnmapMemObject ends the use of a mapped region; what was written to it
// is in the buffer when the event has ended.
func (q *CommandQueue) EnqueueUnmapMemObject(buffer *MemObject, mappedObj *MappedMemObject, eventWaitList []*Event) (*Event, error) {
	e := &clEnqueueUnmapMemObject
	h, n, list, err := q.start(e, eventWaitList)
	if err != nil {
		return nil, err
	}
	m, err := buffer.use(e)
	if err != nil {
		return nil, detail(err, "buffer")
	}
	if mappedObj == nil || mappedObj.ptr == nil || mappedObj.buffer != buffer {
		return nil, detail(e.fail(invalidValue), "the region is not mapped, or not of this buffer")
	}
	defer runtime.KeepAlive(q)
	defer runtime.KeepAlive(buffer)
	defer runtime.KeepAlive(eventWaitList)
	var event uintptr
	err = call(e, h, m, uintptr(mappedObj.ptr), n, uintptr(unsafe.Pointer(list)), uintptr(unsafe.Pointer(&event)))
	if err != nil {
		return nil, err
	}
	mappedObj.ptr, mappedObj.size = nil, 0
	return newEvent(event, nil), nil
}
