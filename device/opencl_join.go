package device

import (
	"errors"
	"math"
	"slices"

	"github.com/clprop/clprop/kernels"
)

// RunsALaunch is how many runs of a plan, one after the other, may be one launch of a kernel at most.
const RunsALaunch = kernels.JoinedSteps

// A plan must have lost about as much time to its launches before they are made one as that takes to
// compile, so that at worst twice the time is lost of what it would have been best to do: A. Karlin,
// M. Manasse, L. Rudolph, D. Sleator, "Competitive snoopy caching", Algorithmica 3 (1988) 79-119. PoCL
// took 0.9 to 4.4 s for 1 to 11 launches.
const (
	joinProgram = 0.5 // seconds, of each program, and
	joinLaunch  = 0.3 // seconds, of each launch in it
)

// joinWorth is the part of a plan's time that joining its launches must save, reckoned with joinSlower, which is
// low for long ones: it takes some 50 µs to wake a core that has waited for long.
const joinWorth = 0.005

// joinLongest is how long the work of a plan may take whose launches all become one: of longer ones the
// launches cost little, and others should have the cores between them. Tests change it.
var joinLongest = 40e-3 // seconds

// joinPatient is how long runs take that are one launch in which a core that waits for another does
// not leave the rest to it: other processes may have taken that, and all of a long launch would be done
// by one core. Of a short one that is less than what waiting takes.
const joinPatient = 1.5e-3 // seconds

// joinShort is how much work of a longer plan comes before the last of the launches that become one:
// short ones are one with the long one behind them. Tests change it.
var joinShort = 1e-3 // seconds

// joinSlower is how many times what a launch that does nothing costs, one with work does: the
// other cores sleep until it is there, and take tens of microseconds to wake.
const joinSlower = 6

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
	fewer, compile := 0.0, 0.0
	for left := p.launches; len(left) > 0; {
		n := p.joins(left)
		if n > 0 {
			fewer += float64(n - 1)
			compile += joinProgram + float64(n)*joinLaunch
		}
		left = left[max(1, n):]
	}
	if compile == 0 {
		return 0
	}
	if p.joins(p.launches) == len(p.launches) {
		fewer += 1 - 1/float64(max(1, p.mayHold()))
	}
	slower := 0.0
	if p.later != nil {
		slower = passSlower - 1
	}
	return joinAfter(compile, fewer, p.work(), e.launchCost().Seconds(), slower)
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

// joinAfter is runsToJoin of work for so many seconds, where so many launches become fewer, or that is
// slower by a part of it for being in few, and where that takes so many seconds to compile.
func joinAfter(compile, fewer, work, launchCost, slower float64) int {
	saved := joinSlower*fewer*launchCost + slower*work
	if saved < joinWorth*work {
		return 0
	}
	return int(math.Ceil(compile / max(saved, 1e-9)))
}

// join does joinNext until no launches are left that become one.
func (p *openclPlan) join() error {
	for more := true; more; {
		var err error
		if more, err = p.joinNext(); err != nil {
			return err
		}
	}
	return nil
}

// joinNext makes one launch of the next of a plan that become one, or one that is dealt out of the next
// that is, and reports whether there may be more: it takes long to compile, and whoever wants the plan
// to end should not wait for all. A driver that does not compile it is no error: the launches stay as
// they are.
func (p *openclPlan) joinNext() (more bool, err error) {
	if p.later != nil {
		return false, p.replace()
	}
	n := 0
	for ; p.asJoined < len(p.launches); p.asJoined++ {
		if n = p.joins(p.launches[p.asJoined:]); n > 0 {
			break
		}
	}
	if n == 0 {
		return false, nil
	}
	e, first := p.engine, p.state == nil
	if err := p.joinState(); err != nil {
		return false, err
	}
	ends := p.asJoined + n
	patient := p.work()*float64(max(1, p.mayHold())) > joinPatient
	launches := p.launches[p.asJoined:ends]
	joined, err := e.set.Joined(launches, e.workers(launches), patient, p.state.mem)
	if err != nil && first {
		p.leaveState()
	}
	if errors.Is(err, kernels.ErrNotCached) {
		return false, err
	}
	if err != nil {
		e.cannotJoin = true
		return false, nil
	}
	p.launches = slices.Concat(p.launches[:p.asJoined], []*kernels.Launch{joined}, p.launches[ends:])
	p.asJoined++
	if p.asJoined < len(p.launches) {
		return true, nil
	}
	if len(p.launches) == 1 {
		p.ahead = min(p.mayHold(), p.launches[0].Holds())
	}
	return false, nil
}

// workers is how many cores do launches that become one: all, or one where those would save less than they wait
// for each other, and for what another has written.
func (e *opencl) workers(launches []*kernels.Launch) int {
	all := max(1, e.info.Units)
	saved := 0.0
	for _, l := range launches {
		saved += (l.FLOPs/e.unitFLOPS() + l.Bytes/holdBandwidth) * l.Shared(all)
	}
	if saved < joinedCost || saved < crossingCost && kernels.Phases(launches, all) > 1 {
		return 1
	}
	return all
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
	delete(e.plans, q) // which is p now
	p.released = released
	return nil
}

// joins is how many launches of a plan, the first of those left, become one; 0 if the first stays as it
// is. Of a long plan those are a long one and the short ones before it. A plan's only launch becomes one
// whose runs can wait for each other. On parts of a device that is one, which is dealt out among them.
func (p *openclPlan) joins(left []*kernels.Launch) int {
	e := p.engine
	if e.parts != nil {
		if e.dealt(left[0]) {
			return 1
		}
		return 0
	}
	n := e.set.Joinable(left)
	if p.work() > joinLongest {
		work := 0.0
		for i, l := range left[:n] {
			if work += e.working(l); work > joinShort {
				n = i + 1
				break
			}
		}
	}
	if n < 2 && !(len(p.launches) == 1 && p.mayHold() > 1) {
		return 0
	}
	return n
}

// joinState takes the memory that joined launches share: the queue runs one at a time.
func (p *openclPlan) joinState() error {
	e := p.engine
	if p.state != nil {
		return nil
	}
	if e.joined == nil {
		b, err := e.zeroed("state of joined launches", kernels.JoinedFloats(max(1, e.info.Units)))
		if err != nil {
			return err
		}
		e.joined = &scratch{buffer: b}
	}
	e.joined.users++
	p.state = e.joined
	return nil
}

// leaveState gives that memory back, which the last plan frees.
func (p *openclPlan) leaveState() {
	if p.state == nil {
		return
	}
	if p.state.leave(); p.state.users == 0 {
		p.engine.joined = nil
	}
	p.state = nil
}
