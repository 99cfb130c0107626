package cl

import (
	"runtime"
	"testing"
)

// Non-blocking writes of memory that the caller forgets at once, held up by an
// event while the collector runs and the heap is filled with other numbers. Were
// the memory not kept, the device would see those.
func TestForgottenWrites(t *testing.T) {
	r := openRig(t)
	r.needQueueing(t)
	const n, size = 64, 4096
	gate, err := r.ctx.CreateUserEvent()
	check(t, err)
	defer gate.Release()
	buffers := make([]*MemObject, n)
	for i := range buffers {
		buffers[i] = r.buffer(t, make([]float32, size))
		data := make([]float32, size)
		fill(data, float32(i+1))
		e, err := r.queue.EnqueueWriteBufferFloat32(buffers[i], false, 0, data, []*Event{gate})
		check(t, err)
		if i%2 == 0 {
			e.Release()
		}
	}
	check(t, r.queue.Flush())
	if held := LiveObjects()["transfer"]; held != n {
		t.Errorf("%d transfers are held, want %d", held, n)
	}
	churn(size)
	check(t, gate.SetUserEventStatus(0))
	check(t, r.queue.Finish())
	if held := LiveObjects()["transfer"]; held != 0 {
		t.Errorf("%d transfers are held after Finish", held)
	}
	for i, b := range buffers {
		for j, v := range r.read(t, b) {
			if v != float32(i+1) {
				t.Fatalf("buffer %d, element %d: %v, want %d", i, j, v, i+1)
			}
		}
	}
}

// Non-blocking reads under the collector: the memory gets the numbers, and each
// event lets its own memory go.
func TestReadsUnderCollection(t *testing.T) {
	r := openRig(t)
	r.needQueueing(t)
	const n, size = 32, 4096
	gate, err := r.ctx.CreateUserEvent()
	check(t, err)
	defer gate.Release()
	data := make([]float32, size)
	fill(data, 5)
	b := r.buffer(t, data)
	read := make([][]float32, n)
	events := make([]*Event, n)
	for i := range read {
		read[i] = make([]float32, size)
		events[i], err = r.queue.EnqueueReadBufferFloat32(b, false, 0, read[i], []*Event{gate})
		check(t, err)
	}
	check(t, r.queue.Flush())
	churn(size)
	check(t, gate.SetUserEventStatus(0))
	check(t, WaitForEvents(events))
	if held := LiveObjects()["transfer"]; held != 0 {
		t.Errorf("%d transfers are held after the wait", held)
	}
	for i := range read {
		for j, v := range read[i] {
			if v != 5 {
				t.Fatalf("read %d, element %d: %v, want 5", i, j, v)
			}
		}
		events[i].Release()
	}
}

// A queue used for ever without Finish does not pile up what has ended.
func TestTransfersAreCollected(t *testing.T) {
	r := openRig(t)
	b := r.buffer(t, ramp(16))
	for range 100 {
		e, err := r.queue.EnqueueWriteBufferFloat32(b, false, 0, ramp(16), nil)
		check(t, err)
		e.Release()
		r.read(t, b) // blocking, so the write has ended
	}
	if held := len(r.queue.transfers.list); held != 0 {
		t.Errorf("%d of 100 ended transfers are kept", held)
	}
	// Status sees the end too.
	e, err := r.queue.EnqueueWriteBufferFloat32(b, false, 0, ramp(16), nil)
	check(t, err)
	defer e.Release()
	done(t)(r.queue.EnqueueMarkerWithWaitList(nil))
	if s, err := e.Status(); err != nil || s != CommmandExecStatusComplete || e.transfer.event != 0 {
		t.Errorf("status %v (%v), transfer still held", s, err)
	}
	// Release waits for what is left.
	e, err = r.queue.EnqueueWriteBufferFloat32(b, false, 0, ramp(16), nil)
	check(t, err)
	e.Release()
	r.queue.Release()
	if held := LiveObjects()["transfer"]; held != 0 {
		t.Errorf("%d transfers are held after the queue's release", held)
	}
}

// A write that the driver refuses, here for an event of another context, lets
// its memory go at once; a buffer of another context never reaches the driver.
func TestFailedTransfer(t *testing.T) {
	r := openRig(t)
	other, err := CreateContext([]*Device{r.device})
	check(t, err)
	defer other.Release()
	foreign, err := other.CreateEmptyBuffer(MemReadWrite, 64)
	check(t, err)
	defer foreign.Release()
	_, err = r.queue.EnqueueWriteBufferFloat32(foreign, false, 0, ramp(16), nil)
	wantErr(t, err, ErrInvalidContext)
	if r.pocl() {
		gate, err := other.CreateUserEvent()
		check(t, err)
		defer gate.Release()
		_, err = r.queue.EnqueueWriteBufferFloat32(r.buffer(t, ramp(16)), false, 0, ramp(16), []*Event{gate})
		wantErr(t, err, ErrInvalidContext)
	}
	if held := LiveObjects()["transfer"]; held != 0 {
		t.Errorf("%d transfers are held", held)
	}
	runtime.GC() // a Pinner left with memory would panic here
	runtime.GC()
}

func fill(data []float32, v float32) {
	for i := range data {
		data[i] = v
	}
}

// churn collects garbage and reuses freed memory for other numbers.
func churn(size int) {
	for range 20 {
		runtime.GC()
		junk := make([][]float32, 32)
		for i := range junk {
			junk[i] = make([]float32, size)
			fill(junk[i], -99)
		}
		runtime.KeepAlive(junk)
	}
}
