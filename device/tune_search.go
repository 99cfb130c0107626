package device

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/clprop/clprop/kernels"
)

// tuner is one run of Tune.
type tuner struct {
	open     func() (*opencl, error) // the device, with the default
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
	closed := t.engine.Close()
	fresh, err := t.open()
	if err != nil {
		return errors.Join(err, closed)
	}
	if was := t.engine.info; fresh.info.Index != was.Index { // auto takes the next one where the best does not open
		return errors.Join(fmt.Errorf("%s does not open any more", was.Name), closed, fresh.Close())
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
