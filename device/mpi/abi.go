package mpi

import (
	"fmt"
	"path/filepath"
	"strings"
)

// abi is what differs between the binary interfaces: the values of constants and
// handles. Functions are the same on all.
type abi struct {
	name string

	world, float, double, sum, errorsReturn uintptr

	inPlace  uintptr
	funneled int32 // MPI_THREAD_FUNNELED
}

// openMPI returns the handles of Open MPI, which are addresses of its objects
// (ompi/include/mpi.h of 4.1 and 5.0).
func openMPI(symbol func(string) (uintptr, error)) (abi, error) {
	t := abi{name: "Open MPI", inPlace: 1, funneled: 1}
	for _, handle := range []struct {
		to   *uintptr
		name string
	}{
		{&t.world, "ompi_mpi_comm_world"}, {&t.float, "ompi_mpi_float"}, {&t.double, "ompi_mpi_double"},
		{&t.sum, "ompi_mpi_op_sum"}, {&t.errorsReturn, "ompi_mpi_errors_return"},
	} {
		var err error
		if *handle.to, err = symbol(handle.name); err != nil {
			return t, fmt.Errorf("no %s of Open MPI: %w", handle.name, err)
		}
	}
	return t, nil
}

// mpich has the handles of MPICH and its family, 32-bit integers (mpi.h of MPICH 4,
// fixed by the MPICH ABI Compatibility Initiative, 2013). MPI_IN_PLACE is −1.
var mpich = abi{
	name: "MPICH", world: 0x44000000, float: 0x4c00040a, double: 0x4c00080b, sum: 0x58000003,
	errorsReturn: 0x54000001, inPlace: ^uintptr(0), funneled: 1,
}

// standard has those of the ABI of MPI-5 (MPI: A Message-Passing Interface Standard,
// version 5.0, 2025, chapter "ABI"). Levels of threads are not 0 to 3 there.
var standard = abi{
	name: "MPI-5", world: 0x101, float: 0x210, double: 0x214, sum: 0x21,
	errorsReturn: 0x143, inPlace: 1, funneled: 1024,
}

// tell finds out which interface a library has. The standard one is known by the name
// that MPI-5 gives the library, since others may have its functions too; Open
// MPI's own by its objects.
func tell(path string, symbol func(string) (uintptr, error)) (abi, error) {
	if strings.HasPrefix(filepath.Base(path), "libmpi_abi.") {
		return standard, nil
	}
	if _, err := symbol("ompi_mpi_comm_world"); err == nil {
		return openMPI(symbol)
	}
	return mpich, nil
}
