package device

import (
	"fmt"
	"os"
	"runtime"

	"github.com/clprop/clprop/cpuref"
)

var _ Engine = (*reference)(nil)

// reference is the engine on the CPU: package cpuref in float32. Nothing is
// queued: work is done when it is asked for, so that a wait never waits.
type reference struct {
	info      Info
	unusable  error // what EnvBLAS says that cannot be
	calls     int64 // cpuref functions called
	allocated int64 // bytes
	closed    bool
	sizes     bool // it only counts, see Sizing
}

// EnvBLAS is the environment variable that says what the matrix products of the CPU
// reference run on, as cpuref.UseBLAS takes it: a path, "off" for gonum, or, if it is
// not set, a library that is found.
const EnvBLAS = "CLPROP_BLAS"

// OpenReference opens the CPU reference. It needs no driver and never fails: where
// EnvBLAS names what is no library, which Open says, products are gonum's; EnvMemory that is
// no number of bytes, which Open says too, bounds nothing.
func OpenReference() Engine { return newReference() }

func newReference() *reference {
	e := &reference{info: Info{
		Name:  "cpuref",
		Kind:  KindReference,
		Index: -1,
		Units: runtime.NumCPU(),

		TotalMemory: ram(),
	}}
	library, err := cpuref.UseBLAS(os.Getenv(EnvBLAS))
	if limit, bad := limitMemory(e.info.TotalMemory); bad == nil {
		e.info.TotalMemory = limit
	}
	if err != nil {
		e.unusable = fmt.Errorf("%s: %w", EnvBLAS, err)
		library, _ = cpuref.UseBLAS("off") // which there always is
	}
	if library != nil {
		e.info.Name = fmt.Sprintf("cpuref (%v)", library)
	}
	return e
}

// opened refuses a CPU reference that is not what EnvBLAS asks for.
func (e *reference) opened() (Engine, error) {
	if e.unusable != nil {
		return nil, e.unusable
	}
	return e, nil
}

// ready says why the engine takes no more work, if it does not.
func (e *reference) ready(op string) error {
	if e.closed {
		return fmt.Errorf("%s: %w", op, ErrClosed)
	}
	return nil
}

func (e *reference) Info() Info { return e.info }

func (e *reference) Counters() Counters {
	return Counters{Calls: e.calls, Allocated: e.allocated}
}

func (e *reference) Sync() error { return e.ready("sync") }

func (e *reference) Close() error {
	e.closed = true
	e.allocated = 0
	return nil
}
