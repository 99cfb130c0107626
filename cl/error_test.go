package cl

import (
	"errors"
	"fmt"
	"testing"
)

// The numbers and names are those of the OpenCL 1.2 specification's cl.h.
func TestErrorCodes(t *testing.T) {
	for _, c := range []struct {
		err  error
		code Code
		want string
	}{
		{ErrDeviceNotFound, -1, "clX: CL_DEVICE_NOT_FOUND (-1)"},
		{ErrMemObjectAllocationFailure, -4, "clX: CL_MEM_OBJECT_ALLOCATION_FAILURE (-4)"},
		{ErrOutOfHostMemory, -6, "clX: CL_OUT_OF_HOST_MEMORY (-6)"},
		{ErrBuildProgramFailure, -11, "clX: CL_BUILD_PROGRAM_FAILURE (-11)"},
		{ErrExecStatusErrorForEventsInWaitList, -14, "clX: CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST (-14)"},
		{ErrKernelArgInfoNotAvailable, -19, "clX: CL_KERNEL_ARG_INFO_NOT_AVAILABLE (-19)"},
		{ErrInvalidValue, -30, "clX: CL_INVALID_VALUE (-30)"},
		{ErrInvalidBinary, -42, "clX: CL_INVALID_BINARY (-42)"},
		{ErrInvalidArgSize, -51, "clX: CL_INVALID_ARG_SIZE (-51)"},
		{ErrInvalidWorkGroupSize, -54, "clX: CL_INVALID_WORK_GROUP_SIZE (-54)"},
		{ErrInvalidDevicePartitionCount, -68, "clX: CL_INVALID_DEVICE_PARTITION_COUNT (-68)"},
		{ErrPlatformNotFound, -1001, "clX: CL_PLATFORM_NOT_FOUND_KHR (-1001)"},
		{ErrOther(-9999), -9999, "clX: unnamed OpenCL error (-9999)"},
		{ErrReleased, 1, "clX: object is nil or was released"},
	} {
		err := fmt.Errorf("wrapped: %w", &Error{Op: "clX", Code: c.code})
		if !errors.Is(err, c.err) || errors.Is(err, ErrUnknown) {
			t.Errorf("code %d does not match %v alone", c.code, c.err)
		}
		if got := (&Error{Op: "clX", Code: c.code}).Error(); got != c.want {
			t.Errorf("code %d: %q, want %q", c.code, got, c.want)
		}
	}
}

func TestFlagNames(t *testing.T) {
	for got, want := range map[string]string{
		DeviceTypeAll.String():                      "All",
		(DeviceTypeGPU | DeviceTypeCPU).String():    "CPU|GPU",
		DeviceType(0).String():                      "None",
		(FPConfigFMA | FPConfigDenorm).String():     "Denorm|FMA",
		ExecCapabilityKernel.String():               "Kernel",
		MemCacheTypeReadWriteCache.String():         "ReadWrite",
		LocalMemTypeGlobal.String():                 "Global",
		LocalMemType(7).String():                    "Unknown",
		FPConfigCorrectlyRoundedDivideSqrt.String(): "CorrectlyRoundedDivideSqrt",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
