package device

import (
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/clprop/clprop/cl"
)

// Sharer is a Communicator whose ranks, where they are on one machine, can have memory in
// common; package device/mpi has one.
type Sharer interface {
	Communicator
	// Share returns size bytes, all 0, that all ranks have in common; all ask for as many. If
	// one rank cannot have them none does, and all get an error. release ends this rank's use.
	Share(size int) (memory []byte, release func() error, err error)
	// Together runs work on every rank; meet, called in it, returns when all have called it.
	// What a rank wrote to common memory before is what others read after.
	Together(work func(meet func() error) error) error
}

// ErrOwnMemory is wrapped by what ShareMemory says of ranks that cannot work on one memory.
var ErrOwnMemory = errors.New("ranks keep a memory each")

// common is the memory that ranks work on together.
type common struct {
	comm   Sharer
	units  []int // a part of every launch for each rank: see kernels.Launch.EnqueueShare
	waited time.Duration
}

// ShareMemory makes the ranks work on one memory, where they are processes of one machine
// on its CPU: as the parts of a device do. Then there is one Θ, one Δ and one copy of the
// examples, every launch of a plan is divided among the ranks by its work-groups, and
// nothing is summed, copied or updated twice. Results are those of one rank, to the bit, and
// Share gives each all examples.
//
//	launch 1: the work-groups of rank 0 │ those of rank 1 │ …    all wait for the last
//	launch 2: …
//
// All ranks call it before anything is allocated, and get the same answer: nil, or an error
// that wraps ErrOwnMemory and says why not, with which everything is as before; any other error is of
// the Communicator. From then on
// all call the same methods in the same order, except those that read. What Local makes is
// of each rank by itself.
func (e *Ranked) ShareMemory() error {
	comm, ok := e.comm.(Sharer)
	if !ok {
		return fmt.Errorf("%w: they have no way to share one", ErrOwnMemory)
	}
	own, reason := e.sharable()
	same, cost := uint64(0), 0.0
	if own != nil {
		hash := fnv.New64a()
		fmt.Fprint(hash, own.info.Name, own.info.Driver, own.info.Kernels, own.unfused)
		same, cost = hash.Sum64(), own.launchCost().Seconds()
	}
	all, err := comm.Gather([]float64{float64(same >> 16), cost}) // 48 bits go through a float64
	if err != nil {
		return fmt.Errorf("rank %d: %w", e.Rank(), err)
	}
	for r := range comm.Size() {
		switch cost = max(cost, all[2*r+1]); {
		case all[2*r] == 0:
			return fmt.Errorf("%w: %w", ErrOwnMemory, orElse(reason, fmt.Errorf("rank %d has another kind of device", r)))
		case all[2*r] != all[0]:
			return fmt.Errorf("%w: rank %d has another device or kernels than rank 0", ErrOwnMemory, r)
		}
	}
	c := &common{comm: comm, units: make([]int, comm.Size())}
	for r := range c.units {
		c.units[r] = 1
	}
	if err := c.prove(own); err != nil {
		return err
	}
	own.launchTime = time.Duration(cost * float64(time.Second)) // which lists of operations go by
	e.common, e.own = c, own
	return nil
}

func orElse(err, other error) error {
	if err != nil {
		return err
	}
	return other
}

// sharable is the engine if it may compute in memory of the host, or nil and why not.
func (e *Ranked) sharable() (*opencl, error) {
	own, ok := e.Engine.(*opencl)
	switch {
	case !ok:
		return nil, fmt.Errorf("%s is not one OpenCL device", e.Info().Name)
	case own.info.Kind != "CPU":
		return nil, fmt.Errorf("%s has a memory of its own", own.info.Name)
	case own.parts != nil:
		return nil, errors.New("each rank works on parts of a device")
	case own.profile != nil:
		return nil, errors.New("a profile is of one device")
	}
	return own, nil
}

// prove tries whether what the device of one rank writes to common memory is what the others
// read: a driver may keep a copy of memory that it is given. It is asked twice, since a first
// copy would be right.
func (c *common) prove(own *opencl) error {
	n, rank := c.comm.Size(), c.comm.Rank()
	own.common = c
	b, err := own.allocate("memory that ranks have in common", n)
	own.common = nil
	if err != nil {
		return fmt.Errorf("%w: %w", ErrOwnMemory, err) // on all ranks
	}
	defer b.Release()
	seen := make([]float32, n)
	right := 1.0
	for round := range 2 {
		value := func(r int) float32 { return float32(1 + r + round*n) }
		// All meet, whatever one of them has met with.
		err := errors.Join(own.write("share memory", b.mem, rank, []float32{value(rank)}), c.meet(),
			own.read("share memory", b.mem, 0, seen), c.meet())
		for r, v := range seen {
			if err != nil || v != value(r) {
				right = 0
			}
		}
	}
	all, err := c.comm.Gather([]float64{right})
	if err != nil {
		return fmt.Errorf("rank %d: %w", rank, err)
	}
	if r := slices.Index(all, 0); r >= 0 {
		return fmt.Errorf("%w: the driver of rank %d copies the memory that it is given", ErrOwnMemory, r)
	}
	return nil
}

// meet returns when all ranks have called it.
func (c *common) meet() error {
	return c.comm.Together(func(meet func() error) error { return meet() })
}

// buffer makes a buffer of memory that ranks have in common, and says what frees that.
func (c *common) buffer(context *cl.Context, bytes int) (*cl.MemObject, func() error, error) {
	memory, release, err := c.comm.Share(bytes)
	if err != nil {
		return nil, nil, err
	}
	return bufferOf(context, memory, release)
}

// bufferOf makes a buffer of memory of the host, which free gives back.
func bufferOf(context *cl.Context, memory []byte, free func() error) (*cl.MemObject, func() error, error) {
	mem, err := context.CreateBufferUnsafe(cl.MemReadWrite|cl.MemUseHostPtr, len(memory), unsafe.Pointer(unsafe.SliceData(memory)))
	if err != nil {
		return nil, nil, errors.Join(err, free())
	}
	return mem, free, nil
}

// commonPlan is a plan of which each rank does its part of every launch.
type commonPlan struct {
	*openclPlan
	common *common
}

// Run does the plan with all ranks, and returns when all are done.
func (p commonPlan) Run() error {
	e := p.engine
	if err := p.arm(); err != nil {
		return err
	}
	var parted error // from the other ranks, which this one's device has nothing to do with
	var computing atomic.Bool
	err := e.waitWhile("run", computing.Load, func() (failed error) {
		parted = p.common.comm.Together(func(meet func() error) (err error) {
			failed, err = p.steps(func() error {
				computing.Store(false)
				defer computing.Store(true)
				began := time.Now()
				defer func() { p.common.waited += time.Since(began) }()
				return meet()
			})
			return err
		})
		return failed
	})
	if err == nil && parted != nil {
		err = fmt.Errorf("run: rank %d: %w", p.common.comm.Rank(), parted)
	}
	return err
}

// steps does this rank's part of all launches, unless its device has failed, or it is parted from the
// others.
func (p commonPlan) steps(meet func() error) (failed, parted error) {
	// Work of this rank alone may still be reading what others will change.
	if failed = p.engine.finish(); failed != nil {
		return failed, nil
	}
	for i := range p.launches {
		if parted = meet(); parted != nil {
			return nil, parted
		}
		if failed = p.part(i); failed != nil {
			return failed, nil
		}
	}
	return nil, meet()
}

// part does this rank's part of a launch.
func (p commonPlan) part(i int) error {
	e := p.engine
	e.launches++ // of all ranks together
	event, err := p.launches[i].EnqueueShare(e.compute, p.common.units, p.common.comm.Rank(), nil)
	if err != nil || event == nil { // too little to do for this rank to have a part
		return err
	}
	event.Release()
	return e.compute.Finish()
}
