package cl

import (
	"errors"
	"maps"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
	"unsafe"
)

// rig is a device with a context and a queue.
type rig struct {
	device *Device
	ctx    *Context
	queue  *CommandQueue
}

// openRig returns a rig on the first device that can compile. Without a device
// the test is skipped, or fails if CLPROP_REQUIRE_OPENCL=1. When the test
// ends, no object that it made may be left.
func openRig(t testing.TB) *rig {
	t.Helper()
	before := LiveObjects()
	t.Cleanup(func() { checkLive(t, before) })
	d := firstDevice(t)
	c, err := CreateContext([]*Device{d})
	check(t, err)
	t.Cleanup(c.Release)
	q, err := c.CreateCommandQueue(d, CommandQueueProfilingEnable)
	check(t, err)
	t.Cleanup(q.Release)
	return &rig{d, c, q}
}

// pocl tells whether the driver is PoCL. Other drivers do not report every error
// that the specification demands, and this package cannot mend them all.
func (r *rig) pocl() bool {
	return strings.Contains(r.device.Platform().Name(), "Portable Computing Language")
}

// needQueueing skips on Oclgrind, which runs commands inside Flush and so waits
// there for ever for an event that comes later.
func (r *rig) needQueueing(t testing.TB) {
	t.Helper()
	if r.device.Platform().Name() == "Oclgrind" {
		t.Skip("Oclgrind waits inside Flush")
	}
}

// firstDevice prefers a CPU, which can be partitioned.
func firstDevice(t testing.TB) *Device {
	t.Helper()
	platforms, err := GetPlatforms()
	for _, kind := range []DeviceType{DeviceTypeCPU, DeviceTypeAll} {
		for _, p := range platforms {
			devices, err := p.GetDevices(kind)
			if err == nil && devices[0].CompilerAvailable() {
				return devices[0]
			}
		}
	}
	if os.Getenv("CLPROP_REQUIRE_OPENCL") == "1" {
		t.Fatalf("no OpenCL device on %d platforms, and CLPROP_REQUIRE_OPENCL=1: %v", len(platforms), err)
	}
	t.Skipf("no OpenCL device on %d platforms: %v", len(platforms), err)
	return nil
}

// checkLive waits a while, for objects that the collector releases late, until
// the live objects are those of before.
func checkLive(t testing.TB, before map[string]int) {
	t.Helper()
	for range 100 {
		if maps.Equal(before, LiveObjects()) {
			return
		}
		runtime.GC()
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("live objects: %v, before the test %v", LiveObjects(), before)
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantErr(t testing.TB, err, target error) {
	t.Helper()
	if !errors.Is(err, target) {
		t.Errorf("error %v, want one that is %v", err, target)
	}
}

// done waits for an event and releases it, or fails with err.
func done(t testing.TB) func(e *Event, err error) {
	return func(e *Event, err error) {
		t.Helper()
		check(t, err)
		check(t, WaitForEvents([]*Event{e}))
		e.Release()
	}
}

// build compiles a source and returns one of its kernels.
func (r *rig) build(t testing.TB, source, name string) *Kernel {
	t.Helper()
	p, err := r.ctx.CreateProgramWithSource([]string{source})
	check(t, err)
	defer p.Release()
	check(t, p.BuildProgram(nil, "-cl-std=CL1.2"))
	k, err := p.CreateKernel(name)
	check(t, err)
	t.Cleanup(k.Release)
	return k
}

// buffer makes a buffer that the test releases.
func (r *rig) buffer(t testing.TB, data []float32) *MemObject {
	t.Helper()
	b, err := r.ctx.CreateBufferFloat32(MemReadWrite|MemCopyHostPtr, data)
	check(t, err)
	t.Cleanup(b.Release)
	return b
}

// read returns the whole buffer.
func (r *rig) read(t testing.TB, b *MemObject) []float32 {
	t.Helper()
	data := make([]float32, b.Size()/4)
	done(t)(r.queue.EnqueueReadBufferFloat32(b, true, 0, data, nil))
	return data
}

func ramp(n int) []float32 {
	data := make([]float32, n)
	for i := range data {
		data[i] = float32(i)
	}
	return data
}

const addSource = `__kernel void add(__global const float *a, __global const float *b, __global float *c, const float scale) {
	size_t i = get_global_id(0);
	c[i] = scale*a[i] + b[i];
}`

// Small integers, so float32 arithmetic is exact and the comparison too.
func TestVectorAdd(t *testing.T) {
	r := openRig(t)
	const n = 1024
	a, b, c := r.buffer(t, ramp(n)), r.buffer(t, ramp(n)), r.buffer(t, make([]float32, n))
	k := r.build(t, addSource, "add")
	check(t, k.SetArgs(a, b, c, float32(2)))
	for name, launch := range map[string]func(){
		"EnqueueNDRangeKernel": func() {
			done(t)(r.queue.EnqueueNDRangeKernel(k, nil, []int{n}, []int{64}, nil))
		},
		"Launch": func() {
			nd, err := NewNDRange([]int{n}, nil)
			check(t, err)
			check(t, r.queue.Launch(k, nd))
		},
	} {
		zero := float32(0)
		done(t)(r.queue.EnqueueFillBuffer(c, unsafe.Pointer(&zero), 4, 0, 4*n, nil))
		launch()
		for i, v := range r.read(t, c) {
			if want := 2*float32(i) + float32(i); v != want {
				t.Fatalf("%s: c[%d] = %v, want %v", name, i, v, want)
			}
		}
	}
}
