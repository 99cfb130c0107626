//go:build !((linux || darwin || windows) && (amd64 || arm64))

package cpuref

import "errors"

func openLibrary(string) (uintptr, error) { return 0, errors.ErrUnsupported }

func lookup(uintptr, string) (uintptr, error) { return 0, errors.ErrUnsupported }

// syscallN is never reached, for openLibrary fails.
func syscallN(uintptr, ...uintptr) uintptr { return 0 }
