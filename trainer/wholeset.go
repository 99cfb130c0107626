package trainer

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"gonum.org/v1/gonum/optimize"

	"github.com/clprop/clprop/device"
)

const (
	// wholeSetRate stands where other optimizers have α: their steps are times 1.
	wholeSetRate = 1
	// wholeSetGradient is the largest element of D at a minimum, as far as float32 tells:
	// D is off by some 1e-7 of the sums of its terms, which are about 1.
	wholeSetGradient = 1e-5
	// wholeSetFlat of the cost is what float32 tells of it, and wholeSetCalm the
	// iterations in a row that gain no more.
	wholeSetFlat = 1e-7
	wholeSetCalm = 5
	// wholeSetTries bounds the points of one line search.
	wholeSetTries = 40
	// wholeSetStore is how many pairs (s, y) lbfgs keeps, as many as SciPy's.
	wholeSetStore = 10
)

// WholeSetOptimizers lists the names of the optimizers that go by the cost J and D of the
// whole training set, and choose their own steps: for small sets, on which they need far
// fewer passes than a step a batch does. An epoch of theirs is an iteration: a direction p,
// and some points Θ + tp on it until J and D fulfil the Wolfe conditions.
//
//	lbfgs   p = −H D, with H from the last ten steps: J. Nocedal, "Updating quasi-Newton
//	        matrices with limited storage", Math. Comp. 35 (1980) 773–782
//	cg      p = −D + βp, with β of M. R. Hestenes and E. Stiefel, "Methods of conjugate
//	        gradients for solving linear systems", J. Res. NBS 49 (1952) 409–436
//
// with the line search of J. J. Moré and D. J. Thuente, ACM TOMS 20 (1994) 286–307. They
// are gonum's, package optimize, in float64 on the host; J and D are the engine's, in
// float32. They keep 23 vectors of all weights on the host (lbfgs), or 6.
func WholeSetOptimizers() []string { return []string{"lbfgs", "cg"} }

// WholeSet reports whether the optimizer is one of WholeSetOptimizers.
func (o Optimizer) WholeSet() bool { return slices.Contains(WholeSetOptimizers(), o.Name) }

// checkWholeSet refuses what has no meaning without steps of one batch, or would change J
// from one look to the next.
func (c Config) checkWholeSet() error {
	r, name := c.Regularizers, c.Optimizer.Name
	for _, n := range []struct {
		what string
		set  bool
	}{
		{"a learning rate", c.Rate != wholeSetRate},
		{"a schedule", c.Schedule.Name != "" && c.Schedule.Name != Schedules()[0] || c.Schedule.Warmup != 0},
		{"l1, which has no gradient at 0", r.L1 != 0},
		{"clip-value", r.ClipValue != 0}, {"clip-norm", r.ClipNorm != 0}, {"max-norm", r.MaxNorm != 0},
		{"a mean of the weights", r.Average != 0}, {"dropout", r.Dropout != 0 || r.InputDropout != 0},
		{"reloading on divergence", c.OnDivergence == DivergenceReload},
		{"verifying steps", c.VerifyEvery != 0},
		{"checkpoints: what it knows of the curvature is in none", c.Checkpoints != nil || c.Resume != nil},
	} {
		if n.set {
			return conflict("optimizer %s chooses its own steps by the whole training set, and cannot be used with %s", name, n.what)
		}
	}
	return nil
}

// wholeSet is a method under way.
type wholeSet struct {
	name string
	by   *optimize.LinesearchMethod
	at   optimize.Location // where the method is, or wants to know J and D
	seen []float64         // the X of the J and D in at
	sums device.Sums       // of seen

	best      optimize.Location // where the last iteration ended
	begun     bool              // the method has been given best
	remembers bool              // it goes by earlier iterations
	passes    int               // through the set, in this iteration
	calm      int               // iterations in a row that gained next to nothing
	converged string            // why there is nothing more to gain; "" while there is
}

func newWholeSet(net *Network, o Optimizer) *wholeSet {
	n := net.Parameters()
	w := &wholeSet{name: o.Name}
	w.at = optimize.Location{X: make([]float64, n), Gradient: make([]float64, n)}
	w.best = optimize.Location{X: make([]float64, n), Gradient: make([]float64, n)}
	pack(w.at.X, net.all())
	return w
}

// method is the optimizer, new.
func (w *wholeSet) method() *optimize.LinesearchMethod {
	if w.name == "cg" {
		return &optimize.LinesearchMethod{
			Linesearcher: &optimize.MoreThuente{DecreaseFactor: 1e-4, CurvatureFactor: 0.1},
			NextDirectioner: &optimize.CG{Variant: &optimize.HestenesStiefel{}, InitialStep: &optimize.FirstOrderStepSize{},
				IterationRestartFactor: 6, AngleRestartThreshold: -0.9},
		}
	}
	return &optimize.LinesearchMethod{
		Linesearcher:    &optimize.MoreThuente{DecreaseFactor: 1e-4, CurvatureFactor: 0.9},
		NextDirectioner: &optimize.LBFGS{Store: wholeSetStore},
	}
}

// next is what the method wants to know next; the first time, or after a failure, it
// begins with the direction −D.
func (w *wholeSet) next() (optimize.Operation, error) {
	if w.begun {
		return w.by.Iterate(&w.at)
	}
	w.by, w.begun, w.remembers = w.method(), true, false
	return w.by.Init(&w.at)
}

// minimize is an iteration, of the given number.
func (f *fit) minimize(ctx context.Context, number int, _ *History) (device.Sums, error) {
	w, began := f.whole, time.Now()
	w.passes = 0
	defer func() { f.elapsed = time.Since(began) }()
	if w.seen == nil { // the first
		if err := f.evaluate(ctx, number); err != nil {
			return device.Sums{}, err
		}
		if !w.finite() {
			return device.Sums{}, f.diverged(number, "the cost or its gradient is not finite at the first weights; "+f.culprit())
		}
		w.best = copied(w.best, w.at)
		if w.flat() {
			return device.Sums{}, f.goBack(nil)
		}
	}
	for {
		ended, err := f.search(ctx, number)
		if err != nil {
			return device.Sums{}, err
		}
		if ended {
			w.ended()
			return w.sums, nil
		}
		if !w.remembers { // −D is the last resort
			if !w.finite() {
				return device.Sums{}, f.diverged(number, "the cost or its gradient is not finite at a point of the line search; "+f.culprit())
			}
			w.converged = fmt.Sprintf("cost is %.6g after epoch %d, and no step lowers it that float32 can tell", w.best.F, f.epochs)
			return device.Sums{}, f.goBack(nil)
		}
		w.at, w.begun = copied(w.at, w.best), false
		w.seen = append(w.seen[:0], w.at.X...)
	}
}

// search is a line search. It reports whether it ended an iteration; where not, there is
// nothing to find in its direction.
func (f *fit) search(ctx context.Context, number int) (ended bool, err error) {
	w := f.whole
	for range wholeSetTries {
		op, err := w.next()
		if err != nil || op == optimize.MajorIteration {
			return err == nil, nil
		}
		if !w.usable() {
			return false, nil
		}
		if slices.Equal(w.seen, w.at.X) { // J is asked for, then D, which are known
			continue
		}
		if err := f.evaluate(ctx, number); err != nil {
			return false, err
		}
		if !w.finite() {
			return false, nil
		}
	}
	return false, nil
}

// usable reports whether the point that the method wants to see is one, and makes it one
// that float32 holds, so that J and D are those of the point that the method believes in.
func (w *wholeSet) usable() bool {
	for i, x := range w.at.X {
		w.at.X[i] = float64(float32(x))
		if math.IsNaN(w.at.X[i]) || math.IsInf(w.at.X[i], 0) {
			return false
		}
	}
	return true
}

// ended makes the present point the end of an iteration.
func (w *wholeSet) ended() {
	if gain := w.best.F - w.at.F; gain > wholeSetFlat*math.Abs(w.best.F) {
		w.calm = 0
	} else if w.calm++; w.calm == wholeSetCalm {
		w.converged = fmt.Sprintf("cost is %.6g, and %d iterations in a row lowered it by less than float32 can tell", w.at.F, wholeSetCalm)
	}
	w.best, w.remembers = copied(w.best, w.at), true
	w.flat()
}

// flat reports whether best is a minimum.
func (w *wholeSet) flat() bool {
	largest := 0.0
	for _, d := range w.best.Gradient {
		largest = max(largest, math.Abs(d))
	}
	if largest > wholeSetGradient {
		return false
	}
	w.converged = fmt.Sprintf("cost is %.6g, and no element of its gradient is above %.1e", w.best.F, wholeSetGradient)
	return true
}

// goBack gives the engine the weights of the last iteration, and returns errEnough, or
// cause if there is one.
func (f *fit) goBack(cause error) error {
	if cause == nil {
		cause = errEnough
	}
	return also(cause, f.write())
}
