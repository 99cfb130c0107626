package cl

import (
	"encoding/binary"
	"math"
	"slices"
	"testing"
	"unsafe"
)

func expect(t testing.TB, got, want []float32) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestWriteReadCopyFill(t *testing.T) {
	r := openRig(t)
	a, b := r.buffer(t, ramp(8)), r.buffer(t, make([]float32, 8))
	expect(t, r.read(t, a), []float32{0, 1, 2, 3, 4, 5, 6, 7})
	done(t)(r.queue.EnqueueWriteBufferFloat32(a, true, 8, []float32{20, 30}, nil))
	expect(t, r.read(t, a), []float32{0, 1, 20, 30, 4, 5, 6, 7})
	done(t)(r.queue.EnqueueCopyBuffer(a, b, 4, 12, 16, nil))
	expect(t, r.read(t, b), []float32{0, 0, 0, 1, 20, 30, 4, 0})
	pattern := [2]float32{-1, -2}
	done(t)(r.queue.EnqueueFillBuffer(b, unsafe.Pointer(&pattern), 8, 0, 16, nil))
	expect(t, r.read(t, b), []float32{-1, -2, -1, -2, 20, 30, 4, 0})
	part := make([]float32, 2)
	done(t)(r.queue.EnqueueReadBufferFloat32(b, true, 16, part, nil))
	expect(t, part, []float32{20, 30})
	c, err := r.ctx.CreateBuffer(MemReadOnly|MemCopyHostPtr, []byte{0, 0, 0x80, 0x3f})
	check(t, err)
	defer c.Release()
	expect(t, r.read(t, c), []float32{1})
}

func TestBufferErrors(t *testing.T) {
	r := openRig(t)
	a := r.buffer(t, ramp(4)) // 16 bytes
	one := make([]float32, 1)
	call := func(f func() (*Event, error)) error {
		e, err := f()
		e.Release()
		return err
	}
	for what, c := range map[string]struct {
		want error
		f    func() (*Event, error)
	}{
		"past the end":    {ErrInvalidValue, func() (*Event, error) { return r.queue.EnqueueReadBufferFloat32(a, true, 16, one, nil) }},
		"negative offset": {ErrInvalidValue, func() (*Event, error) { return r.queue.EnqueueWriteBufferFloat32(a, true, -4, one, nil) }},
		"huge offset":     {ErrInvalidValue, func() (*Event, error) { return r.queue.EnqueueWriteBufferFloat32(a, true, math.MaxInt, one, nil) }},
		"empty slice":     {ErrInvalidValue, func() (*Event, error) { return r.queue.EnqueueWriteBufferFloat32(a, true, 0, []float32{}, nil) }},
		"nil memory":      {ErrInvalidHostPtr, func() (*Event, error) { return r.queue.EnqueueReadBuffer(a, true, 0, 4, nil, nil) }},
		"copy too much":   {ErrInvalidValue, func() (*Event, error) { return r.queue.EnqueueCopyBuffer(a, a, 0, 8, 12, nil) }},
		"copy overlap":    {ErrMemCopyOverlap, func() (*Event, error) { return r.queue.EnqueueCopyBuffer(a, a, 0, 4, 8, nil) }},
		"pattern of 3": {ErrInvalidValue, func() (*Event, error) {
			return r.queue.EnqueueFillBuffer(a, unsafe.Pointer(&one[0]), 3, 0, 12, nil)
		}},
		"pattern between": {ErrInvalidValue, func() (*Event, error) {
			return r.queue.EnqueueFillBuffer(a, unsafe.Pointer(&one[0]), 4, 2, 8, nil)
		}},
		"nil buffer": {ErrReleased, func() (*Event, error) { return r.queue.EnqueueReadBufferFloat32(nil, true, 0, one, nil) }},
		"nil event":  {ErrReleased, func() (*Event, error) { return r.queue.EnqueueMarkerWithWaitList([]*Event{nil}) }},
	} {
		t.Run(what, func(t *testing.T) { wantErr(t, call(c.f), c.want) })
	}
	_, err := r.ctx.CreateBuffer(MemReadWrite|MemCopyHostPtr, []byte{})
	wantErr(t, err, ErrInvalidBufferSize)
	_, err = r.ctx.CreateEmptyBuffer(MemReadWrite, -1)
	wantErr(t, err, ErrInvalidBufferSize)
	_, err = r.ctx.CreateEmptyBuffer(MemReadWrite|MemCopyHostPtr, 4)
	wantErr(t, err, ErrInvalidHostPtr)
	if r.pocl() { // others fail when the memory is used
		_, err = r.ctx.CreateEmptyBuffer(MemReadWrite, int(2*r.device.MaxMemAllocSize()))
		wantErr(t, err, ErrInvalidBufferSize)
	}
}

func TestSubBuffer(t *testing.T) {
	r := openRig(t)
	align := r.device.MemBaseAddrAlign() / 8
	n := align/4 + 4
	a := r.buffer(t, make([]float32, n))
	part, err := a.CreateSubBuffer(0, align, 16)
	check(t, err)
	defer part.Release()
	if part.Size() != 16 {
		t.Errorf("size %d, want 16", part.Size())
	}
	done(t)(r.queue.EnqueueWriteBufferFloat32(part, true, 4, []float32{7, 8}, nil))
	expect(t, r.read(t, a)[align/4:], []float32{0, 7, 8, 0})
	_, err = r.queue.EnqueueReadBufferFloat32(part, true, 12, make([]float32, 2), nil)
	wantErr(t, err, ErrInvalidValue)
	for _, bad := range [][2]int{{-align, 4}, {0, 0}, {align, 17}, {math.MaxInt, 4}} {
		_, err = a.CreateSubBuffer(0, bad[0], bad[1])
		wantErr(t, err, ErrInvalidValue)
	}
	_, err = a.CreateSubBuffer(0, 4, 8)
	wantErr(t, err, ErrMisalignedSubBufferOffset)
	a.Release()
	expect(t, r.read(t, part), []float32{0, 7, 8, 0}) // the part outlives the whole
}

func TestMap(t *testing.T) {
	r := openRig(t)
	a := r.buffer(t, ramp(4))
	m, e, err := r.queue.EnqueueMapBuffer(a, true, MapFlagRead|MapFlagWrite, 4, 8, nil)
	check(t, err)
	e.Release()
	b := m.ByteSlice()
	if m.Size() != 8 || len(b) != 8 || math.Float32frombits(binary.LittleEndian.Uint32(b[4:])) != 2 {
		t.Fatalf("mapped %d bytes: % x, want those of 1, 2", m.Size(), b)
	}
	binary.LittleEndian.PutUint32(b, math.Float32bits(42))
	other := r.buffer(t, ramp(1))
	_, err = r.queue.EnqueueUnmapMemObject(other, m, nil)
	wantErr(t, err, ErrInvalidValue)
	done(t)(r.queue.EnqueueUnmapMemObject(a, m, nil))
	expect(t, r.read(t, a), []float32{0, 42, 2, 3})
	if m.ByteSlice() != nil || m.Ptr() != nil || m.Size() != 0 {
		t.Error("the region is still there after unmap")
	}
	_, err = r.queue.EnqueueUnmapMemObject(a, m, nil)
	wantErr(t, err, ErrInvalidValue)
	_, _, err = r.queue.EnqueueMapBuffer(a, true, MapFlagRead, 12, 8, nil)
	wantErr(t, err, ErrInvalidValue)
}

// The store of the buffer is Go memory: it must stay pinned until both the
// buffer and its part are gone, and a map must show what kernels wrote.
func TestUseHostPtr(t *testing.T) {
	r := openRig(t)
	align := r.device.MemBaseAddrAlign() / 8
	data := ramp(align/4 + 4)
	a, err := r.ctx.CreateBufferFloat32(MemReadWrite|MemUseHostPtr, data)
	check(t, err)
	part, err := a.CreateSubBuffer(0, align, 16)
	check(t, err)
	host := a.host
	k := r.build(t, addSource, "add")
	check(t, k.SetArgs(part, part, part, float32(2)))
	done(t)(r.queue.EnqueueNDRangeKernel(k, nil, []int{4}, nil, nil))
	m, e, err := r.queue.EnqueueMapBuffer(a, true, MapFlagRead, 0, a.Size(), nil)
	check(t, err)
	e.Release()
	for i, v := range data[align/4:] {
		if want := 3 * float32(align/4+i); v != want {
			t.Errorf("host memory %d: %v, want %v", i, v, want)
		}
	}
	done(t)(r.queue.EnqueueUnmapMemObject(a, m, nil))
	a.Release()
	if n := host.users.Load(); n != 1 {
		t.Errorf("%d users of the host memory after the buffer's release, want the part", n)
	}
	part.Release()
	part.Release()
	if n := host.users.Load(); n != 0 {
		t.Errorf("%d users of the host memory after both releases", n)
	}
}
