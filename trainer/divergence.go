package trainer

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"time"

	"github.com/clprop/clprop/device"
)

// OnDivergence says what Fit does when the loss or a weight is no longer finite.
type OnDivergence string

// What can be done.
const (
	// DivergenceStop ends Fit with an error that wraps ErrDiverged.
	DivergenceStop OnDivergence = "stop"
	// DivergenceReload goes back to the end of the epoch before, or to where this Fit
	// began, and on from there with half the learning rate; after three times it is
	// DivergenceStop.
	DivergenceReload OnDivergence = "reload"
)

// maxReloads bounds DivergenceReload: an eighth of a rate that does not diverge at
// once is as small as it helps.
const maxReloads = 3

// Reload is what Config.OnReload is told.
type Reload struct {
	Epoch  int     // that is begun again, or gone on with from where Fit began
	Rate   float64 // Config.Rate as it is now: half of what it was
	Number int     // 1 for the first, at most 3
	Cause  error   // wraps ErrDiverged
}

// good is the newest state that is known to be finite, beside the weights that the
// network holds; what DivergenceReload goes back to.
type good struct {
	step    int
	sums    device.Sums
	elapsed time.Duration
	moments map[string][]Layer
	spare   map[string][]Layer // where the next are read to
}

// readMoments reads what remember is to keep, and says if some of it is not finite: before the network
// takes the weights that go with it. Only DivergenceReload needs it.
func (f *fit) readMoments(number int) (map[string][]Layer, error) {
	if f.config.OnDivergence != DivergenceReload {
		return nil, nil
	}
	moments := f.good.spare
	if moments == nil {
		moments = map[string][]Layer{}
	}
	for _, p := range f.beside() {
		if moments[p.name] == nil {
			moments[p.name] = newLayers(f.net)
		}
		for l, layer := range moments[p.name] {
			if err := f.eng.ReadParameters(layer.W, layer.B, p.of, l); err != nil {
				return nil, fmt.Errorf("epoch %d: reading %s of layer %d: %w", number, p.name, l, err)
			}
			if firstNonFinite(layer.W) >= 0 || firstNonFinite(layer.B) >= 0 {
				return nil, f.diverged(number, fmt.Sprintf("a value of %s is not finite, first in %s", p.name, f.layerName(l)))
			}
		}
	}
	return moments, nil
}

// remember makes the state of now the good one: the weights that the network holds, and the moments that
// go with them.
func (f *fit) remember(moments map[string][]Layer, step int, sums device.Sums, elapsed time.Duration) {
	if moments != nil {
		f.good = good{step, sums, elapsed, moments, f.good.moments}
	}
}

// beside lists what a step goes on from and the network does not hold.
func (f *fit) beside() []stateful {
	all := f.stateful()
	if f.to.average.mean == nil {
		return all[1:] // the first is Θ
	}
	return all
}

// reload goes back to the good state with half the rate, if err is a divergence and
// that may still help. Otherwise it returns err.
func (f *fit) reload(history *History, err error) error {
	if !errors.Is(err, ErrDiverged) || f.config.OnDivergence != DivergenceReload || f.badExample() != "" {
		return err
	}
	if f.reloads == maxReloads {
		return fmt.Errorf("%w; it was gone back to %d times, each with half the rate", err, maxReloads)
	}
	f.reloads++
	for _, p := range f.beside() { // what the network holds went back already, in diverged
		for l, layer := range f.good.moments[p.name] {
			if writing := f.eng.WriteParameters(p.of, l, layer.W, layer.B); writing != nil {
				return fmt.Errorf("%w; then writing %s of layer %d: %w", err, p.name, l, writing)
			}
		}
	}
	if writing := f.writeScale(firstScale()); writing != nil {
		return fmt.Errorf("%w; then %w", err, writing)
	}
	f.fresh = true
	f.step, f.sums, f.elapsed = f.good.step, f.good.sums, f.good.elapsed
	if f.config.OnReload != nil {
		f.config.OnReload(Reload{f.epochs + 1, f.scaledRate(), f.reloads, err})
	}
	return f.rewind(history)
}

// rewind makes the good state the newest checkpoint, which knows the new rate, and
// removes those of the way that ended badly.
func (f *fit) rewind(history *History) error {
	k := f.keeper
	if k == nil {
		return nil
	}
	if err := f.save(history, f.step, f.sums, f.elapsed); err != nil {
		return err
	}
	if err := k.wait(); err != nil {
		return err
	}
	list, err := places(k.Folder)
	if err != nil {
		return err
	}
	for _, p := range list {
		if p.epochs > k.at.epochs || (p.epochs == k.at.epochs && p.step > k.at.step) {
			if err := os.Remove(filepath.Join(k.Folder, p.name())); err != nil {
				return err
			}
		}
	}
	return nil
}

// scaledRate is Config.Rate after the reloads.
func (f *fit) scaledRate() float64 { return math.Ldexp(f.config.Rate, -f.reloads) }

// stopped is called with the error that ended an epoch early. If it was ctx, the
// steps done count: the network gets their weights, here or as ended saves them.
func (f *fit) stopped(ctx context.Context, cause error) error {
	if why := f.ending(ctx); why == nil || !errors.Is(cause, why) {
		return cause
	}
	where := fmt.Sprintf("when it was stopped, after %d of %d steps; ", f.step, f.train.steps())
	if !finite(f.sums.Loss) {
		return f.diverged(f.epochs+1, fmt.Sprintf("loss is %v %s%s", f.sums.Loss, where, f.culprit()))
	}
	if f.keeper != nil && f.keeper.at != f.position() {
		return cause
	}
	kept, err := f.read()
	if err == nil && !kept {
		return f.diverged(f.epochs+1, "a weight is not finite "+where+f.culprit())
	}
	f.fresh = err == nil
	return also(cause, err)
}

// diverged goes back to the weights that the network still holds, and returns
// the error that says so.
func (f *fit) diverged(epoch int, what string) error {
	advice := fmt.Sprintf("try a rate below %v, or scale the inputs", f.scaledRate())
	if bad := f.badExample(); bad != "" {
		advice = bad
	}
	err := fmt.Errorf("epoch %d: %w: %s: the network keeps the weights %s: %s", epoch, ErrDiverged, what, f.kept, advice)
	return also(err, f.write())
}

// unsound says what is not finite of an epoch, "" for nothing. Units that saturate keep the
// loss finite however large the weights are, so that these count too: from where their squares
// add up to more than float32 holds, the cost of one device is infinite, and that of another,
// which adds in float64, as good as.
func unsound(e Epoch, sums device.Sums) string {
	switch {
	case finite(e.Loss) && finite(e.ValLoss) && !(sums.Squares <= math.MaxFloat32): // so that NaN counts
		return "the squares of the weights add up to more than float32 holds"
	case finite(e.Loss) && finite(e.ValLoss) && finite(e.Cost):
		return ""
	case e.Validated:
		return fmt.Sprintf("cost is %v, validation loss %v", e.Cost, e.ValLoss)
	}
	return fmt.Sprintf("cost is %v", e.Cost)
}

// culprit says in which layer the first weight is that is not finite, or else the largest.
func (f *fit) culprit() string {
	var largest float32
	where := 0
	for l, layer := range f.spare {
		if err := f.eng.ReadParameters(layer.W, layer.B, f.dev.theta, l); err != nil {
			return fmt.Sprintf("and the weights cannot be read: %v", err)
		}
		if firstNonFinite(layer.W) >= 0 || firstNonFinite(layer.B) >= 0 {
			return "the first weight that is not finite is in " + f.layerName(l)
		}
		for _, w := range layer.W {
			if size := max(w, -w); size > largest {
				largest, where = size, l
			}
		}
	}
	return fmt.Sprintf("all weights are finite, the largest is %.3g, in %s", largest, f.layerName(where))
}

// badExample names the first example with a value that is not finite, which no rate
// helps against; "" if there is none. It is looked for only after a divergence.
func (f *fit) badExample() string {
	for _, p := range []struct {
		name string
		*pass
	}{{"training", f.train}, {"validation", f.validation}} {
		if p.pass == nil || p.stream != nil { // whose values are looked at as they are read
			continue
		}
		bad := ""
		err := p.set.EachInputs(func(first int, x []float32) error {
			if i := firstNonFinite(x); i >= 0 && bad == "" {
				bad = fmt.Sprintf("feature %d of %s example %d is %v: mend or leave out the example", i%p.set.Features, p.name, first+i/p.set.Features, x[i])
			}
			return nil
		})
		if err != nil {
			return err.Error()
		}
		if bad != "" {
			return bad
		}
		if i := firstNonFinite(p.set.Y); i >= 0 {
			return fmt.Sprintf("label %d of %s example %d is %v: mend or leave out the example", i%p.set.Outputs, p.name, i/p.set.Outputs, p.set.Y[i])
		}
	}
	return ""
}
