package device

import (
	"errors"
	"math"
	"time"

	"github.com/clprop/clprop/kernels"
)

// RunsALaunch is how many runs of a plan, one after the other, may be one launch of a kernel.
const RunsALaunch = kernels.JoinedSteps

// joinSaved is how much time a plan must have lost to its launches before they are made one.
// That takes about as long to compile, so that at worst twice the time is lost of what it would
// have been best to do: A. Karlin, M. Manasse, L. Rudolph, D. Sleator, "Competitive snoopy
// caching", Algorithmica 3 (1988) 79-119.
const joinSaved = 1.0 // seconds

// joinWorth is the part of a plan's time that joining its launches must save.
const joinWorth = 0.02

// joinLongest is how long the work of a plan may take whose launches are joined. Who waits for
// long for another core, which other processes may have taken, leaves the rest to it: of a long
// step that would be more than its launches cost.
const joinLongest = 4e-3 // seconds

// joinSlower is how many times what a launch that does nothing costs, one with work does: the
// other cores sleep until it is there.
const joinSlower = 2

// holdLongest is how long runs are held, and how long those take that are one launch: who waits
// for them, as to stop, should not notice.
const holdLongest = 1e-3 // seconds

// joining reports whether the launches of a plan may become one: not where they are to be seen
// one by one, or divided among ranks.
func (e *opencl) joining() bool {
	return e.set.Tuning.Family == kernels.Block && !e.unfused && e.profile == nil && e.common == nil && e.sizes == nil && !e.cannotJoin
}

// runsToJoin is after how many runs the launches of a plan are made one; 0 means never.
func (p *openclPlan) runsToJoin() int {
	e := p.engine
	if !e.joining() {
		return 0
	}
	if e.parts != nil {
		return p.runsToDeal()
	}
	launches := e.set.Joinable(p.launches)
	if launches < 2 {
		return 0
	}
	slower := 0.0
	if p.later != nil {
		slower = passSlower - 1
	}
	return joinAfter(launches, p.work(), e.launchCost().Seconds(), slower)
}

// cached does what takes programs, if those are in the cache or the engine is eager; else it
// returns kernels.ErrNotCached.
func (e *opencl) cached(work func() error) error {
	e.set.CachedOnly = !e.eager
	defer func() { e.set.CachedOnly = false }()
	return work()
}

// notNow reports whether an error says no more than that launches stay apart: a program is not
// there yet, or there is no room for what joined ones take.
func notNow(err error) bool {
	var full *MemoryError
	return errors.Is(err, kernels.ErrNotCached) || errors.As(err, &full) && full.Cause == nil
}

// prepareCached prepares operations as one launch, if that is there at once.
func (e *opencl) prepareCached(ops []Op) (Plan, error) {
	var p *openclPlan
	err := e.cached(func() (err error) {
		if p, err = e.prepare(ops); err != nil {
			return err
		}
		if err = p.join(); err == nil && e.cannotJoin {
			err = kernels.ErrNotCached
		}
		if err != nil {
			p.Release()
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return p, nil
}

// joinAfter is runsToJoin of so many launches that work for so many seconds, or slower by a part
// of it for being few.
func joinAfter(launches int, work, launchCost, slower float64) int {
	saved := joinSlower*float64(launches-1)*launchCost + slower*work
	if saved < joinWorth*work || work > joinLongest {
		return 0
	}
	return int(math.Ceil(joinSaved / max(saved, 1e-9)))
}

// join makes one launch of those of a plan, and more where one has not room for all, or one of
// each that is dealt out.
// A driver that does not compile it is no error: the launches stay as they are.
func (p *openclPlan) join() error {
	if p.later != nil {
		return p.replace()
	}
	e, idle := p.engine, p.engine.joined == nil
	if err := e.joinState(); err != nil {
		return err
	}
	var all []*kernels.Launch
	some := false
	for left := p.launches; len(left) > 0; {
		n := e.joins(left)
		if n == 0 {
			all, left = append(all, left[0]), left[1:]
			continue
		}
		joined, err := e.set.Joined(left[:n], max(1, e.info.Units), e.joined.mem)
		missing := errors.Is(err, kernels.ErrNotCached)
		if missing && !some {
			if idle {
				e.joined.Release()
				e.joined = nil
			}
			return err
		}
		if err != nil {
			e.cannotJoin = !missing
			all = append(all, left...)
			break
		}
		all, left, some = append(all, joined), left[n:], true
	}
	p.launches = all
	if len(all) == 1 && !e.cannotJoin {
		p.ahead = int(min(kernels.JoinedSteps, holdLongest/max(p.work(), 1e-9)))
	}
	return nil
}

// replace puts the launches of p.later, as one, in the place of its own. Where there is no room for
// them all stays as it is.
func (p *openclPlan) replace() error {
	e := p.engine
	q, err := e.prepare(p.later)
	p.later = nil
	if err != nil {
		return e.failed
	}
	if err := q.join(); err != nil || e.cannotJoin {
		q.Release()
		return err
	}
	p.drop()
	released := p.released
	*p, q.released = *q, true
	p.released = released
	return nil
}

// joins is how many launches, from the first, become one; 0 if the first stays as it is. On
// parts of a device that is one, which is dealt out among them.
func (e *opencl) joins(launches []*kernels.Launch) int {
	n := e.set.Joinable(launches)
	switch {
	case e.parts != nil && e.dealt(launches[0]):
		return 1
	case e.parts != nil || n < 2:
		return 0
	}
	return n
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
	return e.fail(e.compute.Flush())
}

// joinState makes the memory that joined launches share: the queue runs one at a time.
func (e *opencl) joinState() (err error) {
	if e.joined == nil {
		e.joined, err = e.zeroed("state of joined launches", kernels.JoinedFloats(max(1, e.info.Units)))
	}
	return err
}
