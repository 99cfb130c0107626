//go:build !((linux || darwin || windows) && (amd64 || arm64))

package cl

import (
	"errors"
	"runtime"
)

var libraryNames = []string{"OpenCL"}

const libraryHint = "this build has no way to call one on " + runtime.GOOS + "/" + runtime.GOARCH

func openLibrary(string) (uintptr, error) { return 0, errors.ErrUnsupported }

func lookup(uintptr, string) (uintptr, error) { return 0, errors.ErrUnsupported }

// syscallN is never reached, for openLibrary fails.
func syscallN(uintptr, ...uintptr) uintptr { return 0 }
