package enginetest

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/clprop/clprop/cpuref"
	"github.com/clprop/clprop/device"
	"github.com/clprop/clprop/device/mpi"
)

// Ranks returns n communicators that join goroutines of this process as if each were one.
// They add in the order of the ranks.
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
	err      error
	done     chan struct{}
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
	<-m.done
	return m.gathered, m.err
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
