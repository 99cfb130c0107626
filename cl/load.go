package cl

import (
	"errors"
	"os"
	"sync"
	"sync/atomic"
)

// libraryVariable overrides the names under which the library is sought.
const libraryVariable = "CLPROP_OPENCL_LIBRARY"

// library opens the OpenCL library once, at the first call of any of its
// functions, so that a program starts on a machine that has none.
var library = sync.OnceValues(func() (opened, error) {
	names := libraryNames
	if name := os.Getenv(libraryVariable); name != "" {
		names = []string{name}
	}
	var reasons []error
	for _, name := range names {
		handle, err := openLibrary(name)
		if err == nil {
			if a, failed := lookup(handle, clGetPlatformIDs.name); failed == nil && a != 0 {
				return opened{handle, name}, nil
			}
			err = clGetPlatformIDs.fail(codeUnsupported) // a library, and not OpenCL's
		}
		reasons = append(reasons, err)
	}
	return opened{}, &LibraryError{Tried: names, Err: errors.Join(reasons...)}
})

// opened is a library and the name that it was found under.
type opened struct {
	handle uintptr
	name   string
}

// LibraryName is the name or path that the OpenCL library was loaded under, such as
// "libOpenCL.so.1". Without one the error matches ErrNoLibrary.
func LibraryName() (string, error) {
	l, err := library()
	return l.name, err
}

// entry is a function of the OpenCL library, looked up when it is first called.
type entry struct {
	name    string
	address atomic.Uintptr
}

func (e *entry) resolve() (uintptr, error) {
	if a := e.address.Load(); a != 0 {
		return a, nil
	}
	l, err := library()
	if err != nil {
		return 0, err
	}
	a, err := lookup(l.handle, e.name)
	if err != nil || a == 0 {
		return 0, e.fail(codeUnsupported)
	}
	e.address.Store(a)
	return a, nil
}

func (e *entry) fail(c Code) *Error { return &Error{Op: e.name, Code: c} }

// call calls a function that returns a status. Pointers must be converted to
// uintptr in the argument list itself: the directive then moves what they point
// to to the heap and keeps it alive until call returns.
//
//go:uintptrescapes
func call(e *entry, args ...uintptr) error {
	address, err := e.resolve()
	if err != nil {
		return err
	}
	// cl_int is 32 bits wide; the upper half of the register is undefined.
	if code := Code(int32(syscallN(address, args...))); code != success {
		return e.fail(code)
	}
	return nil
}

// create calls a function that returns an object and stores its status in
// *code, whose address the caller also passes as the last argument.
//
//go:uintptrescapes
func create(e *entry, code *Code, args ...uintptr) (uintptr, error) {
	address, err := e.resolve()
	if err != nil {
		return 0, err
	}
	handle := syscallN(address, args...)
	if *code != success {
		return 0, e.fail(*code)
	}
	if handle == 0 {
		return 0, e.fail(codeUnknown)
	}
	return handle, nil
}
