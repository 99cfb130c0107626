package device

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/clprop/clprop/cl"
	"github.com/clprop/clprop/kernels"
)

// ErrNoTuning: there is nothing to tune, such as on the CPU reference.
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
	e, err := OpenWith(spec, Options{Context: ctx, Family: o.Family})
	if err != nil {
		return nil, fmt.Errorf("tune: %w", err)
	}
	own, ok := e.(*opencl)
	if !ok {
		info := e.Info()
		err := fmt.Errorf("tune: %s: %w: name an OpenCL device with --device", info.Name, ErrNoTuning)
		return nil, errors.Join(err, info.Fallback, e.Close())
	}
	if o.Budget == 0 {
		o.Budget = DefaultTuneBudget
	}
	t := &tuner{
		engine: own, base: own.set.Tuning, workload: w, options: o, products: w.products(),
		seen: map[string]bool{}, began: time.Now(), verify: (*opencl).verify,
	}
	defer func() { t.engine.Close() }()
	return t.run(ctx)
}

// tuner is one run of Tune.
type tuner struct {
	engine   *opencl
	base     kernels.Tuning // the default
	workload Workload
	options  TuneOptions
	products []product
	began    time.Time

	counts TuneCounts
	seen   map[string]bool // signatures of what was tried
	first  time.Duration   // of the default
	best   score
	verify func(*opencl, kernels.Tuning, Workload, int) error // that of opencl, but for tests
}

// score is a Tuning with the times of the products, each run once.
type score struct {
	tuning kernels.Tuning
	times  []time.Duration
	total  time.Duration // of a step
}

func (t *tuner) run(ctx context.Context) (*TuneResult, error) {
	base, err := t.measure(ctx, t.base, nil)
	if err != nil {
		return nil, fmt.Errorf("tune: %w", err)
	}
	t.best, t.first = base, base.total
	t.counts.Tried, t.seen[t.signature(t.base)] = 1, true
	if err := t.search(ctx); err != nil {
		return nil, fmt.Errorf("tune: %w", err)
	}
	before, after, err := t.finals(ctx)
	if err != nil {
		return nil, fmt.Errorf("tune: %w", err)
	}
	r := t.result(before, after)
	kept := newTuned(t.engine.device(), t.base.Family, t.workload)
	kept.Tuning, kept.Speedup = after.tuning, before.total.Seconds()/after.total.Seconds()
	r.Path, r.NotKept = kept.store()
	r.Took = time.Since(t.began)
	return r, nil
}

// search tries the candidates, and then neighbours of the best for as long as one of them
// is better.
func (t *tuner) search(ctx context.Context) error {
	list := kernels.Candidates(t.engine.device(), t.base)
	for begun := false; ; begun = true {
		better := !begun
		for _, candidate := range list {
			if time.Since(t.began) > t.options.Budget {
				return nil
			}
			won, err := t.try(ctx, candidate)
			if err != nil {
				return err
			}
			if better = better || won; won && begun {
				break // the neighbours of a better one
			}
		}
		if !better {
			return nil
		}
		list = t.best.tuning.Neighbours(t.engine.device())
	}
}

// signature is the same for Tunings that run the same programs on the workload.
func (t *tuner) signature(tuning kernels.Tuning) string {
	text := ""
	for _, p := range t.products {
		text += tuning.Choice(p.kind, p.batch, p.in, p.out) + "; "
	}
	// what the choices show already
	tuning.MRs, tuning.NV, tuning.PanelWidth, tuning.Tiles = nil, 0, 0, nil
	type fields kernels.Tuning // without String
	return fmt.Sprintf("%s%+v", text, fields(tuning))
}

// try measures a candidate, and makes it the best if it is. An error ends Tune.
func (t *tuner) try(ctx context.Context, tuning kernels.Tuning) (better bool, err error) {
	signature := t.signature(tuning)
	if t.seen[signature] {
		return false, nil
	}
	t.seen[signature] = true
	if t.options.Progress != nil {
		t.options.Progress(TuneProgress{time.Since(t.began), t.options.Budget, t.counts, t.first, t.best.total, tuning})
	}
	t.counts.Tried++
	got, err := t.measure(ctx, tuning, &t.best)
	if err == nil && t.beats(got) {
		// once more against the best, which may have had a busy moment
		err = t.again(ctx)
	}
	if err == nil && !t.beats(got) {
		return false, nil
	}
	if err == nil {
		err = t.verify(t.engine, tuning, t.workload, len(t.products))
	}
	switch {
	case err == nil:
		t.best = got
		return true, nil
	case ctx.Err() != nil:
		return false, context.Cause(ctx)
	case errors.Is(err, errHopeless):
		return false, nil
	case errors.Is(err, errWrong):
		t.counts.Rejected++
	default:
		t.counts.Failed++
	}
	return false, t.recover()
}

// beats reports whether s is enough faster than the best.
func (t *tuner) beats(s score) bool {
	return float64(s.total) < (1-worthwhile)*float64(t.best.total)
}

// again measures the best once more.
func (t *tuner) again(ctx context.Context) error {
	again, err := t.measure(ctx, t.best.tuning, nil)
	if err == nil {
		t.best.merge(again, t.products)
	}
	return err
}

// recover opens the device anew if an error has made the engine useless.
func (t *tuner) recover() error {
	if t.engine.failed == nil {
		return nil
	}
	t.engine.Close()
	fresh, err := openDevice([]*cl.Device{t.engine.device()}, t.engine.info, t.base)
	if err != nil {
		return err
	}
	t.engine = fresh
	return nil
}

// finals measures the default and the best in turns, the best of a few rounds each, so
// that neither has the quieter machine. The default wins unless the other is faster.
func (t *tuner) finals(ctx context.Context) (before, after score, err error) {
	rounds := finals
	if t.best.total > trialSlow {
		rounds = 1
	}
	best := t.best.tuning
	for range rounds {
		for _, side := range []struct {
			tuning kernels.Tuning
			least  *score
		}{{t.base, &before}, {best, &after}} {
			got, err := t.measure(ctx, side.tuning, nil)
			if err != nil {
				return before, after, err
			}
			side.least.merge(got, t.products)
		}
	}
	if after.total >= before.total || t.signature(best) == t.signature(t.base) {
		after = before
	}
	return before, after, nil
}

// merge keeps the shortest time of each product.
func (s *score) merge(other score, products []product) {
	if s.times == nil {
		*s = other
		return
	}
	s.total = 0
	for i, p := range products {
		s.times[i] = min(s.times[i], other.times[i])
		s.total += time.Duration(p.count) * s.times[i]
	}
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
