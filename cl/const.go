package cl

import "strings"

// DeviceType is a set of device kinds (cl_device_type).
type DeviceType uint

// The device kinds. DeviceTypeDefault is the device that the platform prefers.
const (
	DeviceTypeDefault     DeviceType = 1 << 0
	DeviceTypeCPU         DeviceType = 1 << 1
	DeviceTypeGPU         DeviceType = 1 << 2
	DeviceTypeAccelerator DeviceType = 1 << 3
	DeviceTypeAll         DeviceType = 0xFFFFFFFF
)

// String names the kinds in the set, such as "CPU|Default".
func (t DeviceType) String() string {
	if t == DeviceTypeAll {
		return "All"
	}
	return flagNames(uint64(t), "Default", "CPU", "GPU", "Accelerator", "Custom")
}

// FPConfig is a set of floating-point capabilities (cl_device_fp_config).
type FPConfig int

// The floating-point capabilities.
const (
	FPConfigDenorm                     FPConfig = 1 << 0 // subnormal numbers
	FPConfigInfNaN                     FPConfig = 1 << 1 // infinities and quiet NaNs
	FPConfigRoundToNearest             FPConfig = 1 << 2 // round to nearest even
	FPConfigRoundToZero                FPConfig = 1 << 3
	FPConfigRoundToInf                 FPConfig = 1 << 4
	FPConfigFMA                        FPConfig = 1 << 5 // IEEE 754-2008 fused multiply-add
	FPConfigSoftFloat                  FPConfig = 1 << 6 // basic operations in software
	FPConfigCorrectlyRoundedDivideSqrt FPConfig = 1 << 7
)

// String names the capabilities in the set.
func (c FPConfig) String() string {
	return flagNames(uint64(c), "Denorm", "InfNaN", "RoundToNearest", "RoundToZero",
		"RoundToInf", "FMA", "SoftFloat", "CorrectlyRoundedDivideSqrt")
}

// ExecCapability is a set of execution capabilities (cl_device_exec_capabilities).
type ExecCapability int

// The execution capabilities.
const (
	ExecCapabilityKernel       ExecCapability = 1 << 0
	ExecCapabilityNativeKernel ExecCapability = 1 << 1
)

// String names the capabilities in the set.
func (c ExecCapability) String() string { return flagNames(uint64(c), "Kernel", "NativeKernel") }

// MemCacheType says what kind of cache global memory has.
type MemCacheType int

// The cache kinds.
const (
	MemCacheTypeNone           MemCacheType = 0
	MemCacheTypeReadOnlyCache  MemCacheType = 1
	MemCacheTypeReadWriteCache MemCacheType = 2
)

// String names the cache kind.
func (t MemCacheType) String() string { return valueName(int(t), "None", "ReadOnly", "ReadWrite") }

// LocalMemType says what a work-group's local memory is made of.
type LocalMemType int

// The local memory kinds: a memory of its own, or a part of global memory (the
// usual case on CPUs, where copying into it buys nothing).
const (
	LocalMemTypeNone   LocalMemType = 0
	LocalMemTypeLocal  LocalMemType = 1
	LocalMemTypeGlobal LocalMemType = 2
)

// String names the local memory kind.
func (t LocalMemType) String() string { return valueName(int(t), "None", "Local", "Global") }

// CommandQueueProperty is a set of queue properties.
type CommandQueueProperty int

// The queue properties.
const (
	CommandQueueOutOfOrderExecModeEnable CommandQueueProperty = 1 << 0
	CommandQueueProfilingEnable          CommandQueueProperty = 1 << 1
)

// MemFlag is a set of buffer flags (cl_mem_flags).
type MemFlag int

// The buffer flags. The first three speak of kernels, the Host ones of reads,
// writes and maps.
const (
	MemReadWrite     MemFlag = 1 << 0
	MemWriteOnly     MemFlag = 1 << 1
	MemReadOnly      MemFlag = 1 << 2
	MemUseHostPtr    MemFlag = 1 << 3 // the given memory is the buffer's store
	MemAllocHostPtr  MemFlag = 1 << 4 // allocate memory that the host can map
	MemCopyHostPtr   MemFlag = 1 << 5 // start with a copy of the given memory
	MemHostWriteOnly MemFlag = 1 << 7
	MemHostReadOnly  MemFlag = 1 << 8
	MemHostNoAccess  MemFlag = 1 << 9
)

// MapFlag says what a mapped region is for.
type MapFlag int

// The map flags. With MapFlagWriteInvalidateRegion what was there is lost, so
// that nothing need be copied to the host.
const (
	MapFlagRead                  MapFlag = 1 << 0
	MapFlagWrite                 MapFlag = 1 << 1
	MapFlagWriteInvalidateRegion MapFlag = 1 << 2
)

// CommmandExecStatus is how far a command has come. The three m's are
// go-opencl's, kept so that code written against it compiles.
type CommmandExecStatus int

// The stages, from last to first: a smaller number is further on.
const (
	CommmandExecStatusComplete  CommmandExecStatus = 0
	CommmandExecStatusRunning   CommmandExecStatus = 1
	CommmandExecStatusSubmitted CommmandExecStatus = 2
	CommmandExecStatusQueued    CommmandExecStatus = 3
)

// ProfilingInfo names one of a command's time stamps.
type ProfilingInfo int

// The time stamps of a command, in the order in which they are taken.
const (
	ProfilingInfoCommandQueued ProfilingInfo = 0x1280 // enqueued by the host
	ProfilingInfoCommandSubmit ProfilingInfo = 0x1281 // handed to the device
	ProfilingInfoCommandStart  ProfilingInfo = 0x1282
	ProfilingInfoCommandEnd    ProfilingInfo = 0x1283
)

// flagNames lists the names of the bits set in v, lowest first.
func flagNames(v uint64, names ...string) string {
	var set []string
	for bit, name := range names {
		if v&(1<<bit) != 0 {
			set = append(set, name)
		}
	}
	if len(set) == 0 {
		return "None"
	}
	return strings.Join(set, "|")
}

func valueName(v int, names ...string) string {
	if v < 0 || v >= len(names) {
		return "Unknown"
	}
	return names[v]
}
