package mpi

import (
	"errors"
	"fmt"
	"os"
	"strings"
)

// Errors of Start, for errors.Is.
var (
	// ErrNoLibrary: there is no MPI library that fits the launcher.
	ErrNoLibrary = errors.New("no MPI library")
	// ErrLauncher: the library does not see the ranks that the launcher started.
	ErrLauncher = errors.New("the MPI library is not the launcher's")
	// ErrThreads: the library cannot be called from one thread of several.
	ErrThreads = errors.New("the MPI library has no MPI_THREAD_FUNNELED")
)

// library is an MPI library: its interface, and the functions that are called.
type library struct {
	abi
	path string

	initThread, finalize, abort, commRank, commSize, setErrhandler,
	allreduce, allgather, alltoall, bcast, barrier, errorString uintptr
}

// load opens the first library of the launcher's that there is.
func load(launcher Launcher) (*library, error) {
	names := launcher.libraries
	if name := os.Getenv(libraryVariable); name != "" {
		names = []string{name}
	}
	// UCX, which Debian's MPICH comes with, would take SIGSEGV from Go, and a nil
	// dereference would no longer be a panic.
	if os.Getenv("UCX_ERROR_SIGNALS") == "" {
		if err := os.Setenv("UCX_ERROR_SIGNALS", ""); err != nil {
			return nil, err
		}
	}
	var reasons []error
	for _, name := range names {
		handle, err := open(name)
		if err != nil {
			reasons = append(reasons, err)
			continue
		}
		return resolve(name, func(symbol string) (uintptr, error) { return lookup(handle, symbol) })
	}
	return nil, fmt.Errorf("%w for %s, tried %s: install it (Debian: openmpi-bin or mpich) or name it in %s: %w",
		ErrNoLibrary, launcher.Name, strings.Join(names, ", "), libraryVariable, errors.Join(reasons...))
}

// resolve looks up what is called.
func resolve(path string, symbol func(string) (uintptr, error)) (*library, error) {
	l := &library{path: path}
	var err error
	if l.abi, err = tell(path, symbol); err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrNoLibrary, path, err)
	}
	for _, f := range []struct {
		to   *uintptr
		name string
	}{
		{&l.initThread, "MPI_Init_thread"}, {&l.finalize, "MPI_Finalize"}, {&l.abort, "MPI_Abort"},
		{&l.commRank, "MPI_Comm_rank"}, {&l.commSize, "MPI_Comm_size"}, {&l.setErrhandler, "MPI_Comm_set_errhandler"},
		{&l.allreduce, "MPI_Allreduce"}, {&l.allgather, "MPI_Allgather"}, {&l.alltoall, "MPI_Alltoall"}, {&l.bcast, "MPI_Bcast"},
		{&l.barrier, "MPI_Barrier"},
		{&l.errorString, "MPI_Error_string"},
	} {
		if *f.to, err = symbol(f.name); err != nil {
			return nil, fmt.Errorf("%w: %s has no %s: %w", ErrNoLibrary, path, f.name, err)
		}
	}
	return l, nil
}
