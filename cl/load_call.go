//go:build (linux || darwin || windows) && (amd64 || arm64)

package cl

import "github.com/ebitengine/purego"

// syscallN calls a C function. No OpenCL function of the host takes a floating
// point number by value, which SyscallN could not pass beside integers.
//
//go:uintptrescapes
func syscallN(address uintptr, args ...uintptr) uintptr {
	r, _, _ := purego.SyscallN(address, args...)
	return r
}
