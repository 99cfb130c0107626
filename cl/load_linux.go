//go:build amd64 || arm64

package cl

import "github.com/ebitengine/purego"

// libOpenCL.so.1 comes first: the name without a version belongs to
// development packages, which most machines lack.
var libraryNames = []string{"libOpenCL.so.1", "libOpenCL.so"}

const libraryHint = "install an OpenCL loader and driver (Debian: apt install ocl-icd-libopencl1 pocl-opencl-icd) or set " + libraryVariable

func openLibrary(name string) (uintptr, error) {
	return purego.Dlopen(name, purego.RTLD_NOW|purego.RTLD_GLOBAL)
}

func lookup(handle uintptr, name string) (uintptr, error) { return purego.Dlsym(handle, name) }
