package mpi

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"runtime"
	"sync/atomic"
	"time"
)

// ErrClosed: the world was closed.
var ErrClosed = errors.New("MPI is closed")

// mostValues is how many values go through one call: MPI counts with 32 bits. A
// variable for tests.
var mostValues = 1 << 28

// World is all ranks that one launcher started, as one of them sees them. It is for
// one goroutine at a time; Abort for any.
type World struct {
	lib        *library
	rank, size int
	calls      chan func() // what the thread is to do, in this order
	closed     atomic.Bool
	halves     []float64 // of SumHalves, reused by the thread
}

// Start loads the library and starts MPI, which takes 0.1 to 0.3 s. The error wraps
// ErrNoLibrary, or ErrLauncher if the library sees another number of ranks than were
// started.
func Start(launcher Launcher) (*World, error) {
	lib, err := load(launcher)
	if err != nil {
		return nil, err
	}
	w := &World{lib: lib, calls: make(chan func(), 64)}
	go w.serve()
	err = w.do(func() error {
		err := lib.start()
		if err == nil {
			w.rank, w.size, err = lib.place()
		}
		return err
	})
	if err == nil && w.size != launcher.Size {
		err = fmt.Errorf("%w: %s started %d ranks, %s (%s) sees %d: start with the mpirun of that library, or name the launcher's library in %s",
			ErrLauncher, launcher.Name, launcher.Size, lib.path, lib.name, w.size, libraryVariable)
	}
	if err != nil {
		return nil, err
	}
	return w, nil
}

// serve is the thread: MPI_THREAD_FUNNELED asks that the one that starts it makes all
// calls. It stays until the process ends, as MPI, which does not start twice.
func (w *World) serve() {
	runtime.LockOSThread()
	for call := range w.calls {
		call()
	}
}

// begin gives the thread a call to make; wait returns its error and how long it took.
func (w *World) begin(call func() error) (wait func() (time.Duration, error)) {
	if w.closed.Load() {
		return func() (time.Duration, error) { return 0, ErrClosed }
	}
	var took time.Duration
	done := make(chan error, 1)
	w.calls <- func() {
		began := time.Now()
		err := call()
		took = time.Since(began)
		done <- err
	}
	return func() (time.Duration, error) {
		err := <-done
		return took, err
	}
}

// do makes a call and waits for it.
func (w *World) do(call func() error) error {
	_, err := w.begin(call)()
	return err
}

// Rank is the number of this process, from 0.
func (w *World) Rank() int { return w.rank }

// Size is the number of ranks.
func (w *World) Size() int { return w.size }

// Library says which library was loaded, such as "libmpi.so.40 (Open MPI)".
func (w *World) Library() string { return fmt.Sprintf("%s (%s)", w.lib.path, w.lib.name) }

// Sum begins values := Σ over ranks of values, in float32. The values must not be
// touched before wait, called once, has returned: how long the sum took, and its error.
// All ranks get the same bits, and the same ones each time; another number of ranks
// adds in another order.
func (w *World) Sum(values []float32) (wait func() (time.Duration, error)) {
	return w.begin(func() error {
		for len(values) > 0 {
			n := min(len(values), mostValues)
			if err := w.lib.sumFloats(values[:n]); err != nil {
				return err
			}
			values = values[n:]
		}
		return nil
	})
}

// Together runs work, of which each rank has some, on the thread that calls MPI: meet, called in
// it, returns when all ranks have called it, some microseconds after the last. What a rank
// wrote to memory of Share before is there for all after. Nothing else of World may be called
// in work.
func (w *World) Together(work func(meet func() error) error) error {
	return w.do(func() error {
		return work(func() error { return w.lib.failed("MPI_Barrier", syscallN(w.lib.barrier, w.lib.world)) })
	})
}

// Gather returns the numbers of all ranks, those of rank 0 first. All give as many.
func (w *World) Gather(own []float64) ([]float64, error) {
	if len(own) == 0 {
		return nil, nil
	}
	all := make([]float64, len(own)*w.size)
	return all, w.do(func() error { return w.lib.gatherDoubles(own, all) })
}

// Broadcast returns what rank 0 gives; what the others give is not used.
func (w *World) Broadcast(content []byte) ([]byte, error) {
	length := []float64{float64(len(content))}
	if err := w.do(func() error { return w.lib.spread(length) }); err != nil {
		return nil, err
	}
	// As bits of doubles, which all interfaces have the handle of. Nothing computes
	// with them, so that no bit changes.
	padded := make([]byte, (int(length[0])+7)/8*8)
	copy(padded, content)
	values := make([]float64, len(padded)/8)
	for i := range values {
		values[i] = math.Float64frombits(binary.LittleEndian.Uint64(padded[8*i:]))
	}
	for from := 0; from < len(values); from += mostValues {
		part := values[from:min(from+mostValues, len(values))]
		if err := w.do(func() error { return w.lib.spread(part) }); err != nil {
			return nil, err
		}
	}
	for i, v := range values {
		binary.LittleEndian.PutUint64(padded[8*i:], math.Float64bits(v))
	}
	return padded[:int(length[0])], nil
}

// Close ends MPI, in which all ranks take part. It is safe to call twice.
func (w *World) Close() error {
	if w.closed.Load() {
		return nil
	}
	err := w.do(func() error { return w.lib.failed("MPI_Finalize", syscallN(w.lib.finalize)) })
	w.closed.Store(true)
	return err
}

// CloseWithin is Close that gives up when other ranks do not come; false if it did.
func (w *World) CloseWithin(patience time.Duration) bool {
	done := make(chan struct{})
	go func() {
		defer close(done)
		w.Close()
	}()
	select {
	case <-done:
		return true
	case <-time.After(patience):
		return false
	}
}

// Abort ends the processes of all ranks, this one too, with an exit code. It returns
// if the thread does not answer within a second, as when it waits for a rank that does
// not come: then ending this process makes the launcher end the others.
func (w *World) Abort(code int) {
	if w.closed.Load() {
		return
	}
	call := func() { syscallN(w.lib.abort, w.lib.world, uintptr(uint32(code))) }
	select {
	case w.calls <- call:
		time.Sleep(time.Second)
	case <-time.After(time.Second):
	}
}
