package cl

import (
	"errors"
	"fmt"
	"strings"
)

// Code is the status of an OpenCL call. Zero and negative values are OpenCL's
// own; the positive ones are this package's, for calls that never reached a
// driver. A Code is an error, and the Err variables are Codes.
type Code int32

const (
	success           Code = 0
	deviceNotFound    Code = -1
	buildFailure      Code = -11
	misalignedOffset  Code = -13
	partitionFailed   Code = -18
	invalidValue      Code = -30
	invalidPlatform   Code = -32
	invalidContext    Code = -34
	invalidHostPtr    Code = -37
	invalidBinary     Code = -42
	invalidOptions    Code = -43
	invalidKernelName Code = -46
	invalidArgIndex   Code = -49
	invalidArgValue   Code = -50
	invalidArgSize    Code = -51
	invalidDimension  Code = -53
	invalidGroupSize  Code = -54
	invalidOffset     Code = -56
	invalidBufferSize Code = -61
	invalidGlobalSize Code = -63
	invalidPartition  Code = -68
	platformNotFound  Code = -1001

	codeReleased    Code = 1 // nil, or Release was called
	codeUnsupported Code = 2 // the library lacks the function
	codeUnknown     Code = 3 // success reported, but nothing returned
)

// Error names the code, such as "CL_INVALID_VALUE (-30)".
func (c Code) Error() string {
	switch c {
	case codeReleased:
		return "object is nil or was released"
	case codeUnsupported:
		return "the OpenCL library lacks this function"
	case codeUnknown:
		return "the driver reported success but returned nothing"
	}
	if name := codeNames[c]; name != "" {
		return fmt.Sprintf("CL_%s (%d)", name, int32(c))
	}
	return fmt.Sprintf("unnamed OpenCL error (%d)", int32(c))
}

// ErrOther is a status that has no name here, such as a vendor's own.
type ErrOther int

// Error gives the number.
func (e ErrOther) Error() string { return Code(e).Error() }

// Error is a failed OpenCL call. errors.Is matches it with the Err variables:
// errors.Is(err, cl.ErrOutOfResources).
type Error struct {
	Op     string // the OpenCL function, such as "clCreateBuffer"
	Code   Code
	Detail string // what the call was about, or the way out; may be empty
}

// Error is one line: call, status, detail.
func (e *Error) Error() string {
	s := e.Op + ": " + e.Code.Error()
	if e.Detail != "" {
		s += ": " + e.Detail
	}
	return s
}

// Unwrap returns the Code, or an ErrOther for a code without a name.
func (e *Error) Unwrap() error {
	if e.Code < 0 && codeNames[e.Code] == "" {
		return ErrOther(e.Code)
	}
	return e.Code
}

// detail adds to err what the failed call was about.
func detail(err error, format string, args ...any) error {
	if e, ok := err.(*Error); ok && e.Detail == "" {
		e.Detail = fmt.Sprintf(format, args...)
	}
	return err
}

// BuildError is a program that did not compile or link. It matches
// ErrBuildProgramFailure.
type BuildError struct {
	Op      string // "clBuildProgram"
	Device  string // names of the devices that failed, comma-separated
	Options string // compiler options
	Log     string // the compiler's whole log; a heading for each device if several failed
}

// Error is a line saying what failed, then the compiler's whole log.
func (e *BuildError) Error() string {
	s := fmt.Sprintf("%s: %v: on %s with options %q", e.Op, buildFailure, e.Device, e.Options)
	if log := strings.TrimSpace(e.Log); log != "" {
		return s + ":\n" + log
	}
	return s + ": the compiler gave no log"
}

// Unwrap returns ErrBuildProgramFailure.
func (e *BuildError) Unwrap() error { return buildFailure }

// ErrUnsupportedArgumentType is a value that SetArg cannot give to a kernel.
type ErrUnsupportedArgumentType struct {
	Index int // argument number, from 0
	Value interface{}
}

// Error names the argument and its Go type.
func (e ErrUnsupportedArgumentType) Error() string {
	return fmt.Sprintf("kernel argument %d: type %T is not supported: use a sized number, *MemObject, LocalBuffer or SetArgUnsafe", e.Index, e.Value)
}

// ErrNoLibrary is matched by the *LibraryError of a machine without an OpenCL
// library.
var ErrNoLibrary = errors.New("no OpenCL library")

// LibraryError says which library names were tried in vain.
type LibraryError struct {
	Tried []string
	Err   error // the reasons, joined
}

// Error names the files tried and the way out.
func (e *LibraryError) Error() string {
	s := ErrNoLibrary.Error()
	if len(e.Tried) > 0 {
		s += ": tried " + strings.Join(e.Tried, ", ")
	}
	if failed := (*Error)(nil); errors.As(e.Err, &failed) {
		s += ", which lacks " + failed.Op
	}
	return s + ": " + libraryHint
}

// Unwrap returns ErrNoLibrary and the reasons.
func (e *LibraryError) Unwrap() []error { return []error{ErrNoLibrary, e.Err} }
