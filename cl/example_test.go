package cl_test

import (
	"errors"
	"fmt"

	"github.com/clprop/clprop/cl"
)

// List all devices of all platforms. A platform without a device is an error of
// its own.
func ExampleGetPlatforms() {
	platforms, err := cl.GetPlatforms()
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, p := range platforms {
		devices, err := p.GetDevices(cl.DeviceTypeAll)
		if err != nil {
			fmt.Println(err)
			continue
		}
		for _, d := range devices {
			fmt.Printf("%s: %s, %d compute units\n", p.Name(), d.Name(), d.MaxComputeUnits())
		}
	}
}

// Add two vectors on a device.
func ExampleCommandQueue_Launch() {
	add := func(device *cl.Device) error {
		context, err := cl.CreateContext([]*cl.Device{device})
		if err != nil {
			return err
		}
		defer context.Release()
		queue, err := context.CreateCommandQueue(device, 0)
		if err != nil {
			return err
		}
		defer queue.Release()
		program, err := context.CreateProgramWithSource([]string{
			"__kernel void add(__global float *a, float b) { a[get_global_id(0)] += b; }"})
		if err != nil {
			return err
		}
		defer program.Release()
		if err := program.BuildProgram(nil, "-cl-std=CL1.2"); err != nil {
			return err
		}
		kernel, err := program.CreateKernel("add")
		if err != nil {
			return err
		}
		defer kernel.Release()

		data := []float32{1, 2, 3, 4}
		buffer, err := context.CreateBufferFloat32(cl.MemReadWrite|cl.MemCopyHostPtr, data)
		if err != nil {
			return err
		}
		defer buffer.Release()
		if err := kernel.SetArgs(buffer, float32(10)); err != nil {
			return err
		}
		shape, err := cl.NewNDRange([]int{len(data)}, nil)
		if err != nil {
			return err
		}
		if err := queue.Launch(kernel, shape); err != nil {
			return err
		}
		event, err := queue.EnqueueReadBufferFloat32(buffer, true, 0, data, nil)
		if err != nil {
			return err
		}
		event.Release()
		fmt.Println(data)
		return nil
	}
	_ = add // a device comes from GetPlatforms
}

// Errors say what failed and compare with errors.Is.
func ExampleError() {
	var err error = &cl.Error{Op: "clCreateBuffer", Code: -4, Detail: "1099511627776 bytes"}
	fmt.Println(err)
	fmt.Println(errors.Is(err, cl.ErrMemObjectAllocationFailure))
	// Output:
	// clCreateBuffer: CL_MEM_OBJECT_ALLOCATION_FAILURE (-4): 1099511627776 bytes
	// true
}

// An index space is checked when it is made.
func ExampleNewNDRange() {
	_, err := cl.NewNDRange([]int{100}, []int{64})
	fmt.Println(err)
	// Output:
	// clEnqueueNDRangeKernel: CL_INVALID_WORK_GROUP_SIZE (-54): global size [100] in groups of [64]
}

func ExampleDeviceType_String() {
	fmt.Println(cl.DeviceTypeCPU | cl.DeviceTypeDefault)
	// Output: Default|CPU
}
