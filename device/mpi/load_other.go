//go:build !((linux || darwin) && (amd64 || arm64))

package mpi

import "errors"

var errPlatform = errors.New("not on this operating system and processor")

func open(string) (uintptr, error) { return 0, errPlatform }

func lookup(uintptr, string) (uintptr, error) { return 0, errPlatform }

func syscallN(uintptr, ...uintptr) int32 { panic("unreachable: no library was opened") }
