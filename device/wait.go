package device

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/clprop/clprop/cl"
)

// ErrLost is wrapped by every *LostError.
var ErrLost = errors.New("device lost")

// LostError says that a device failed, or does not answer. What the engine holds
// is gone; what was read from it before is not.
type LostError struct {
	Device string
	Doing  string // what the host waited for, such as "read tally"; "" if it did not wait
	// After is for how long the device did not answer; 0 if it answered, with Cause.
	After time.Duration
	// Kernels are the names of those queued since the device last answered: the one
	// that does not end is among them.
	Kernels []string
	Cause   error // nil if the device did not answer
}

// Error is one line: which device, what it was asked, and the way out.
func (e *LostError) Error() string {
	if e.Cause != nil {
		return fmt.Sprintf("%s: %v: %v", e.Device, ErrLost, e.Cause)
	}
	kernels := "no kernel is queued"
	if len(e.Kernels) > 0 {
		kernels = "queued are the kernels " + strings.Join(e.Kernels, ", ")
	}
	return fmt.Sprintf("%s: %v: no answer to %s for %v: %s: restart the driver or the machine, or set %s higher for a slow device",
		e.Device, ErrLost, e.Doing, e.After, kernels, EnvWaitTimeout)
}

// Unwrap returns ErrLost and the cause.
func (e *LostError) Unwrap() []error {
	if e.Cause == nil {
		return []error{ErrLost}
	}
	return []error{ErrLost, e.Cause}
}

// EnvWaitTimeout is the environment variable for how long a wait for a device may
// take, such as 90s; 0 means for ever.
const EnvWaitTimeout = "CLPROP_WAIT_TIMEOUT"

// defaultPatience is far above the longest wait of a device that works: training
// queues a fraction of a second of work, and compilers take a few seconds.
const defaultPatience = 60 * time.Second

// looks is in how many parts patience runs out. A process that was stopped, as by Ctrl-Z,
// did not wait meanwhile, and its device may have been stopped with it: a ticker makes one
// tick up for all that were missed, so that only the time in which it ran is counted.
const looks = 60

// patience is how long an engine waits for its device unless Options.WaitTimeout says
// otherwise; 0 means for ever.
func patience() (time.Duration, error) {
	text := os.Getenv(EnvWaitTimeout)
	if text == "" {
		return defaultPatience, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 {
		return 0, fmt.Errorf("%w: %s is %q: need a time such as 90s, or 0s for no limit", ErrEnvironment, EnvWaitTimeout, text)
	}
	return d, nil
}

// await makes a call that waits for the device. If the device does not answer in
// time the call is left behind, with all that it may still use, and the engine is
// lost: nothing of it is touched again, since that could wait too.
func (e *opencl) await(doing string, call func() error) error {
	if e.failed != nil {
		return e.failed
	}
	return e.wait(doing, call)
}

// wait is await for an engine that may have failed already.
func (e *opencl) wait(doing string, call func() error) error {
	return e.waitWhile(doing, func() bool { return true }, call)
}

// waitWhile is wait for a call that waits for other ranks too: patience is for the times at
// which it is the device's turn.
func (e *opencl) waitWhile(doing string, turn func() bool, call func() error) error {
	if e.patience == 0 {
		return e.answered(call())
	}
	done := make(chan error, 1)
	go func() { done <- call() }()
	tick := time.NewTicker(max(e.patience/looks, 1))
	defer tick.Stop()
	for left := looks; left > 0; {
		select {
		case err := <-done:
			return e.answered(err)
		case <-tick.C:
			if turn() {
				left--
			}
		}
	}
	e.hung = true
	abandon(e)
	return e.fail(&LostError{Device: e.info.Name, Doing: doing, After: e.patience, Kernels: e.queuedKernels()})
}

// answered notes that the device did what was queued.
func (e *opencl) answered(err error) error {
	if err != nil {
		return e.fail(err)
	}
	clear(e.queued)
	e.queued = e.queued[:0]
	return nil
}

// queue notes that a plan was queued.
func (e *opencl) queue(p *openclPlan) {
	if !slices.Contains(e.queued, p) {
		e.queued = append(e.queued, p)
	}
}

func (e *opencl) queuedKernels() (names []string) {
	for _, p := range e.queued {
		for _, l := range p.launches {
			if !slices.Contains(names, l.Name) {
				names = append(names, l.Name)
			}
		}
	}
	return names
}

// fail keeps the first error of queued work: what was queued after it cannot be
// trusted. Every such error is a *LostError, or a *MemoryError where the driver
// finds out late that it has no memory.
func (e *opencl) fail(err error) error {
	if err == nil || e.failed != nil {
		return e.failed
	}
	var lost *LostError
	switch {
	case errors.As(err, &lost):
		e.failed = err
	case errors.Is(err, cl.ErrMemObjectAllocationFailure):
		e.failed = &MemoryError{What: "the work queued", Need: e.allocated, Have: e.info.TotalMemory, Device: e.info.Name, Cause: err}
	default:
		e.failed = &LostError{Device: e.info.Name, Cause: err}
	}
	return e.failed
}

// abandoned keeps engines whose device does not answer, for ever: a driver may
// still write to their memory, and to release what they hold may wait for it.
var abandoned struct {
	mu      sync.Mutex
	engines []*opencl
}

func abandon(e *opencl) {
	abandoned.mu.Lock()
	defer abandoned.mu.Unlock()
	abandoned.engines = append(abandoned.engines, e)
}
