//go:build amd64 || arm64

package cl

import (
	"path/filepath"

	"golang.org/x/sys/windows"
)

var libraryNames = []string{"OpenCL.dll"}

const libraryHint = "install the graphics driver, which brings OpenCL.dll, or set " + libraryVariable

// openLibrary looks for a bare name in the system folder only, where drivers
// put it, so that a file left in the current folder is not run.
func openLibrary(name string) (uintptr, error) {
	var flags uintptr = windows.LOAD_LIBRARY_SEARCH_SYSTEM32
	if filepath.IsAbs(name) {
		flags = windows.LOAD_LIBRARY_SEARCH_DLL_LOAD_DIR | windows.LOAD_LIBRARY_SEARCH_DEFAULT_DIRS
	}
	handle, err := windows.LoadLibraryEx(name, 0, flags)
	return uintptr(handle), err
}

func lookup(handle uintptr, name string) (uintptr, error) {
	return windows.GetProcAddress(windows.Handle(handle), name)
}
