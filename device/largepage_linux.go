package device

import (
	"errors"
	"unsafe"

	"golang.org/x/sys/unix"
)

// largePages returns size bytes, all 0, for whose whole large pages the kernel was asked to use
// such; they begin with one. It may still have none. free gives them back.
func largePages(size int) (memory []byte, free func() error, err error) {
	space, err := unix.Mmap(-1, 0, size+largePage, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		return nil, nil, err
	}
	free = func() error { return unix.Munmap(space) }
	first := -uintptr(unsafe.Pointer(unsafe.SliceData(space))) % largePage
	memory = space[first:][:size:size]
	if err := unix.Madvise(memory[:size&^(largePage-1)], unix.MADV_HUGEPAGE); err != nil {
		return nil, nil, errors.Join(err, free())
	}
	return memory, free, nil
}
