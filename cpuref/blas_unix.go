//go:build (linux || darwin) && (amd64 || arm64)

package cpuref

import "github.com/ebitengine/purego"

// RTLD_LOCAL: the names of a BLAS are those of every other BLAS, and a library that
// comes later, an OpenCL driver's say, must not get this one's.
func openLibrary(path string) (uintptr, error) {
	return purego.Dlopen(path, purego.RTLD_NOW|purego.RTLD_LOCAL)
}

func lookup(handle uintptr, name string) (uintptr, error) { return purego.Dlsym(handle, name) }
