//go:build amd64 || arm64

package cl

import "github.com/ebitengine/purego"

var libraryNames = []string{"/System/Library/Frameworks/OpenCL.framework/OpenCL"}

const libraryHint = "the OpenCL framework is missing; set " + libraryVariable + " to another library"

func openLibrary(name string) (uintptr, error) {
	return purego.Dlopen(name, purego.RTLD_NOW|purego.RTLD_GLOBAL)
}

func lookup(handle uintptr, name string) (uintptr, error) { return purego.Dlsym(handle, name) }
