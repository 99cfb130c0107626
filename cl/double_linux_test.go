package cl_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"unsafe"

	"github.com/clprop/clprop/cl"
	"github.com/clprop/clprop/cl/cltest"
)

// script is a sequence of calls that ends at the first error, and what it made.
type script struct {
	err  error
	made []interface{ Release() }
}

// do keeps an error that a call returned.
func (s *script) do(call func() error) {
	if s.err == nil {
		s.err = call()
	}
}

// keep calls a function that makes an object, and keeps both.
func keep[T interface{ Release() }](s *script, call func() (T, error)) (made T) {
	s.do(func() (err error) {
		if made, err = call(); err == nil {
			s.made = append(s.made, made)
		}
		return err
	})
	return made
}

// everyFunction calls every function of OpenCL that package cl has, on the first
// CPU, which can be partitioned.
func everyFunction(s *script) {
	defer func() {
		for i := len(s.made) - 1; i >= 0; i-- {
			s.made[i].Release()
		}
	}()
	device := everyQuery(s)
	if s.err != nil {
		return
	}
	context := keep(s, func() (*cl.Context, error) { return cl.CreateContext([]*cl.Device{device}) })
	queue := keep(s, func() (*cl.CommandQueue, error) {
		return context.CreateCommandQueue(device, cl.CommandQueueProfilingEnable)
	})
	kernel := everyProgram(s, context, device)
	data := make([]float32, 64)
	buffer := keep(s, func() (*cl.MemObject, error) {
		return context.CreateBufferFloat32(cl.MemReadWrite|cl.MemCopyHostPtr, data)
	})
	keep(s, func() (*cl.MemObject, error) { return buffer.CreateSubBuffer(0, 0, 64) })
	s.do(func() error { return kernel.SetArgs(buffer, float32(2)) })
	everyCommand(s, context, queue, kernel, buffer, data)
}

func everyQuery(s *script) (device *cl.Device) {
	s.do(func() error {
		platforms, err := cl.GetPlatforms()
		if err != nil {
			return err
		}
		for _, platform := range platforms {
			devices, err := platform.GetDevices(cl.DeviceTypeCPU)
			if err == nil && platform.Name() != "Oclgrind" {
				device = devices[0]
				break
			}
			if err != nil && !errors.Is(err, cl.ErrDeviceNotFound) {
				return err
			}
		}
		_, err = device.GetInfoString(cl.DeviceInfoName)
		return err
	})
	s.do(func() error {
		parts, err := device.CreateSubDevicesEqually(1)
		for _, part := range parts {
			s.made = append(s.made, part)
		}
		return err
	})
	return device
}

func everyProgram(s *script, context *cl.Context, device *cl.Device) (kernel *cl.Kernel) {
	const source = "__kernel void add(__global float *a, float b) { a[get_global_id(0)] += b; }"
	const options = "-cl-std=CL1.2 -cl-kernel-arg-info"
	program := keep(s, func() (*cl.Program, error) { return context.CreateProgramWithSource([]string{source}) })
	s.do(func() error { return program.BuildProgram(nil, options) })
	s.do(func() error { _, err := program.BuildLog(device); return err })
	var binaries [][]byte
	s.do(func() (err error) { binaries, err = program.Binaries(); return err })
	again := keep(s, func() (*cl.Program, error) {
		return context.CreateProgramWithBinary([]*cl.Device{device}, binaries)
	})
	s.do(func() error { return again.BuildProgram(nil, options) })
	kernel = keep(s, func() (*cl.Kernel, error) { return program.CreateKernel("add") })
	s.do(func() error { _, err := kernel.NumArgs(); return err })
	s.do(func() error { _, err := kernel.ArgName(0); return err })
	s.do(func() error { _, err := kernel.WorkGroupSize(device); return err })
	return kernel
}

func everyCommand(s *script, context *cl.Context, queue *cl.CommandQueue, kernel *cl.Kernel, buffer *cl.MemObject, data []float32) {
	event := func(call func() (*cl.Event, error)) *cl.Event { return keep(s, call) }
	launched := event(func() (*cl.Event, error) { return queue.EnqueueNDRangeKernel(kernel, nil, []int{64}, nil, nil) })
	event(func() (*cl.Event, error) { return queue.EnqueueWriteBufferFloat32(buffer, true, 0, data, nil) })
	for range 2 {
		event(func() (*cl.Event, error) { return queue.EnqueueWriteBufferFloat32(buffer, false, 0, data, nil) })
		event(func() (*cl.Event, error) { return queue.EnqueueReadBufferFloat32(buffer, false, 0, data, nil) })
	}
	s.do(queue.Flush)
	s.do(queue.Finish)
	event(func() (*cl.Event, error) { return queue.EnqueueReadBufferFloat32(buffer, true, 0, data, nil) })
	s.do(func() error { _, err := launched.GetEventProfilingInfo(cl.ProfilingInfoCommandEnd); return err })
	event(func() (*cl.Event, error) { return queue.EnqueueCopyBuffer(buffer, buffer, 0, 128, 64, nil) })
	var zero float32
	event(func() (*cl.Event, error) {
		return queue.EnqueueFillBuffer(buffer, unsafe.Pointer(&zero), 4, 0, 256, nil)
	})
	s.do(func() error {
		mapped, e, err := queue.EnqueueMapBuffer(buffer, true, cl.MapFlagRead, 0, 64, nil)
		if err != nil {
			return err
		}
		e.Release()
		e, err = queue.EnqueueUnmapMemObject(buffer, mapped, nil)
		e.Release()
		return err
	})
	user := keep(s, context.CreateUserEvent)
	s.do(func() error { return user.SetUserEventStatus(0) })
	event(func() (*cl.Event, error) { return queue.EnqueueBarrierWithWaitList([]*cl.Event{user}) })
	marker := event(func() (*cl.Event, error) { return queue.EnqueueMarkerWithWaitList(nil) })
	s.do(func() error { return cl.WaitForEvents([]*cl.Event{marker}) })
	s.do(func() error { _, err := marker.Status(); return err })
}

// quiet are functions whose failure is not an error: releases, which nobody can try
// again; names of platforms and devices; and the state of a transfer that is waited
// for later anyway.
func quiet(function string) bool {
	return strings.HasPrefix(function, "clRelease") || function == "clGetPlatformInfo" ||
		function == "clGetDeviceInfo" || function == "clGetEventInfo"
}

// Every function of the library, at each of its first twenty calls, fails: the
// error is a *cl.Error with its name and status, and what was made is given back,
// in the driver's own count too.
func TestEveryFunctionFails(t *testing.T) {
	cltest.WithDouble(t, func(d *cltest.Double) {
		d.Reset()
		clean := &script{}
		if everyFunction(clean); clean.err != nil {
			t.Fatal(clean.err)
		}
		nothingLeft(t, d, "without a failure")
		calls := map[string]int{}
		for _, f := range d.Functions() {
			if calls[f] = d.Calls(f); calls[f] < 1 {
				t.Errorf("%s is not called", f)
			}
		}
		for _, f := range d.Functions() {
			for n := 1; n <= min(20, calls[f]); n++ {
				d.Fail(f, n, -9999) // which no driver has
				s, what := &script{}, fmt.Sprintf("%s, call %d of %d", f, n, calls[f])
				everyFunction(s)
				var failed *cl.Error
				switch {
				case s.err == nil && !quiet(f):
					t.Errorf("%s: no error", what)
				case s.err != nil && !(errors.As(s.err, &failed) && failed.Op == f && errors.Is(s.err, cl.ErrOther(-9999))):
					t.Errorf("%s: error %v", what, s.err)
				}
				nothingLeft(t, d, what)
			}
		}
	})
}

func nothingLeft(t *testing.T, d *cltest.Double, what string) {
	t.Helper()
	if ours, drivers := cl.LiveObjects(), d.Live(); len(ours)+len(drivers) > 0 {
		t.Fatalf("%s: left %v, of the driver's %v", what, ours, drivers)
	}
}
