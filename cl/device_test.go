package cl

import (
	"slices"
	"strings"
	"testing"
)

// The bounds are those that the OpenCL 1.2 specification, table 4.3, sets for
// the full profile.
func TestDeviceInfo(t *testing.T) {
	d := firstDevice(t)
	if d.Profile() != "FULL_PROFILE" {
		t.Skipf("profile %q", d.Profile())
	}
	const float64Wide = 64
	for what, ok := range map[string]bool{
		"Name":                   d.Name() != "" && d.Name() == strings.TrimSpace(d.Name()),
		"Vendor":                 d.Vendor() != "",
		"Version":                strings.HasPrefix(d.Version(), "OpenCL "),
		"DriverVersion":          d.DriverVersion() != "",
		"OpenCLCVersion":         strings.HasPrefix(d.OpenCLCVersion(), "OpenCL C "),
		"Extensions":             strings.Contains(d.Extensions(), "cl_khr_"),
		"Type":                   d.Type()&(DeviceTypeCPU|DeviceTypeGPU|DeviceTypeAccelerator) != 0,
		"Available":              d.Available() && d.CompilerAvailable() && d.LinkerAvailable(),
		"EndianLittle":           d.EndianLittle(),
		"AddressBits":            d.AddressBits() == 32 || d.AddressBits() == float64Wide,
		"MaxComputeUnits":        d.MaxComputeUnits() >= 1,
		"MaxWorkGroupSize":       d.MaxWorkGroupSize() >= 1,
		"MaxWorkItemDimensions":  d.MaxWorkItemDimensions() >= 3,
		"MaxWorkItemSizes":       len(d.MaxWorkItemSizes()) == d.MaxWorkItemDimensions() && slices.Min(d.MaxWorkItemSizes()) >= 1,
		"MaxParameterSize":       d.MaxParameterSize() >= 1024,
		"MaxConstantArgs":        d.MaxConstantArgs() >= 8,
		"MaxConstantBufferSize":  d.MaxConstantBufferSize() >= 64<<10,
		"MaxMemAllocSize":        d.MaxMemAllocSize() >= max(d.GlobalMemSize()/4, 128<<20) && d.MaxMemAllocSize() <= d.GlobalMemSize(),
		"LocalMemSize":           d.LocalMemSize() >= 32<<10,
		"LocalMemType":           d.LocalMemType() == LocalMemTypeLocal || d.LocalMemType() == LocalMemTypeGlobal,
		"MemBaseAddrAlign":       d.MemBaseAddrAlign() >= 1024 && d.MemBaseAddrAlign()%8 == 0,
		"ProfilingTimer":         d.ProfilingTimerResolution() >= 0,
		"SingleFPConfig":         d.SingleFPConfig()&(FPConfigRoundToNearest|FPConfigInfNaN) == FPConfigRoundToNearest|FPConfigInfNaN,
		"ExecutionCapabilities":  d.ExecutionCapabilities()&ExecCapabilityKernel != 0,
		"NativeVectorWidthFloat": slices.Contains([]int{1, 2, 4, 8, 16}, d.NativeVectorWidthFloat()),
		"double":                 (d.DoubleFPConfig() != 0) == (d.NativeVectorWidthDouble() > 0),
		"ParentDevice":           d.ParentDevice() == nil,
		"Platform":               d.Platform().Name() != "" && strings.HasPrefix(d.Platform().Version(), "OpenCL "),
	} {
		if !ok {
			t.Errorf("%s is out of its bounds", what)
		}
	}
}

// The getters agree with the raw bytes, and errors are errors.
func TestDeviceGetInfo(t *testing.T) {
	d := firstDevice(t)
	b, err := d.GetInfoBytes(DeviceInfoExtensions)
	check(t, err)
	if got := strings.TrimSpace(strings.TrimRight(string(b), "\x00")); got != d.Extensions() {
		t.Errorf("Extensions %q, bytes %q", d.Extensions(), got)
	}
	units, err := d.GetInfoUint(DeviceInfoMaxComputeUnits)
	check(t, err)
	if int(units) != d.MaxComputeUnits() {
		t.Errorf("%d compute units, getter says %d", units, d.MaxComputeUnits())
	}
	size, err := d.GetInfoUlong(DeviceInfoGlobalMemSize)
	check(t, err)
	if size != d.GlobalMemSize() || size < 1<<20 {
		t.Errorf("%d bytes of memory, getter says %d", size, d.GlobalMemSize())
	}
	_, err = d.GetInfoUint(0x7FFF)
	wantErr(t, err, ErrInvalidValue)
	_, err = d.GetInfoString(0x7FFF)
	wantErr(t, err, ErrInvalidValue)
	var none *Device
	_, err = none.GetInfoBool(DeviceInfoAvailable)
	wantErr(t, err, ErrReleased)
	if none.Name() != "" || none.MaxComputeUnits() != 0 || none.Available() || none.MaxWorkItemSizes() != nil {
		t.Error("a nil device has properties")
	}
}

func TestGetDevicesErrors(t *testing.T) {
	d := firstDevice(t)
	_, err := GetDevices(nil, DeviceTypeAll)
	wantErr(t, err, ErrInvalidPlatform)
	if _, err := d.Platform().GetDevices(DeviceTypeAccelerator); err != nil {
		wantErr(t, err, ErrDeviceNotFound)
	}
	for _, devices := range [][]*Device{nil, {}} {
		_, err = CreateContext(devices)
		wantErr(t, err, ErrInvalidValue)
	}
	_, err = CreateContext([]*Device{nil})
	wantErr(t, err, ErrReleased)
}

func TestPartition(t *testing.T) {
	d := firstDevice(t)
	units := d.MaxComputeUnits()
	if n, err := d.GetInfoUint(DeviceInfoPartitionMaxSubDevices); err != nil || n < 2 || units < 2 {
		t.Skipf("device %q with %d compute units makes %d parts: %v", d.Name(), units, n, err)
	}
	before := LiveObjects()
	equal, err := d.CreateSubDevicesEqually(1)
	check(t, err)
	if len(equal) != units {
		t.Errorf("%d parts of 1 of %d compute units", len(equal), units)
	}
	counts, err := d.CreateSubDevicesByCounts([]int{units - 1, 1})
	check(t, err)
	if len(counts) != 2 || counts[0].MaxComputeUnits() != units-1 || counts[1].MaxComputeUnits() != 1 {
		t.Errorf("parts %v of %d compute units", counts, units)
	}
	if counts[0].ParentDevice() != d || counts[0].Platform() != d.Platform() {
		t.Error("a part does not know its parent and platform")
	}
	if n := LiveObjects()["sub-device"] - before["sub-device"]; n != units+2 {
		t.Errorf("%d live sub-devices, want %d", n, units+2)
	}
	addOnParts(t, counts)
	for _, part := range append(equal, counts...) {
		part.Release()
		part.Release()
	}
	checkLive(t, before)
	_, err = counts[0].GetInfoUint(DeviceInfoMaxComputeUnits)
	wantErr(t, err, ErrReleased)

	_, err = d.CreateSubDevicesEqually(0)
	wantErr(t, err, ErrInvalidValue)
	_, err = d.CreateSubDevicesByCounts(nil)
	wantErr(t, err, ErrInvalidValue)
	_, err = d.CreateSubDevicesByCounts([]int{1, 0})
	wantErr(t, err, ErrInvalidDevicePartitionCount)
	if _, err = d.CreateSubDevicesByCounts([]int{units + 1}); err == nil {
		t.Error("a part larger than the device")
	}
	if !d.Available() {
		t.Error("the whole device is gone with its parts")
	}
}

// addOnParts runs one program on each part of a device, through one context.
func addOnParts(t *testing.T, parts []*Device) {
	t.Helper()
	c, err := CreateContext(parts)
	check(t, err)
	defer c.Release()
	p, err := c.CreateProgramWithSource([]string{addSource})
	check(t, err)
	defer p.Release()
	check(t, p.BuildProgram(nil, ""))
	for i, part := range parts {
		q, err := c.CreateCommandQueue(part, 0)
		check(t, err)
		a, err := c.CreateBufferFloat32(MemReadWrite|MemCopyHostPtr, []float32{1, 2})
		check(t, err)
		k, err := p.CreateKernel("add")
		check(t, err)
		check(t, k.SetArgs(a, a, a, float32(3)))
		done(t)(q.EnqueueNDRangeKernel(k, nil, []int{2}, nil, nil))
		r := &rig{part, c, q}
		if got := r.read(t, a); got[0] != 4 || got[1] != 8 {
			t.Errorf("part %d: %v, want [4 8]", i, got)
		}
		k.Release()
		a.Release()
		q.Release()
	}
}
