package kernels

import (
	"fmt"
	"slices"
	"unsafe"

	"github.com/clprop/clprop/cl"
)

// joinedLines is how many ints the lines of joined.cl's state are: enough for every Joinable, whose
// launches have a buffer each at least. Who the workers are is behind them, so that others may be as many as they like.
const joinedLines = 16 * (maxArguments/8*(8+1) + 1)

// JoinedFloats is how many floats the state of joined.cl has for so many workers, or fewer.
func JoinedFloats(workers int) int { return joinedLines + roundUp(workers, 16) }

// Phases is how often so many workers wait for each other in a run of joined launches.
func Phases(launches []*Launch, workers int) int { return len(inPhases(launches, workers)) }

// Shared is the part of the time of a launch that so many workers save of what one takes: they have its work-items,
// of which one of them has the most.
func (l *Launch) Shared(workers int) float64 {
	items := l.WorkItems()
	return 1 - float64(ceilDiv(items, workers))/float64(items)
}

// WorkItems is how many a launch has.
func (l *Launch) WorkItems() int {
	shape := l.shapeOf()
	return shape[0] * shape[1] * shape[2]
}

// maxArguments is how many bytes the arguments of a kernel may have on every device.
const maxArguments = 1024

// JoinedSteps is how many runs of joined launches can be one launch at most, see Launch.Holds, and
// fewestSteps how many can be at least: the arguments have room for the numbers of so many.
const (
	JoinedSteps = 256
	fewestSteps = 8
)

// perVector is how many numbers OpenCL has vectors of, at most.
const perVector = 16

// joinedFirst is how many arguments joined.cl has of its own. Vectors follow, of what each number of a
// launch that may change is in each run.
const joinedFirst = 3

// joinedNaps is how often a patient worker naps at most: some 70 ms.
const joinedNaps = 60

// held are the runs of a joined launch that wait to be one launch.
type held struct {
	runs    int
	most    int
	numbers []*number // of all that were joined
	values  [][]uint32
}

// Holds is how many runs of a joined launch can be one launch.
func (l *Launch) Holds() int { return l.held.most }

// Hold notes a run of a joined launch, with what its arguments are now, and returns how many wait:
// Holds at most. The next Enqueue queues them, one after the other, as one launch.
func (l *Launch) Hold() (waiting int) {
	h := l.held
	for i, n := range h.numbers {
		h.values[i][h.runs] = n.bits
	}
	h.runs++
	return h.runs
}

// arm sets the arguments of a joined launch for the runs that wait, or one. Others are ready.
func (l *Launch) arm() error {
	h := l.held
	if h == nil {
		return nil
	}
	if h.runs == 0 {
		l.Hold()
	}
	err := l.kernel.SetArgInt32(joinedFirst-1, int32(h.runs))
	arg := joinedFirst
	for _, of := range h.values {
		for vector := range slices.Chunk(of, perVector) {
			if err == nil {
				err = l.kernel.SetArgUnsafe(arg, 4*len(vector), unsafe.Pointer(unsafe.SliceData(vector)))
			}
			arg++
		}
	}
	h.runs = 0
	if err != nil {
		return fmt.Errorf("kernel %s: %w", l.Name, err)
	}
	return nil
}

// Joinable is how many launches, from the first, can be one: their arguments must not be
// more than every device takes. It is 0 where no two can.
func (s *Set) Joinable(launches []*Launch) int {
	if s.Tuning.Family != Block {
		return 0
	}
	var size joinedSize
	for i, l := range launches {
		if size.add(l); !size.fits(fewestSteps) {
			return i
		}
	}
	return len(launches)
}

// joinedSize is what joined launches take of the arguments of a kernel: bytes of those that stay, and the
// numbers that may change from run to run.
type joinedSize struct{ bytes, numbers int }

func (j *joinedSize) add(l *Launch) {
	j.numbers += len(l.numbers)
	for arg, value := range l.values {
		if !l.passed(arg) {
			continue
		}
		if _, ok := value.(*cl.MemObject); ok {
			j.bytes = roundUp(j.bytes, 8) + 8
		} else {
			j.bytes += 4
		}
	}
}

// fits reports whether there is room for the numbers of so many runs, in vectors that begin at a multiple
// of their size.
func (j joinedSize) fits(steps int) bool {
	return 4*min(steps, perVector)+4*steps*j.numbers+j.bytes <= maxArguments
}

// stepsOf is how many runs of launches that are Joinable can be one launch.
func stepsOf(launches []*Launch) int {
	var size joinedSize
	for _, l := range launches {
		size.add(l)
	}
	steps := JoinedSteps
	for steps > fewestSteps && !size.fits(steps) {
		steps /= 2
	}
	return steps
}

// passed reports whether an argument is one of the joined kernel, as it is. Sizes are written into its
// source, so that the compiler can reckon with them; and numbers that may change are kept together.
func (l *Launch) passed(arg int) bool {
	_, size := l.values[arg].(int)
	return !size && l.number(arg) == nil
}

// joinedName is the name of the kernel of joined.cl.
const joinedName = "joined"

// Joined makes one launch of several that come one after the other, with the same bits. As many
// workers do it, of which each should have a core: who waits for another for long leaves the rest to it, or,
// if patient, goes on waiting and lets others have its core. state has JoinedFloats of 0, and is for one
// launch at a time. From now on what sets an argument of one of the launches sets it in the
// joined one, with whose Release they are released; an argument that was not set before cannot be
// any more. After an error they are what they were: it is for CPUs, and their compilers may say
// no. See joined.cl.
func (s *Set) Joined(launches []*Launch, workers int, patient bool, state *cl.MemObject) (*Launch, error) {
	err := fits(joinedName, len(launches) > 0 && len(launches) == s.Joinable(launches) && workers > 0, "%d launches for %d workers", len(launches), workers)
	if err != nil {
		return nil, err
	}
	if err := longEnough(joinedName, operandBuffer{"state", state, JoinedFloats(workers)}); err != nil {
		return nil, err
	}
	steps := stepsOf(launches)
	k, err := s.joinedKernel(launches, workers, steps, patient)
	if err != nil {
		return nil, err
	}
	l, err := s.launch(joinedName, k, []int{workers}, []int{1})
	if err != nil {
		return nil, err
	}
	l.held = &held{most: steps}
	values := []any{state, workers, 1}
	for _, part := range launches {
		l.held.numbers = append(l.held.numbers, part.numbers...)
		l.FLOPs += part.FLOPs
		l.Bytes += part.Bytes
	}
	for range l.held.numbers {
		of := make([]uint32, steps)
		l.held.values = append(l.held.values, of)
		for vector := range slices.Chunk(of, perVector) {
			values = append(values, vector)
		}
	}
	for _, part := range launches {
		for arg, value := range part.values {
			if part.passed(arg) {
				values = append(values, value)
			}
		}
	}
	if l, err = l.args(values...); err != nil {
		return nil, err
	}
	l.Size = fmt.Sprintf("%d launches", len(launches))
	for _, part := range launches {
		part.kernel.Release()
		part.kernel, part.joined = l.kernel, true
	}
	return l, nil
}

func (s *Set) joinedKernel(launches []*Launch, workers, steps int, patient bool) (*kernel, error) {
	source, err := joinedSource(launches, workers, steps)
	if err != nil {
		return nil, fmt.Errorf("kernel joined: %w", err)
	}
	waits := macros{}
	if patient {
		waits["NAPS"] = joinedNaps
	}
	k, err := s.object(joinedName, source, waits.options(), func() (string, error) { return source, nil })
	if err != nil {
		return nil, err
	}
	return &kernel{Kernel: k, name: joinedName}, nil
}
