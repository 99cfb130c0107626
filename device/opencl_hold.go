package device

import (
	"time"

	"github.com/clprop/clprop/kernels"
)

// holdLongest is how long runs are held, and how long those take that are one launch: who waits
// for them, as to stop, should not notice. More than holdFew take half as long at most, where their
// bytes come at holdBandwidth, from memory and caches.
const (
	holdLongest   = 3e-3 // seconds
	holdFew       = 8    // runs
	holdBandwidth = 50e9 // bytes a second
)

// mayHold is how many runs of a plan may be one launch, once its launches are: more than a few where
// they take half as long as a launch may, since a core that is taken away meanwhile can be lost for all of it.
func (p *openclPlan) mayHold() int {
	seconds := max(p.work(), 1e-9)
	for _, l := range p.launches {
		seconds += l.Bytes / holdBandwidth
	}
	return int(max(min(holdFew, holdLongest/seconds), min(kernels.JoinedSteps, holdLongest/2/seconds)))
}

// work is about how many seconds the operations of a run take.
func (p *openclPlan) work() float64 {
	seconds := 0.0
	for _, l := range p.launches {
		seconds += p.engine.working(l)
	}
	return seconds
}

// hold queues a run of a plan whose launches are one, together with those before and after it: what a
// launch costs, of the host too, which may share its cores with the device, is for all of them. They are
// held until there are enough, until it is some time since the first, or until something else is asked
// of the engine.
func (p *openclPlan) hold() error {
	e := p.engine
	if e.held != p {
		if err := e.release(); err != nil {
			return err
		}
		e.held, e.heldSince = p, time.Now()
	}
	if p.launches[0].Hold() >= p.ahead || time.Since(e.heldSince).Seconds() > holdLongest {
		return e.release()
	}
	return nil
}

// release queues the runs that are held.
func (e *opencl) release() error {
	p := e.held
	if p == nil {
		return nil
	}
	e.held = nil
	if err := e.enqueue(p.launches[0]); err != nil {
		return err
	}
	return e.flush()
}
