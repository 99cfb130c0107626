//go:build (linux || darwin) && (amd64 || arm64)

package mpi

import "github.com/ebitengine/purego"

// open makes the symbols global: Open MPI's plug-ins look for them.
func open(name string) (uintptr, error) {
	return purego.Dlopen(name, purego.RTLD_NOW|purego.RTLD_GLOBAL)
}

func lookup(handle uintptr, name string) (uintptr, error) { return purego.Dlsym(handle, name) }

// syscallN calls a function of MPI, none of which takes a floating point number.
//
//go:uintptrescapes
func syscallN(address uintptr, args ...uintptr) int32 {
	r, _, _ := purego.SyscallN(address, args...)
	return int32(r) // an int: the upper half of the register is undefined
}
