package enginetest

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
	"unsafe"

	"github.com/clprop/clprop/cpuref"
	"github.com/clprop/clprop/device"
	"github.com/clprop/clprop/device/mpi"
)

// patience ends the wait for a rank that does not come, as after a failed test.
const patience = 2 * time.Minute

// Ranks returns n communicators that join goroutines of this process as if each were one.
// They add in the order of the ranks, and each is a device.Sharer.
func Ranks(n int) []device.Communicator {
	m := &meetings{ranks: n, open: map[int]*meeting{}}
	list := make([]device.Communicator, n)
	for r := range list {
		list[r] = &rank{meetings: m, rank: r}
	}
	return list
}

// meetings are the collective calls under way, by their number.
type meetings struct {
	sync.Mutex
	ranks int
	open  map[int]*meeting
}

// meeting is one of them: what each rank brought, until all have.
type meeting struct {
	floats   [][]float32
	doubles  [][]float64
	arrived  int
	gathered []float64
	memory   []byte
	err      error
	done     chan struct{}
	sync.Once
}

type rank struct {
	*meetings
	rank, calls int
}

func (r *rank) Rank() int { return r.rank }
func (r *rank) Size() int { return r.ranks }

func (r *rank) Sum(values []float32) func() (time.Duration, error) {
	m := r.arrive(values, nil)
	return func() (time.Duration, error) {
		<-m.done
		return 0, m.err
	}
}

// SumHalves rounds what is brought, and the sum, as package mpi does.
func (r *rank) SumHalves(values []float32) func() (time.Duration, error) {
	all, err := r.Gather([]float64{mpi.Largest(values)})
	if err != nil {
		return func() (time.Duration, error) { return 0, err }
	}
	scale := mpi.HalfScale(slices.Max(all), r.ranks)
	for i, v := range values {
		values[i] = cpuref.FromHalf(cpuref.ToHalf(v * scale))
	}
	wait := r.Sum(values)
	return func() (time.Duration, error) {
		took, err := wait()
		for i, v := range values {
			values[i] = cpuref.FromHalf(cpuref.ToHalf(v)) / scale
		}
		return took, err
	}
}

func (r *rank) Gather(own []float64) ([]float64, error) {
	m := r.arrive(nil, own)
	err := m.wait()
	return m.gathered, err
}

// page is how memory that ranks have in common is aligned.
const page = 4096

func (r *rank) Share(size int) (memory []byte, release func() error, err error) {
	m := r.arrive(nil, []float64{float64(size)})
	if err := m.wait(); err != nil {
		return nil, nil, err
	}
	if slices.Max(m.gathered) > page<<20 {
		return nil, nil, fmt.Errorf("%d bytes are too many", size)
	}
	m.Do(func() {
		space := make([]byte, size+page)
		m.memory = space[-uintptr(unsafe.Pointer(&space[0]))%page:][:size]
	})
	return m.memory, func() error { return nil }, nil
}

func (r *rank) Together(work func(meet func() error) error) error {
	return work(func() error { return r.arrive(nil, nil).wait() })
}

// wait returns when the meeting has ended, and how.
func (m *meeting) wait() error {
	select {
	case <-m.done:
		return m.err
	case <-time.After(patience):
		return errors.New("a rank does not come")
	}
}

// arrive brings something to this rank's next meeting; the last to come ends it.
func (r *rank) arrive(values []float32, own []float64) *meeting {
	r.Lock()
	defer r.Unlock()
	m := r.open[r.calls]
	if m == nil {
		m = &meeting{floats: make([][]float32, r.ranks), doubles: make([][]float64, r.ranks), done: make(chan struct{})}
		r.open[r.calls] = m
	}
	m.floats[r.rank], m.doubles[r.rank] = values, own
	if m.arrived++; m.arrived == r.ranks {
		m.end()
		delete(r.open, r.calls)
	}
	r.calls++
	return m
}

// end sums and gathers.
func (m *meeting) end() {
	defer close(m.done)
	for i := range m.floats {
		if len(m.floats[i]) != len(m.floats[0]) || len(m.doubles[i]) != len(m.doubles[0]) {
			m.err = fmt.Errorf("rank %d brings %d and %d numbers, rank 0 %d and %d",
				i, len(m.floats[i]), len(m.doubles[i]), len(m.floats[0]), len(m.doubles[0]))
			return
		}
		m.gathered = append(m.gathered, m.doubles[i]...)
	}
	for i := range m.floats[0] {
		sum := float32(0)
		for _, values := range m.floats {
			sum += values[i]
		}
		for _, values := range m.floats {
			values[i] = sum
		}
	}
}
