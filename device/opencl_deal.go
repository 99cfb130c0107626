package device

import (
	"math"

	"github.com/clprop/clprop/kernels"
)

// Parts of a device have each a share of every launch, cut beforehand, and who ends first waits
// for the others. Of a launch that works for long the work-items are dealt out instead, ever
// fewer at a time, to who is ready for more: it is joined to nothing else (kernels/joined.cl),
// with a worker for each compute unit of the parts. The results are the same bits.

// dealLeast is how long the parts must work on a launch that is dealt: where it takes less,
// they wait for less than it costs to see who comes first.
const dealLeast = 200e-6 // seconds

// dealSaves is the part of its time that a launch is the shorter for it: 784-2048-2048-10 at
// batch 256 on two parts of one core, steps in turn, with a third of a core taken by others,
// took 31.8 ms at best and 39.9 by the median cut beforehand, 30.0 and 34.8 dealt.
const dealSaves = 0.05

// runsToDeal is runsToJoin of a plan on parts of a device.
func (p *openclPlan) runsToDeal() int {
	e, launches, work := p.engine, 0, 0.0
	for _, l := range p.launches {
		if e.dealt(l) {
			launches++
			work += e.working(l)
		}
	}
	if launches == 0 {
		return 0
	}
	return int(math.Ceil(float64(launches) * (joinProgram + joinLaunch) / (dealSaves * work)))
}

// dealt reports whether a launch is to be dealt out among the parts.
func (e *opencl) dealt(l *kernels.Launch) bool {
	return len(e.parts.units) > 1 && e.working(l) >= dealLeast && e.set.Joinable([]*kernels.Launch{l}) == 1
}

// working is about how many seconds the device works on a launch at least.
func (e *opencl) working(l *kernels.Launch) float64 {
	return l.FLOPs / (e.unitFLOPS() * float64(max(1, e.info.Units)))
}
