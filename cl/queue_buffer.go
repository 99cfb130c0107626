package cl

import (
	"runtime"
	"unsafe"
)

// EnqueueReadBuffer copies dataSize bytes of the buffer, from byte offset on,
// to dataPtr. Unless blocking, the memory must not be used before the event has
// ended; it is kept alive and in place until then.
func (q *CommandQueue) EnqueueReadBuffer(buffer *MemObject, blocking bool, offset, dataSize int, dataPtr unsafe.Pointer, eventWaitList []*Event) (*Event, error) {
	return q.copyHost(&clEnqueueReadBuffer, buffer, blocking, offset, dataSize, dataPtr, eventWaitList)
}

// EnqueueReadBufferFloat32 fills data from the buffer, from byte offset on; see
// EnqueueReadBuffer.
func (q *CommandQueue) EnqueueReadBufferFloat32(buffer *MemObject, blocking bool, offset int, data []float32, eventWaitList []*Event) (*Event, error) {
	return q.EnqueueReadBuffer(buffer, blocking, offset, 4*len(data), unsafe.Pointer(unsafe.SliceData(data)), eventWaitList)
}

// EnqueueWriteBuffer copies dataSize bytes at dataPtr into the buffer, from byte
// offset on. Unless blocking, the memory must not be changed before the event
// has ended; it is kept alive and in place until then.
func (q *CommandQueue) EnqueueWriteBuffer(buffer *MemObject, blocking bool, offset, dataSize int, dataPtr unsafe.Pointer, eventWaitList []*Event) (*Event, error) {
	return q.copyHost(&clEnqueueWriteBuffer, buffer, blocking, offset, dataSize, dataPtr, eventWaitList)
}

// EnqueueWriteBufferFloat32 copies data into the buffer, from byte offset on; see
// EnqueueWriteBuffer.
func (q *CommandQueue) EnqueueWriteBufferFloat32(buffer *MemObject, blocking bool, offset int, data []float32, eventWaitList []*Event) (*Event, error) {
	return q.EnqueueWriteBuffer(buffer, blocking, offset, 4*len(data), unsafe.Pointer(unsafe.SliceData(data)), eventWaitList)
}

// copyHost reads or writes a buffer.
func (q *CommandQueue) copyHost(e *entry, buffer *MemObject, blocking bool, offset, size int, data unsafe.Pointer, eventWaitList []*Event) (*Event, error) {
	h, n, list, err := q.start(e, eventWaitList)
	if err != nil {
		return nil, err
	}
	m, err := q.region(e, buffer, offset, size)
	if err != nil {
		return nil, err
	}
	if data == nil {
		return nil, detail(e.fail(invalidHostPtr), "%d bytes at a nil pointer", size)
	}
	defer runtime.KeepAlive(q)
	defer runtime.KeepAlive(buffer)
	defer runtime.KeepAlive(eventWaitList)
	var event uintptr
	if blocking {
		err := call(e, h, m, 1, uintptr(offset), uintptr(size), uintptr(data), n, uintptr(unsafe.Pointer(list)), uintptr(unsafe.Pointer(&event)))
		if err != nil {
			return nil, err
		}
		q.transfers.collect()
		return newEvent(event, nil), nil
	}
	t := newTransfer(data)
	err = call(e, h, m, 0, uintptr(offset), uintptr(size), uintptr(data), n, uintptr(unsafe.Pointer(list)), uintptr(unsafe.Pointer(&event)))
	if err != nil {
		t.pin.Unpin()
		return nil, err
	}
	return q.track(t, event)
}

// track keeps a transfer until its command, whose event is given, has ended.
func (q *CommandQueue) track(t *transfer, event uintptr) (*Event, error) {
	if err := call(&clRetainEvent, event); err != nil {
		// Without a second reference the queue takes the only one, and waits.
		t.start(event)
		q.transfers.add(t)
		if finish := q.Finish(); finish != nil {
			return nil, finish
		}
		return nil, err
	}
	t.start(event)
	q.transfers.collect()
	q.transfers.add(t)
	return newEvent(event, t), nil
}

// region returns the buffer's handle if it is of the queue's context and bytes
// [offset, offset+size) are in it. Not all drivers check that.
func (q *CommandQueue) region(e *entry, m *MemObject, offset, size int) (uintptr, error) {
	h, err := m.use(e)
	if err != nil {
		return 0, detail(err, "buffer")
	}
	if m.ctx.queues != q.queues {
		return 0, detail(e.fail(invalidContext), "queue and buffer are of different contexts")
	}
	if offset < 0 || size < 1 || size > m.size-offset {
		return 0, detail(e.fail(invalidValue), "bytes %d+%d of a buffer of %d", offset, size, m.size)
	}
	return h, nil
}

// EnqueueCopyBuffer copies byteCount bytes from one buffer to another. Regions
// of one buffer must not overlap (ErrMemCopyOverlap).
func (q *CommandQueue) EnqueueCopyBuffer(srcBuffer, dstBuffer *MemObject, srcOffset, dstOffset, byteCount int, eventWaitList []*Event) (*Event, error) {
	e := &clEnqueueCopyBuffer
	h, n, list, err := q.start(e, eventWaitList)
	if err != nil {
		return nil, err
	}
	src, err := q.region(e, srcBuffer, srcOffset, byteCount)
	if err != nil {
		return nil, err
	}
	dst, err := q.region(e, dstBuffer, dstOffset, byteCount)
	if err != nil {
		return nil, err
	}
	defer runtime.KeepAlive(q)
	defer runtime.KeepAlive(srcBuffer)
	defer runtime.KeepAlive(dstBuffer)
	defer runtime.KeepAlive(eventWaitList)
	var event uintptr
	err = call(e, h, src, dst, uintptr(srcOffset), uintptr(dstOffset), uintptr(byteCount), n, uintptr(unsafe.Pointer(list)), uintptr(unsafe.Pointer(&event)))
	if err != nil {
		return nil, err
	}
	return newEvent(event, nil), nil
}

// EnqueueFillBuffer repeats a pattern of patternSize bytes (1, 2, 4, … 128) over
// size bytes of the buffer from byte offset on; both are multiples of
// patternSize. The pattern may be changed when it returns.
func (q *CommandQueue) EnqueueFillBuffer(buffer *MemObject, pattern unsafe.Pointer, patternSize, offset, size int, eventWaitList []*Event) (*Event, error) {
	e := &clEnqueueFillBuffer
	h, n, list, err := q.start(e, eventWaitList)
	if err != nil {
		return nil, err
	}
	m, err := q.region(e, buffer, offset, size)
	if err != nil {
		return nil, err
	}
	if pattern == nil || patternSize < 1 || patternSize > 128 || patternSize&(patternSize-1) != 0 ||
		offset%patternSize != 0 || size%patternSize != 0 {
		return nil, detail(e.fail(invalidValue), "pattern of %d bytes over bytes %d+%d", patternSize, offset, size)
	}
	defer runtime.KeepAlive(q)
	defer runtime.KeepAlive(buffer)
	defer runtime.KeepAlive(eventWaitList)
	var event uintptr
	err = call(e, h, m, uintptr(pattern), uintptr(patternSize), uintptr(offset), uintptr(size), n, uintptr(unsafe.Pointer(list)), uintptr(unsafe.Pointer(&event)))
	if err != nil {
		return nil, err
	}
	return newEvent(event, nil), nil
}
