package device

import (
	"context"
	"fmt"
	"time"

	"github.com/clprop/clprop/cl"
	"github.com/clprop/clprop/kernels"
)

var _ Engine = (*opencl)(nil)

// opencl is the engine on an OpenCL device: package kernels, queued.
//
// One in-order queue computes; a second one uploads while it does. The two meet
// at events: a plan waits for the uploads into its operands, an upload waits for
// the plan that last used its destination.
type opencl struct {
	info     Info
	context  *cl.Context
	compute  *cl.CommandQueue
	transfer *cl.CommandQueue
	set      *kernels.Set
	staging  []float32 // for blocking copies, in the device's row layout
	scratch  []*scratch
	buffers  map[*buffer]interface{ Release() } // what Close has to free, by its memory
	plans    map[*openclPlan]struct{}           // the same

	launches   int64
	allocated  int64
	closed     bool
	failed     error         // the first error of queued work, returned ever after
	patience   time.Duration // how long to wait for the device; 0 means for ever
	hung       bool          // the device did not answer in time
	queued     []*openclPlan // since the device last answered
	profile    *profile      // nil unless Options.Profile
	sizes      *opencl       // the engine that this one only counts for; nil for one that works
	clockMHz   int
	parts      *parts        // of the device that the engine works on; nil for a whole device
	launchTime time.Duration // see launchCost; 0 before it is measured
	fmaRounds  int           // long enough to measure multiply-adds; 0 before they are
	largePages bool          // large buffers are in large pages
	wanted     context.Context
	common     *common     // where what is allocated now is to lie, in memory that ranks have in common; nil for the engine's own
	unfused    bool        // prepare plans operation by operation, to test fusion against
	eager      bool        // do at the first run of a plan what pays over many
	joined     *scratch    // of joinState; nil while no plan needs it
	held       *openclPlan // whose runs wait to be one launch; nil if none do
	heldSince  time.Time
	unified    bool        // device and host share one memory
	returned   []*cl.Event // of layers that the host gives back, for which the compute queue has not waited
	cannotJoin bool        // the driver's compiler does not take joined.cl
}

// stagingFloats bounds the host memory of a blocking copy: 4 MiB.
const stagingFloats = 1 << 20

// openDevice opens one device: context, queues, and one compiled kernel, so that a
// device without a working compiler is found now and not in the first step.
// The devices are one, or parts of one.
func openDevice(devices []*cl.Device, info Info, tuning kernels.Tuning) (_ *opencl, err error) {
	dev := devices[0]
	e := &opencl{info: info, clockMHz: dev.MaxClockFrequency(), wanted: context.Background(), buffers: map[*buffer]interface{ Release() }{}, plans: map[*openclPlan]struct{}{}}
	e.largePages = takesLargePages(dev)
	defer func() {
		if err != nil {
			e.Close()
			err = fmt.Errorf("open %s: %w", info.Name, err)
		}
	}()
	if e.patience, err = patience(); err != nil {
		return nil, err
	}
	if e.info.TotalMemory, err = limitMemory(info.TotalMemory); err != nil {
		return nil, err
	}
	if e.context, err = cl.CreateContext(devices); err != nil {
		return nil, err
	}
	if e.compute, err = e.context.CreateCommandQueue(dev, 0); err != nil {
		return nil, err
	}
	if e.transfer, err = e.context.CreateCommandQueue(dev, 0); err != nil {
		return nil, err
	}
	if dev.ParentDevice() != nil {
		if e.parts, err = newParts(e.context, devices); err != nil {
			return nil, err
		}
	}
	e.unified = dev.HostUnifiedMemory()
	e.set = kernels.NewSet(e.context, dev, tuning)
	e.set.Allocate = e.room
	probe, err := e.NewMatrix(1, 1)
	if err != nil {
		return nil, err
	}
	probe.Release()
	return e, e.Sync()
}

func (e *opencl) Info() Info { return e.info }

func (e *opencl) Counters() Counters {
	return Counters{Launches: e.launches, Allocated: e.allocated}
}

// ready says why the engine takes no more work, if it does not.
func (e *opencl) ready(op string) error {
	if e.closed {
		return fmt.Errorf("%s: %w", op, ErrClosed)
	}
	return e.failed
}

// enqueue queues one launch and counts it.
func (e *opencl) enqueue(l *kernels.Launch) error {
	if e.sizes != nil {
		return nil
	}
	err := e.release()
	if err != nil {
		return err
	}
	if e.profile == nil {
		err = e.start(l)
	} else {
		err = e.enqueueProfiled(l)
	}
	if err != nil {
		return e.fail(err)
	}
	e.launches++
	return nil
}

func (e *opencl) Sync() error {
	if err := e.ready("sync"); err != nil {
		return err
	}
	return e.await("sync", e.finish)
}

// finish waits for both queues, and returns the first error.
func (e *opencl) finish() error {
	err := e.join()
	if second := e.transfer.Finish(); err == nil {
		err = second
	}
	if second := e.compute.Finish(); err == nil {
		err = second
	}
	return err
}

func (e *opencl) Close() error {
	if e.closed {
		return nil
	}
	var err error
	if !e.hung && e.transfer != nil && e.compute != nil {
		reported := e.failed != nil
		if err = e.wait("close", e.finish); reported {
			err = nil
		}
	}
	if e.hung {
		e.closed = true
		return err
	}
	for p := range e.plans {
		p.Release()
	}
	for _, b := range e.buffers {
		b.Release()
	}
	e.closed = true
	releaseEvents(e.returned)
	if e.profile != nil {
		e.profile.release()
	}
	if e.set != nil {
		e.set.Store(e.wanted)
		e.set.Release()
	}
	e.transfer.Release()
	e.compute.Release()
	e.context.Release()
	e.parts.release()
	return err
}
