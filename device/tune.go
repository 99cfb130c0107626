package device

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/clprop/clprop/cl"
	"github.com/clprop/clprop/kernels"
)

// ErrNoTuning: there is nothing to tune on what was asked for, such as the CPU reference.
var ErrNoTuning = errors.New("no kernels to tune")

const (
	// DefaultTuneBudget is TuneOptions.Budget where that is 0.
	DefaultTuneBudget = 20 * time.Second

	trialTime  = 3 * time.Millisecond // a timed run of a product takes so long, if it may
	trialTries = 4                    // the best of so many counts
	trialSlow  = 100 * time.Millisecond
	// worthwhile is the share of the time that a candidate must save to replace the best.
	worthwhile = 0.01
	// hopeless is by how much the products measured so far may be slower than with the best.
	hopeless = 1.1
	// finals is how many rounds the default and the winner meet in at the end.
	finals = 3
)

// TuneOptions are how Tune goes about it; the zero value is right.
type TuneOptions struct {
	// Family tunes the kernels for CPUs or for GPUs; "" is the device's.
	Family kernels.Family
	// Budget is about how long Tune may take, the finals and the compiler's last
	// candidate not counted; 0 for DefaultTuneBudget.
	Budget time.Duration
	// Progress, if not nil, is called before each candidate.
	Progress func(TuneProgress)
}

// TuneProgress is how far Tune has come.
type TuneProgress struct {
	Elapsed, Budget time.Duration
	TuneCounts
	Default, Best time.Duration // of the products of a step
	Tuning        kernels.Tuning
}

// TuneCounts counts candidates.
type TuneCounts struct {
	Tried    int `json:"tried"`
	Failed   int `json:"failed"`   // did not compile, or did not run
	Rejected int `json:"rejected"` // gave a result out of bounds
}

// TuneResult is what Tune has found.
type TuneResult struct {
	Info     Info
	Workload Workload
	Tuning   kernels.Tuning
	Changed  bool           // the Tuning is not the device's default
	Products []TunedProduct // of a step, each size once, the largest first
	TuneCounts
	Took time.Duration
	Path string // where it is kept
	// NotKept is why it is not; nil if it is.
	NotKept error
}

// TunedProduct is one product of a step with what belongs to it, before and after.
type TunedProduct struct {
	Product        kernels.Product
	Batch, In, Out int
	Count          int // how often a step has it
	Default, Tuned TunedTime
}

// TunedTime is what a product takes with a Tuning.
type TunedTime struct {
	Choice string // the kernel's shape
	Time   time.Duration
	GFLOPS float64 // of the product alone: 2·b·in·out operations
}

// Step returns what all the products of a step take together, before and after.
func (r *TuneResult) Step() (before, after time.Duration) {
	for _, p := range r.Products {
		before += time.Duration(p.Count) * p.Default.Time
		after += time.Duration(p.Count) * p.Tuned.Time
	}
	return before, after
}

// Tune looks for the shapes of kernels that make a step of a workload fastest on the
// device that spec names, as Open takes it, and keeps them in the user's cache folder,
// where Open with Options.Workload finds them.
//
// It measures the products of the step as an engine runs them, with the copies that they
// read and the update behind them: first the default, then candidates known to be good
// on such devices, then neighbours of the best, until there is no better one or the
// budget is spent. The time that counts is that of all products of a step, so that each
// weighs what it costs. A candidate that does not compile or run is counted and passed
// over; one that gives a result out of bounds on ragged shapes is out, however fast.
//
// A net so narrow that its step is joined into a launch or two does not run these
// products, and is as fast with any Tuning.
func Tune(ctx context.Context, spec string, w Workload, o TuneOptions) (*TuneResult, error) {
	if err := w.check(); err != nil {
		return nil, fmt.Errorf("tune: %w", err)
	}
	open := func() (*opencl, error) { return openToTune(spec, Options{Context: ctx, Family: o.Family}) }
	own, err := open()
	if err != nil {
		return nil, fmt.Errorf("tune: %w", err)
	}
	if o.Budget == 0 {
		o.Budget = DefaultTuneBudget
	}
	t := &tuner{
		open: open, engine: own, base: own.set.Tuning, workload: w, options: o, products: w.products(),
		seen: map[string]bool{}, began: time.Now(), verify: (*opencl).verify,
	}
	defer func() { t.engine.Close() }()
	return t.run(ctx)
}

// openToTune opens a device whose kernels have shapes to choose.
func openToTune(spec string, options Options) (*opencl, error) {
	e, err := OpenWith(spec, options)
	if err != nil {
		return nil, err
	}
	own, ok := e.(*opencl)
	if !ok {
		info := e.Info()
		err := fmt.Errorf("%s: %w: name an OpenCL device with --device", info.Name, ErrNoTuning)
		if info.Fallback != nil { // the reference was not asked for: why there is nothing else is the fault
			err = fmt.Errorf("no OpenCL device to tune: %w", info.Fallback)
		}
		return nil, errors.Join(err, e.Close())
	}
	return own, nil
}

func (t *tuner) result(before, after score) *TuneResult {
	r := &TuneResult{
		Info: t.engine.info, Workload: t.workload, Tuning: after.tuning, TuneCounts: t.counts,
		Changed: t.signature(after.tuning) != t.signature(t.base),
	}
	for i, p := range t.products {
		side := func(s score) TunedTime {
			return TunedTime{
				Choice: s.tuning.Choice(p.kind, p.batch, p.in, p.out), Time: s.times[i],
				GFLOPS: p.flops() / s.times[i].Seconds() / 1e9,
			}
		}
		r.Products = append(r.Products, TunedProduct{p.kind, p.batch, p.in, p.out, p.count, side(before), side(after)})
	}
	return r
}

// device is the device of the engine.
func (e *opencl) device() *cl.Device { return e.set.Device() }
