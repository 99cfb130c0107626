package mpi

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// ErrNotShared: the ranks cannot have memory in common, such as those of several machines or
// containers.
var ErrNotShared = errors.New("no memory in common")

// Share returns size bytes, all 0, that all ranks have in common: memory without a file name,
// of rank 0 (memfd_create(2)), which the others find under /proc. It does not count as
// /dev/shm, which containers have little of, and it is reserved at once, so that
// touching it cannot fail, if the machine has as much available. It is gone with the last process that uses it, however that ends.
//
// All ranks ask for as many bytes. If one cannot have them none does, and all get an error
// that wraps ErrNotShared. release ends the use by this rank.
func (w *World) Share(size int) (memory []byte, release func() error, err error) {
	name, file := "", -1
	if w.rank == 0 {
		name = fmt.Sprintf("clprop-%016x", rand.Uint64())
		file, err = reserve(name, size)
	}
	// A name that rank 0 has none for is empty: all learn it from that.
	if err != nil {
		name = ""
	}
	place := fmt.Sprintf("%d %d %s", os.Getpid(), file, name)
	told, failed := w.Broadcast([]byte(place))
	if err == nil && failed == nil && w.rank != 0 {
		file, err = find(string(told))
	}
	if err == nil && failed == nil {
		memory, err = unix.Mmap(file, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	}
	err = errors.Join(failed, w.allHave(err)) // rank 0 keeps its file until all have it
	if file >= 0 {
		err = errors.Join(err, unix.Close(file))
	}
	if err != nil {
		if memory != nil {
			err = errors.Join(err, unix.Munmap(memory))
		}
		return nil, nil, err
	}
	return memory, func() error { return unix.Munmap(memory) }, nil
}

// reserve makes size bytes of memory that has a file descriptor.
func reserve(name string, size int) (file int, err error) {
	if file, err = unix.MemfdCreate(name, unix.MFD_CLOEXEC); err != nil {
		return -1, fmt.Errorf("memfd_create: %w", err)
	}
	// A memfd has no limit of its own: it would take all memory of the machine, and processes with it.
	if err = enough(size); err != nil {
		return -1, errors.Join(err, unix.Close(file))
	}
	if err = unix.Fallocate(file, 0, 0, int64(size)); err != nil {
		return -1, errors.Join(fmt.Errorf("fallocate of %d bytes: %w", size, err), unix.Close(file))
	}
	return file, nil
}

// enough says so when the machine has less memory to give than size bytes.
func enough(size int) error {
	text, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return err
	}
	return enoughIn(string(text), size)
}

// enoughIn is enough with the text of /proc/meminfo, whose MemAvailable is in KiB.
func enoughIn(meminfo string, size int) error {
	for line := range strings.Lines(meminfo) {
		var kib int
		if n, _ := fmt.Sscanf(line, "MemAvailable: %d kB", &kib); n == 1 {
			if size/1024 >= kib {
				return fmt.Errorf("%d bytes are more than the %d KiB that are available", size, kib)
			}
			return nil
		}
	}
	return errors.New("/proc/meminfo has no MemAvailable")
}

// find opens the memory of rank 0. On another machine or in another container there is none
// of that name under that number: whatever else is there is not opened.
func find(place string) (file int, err error) {
	var pid, number int
	var name string
	if _, err := fmt.Sscan(place, &pid, &number, &name); err != nil {
		return -1, errors.New("rank 0 has none")
	}
	path := fmt.Sprintf("/proc/%d/fd/%d", pid, number)
	target, err := os.Readlink(path)
	if err != nil {
		return -1, fmt.Errorf("the memory of rank 0: %w", err)
	}
	if want := "/memfd:" + name + " (deleted)"; target != want {
		return -1, fmt.Errorf("the memory of rank 0: %s is %s, not %s", path, target, want)
	}
	return unix.Open(path, unix.O_RDWR|unix.O_CLOEXEC, 0)
}

// allHave is nil if no rank has an error.
func (w *World) allHave(own error) error {
	verdict := 0.0
	if own != nil {
		verdict = 1
	}
	all, err := w.Gather([]float64{verdict})
	if err != nil {
		return err
	}
	for r, failed := range all {
		switch {
		case failed == 0:
		case own != nil:
			return fmt.Errorf("%w: rank %d: %w", ErrNotShared, w.rank, own)
		default:
			return fmt.Errorf("%w: rank %d has none", ErrNotShared, r)
		}
	}
	return nil
}
