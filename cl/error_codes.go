package cl

// The errors of OpenCL 1.2. Compare with errors.Is, for they come wrapped in an
// *Error that names the call.
var (
	ErrDeviceNotFound                     error = Code(-1)
	ErrDeviceNotAvailable                 error = Code(-2)
	ErrCompilerNotAvailable               error = Code(-3)
	ErrMemObjectAllocationFailure         error = Code(-4)
	ErrOutOfResources                     error = Code(-5)
	ErrOutOfHostMemory                    error = Code(-6)
	ErrProfilingInfoNotAvailable          error = Code(-7)
	ErrMemCopyOverlap                     error = Code(-8)
	ErrImageFormatMismatch                error = Code(-9)
	ErrImageFormatNotSupported            error = Code(-10)
	ErrBuildProgramFailure                error = Code(-11)
	ErrMapFailure                         error = Code(-12)
	ErrMisalignedSubBufferOffset          error = Code(-13)
	ErrExecStatusErrorForEventsInWaitList error = Code(-14)
	ErrCompileProgramFailure              error = Code(-15)
	ErrLinkerNotAvailable                 error = Code(-16)
	ErrLinkProgramFailure                 error = Code(-17)
	ErrDevicePartitionFailed              error = Code(-18)
	ErrKernelArgInfoNotAvailable          error = Code(-19)
	ErrInvalidValue                       error = Code(-30)
	ErrInvalidDeviceType                  error = Code(-31)
	ErrInvalidPlatform                    error = Code(-32)
	ErrInvalidDevice                      error = Code(-33)
	ErrInvalidContext                     error = Code(-34)
	ErrInvalidQueueProperties             error = Code(-35)
	ErrInvalidCommandQueue                error = Code(-36)
	ErrInvalidHostPtr                     error = Code(-37)
	ErrInvalidMemObject                   error = Code(-38)
	ErrInvalidImageFormatDescriptor       error = Code(-39)
	ErrInvalidImageSize                   error = Code(-40)
	ErrInvalidSampler                     error = Code(-41)
	ErrInvalidBinary                      error = Code(-42)
	ErrInvalidBuildOptions                error = Code(-43)
	ErrInvalidProgram                     error = Code(-44)
	ErrInvalidProgramExecutable           error = Code(-45)
	ErrInvalidKernelName                  error = Code(-46)
	ErrInvalidKernelDefinition            error = Code(-47)
	ErrInvalidKernel                      error = Code(-48)
	ErrInvalidArgIndex                    error = Code(-49)
	ErrInvalidArgValue                    error = Code(-50)
	ErrInvalidArgSize                     error = Code(-51)
	ErrInvalidKernelArgs                  error = Code(-52)
	ErrInvalidWorkDimension               error = Code(-53)
	ErrInvalidWorkGroupSize               error = Code(-54)
	ErrInvalidWorkItemSize                error = Code(-55)
	ErrInvalidGlobalOffset                error = Code(-56)
	ErrInvalidEventWaitList               error = Code(-57)
	ErrInvalidEvent                       error = Code(-58)
	ErrInvalidOperation                   error = Code(-59)
	ErrInvalidGlObject                    error = Code(-60)
	ErrInvalidBufferSize                  error = Code(-61)
	ErrInvalidMipLevel                    error = Code(-62)
	ErrInvalidGlobalWorkSize              error = Code(-63)
	ErrInvalidProperty                    error = Code(-64)
	ErrInvalidImageDescriptor             error = Code(-65)
	ErrInvalidCompilerOptions             error = Code(-66)
	ErrInvalidLinkerOptions               error = Code(-67)
	ErrInvalidDevicePartitionCount        error = Code(-68)

	// ErrPlatformNotFound is the loader's answer when no driver is registered.
	ErrPlatformNotFound error = Code(-1001)
	// ErrReleased is the use of an object that is nil or was released.
	ErrReleased error = codeReleased
	// ErrUnsupported is a call of a function that the library lacks.
	ErrUnsupported error = codeUnsupported
	// ErrUnknown is a driver that reports success but returns nothing.
	ErrUnknown error = codeUnknown
)

// codeNames are the standard names without their CL_ prefix.
var codeNames = map[Code]string{
	0:     "SUCCESS",
	-1:    "DEVICE_NOT_FOUND",
	-2:    "DEVICE_NOT_AVAILABLE",
	-3:    "COMPILER_NOT_AVAILABLE",
	-4:    "MEM_OBJECT_ALLOCATION_FAILURE",
	-5:    "OUT_OF_RESOURCES",
	-6:    "OUT_OF_HOST_MEMORY",
	-7:    "PROFILING_INFO_NOT_AVAILABLE",
	-8:    "MEM_COPY_OVERLAP",
	-9:    "IMAGE_FORMAT_MISMATCH",
	-10:   "IMAGE_FORMAT_NOT_SUPPORTED",
	-11:   "BUILD_PROGRAM_FAILURE",
	-12:   "MAP_FAILURE",
	-13:   "MISALIGNED_SUB_BUFFER_OFFSET",
	-14:   "EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST",
	-15:   "COMPILE_PROGRAM_FAILURE",
	-16:   "LINKER_NOT_AVAILABLE",
	-17:   "LINK_PROGRAM_FAILURE",
	-18:   "DEVICE_PARTITION_FAILED",
	-19:   "KERNEL_ARG_INFO_NOT_AVAILABLE",
	-30:   "INVALID_VALUE",
	-31:   "INVALID_DEVICE_TYPE",
	-32:   "INVALID_PLATFORM",
	-33:   "INVALID_DEVICE",
	-34:   "INVALID_CONTEXT",
	-35:   "INVALID_QUEUE_PROPERTIES",
	-36:   "INVALID_COMMAND_QUEUE",
	-37:   "INVALID_HOST_PTR",
	-38:   "INVALID_MEM_OBJECT",
	-39:   "INVALID_IMAGE_FORMAT_DESCRIPTOR",
	-40:   "INVALID_IMAGE_SIZE",
	-41:   "INVALID_SAMPLER",
	-42:   "INVALID_BINARY",
	-43:   "INVALID_BUILD_OPTIONS",
	-44:   "INVALID_PROGRAM",
	-45:   "INVALID_PROGRAM_EXECUTABLE",
	-46:   "INVALID_KERNEL_NAME",
	-47:   "INVALID_KERNEL_DEFINITION",
	-48:   "INVALID_KERNEL",
	-49:   "INVALID_ARG_INDEX",
	-50:   "INVALID_ARG_VALUE",
	-51:   "INVALID_ARG_SIZE",
	-52:   "INVALID_KERNEL_ARGS",
	-53:   "INVALID_WORK_DIMENSION",
	-54:   "INVALID_WORK_GROUP_SIZE",
	-55:   "INVALID_WORK_ITEM_SIZE",
	-56:   "INVALID_GLOBAL_OFFSET",
	-57:   "INVALID_EVENT_WAIT_LIST",
	-58:   "INVALID_EVENT",
	-59:   "INVALID_OPERATION",
	-60:   "INVALID_GL_OBJECT",
	-61:   "INVALID_BUFFER_SIZE",
	-62:   "INVALID_MIP_LEVEL",
	-63:   "INVALID_GLOBAL_WORK_SIZE",
	-64:   "INVALID_PROPERTY",
	-65:   "INVALID_IMAGE_DESCRIPTOR",
	-66:   "INVALID_COMPILER_OPTIONS",
	-67:   "INVALID_LINKER_OPTIONS",
	-68:   "INVALID_DEVICE_PARTITION_COUNT",
	-1001: "PLATFORM_NOT_FOUND_KHR",
}
