package mpi

import (
	"fmt"
	"unsafe"
)

// Error is a call of MPI that failed.
type Error struct {
	Op   string // the function, such as "MPI_Allreduce"
	Code int
	Text string // of MPI_Error_string
}

func (e *Error) Error() string { return fmt.Sprintf("%s: error %d: %s", e.Op, e.Code, e.Text) }

// errorText is more than MPI_MAX_ERROR_STRING of any library.
const errorText = 4096

// failed is the error of a status; nil for MPI_SUCCESS.
func (l *library) failed(op string, code int32) error {
	if code == 0 {
		return nil
	}
	text, length := make([]byte, errorText), int32(0)
	syscallN(l.errorString, uintptr(uint32(code)), uintptr(unsafe.Pointer(&text[0])), uintptr(unsafe.Pointer(&length)))
	return &Error{op, int(code), string(text[:min(max(length, 0), errorText)])}
}

// start is MPI_Init_thread, and asks for errors to be returned.
func (l *library) start() error {
	var provided int32
	code := syscallN(l.initThread, 0, 0, uintptr(uint32(l.funneled)), uintptr(unsafe.Pointer(&provided)))
	if err := l.failed("MPI_Init_thread", code); err != nil {
		return err
	}
	if err := l.failed("MPI_Comm_set_errhandler", syscallN(l.setErrhandler, l.world, l.errorsReturn)); err != nil {
		return err
	}
	if provided < l.funneled {
		return fmt.Errorf("%w: %s (%s) has level %d of %d", ErrThreads, l.path, l.name, provided, l.funneled)
	}
	return nil
}

// place returns the rank of this process and how many there are.
func (l *library) place() (rank, size int, err error) {
	var r, n int32
	if err = l.failed("MPI_Comm_rank", syscallN(l.commRank, l.world, uintptr(unsafe.Pointer(&r)))); err != nil {
		return 0, 0, err
	}
	err = l.failed("MPI_Comm_size", syscallN(l.commSize, l.world, uintptr(unsafe.Pointer(&n))))
	return int(r), int(n), err
}

// sumFloats is values := Σ over ranks of values.
func (l *library) sumFloats(values []float32) error {
	return l.failed("MPI_Allreduce", syscallN(l.allreduce, l.inPlace, uintptr(unsafe.Pointer(&values[0])),
		uintptr(len(values)), l.float, l.sum, l.world))
}

// gatherDoubles is all := own of rank 0, own of rank 1, …
func (l *library) gatherDoubles(own, all []float64) error {
	return l.failed("MPI_Allgather", syscallN(l.allgather,
		uintptr(unsafe.Pointer(&own[0])), uintptr(len(own)), l.double,
		uintptr(unsafe.Pointer(&all[0])), uintptr(len(own)), l.double, l.world))
}

// exchangeDoubles sends each rank in turn the next n of from, and makes to those that are for
// this rank, those of rank 0 first.
func (l *library) exchangeDoubles(from, to []float64, n int) error {
	return l.failed("MPI_Alltoall", syscallN(l.alltoall,
		uintptr(unsafe.Pointer(&from[0])), uintptr(n), l.double,
		uintptr(unsafe.Pointer(&to[0])), uintptr(n), l.double, l.world))
}

// spread is values := values of rank 0.
func (l *library) spread(values []float64) error {
	return l.failed("MPI_Bcast", syscallN(l.bcast, uintptr(unsafe.Pointer(&values[0])), uintptr(len(values)), l.double, 0, l.world))
}
