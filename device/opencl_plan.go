package device

import (
	"context"
	"fmt"
	"slices"

	"github.com/clprop/clprop/cl"
	"github.com/clprop/clprop/kernels"
)

// openclPlan is a list of launches with their arguments set.
type openclPlan struct {
	engine   *opencl
	launches []*kernels.Launch
	scalars  []scalarArg
	gathers  []gatherCheck
	operands []interface{ usable(*opencl) error }
	matrices []*upload // to wait for, and to mark as used
	memory   []*buffer // the plan's own
	shared   []*scratch
	arrivals []*cl.Event // reused by every Run
	err      error       // the first error of Prepare

	tallied     *kernels.Tallied // while it is prepared: a batch that no launch adds to its tally yet
	talliedRows int
	untilJoined int      // runs to come before the launches are made one; 0 if they are, or stay apart
	asJoined    int      // launches, from the first, that are as they stay
	state       *scratch // what those share that were joined, if any were
	later       []Op     // what is prepared then, in place of this; nil if that is the same
	ahead       int      // how many runs may be one launch, see hold
	released    bool
}

// scalarArg is a kernel argument that follows a Scalar.
type scalarArg struct {
	from *Scalar
	last float64
	set  func(float64) error
}

// gatherCheck keeps a Gather inside its index and its source.
type gatherCheck struct {
	from      *Scalar
	rows, src int
	index     *openclIndex
}

func (e *opencl) Prepare(ops ...Op) (Plan, error) {
	if err := e.ready("prepare"); err != nil {
		return nil, err
	}
	if err := checkOps(ops); err != nil {
		return nil, err
	}
	if e.unfused {
		return e.prepare(ops)
	}
	fused := fuse(ops)
	now := fusePass(fused, e.passPays)
	var later []Op
	if e.joining() && e.parts == nil {
		if later = fusePass(fused, e.joinedPassPays); len(later) == len(now) {
			later = nil
		}
	}
	if later != nil {
		if p, err := e.prepareCached(later); !notNow(err) {
			return p, err
		}
	}
	p, err := e.prepare(now)
	if err != nil {
		return nil, err
	}
	p.later = later
	if p.untilJoined = p.runsToJoin(); p.untilJoined == 0 || later != nil {
		return p, nil
	}
	switch err := e.cached(p.join); {
	case err == nil:
		p.untilJoined = 0
	case !notNow(err):
		p.Release()
		return nil, fmt.Errorf("prepare: %w", err)
	}
	return p, nil
}

// prepare makes the launches of operations, one after the other.
func (e *opencl) prepare(ops []Op) (*openclPlan, error) {
	p := &openclPlan{engine: e}
	e.plans[p] = struct{}{}
	for i, op := range ops {
		if err := context.Cause(e.wanted); err != nil { // a kernel takes long to compile, and a list has many
			p.Release()
			return nil, fmt.Errorf("prepare: %w", err)
		}
		p.add(op)
		if p.err != nil {
			p.Release()
			return nil, fmt.Errorf("prepare: operation %d: %w", i, p.err)
		}
	}
	if p.addTally(); p.err != nil {
		p.Release()
		return nil, fmt.Errorf("prepare: %w", p.err)
	}
	return p, nil
}

// Run queues the launches. What is checked first leaves nothing half done; an error
// after that stays with the engine.
func (p *openclPlan) Run() error {
	e := p.engine
	if err := p.arm(); err != nil {
		return err
	}
	if p.ahead > 1 && !p.staged() {
		return p.hold()
	}
	for _, l := range p.launches {
		if err := e.enqueue(l); err != nil {
			return err
		}
	}
	if err := p.markUse(); err != nil {
		return err
	}
	return e.flush()
}

// arm does what comes before the launches: checks, uploads, and the values of Scalars.
func (p *openclPlan) arm() error {
	e := p.engine
	if err := p.runnable(); err != nil {
		return err
	}
	if err := p.awaitUploads(); err != nil {
		return err
	}
	for i := range p.scalars {
		s := &p.scalars[i]
		if v := s.from.Value(); v != s.last {
			if err := e.fail(s.set(v)); err != nil {
				return err
			}
			s.last = v
		}
	}
	if p.untilJoined > 0 {
		if p.untilJoined--; p.untilJoined == 0 {
			more, err := p.joinNext()
			if e.failed != nil { // else, as without memory for it, all stays as it is
				return fmt.Errorf("run: %w", err)
			}
			if more {
				p.untilJoined = 1
			}
		}
	}
	e.queue(p)
	return nil
}

func (p *openclPlan) runnable() error {
	e := p.engine
	if err := e.ready("run"); err != nil {
		return err
	}
	if p.released {
		return fmt.Errorf("run: plan %w", ErrReleased)
	}
	for _, o := range p.operands {
		if err := o.usable(e); err != nil {
			return fmt.Errorf("run: %w", err)
		}
	}
	for _, g := range p.gathers {
		if err := checkGather(g.from, g.rows, g.index.n, g.index.low, g.index.top, g.src); err != nil {
			return fmt.Errorf("run: %w", err)
		}
	}
	return nil
}

// awaitUploads makes the compute queue wait for uploads into the plan's matrices, and for what
// the host gives back.
func (p *openclPlan) awaitUploads() error {
	p.arrivals = p.arrivals[:0]
	for _, m := range p.matrices {
		if m.arrival != nil {
			p.arrivals = append(p.arrivals, m.arrival)
		}
	}
	if len(p.arrivals) == 0 && len(p.engine.returned) == 0 {
		return nil
	}
	if err := p.engine.fail(p.engine.join()); err != nil || len(p.arrivals) == 0 {
		return err
	}
	event, err := p.engine.compute.EnqueueBarrierWithWaitList(p.arrivals)
	event.Release()
	return p.engine.fail(err)
}

// staged reports whether there were uploads into the plan's matrices, which wait for each run.
func (p *openclPlan) staged() bool {
	return slices.ContainsFunc(p.matrices, func(m *upload) bool { return m.staging != nil })
}

// markUse lets the next upload into the plan's matrices wait for this run.
func (p *openclPlan) markUse() error {
	for _, m := range p.matrices {
		if m.staging == nil {
			continue
		}
		if err := p.engine.fail(p.engine.join()); err != nil {
			return err
		}
		event, err := p.engine.compute.EnqueueMarkerWithWaitList(nil)
		if err != nil {
			return p.engine.fail(err)
		}
		m.lastUse.Release()
		m.lastUse = event
	}
	return nil
}

func (p *openclPlan) Launches() int { return len(p.launches) }

func (p *openclPlan) Release() {
	if p.released {
		return
	}
	p.released = true
	delete(p.engine.plans, p)
	if p.engine.hung {
		return
	}
	if p.engine.held == p {
		_ = p.engine.release() // an error is met again by the next wait
	}
	p.drop()
}

// drop gives back what a plan has made.
func (p *openclPlan) drop() {
	for _, l := range p.launches {
		l.Release()
	}
	if p.engine.closed {
		return
	}
	for _, b := range p.memory {
		b.Release()
	}
	for _, s := range p.shared {
		s.leave()
	}
	p.leaveState()
}
