package device

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// Communicator joins the processes of one training, its ranks; package device/mpi has
// one. Ranks call the same methods in the same order. An error on one rank is none on
// the others, which wait for it: what a rank does then is end its process, and the
// launcher ends all.
type Communicator interface {
	// Rank is the number of this process, from 0, and Size how many there are.
	Rank() int
	Size() int
	// Sum begins values := Σ over ranks of values, to the same bits on all. They must not
	// be touched before wait, called once, has returned: how long the sum took.
	Sum(values []float32) (wait func() (time.Duration, error))
	// SumHalves is Sum with values that travel as float16: half of the traffic, and the
	// rounding of 11 bits, twice. All ranks get the same bits here too.
	SumHalves(values []float32) (wait func() (time.Duration, error))
	// Gather returns the numbers of all ranks, those of rank 0 first. All give as many.
	Gather(own []float64) ([]float64, error)
}

// Ranked is an engine on which a rank works on its share of each batch, and updates
// with all. Every rank holds all of Θ and makes the same update of it, so that the
// bits of Θ are the same everywhere as long as the devices are.
//
// Where a list of operations goes on to Gradient, the plan is
//
//	Δ of the rank's examples | Δ := Σ over ranks of Δ | D = (Δ + λΘ)/m and the update
//
// with m of the whole batch, which is what the list says anyway. A rank without an
// example in a batch sums Δ = 0. The sum over the upper layers goes on while the device
// back-propagates through the lower ones.
//
// ReadTally returns the sums over all ranks, in which all must take part; the sums
// of weights by Penalty are those of each. Other methods are those of the engine.
type Ranked struct {
	Engine
	comm Communicator

	// Of ranks that share memory, see ShareMemory: what they share, and the engine.
	common *common
	own    *opencl

	halves         bool
	summed, waited time.Duration
}

// SendHalves makes the plans' sums those of SumHalves, or, by default, of Sum.
func (e *Ranked) SendHalves(halves bool) { e.halves = halves }

func (e *Ranked) sum(values []float32) (wait func() (time.Duration, error)) {
	if e.halves {
		return e.comm.SumHalves(values)
	}
	return e.comm.Sum(values)
}

// NewRanked puts ranks around an engine, which remains the only one of this process.
func NewRanked(local Engine, comm Communicator) *Ranked { return &Ranked{Engine: local, comm: comm} }

// Local is the engine of this rank by itself.
func (e *Ranked) Local() Engine { return e.Engine }

// Rank is the number of this process, from 0.
func (e *Ranked) Rank() int { return e.comm.Rank() }

// Ranks is how many there are.
func (e *Ranked) Ranks() int { return e.comm.Size() }

// Share is which of m examples are this rank's: rows examples from one on. The shares of
// all ranks, in their order, are the m examples. They begin at even ones, so that the pairs of
// Mixup stay together: none has more than m/n, rounded up to an even number, and some may be
// empty. Ranks that share memory have all m.
func (e *Ranked) Share(m int) (from, rows int) {
	if e.common != nil {
		return 0, m
	}
	n := e.comm.Size()
	at := func(r int) int { // rm/n, and the one after it if that is odd
		at := r * m / n
		return min(at+at%2, m)
	}
	from = at(e.comm.Rank())
	return from, at(e.comm.Rank()+1) - from
}

// Agree returns the bits that any rank sets.
func (e *Ranked) Agree(bits uint32) (uint32, error) {
	all, err := e.comm.Gather([]float64{float64(bits)})
	if err != nil {
		return 0, fmt.Errorf("rank %d: %w", e.Rank(), err)
	}
	for _, other := range all {
		bits |= uint32(other)
	}
	return bits, nil
}

// Differing gathers a number from every rank, by its bits, and lists the ranks whose
// number is not that of rank 0.
func (e *Ranked) Differing(hash uint64) ([]int, error) {
	all, err := e.comm.Gather([]float64{float64(hash >> 32), float64(uint32(hash))})
	if err != nil {
		return nil, fmt.Errorf("rank %d: %w", e.Rank(), err)
	}
	var ranks []int
	for r := range len(all) / 2 {
		if !slices.Equal(all[2*r:2*r+2], all[:2]) {
			ranks = append(ranks, r)
		}
	}
	return ranks, nil
}

// Summing returns how long sums of Δ took so far, and how much of that the engine
// waited for and did nothing else. The time of a sum is also that of waiting for the
// slowest rank. Ranks that share memory sum nothing: both are the time that this one waited for
// others.
func (e *Ranked) Summing() (took, waited time.Duration) {
	if e.common != nil {
		return e.common.waited, e.common.waited
	}
	return e.summed, e.waited
}

// ReadTally waits, then returns the sums over all ranks.
func (e *Ranked) ReadTally(t Tally) (Sums, error) {
	sums, err := e.Engine.ReadTally(t)
	if err != nil || e.common != nil {
		return sums, err
	}
	all, err := e.comm.Gather([]float64{sums.Loss, float64(sums.Correct), float64(sums.Count)})
	if err != nil {
		return sums, fmt.Errorf("sums of rank %d: %w", e.Rank(), err)
	}
	sums.Loss, sums.Correct, sums.Count = 0, 0, 0
	for r := 0; r < len(all); r += 3 { // in the order of the ranks: the same bits on all
		sums.Loss += all[r]
		sums.Correct += int(all[r+1])
		sums.Count += int(all[r+2])
	}
	// A device goes on from a float32 and its compensation.
	sums.Running = float64(float32(sums.Loss))
	if sums.Lost = sums.Running - sums.Loss; math.IsNaN(sums.Lost) {
		sums.Lost = 0
	}
	return sums, nil
}

// WriteTally gives rank 0 the sums of losses, so that those over all ranks are what
// ReadTally returned.
func (e *Ranked) WriteTally(t Tally, sums Sums) error {
	if e.common == nil && e.Rank() != 0 {
		sums = Sums{Squares: sums.Squares, Magnitudes: sums.Magnitudes}
	}
	return e.written(t, func() error { return e.Engine.WriteTally(t, sums) })
}
