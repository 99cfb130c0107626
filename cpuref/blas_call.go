//go:build (linux || darwin || windows) && (amd64 || arm64)

package cpuref

import "github.com/ebitengine/purego"

// syscallN calls a C function that takes and returns no floating point number.
// Pointers must be converted to uintptr in the argument list itself: the directive
// keeps what they point to alive, and off the stack, until it returns.
//
//go:uintptrescapes
func syscallN(address uintptr, args ...uintptr) uintptr {
	r, _, _ := purego.SyscallN(address, args...)
	return r
}
