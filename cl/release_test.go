package cl

import (
	"runtime"
	"testing"
	"time"
	"unsafe"
)

// Everything is released twice, then used in every way.
func TestUseAfterRelease(t *testing.T) {
	r := openRig(t)
	k, nd := r.empty(t)
	p, err := r.ctx.CreateProgramWithSource([]string{addSource})
	check(t, err)
	check(t, p.BuildProgram(nil, ""))
	a := r.buffer(t, ramp(4))
	e, err := r.ctx.CreateUserEvent()
	check(t, err)
	m, mapped, err := r.queue.EnqueueMapBuffer(a, true, MapFlagRead, 0, 4, nil)
	check(t, err)
	mapped.Release()
	done(t)(r.queue.EnqueueUnmapMemObject(a, m, nil))

	used := r.build(t, addSource, "add")
	check(t, used.SetArgs(a, a, a, float32(1)))
	a.Release()
	wantErr(t, r.queue.Launch(used, nd), ErrReleased) // its argument is gone
	one := []float32{1}
	uses := map[string]func() error{
		"launch":        func() error { return r.queue.Launch(k, nd) },
		"SetArg":        func() error { return k.SetArg(0, int32(1)) },
		"SetArgBuffer":  func() error { return used.SetArgBuffer(0, a) },
		"NumArgs":       func() error { _, err := k.NumArgs(); return err },
		"ArgName":       func() error { _, err := k.ArgName(0); return err },
		"WorkGroupSize": func() error { _, err := k.WorkGroupSize(r.device); return err },
		"CompileSize":   func() error { _, err := k.CompileWorkGroupSize(r.device); return err },
		"Flush":         r.queue.Flush,
		"Finish":        r.queue.Finish,
		"marker":        func() error { _, err := r.queue.EnqueueMarkerWithWaitList(nil); return err },
		"read":          func() error { _, err := r.queue.EnqueueReadBufferFloat32(a, true, 0, one, nil); return err },
		"write":         func() error { _, err := r.queue.EnqueueWriteBufferFloat32(a, true, 0, one, nil); return err },
		"copy":          func() error { _, err := r.queue.EnqueueCopyBuffer(a, a, 0, 4, 4, nil); return err },
		"fill": func() error {
			_, err := r.queue.EnqueueFillBuffer(a, unsafe.Pointer(&one[0]), 4, 0, 4, nil)
			return err
		},
		"map":             func() error { _, _, err := r.queue.EnqueueMapBuffer(a, true, MapFlagRead, 0, 4, nil); return err },
		"unmap":           func() error { _, err := r.queue.EnqueueUnmapMemObject(a, m, nil); return err },
		"sub-buffer":      func() error { _, err := a.CreateSubBuffer(0, 0, 4); return err },
		"build":           func() error { return p.BuildProgram(nil, "") },
		"BuildLog":        func() error { _, err := p.BuildLog(r.device); return err },
		"Binaries":        func() error { _, err := p.Binaries(); return err },
		"CreateKernel":    func() error { _, err := p.CreateKernel("add"); return err },
		"event wait":      func() error { return WaitForEvents([]*Event{e}) },
		"event status":    func() error { _, err := e.Status(); return err },
		"event end":       func() error { return e.SetUserEventStatus(0) },
		"event profiling": func() error { _, err := e.GetEventProfilingInfo(ProfilingInfoCommandEnd); return err },
		"context buffer":  func() error { _, err := r.ctx.CreateEmptyBuffer(MemReadWrite, 4); return err },
		"context queue":   func() error { _, err := r.ctx.CreateCommandQueue(r.device, 0); return err },
		"context program": func() error { _, err := r.ctx.CreateProgramWithSource([]string{addSource}); return err },
		"context binary":  func() error { _, err := r.ctx.CreateProgramWithBinary([]*Device{r.device}, [][]byte{{1}}); return err },
		"context event":   func() error { _, err := r.ctx.CreateUserEvent(); return err },
	}
	for range 2 {
		k.Release()
		p.Release()
		e.Release()
		r.queue.Release()
		r.ctx.Release()
	}
	for what, use := range uses {
		t.Run(what, func(t *testing.T) { wantErr(t, use(), ErrReleased) })
	}
	*r = rig{device: r.device} // all nil
	k, p, e, a = nil, nil, nil, nil
	for what, use := range uses {
		if what != "SetArgBuffer" && what != "Flush" && what != "Finish" {
			t.Run("nil "+what, func(t *testing.T) { wantErr(t, use(), ErrReleased) })
		}
	}
	k.Release()
	p.Release()
	e.Release()
	a.Release()
	r.queue.Release()
	r.ctx.Release()
	(*Device)(nil).Release()
	if a.Size() != 0 || m.Size() != 0 || r.ctx.Devices() != nil {
		t.Error("nil objects have properties")
	}
}

// What is merely forgotten is released by the collector.
func TestForgotten(t *testing.T) {
	before := LiveObjects()
	forget(t, firstDevice(t))
	checkLive(t, before)
}

//go:noinline
func forget(t *testing.T, d *Device) {
	c, err := CreateContext([]*Device{d})
	check(t, err)
	q, err := c.CreateCommandQueue(d, 0)
	check(t, err)
	p, err := c.CreateProgramWithSource([]string{addSource})
	check(t, err)
	check(t, p.BuildProgram(nil, ""))
	k, err := p.CreateKernel("add")
	check(t, err)
	store, err := c.CreateBufferFloat32(MemReadWrite|MemUseHostPtr, ramp(1024))
	check(t, err)
	check(t, k.SetArgs(store, store, store, float32(1)))
	_, err = q.EnqueueNDRangeKernel(k, nil, []int{1024}, nil, nil)
	check(t, err)
	_, err = q.EnqueueReadBufferFloat32(store, false, 0, make([]float32, 1024), nil)
	check(t, err)
	if n := LiveObjects()["buffer"]; n < 1 {
		t.Errorf("%d live buffers", n)
	}
}

// A kernel keeps its buffers from being collected.
func TestKernelKeepsBuffers(t *testing.T) {
	r := openRig(t)
	k := r.build(t, addSource, "add")
	out := r.buffer(t, make([]float32, 64))
	func() {
		a, err := r.ctx.CreateBufferFloat32(MemReadWrite|MemCopyHostPtr, ramp(64))
		check(t, err)
		check(t, k.SetArgs(a, a, out, float32(2)))
	}()
	live := LiveObjects()["buffer"]
	for range 5 {
		runtime.GC()
		time.Sleep(time.Millisecond) // finalizers run on a goroutine of their own
	}
	if n := LiveObjects()["buffer"]; n != live {
		t.Fatalf("%d of %d buffers left while a kernel has them as arguments", n, live)
	}
	done(t)(r.queue.EnqueueNDRangeKernel(k, nil, []int{64}, nil, nil))
	for i, v := range r.read(t, out) {
		if want := 3 * float32(i); v != want {
			t.Fatalf("out[%d] = %v, want %v", i, v, want)
		}
	}
}
