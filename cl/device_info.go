package cl

import "runtime"

// The getters return plain values, as go-opencl's do: zero if the driver does
// not tell or the device was released. The GetInfo methods return the error.

// Name is the device's name.
func (d *Device) Name() string { return d.text(DeviceInfoName) }

// Vendor is who made the device.
func (d *Device) Vendor() string { return d.text(DeviceInfoVendor) }

// Profile is "FULL_PROFILE" or "EMBEDDED_PROFILE".
func (d *Device) Profile() string { return d.text(DeviceInfoProfile) }

// Version is "OpenCL", a version, and what the driver adds.
func (d *Device) Version() string { return d.text(DeviceInfoVersion) }

// DriverVersion is the driver's own version.
func (d *Device) DriverVersion() string { return d.text(DeviceInfoDriverVersion) }

// OpenCLCVersion is the newest OpenCL C that its compiler takes.
func (d *Device) OpenCLCVersion() string { return d.text(DeviceInfoOpenCLCVersion) }

// Extensions lists extensions, separated by spaces.
func (d *Device) Extensions() string { return d.text(DeviceInfoExtensions) }

// BuiltInKernels lists kernels in hardware, separated by semicolons.
func (d *Device) BuiltInKernels() string { return d.text(DeviceInfoBuiltInKernels) }

// Type is the kind of device.
func (d *Device) Type() DeviceType { return number[DeviceType](d.word(DeviceInfoType)) }

// Available tells whether commands can be run.
func (d *Device) Available() bool { return d.flag(DeviceInfoAvailable) }

// CompilerAvailable tells whether programs can be built from source.
func (d *Device) CompilerAvailable() bool { return d.flag(DeviceInfoCompilerAvailable) }

// LinkerAvailable tells whether programs can be linked.
func (d *Device) LinkerAvailable() bool { return d.flag(DeviceInfoLinkerAvailable) }

// EndianLittle tells whether the device is little-endian.
func (d *Device) EndianLittle() bool { return d.flag(DeviceInfoEndianLittle) }

// ErrorCorrectionSupport tells whether all its memory is error-corrected.
func (d *Device) ErrorCorrectionSupport() bool { return d.flag(DeviceInfoErrorCorrectionSupport) }

// HostUnifiedMemory tells whether device and host share one memory.
func (d *Device) HostUnifiedMemory() bool { return d.flag(DeviceInfoHostUnifiedMemory) }

// ImageSupport tells whether it has images.
func (d *Device) ImageSupport() bool { return d.flag(DeviceInfoImageSupport) }

// AddressBits is the width of a device pointer: 32 or 64.
func (d *Device) AddressBits() int { return number[int](d.word(DeviceInfoAddressBits)) }

// MaxComputeUnits is the number of compute units.
func (d *Device) MaxComputeUnits() int { return number[int](d.word(DeviceInfoMaxComputeUnits)) }

// MaxClockFrequency is in MHz.
func (d *Device) MaxClockFrequency() int { return number[int](d.word(DeviceInfoMaxClockFrequency)) }

// MaxWorkGroupSize is the most work-items in a work-group.
func (d *Device) MaxWorkGroupSize() int { return number[int](d.word(DeviceInfoMaxWorkGroupSize)) }

// MaxWorkItemDimensions is the most dimensions of an index space.
func (d *Device) MaxWorkItemDimensions() int {
	return number[int](d.word(DeviceInfoMaxWorkItemDimensions))
}

// MaxParameterSize is the most bytes of arguments of a kernel.
func (d *Device) MaxParameterSize() int { return number[int](d.word(DeviceInfoMaxParameterSize)) }

// MaxConstantArgs is the most __constant arguments of a kernel.
func (d *Device) MaxConstantArgs() int { return number[int](d.word(DeviceInfoMaxConstantArgs)) }

// MaxConstantBufferSize is the most bytes of a __constant buffer.
func (d *Device) MaxConstantBufferSize() int64 {
	return number[int64](d.word(DeviceInfoMaxConstantBufferSize))
}

// MaxMemAllocSize is the most bytes of one buffer.
func (d *Device) MaxMemAllocSize() int64 { return number[int64](d.word(DeviceInfoMaxMemAllocSize)) }

// GlobalMemSize is the bytes of global memory.
func (d *Device) GlobalMemSize() int64 { return number[int64](d.word(DeviceInfoGlobalMemSize)) }

// GlobalMemCacheSize is the bytes of cache of global memory.
func (d *Device) GlobalMemCacheSize() int { return number[int](d.word(DeviceInfoGlobalMemCacheSize)) }

// GlobalMemCachelineSize is the bytes of one line of that cache.
func (d *Device) GlobalMemCachelineSize() int {
	return number[int](d.word(DeviceInfoGlobalMemCachelineSize))
}

// GlobalMemCacheType is the kind of that cache.
func (d *Device) GlobalMemCacheType() MemCacheType {
	return number[MemCacheType](d.word(DeviceInfoGlobalMemCacheType))
}

// LocalMemSize is the bytes of local memory of a work-group.
func (d *Device) LocalMemSize() int64 { return number[int64](d.word(DeviceInfoLocalMemSize)) }

// LocalMemType tells whether local memory is a memory of its own.
func (d *Device) LocalMemType() LocalMemType {
	return number[LocalMemType](d.word(DeviceInfoLocalMemType))
}

// MemBaseAddrAlign is the alignment of sub-buffers, in bits (not bytes).
func (d *Device) MemBaseAddrAlign() int { return number[int](d.word(DeviceInfoMemBaseAddrAlign)) }

// ProfilingTimerResolution is in nanoseconds.
func (d *Device) ProfilingTimerResolution() int {
	return number[int](d.word(DeviceInfoProfilingTimerResolution))
}

// SingleFPConfig is what float can do.
func (d *Device) SingleFPConfig() FPConfig { return number[FPConfig](d.word(DeviceInfoSingleFPConfig)) }

// DoubleFPConfig is what double can do, zero without double.
func (d *Device) DoubleFPConfig() FPConfig { return number[FPConfig](d.word(DeviceInfoDoubleFPConfig)) }

// HalfFPConfig is what half can do, zero without half.
func (d *Device) HalfFPConfig() FPConfig { return number[FPConfig](d.word(DeviceInfoHalfFPConfig)) }

// ExecutionCapabilities is what can be executed.
func (d *Device) ExecutionCapabilities() ExecCapability {
	return number[ExecCapability](d.word(DeviceInfoExecutionCapabilities))
}

// Image2DMaxWidth is in pixels.
func (d *Device) Image2DMaxWidth() int { return number[int](d.word(DeviceInfoImage2DMaxWidth)) }

// Image2DMaxHeight is in pixels.
func (d *Device) Image2DMaxHeight() int { return number[int](d.word(DeviceInfoImage2DMaxHeight)) }

// Image3DMaxWidth is in pixels.
func (d *Device) Image3DMaxWidth() int { return number[int](d.word(DeviceInfoImage3DMaxWidth)) }

// Image3DMaxHeight is in pixels.
func (d *Device) Image3DMaxHeight() int { return number[int](d.word(DeviceInfoImage3DMaxHeight)) }

// Image3DMaxDepth is in pixels.
func (d *Device) Image3DMaxDepth() int { return number[int](d.word(DeviceInfoImage3DMaxDepth)) }

// ImageMaxArraySize is the most images of an image array.
func (d *Device) ImageMaxArraySize() int { return number[int](d.word(DeviceInfoImageMaxArraySize)) }

// ImageMaxBufferSize is the most pixels of an image made from a buffer.
func (d *Device) ImageMaxBufferSize() int { return number[int](d.word(DeviceInfoImageMaxBufferSize)) }

// MaxReadImageArgs is the most images that a kernel reads.
func (d *Device) MaxReadImageArgs() int { return number[int](d.word(DeviceInfoMaxReadImageArgs)) }

// MaxWriteImageArgs is the most images that a kernel writes.
func (d *Device) MaxWriteImageArgs() int { return number[int](d.word(DeviceInfoMaxWriteImageArgs)) }

// MaxSamplers is the most samplers of a kernel.
func (d *Device) MaxSamplers() int { return number[int](d.word(DeviceInfoMaxSamplers)) }

// NativeVectorWidthChar is the width of the hardware's vectors, in elements; 0 if the type is missing.
func (d *Device) NativeVectorWidthChar() int {
	return number[int](d.word(DeviceInfoNativeVectorWidthChar))
}

// NativeVectorWidthShort is the width of the hardware's vectors, in elements; 0 if the type is missing.
func (d *Device) NativeVectorWidthShort() int {
	return number[int](d.word(DeviceInfoNativeVectorWidthShort))
}

// NativeVectorWidthInt is the width of the hardware's vectors, in elements; 0 if the type is missing.
func (d *Device) NativeVectorWidthInt() int {
	return number[int](d.word(DeviceInfoNativeVectorWidthInt))
}

// NativeVectorWidthLong is the width of the hardware's vectors, in elements; 0 if the type is missing.
func (d *Device) NativeVectorWidthLong() int {
	return number[int](d.word(DeviceInfoNativeVectorWidthLong))
}

// NativeVectorWidthHalf is the width of the hardware's vectors, in elements; 0 if the type is missing.
func (d *Device) NativeVectorWidthHalf() int {
	return number[int](d.word(DeviceInfoNativeVectorWidthHalf))
}

// NativeVectorWidthFloat is the width of the hardware's vectors, in elements; 0 if the type is missing.
func (d *Device) NativeVectorWidthFloat() int {
	return number[int](d.word(DeviceInfoNativeVectorWidthFloat))
}

// NativeVectorWidthDouble is the width of the hardware's vectors, in elements; 0 if the type is missing.
func (d *Device) NativeVectorWidthDouble() int {
	return number[int](d.word(DeviceInfoNativeVectorWidthDouble))
}

// PreferredVectorWidthChar is the vector width to write kernels in, in elements; 0 if the type is missing.
func (d *Device) PreferredVectorWidthChar() int {
	return number[int](d.word(DeviceInfoPreferredVectorWidthChar))
}

// PreferredVectorWidthShort is the vector width to write kernels in, in elements; 0 if the type is missing.
func (d *Device) PreferredVectorWidthShort() int {
	return number[int](d.word(DeviceInfoPreferredVectorWidthShort))
}

// PreferredVectorWidthInt is the vector width to write kernels in, in elements; 0 if the type is missing.
func (d *Device) PreferredVectorWidthInt() int {
	return number[int](d.word(DeviceInfoPreferredVectorWidthInt))
}

// PreferredVectorWidthLong is the vector width to write kernels in, in elements; 0 if the type is missing.
func (d *Device) PreferredVectorWidthLong() int {
	return number[int](d.word(DeviceInfoPreferredVectorWidthLong))
}

// PreferredVectorWidthHalf is the vector width to write kernels in, in elements; 0 if the type is missing.
func (d *Device) PreferredVectorWidthHalf() int {
	return number[int](d.word(DeviceInfoPreferredVectorWidthHalf))
}

// PreferredVectorWidthFloat is the vector width to write kernels in, in elements; 0 if the type is missing.
func (d *Device) PreferredVectorWidthFloat() int {
	return number[int](d.word(DeviceInfoPreferredVectorWidthFloat))
}

// PreferredVectorWidthDouble is the vector width to write kernels in, in elements; 0 if the type is missing.
func (d *Device) PreferredVectorWidthDouble() int {
	return number[int](d.word(DeviceInfoPreferredVectorWidthDouble))
}

// MaxWorkItemSizes is the most work-items of a work-group in each dimension.
func (d *Device) MaxWorkItemSizes() []int {
	q, err := d.query(DeviceInfoMaxWorkItemSizes)
	if err != nil {
		return nil
	}
	defer runtime.KeepAlive(d)
	list, err := q.words()
	if err != nil {
		return nil
	}
	sizes := make([]int, len(list))
	for i, n := range list {
		sizes[i] = int(n)
	}
	return sizes
}

func (d *Device) text(param DeviceInfo) string {
	s, err := d.GetInfoString(param)
	if err != nil {
		return ""
	}
	return s
}

func (d *Device) flag(param DeviceInfo) bool {
	v, err := d.GetInfoBool(param)
	return err == nil && v
}
