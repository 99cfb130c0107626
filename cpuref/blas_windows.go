//go:build amd64 || arm64

package cpuref

import (
	"path/filepath"

	"golang.org/x/sys/windows"
)

func openLibrary(path string) (uintptr, error) {
	full, err := filepath.Abs(path)
	if err != nil {
		return 0, err
	}
	handle, err := windows.LoadLibraryEx(full, 0, windows.LOAD_LIBRARY_SEARCH_DLL_LOAD_DIR|windows.LOAD_LIBRARY_SEARCH_DEFAULT_DIRS)
	return uintptr(handle), err
}

func lookup(handle uintptr, name string) (uintptr, error) {
	return windows.GetProcAddress(windows.Handle(handle), name)
}
