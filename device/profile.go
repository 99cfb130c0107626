package device

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/clprop/clprop/cl"
	"github.com/clprop/clprop/kernels"
)

// ErrNoProfile: the engine was not opened with Options.Profile, or launches no
// kernels.
var ErrNoProfile = errors.New("no profile is kept")

const (
	// profiledRuns is how many runs a profile keeps one by one.
	profiledRuns = 20_000
	// profiledAhead is how many events there are before the engine waits to read them.
	profiledAhead = 2_000
)

// Profile is what the kernels of an engine took, by the device's own clock.
type Profile struct {
	Kernels []KernelTotal // the one that took longest first
	Runs    []KernelRun   // the first 20 000 runs, in order
	Span    time.Duration // from the start of the first run to the end of the last
}

// KernelTotal is all runs of a kernel of one size.
type KernelTotal struct {
	Kernel string  // name, such as "forward"
	Size   string  // sizes among its arguments, such as 128×512×785 of m, n, k
	FLOPs  float64 // floating-point operations of one run
	Bytes  float64 // bytes that one run must move, each operand counted once
	Count  int     // runs
	Total  time.Duration
	Min    time.Duration
}

// KernelRun is one run. Start and End count from the start of the first run.
type KernelRun struct {
	Kernel, Size string
	FLOPs, Bytes float64
	Start, End   time.Duration
}

// Total is the time of all kernels together.
func (p *Profile) Total() (total time.Duration) {
	for _, k := range p.Kernels {
		total += k.Total
	}
	return total
}

// ClockStopped reports that the driver's timestamps cannot be true: kernels of one queue run one
// after the other, so that together they take no longer than from the first to the last, twice that
// for a clock that is coarse.
func (p *Profile) ClockStopped() bool {
	runs := 0
	for _, k := range p.Kernels {
		runs += k.Count
	}
	return runs > 1 && p.Total() >= 2*p.Span
}

// TakeProfile waits for e, and returns the profile since e was opened or since the
// last TakeProfile. Without one the error wraps ErrNoProfile.
func TakeProfile(e Engine) (*Profile, error) {
	o, ok := e.(*opencl)
	if !ok || o.profile == nil {
		return nil, fmt.Errorf("profile of %s: %w", e.Info().Name, ErrNoProfile)
	}
	if err := o.Sync(); err != nil {
		return nil, err
	}
	if err := o.fail(o.profile.collect()); err != nil {
		return nil, err
	}
	return o.profile.take(), nil
}

// profile collects the times of an engine.
type profile struct {
	pending []pendingRun
	totals  map[kernelSize]*KernelTotal
	runs    []KernelRun
	origin  int64 // device clock at the start of the first run; 0 before it
	last    int64 // the same at the end of the last
}

type pendingRun struct {
	of    kernelSize
	event *cl.Event
}

type kernelSize struct {
	name, size   string
	flops, bytes float64
}

// startProfile makes the compute queue one that takes times.
func (e *opencl) startProfile(dev *cl.Device) error {
	queue, err := e.context.CreateCommandQueue(dev, cl.CommandQueueProfilingEnable)
	if err != nil {
		return fmt.Errorf("profile of %s: %w", e.info.Name, err)
	}
	if err := e.await("profile", e.compute.Finish); err != nil {
		queue.Release()
		return err
	}
	e.compute.Release()
	e.compute, e.profile = queue, &profile{totals: map[kernelSize]*KernelTotal{}}
	return nil
}

// enqueueProfiled queues one launch whose times are kept.
func (e *opencl) enqueueProfiled(l *kernels.Launch) error {
	event, err := l.EnqueueEvent(e.compute)
	if err != nil {
		return err
	}
	p := e.profile
	p.pending = append(p.pending, pendingRun{kernelSize{l.Name, l.Size, l.FLOPs, l.Bytes}, event})
	if len(p.pending) < profiledAhead {
		return nil
	}
	if err := e.await("profile", e.compute.Finish); err != nil {
		return err
	}
	return p.collect()
}

// collect reads the times of what has ended: everything pending, so that the queue
// must be finished.
func (p *profile) collect() error {
	defer p.release()
	for _, run := range p.pending {
		start, err := run.event.GetEventProfilingInfo(cl.ProfilingInfoCommandStart)
		if err != nil {
			return fmt.Errorf("kernel %s: %w", run.of.name, err)
		}
		end, err := run.event.GetEventProfilingInfo(cl.ProfilingInfoCommandEnd)
		if err != nil {
			return fmt.Errorf("kernel %s: %w", run.of.name, err)
		}
		p.add(run.of, start, max(end, start))
	}
	return nil
}

func (p *profile) add(of kernelSize, start, end int64) {
	took := time.Duration(end - start)
	t := p.totals[of]
	if t == nil {
		t = &KernelTotal{Kernel: of.name, Size: of.size, FLOPs: of.flops, Bytes: of.bytes, Min: took}
		p.totals[of] = t
	}
	t.Count++
	t.Total += took
	t.Min = min(t.Min, took)
	if p.origin == 0 {
		p.origin = start
	}
	p.last = max(p.last, end)
	if len(p.runs) < profiledRuns {
		p.runs = append(p.runs, KernelRun{of.name, of.size, of.flops, of.bytes,
			time.Duration(start - p.origin), time.Duration(end - p.origin)})
	}
}

// take returns what was collected and begins anew.
func (p *profile) take() *Profile {
	taken := &Profile{Runs: p.runs, Span: time.Duration(p.last - p.origin)}
	for _, t := range p.totals {
		taken.Kernels = append(taken.Kernels, *t)
	}
	slices.SortFunc(taken.Kernels, func(a, b KernelTotal) int {
		return cmp.Or(cmp.Compare(b.Total, a.Total), cmp.Compare(a.Kernel, b.Kernel), cmp.Compare(a.Size, b.Size))
	})
	p.runs, p.origin, p.last = nil, 0, 0
	clear(p.totals)
	return taken
}

// release gives the pending events back.
func (p *profile) release() {
	for _, run := range p.pending {
		run.event.Release()
	}
	p.pending = p.pending[:0]
}
