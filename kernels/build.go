package kernels

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/clprop/clprop/cl"
)

// BuildAll compiles every kernel of the family once, the products with each activation and
// the costs with each loss, and launches none: to find out whether a driver's compiler can
// be trusted with all of them before training needs one. It returns the names of those that
// compiled, in order, and the errors of the others, joined; or the cause of ctx, if it ends.
func (s *Set) BuildAll(ctx context.Context) (built []string, err error) {
	// No launch is enqueued, so that one small buffer can stand for all arguments.
	buf, err := s.context.CreateEmptyBuffer(cl.MemReadWrite, 1<<16)
	if err != nil {
		return nil, fmt.Errorf("building all kernels: %w", err)
	}
	defer buf.Release()
	var failures []error
	for _, launcher := range s.launchers(buf) {
		if err := context.Cause(ctx); err != nil {
			return built, err
		}
		l, err := launcher()
		if err != nil {
			failures = append(failures, err)
			continue
		}
		if !slices.Contains(built, l.Name) {
			built = append(built, l.Name)
		}
		l.Release()
	}
	slices.Sort(built)
	return built, errors.Join(failures...)
}

type launcher = func() (*Launch, error)

// launchers are all launchers of the family on matrices of 4 × 4 and weights of 4 × 130,
// wide enough for the kernel of hiddendot.cl. A new one belongs here: TestBuildAll looks.
func (s *Set) launchers(buf *cl.MemObject) []launcher {
	w := s.NewWeights(4, 130)
	w.Buf = buf
	m, wide := shaped(buf, 4, 4, false), shaped(buf, 4, 130, false)
	list := s.productLaunchers(m, wide, w)
	list = append(list, s.lossLaunchers(m)...)
	list = append(list, s.passLaunchers(m, wide, w)...)
	list = append(list, s.normLaunchers(m)...)
	list = append(list, s.halfLaunchers(m, w)...)
	return append(list,
		func() (*Launch, error) { return s.Activate("gelu", m, m) },
		func() (*Launch, error) { return s.Activate("softmax", m, m) },
		s.PeakEmpty,
		func() (*Launch, error) { return s.Blank(m) },
		func() (*Launch, error) { return s.Dropout(Mask{}, m, m) },
		func() (*Launch, error) { return s.Shift(Stream{}, Image{2, 2, 1}, 1, true, m, m) },
		func() (*Launch, error) { return s.Noise(Stream{}, 1, m, m) },
		func() (*Launch, error) { return s.Mixup(m, m) },
		func() (*Launch, error) { return s.Gather(m, buf, m) },
		func() (*Launch, error) { return s.Gradient(w, w, 0, 1, w) },
		func() (*Launch, error) { return s.DescendSum(w, w, 0, 1) },
		func() (*Launch, error) { return s.Squares(w, buf) },
		func() (*Launch, error) { return s.AddSquares(true, buf, buf) },
		func() (*Launch, error) { return s.Tally(4, buf, buf, buf) },
		func() (*Launch, error) { return s.SGD(w, w) },
		func() (*Launch, error) { return s.Momentum(w, w, w, 0.9, false) },
		func() (*Launch, error) { return s.Momentum(w, w, w, 0.9, true) },
		func() (*Launch, error) { return s.RMSprop(w, w, w, 0.9, 1e-8) },
		func() (*Launch, error) { return s.Adagrad(w, w, w, 1e-8) },
		func() (*Launch, error) { return s.Adam(w, w, w, w, 0.9, 0.999, 1e-8) },
		func() (*Launch, error) { return s.Lion(w, w, w, 0.9, 0.99) },
		func() (*Launch, error) { return s.L1(w, w, 1) },
		func() (*Launch, error) { return s.ClipValue(w, 1) },
		func() (*Launch, error) { return s.SumSquares(w, 0, buf) },
		func() (*Launch, error) { return s.ClipScale(1, 1, buf, buf) },
		func() (*Launch, error) { return s.Rescale(w, buf) },
		func() (*Launch, error) { return s.MaxNorm(w, 1) },
		func() (*Launch, error) { return s.Average(w, w) },
	)
}

// productLaunchers are those with an activation, and of the products without one.
func (s *Set) productLaunchers(m, wide Matrix, w Weights) []launcher {
	list := []launcher{
		func() (*Launch, error) { return s.Accumulate(wide, m, Panels{}, w, true) },
		func() (*Launch, error) { return s.Accumulate(wide, m, Panels{}, w, false) },
		func() (*Launch, error) { return s.Descend(wide, m, Panels{}, w, 0, 4) },
	}
	for _, act := range activationNames {
		list = append(list,
			func() (*Launch, error) { return s.Forward(act, m, w, wide) },
			func() (*Launch, error) { return s.HiddenDelta(act, wide, w, Transposed{}, m, m) },
		)
	}
	return list
}

// lossLaunchers are those of costs and output deltas.
func (s *Set) lossLaunchers(m Matrix) []launcher {
	var list []launcher
	for _, name := range slices.Sorted(maps.Keys(lossMacros)) {
		loss := Loss{Name: name, Limit: 1}
		list = append(list,
			func() (*Launch, error) { return s.RowCost(loss, m, m, m.Buf, m.Buf) },
			func() (*Launch, error) { return s.OutputDelta(loss, m, m, m) },
		)
	}
	return list
}

// shaped is a matrix in a buffer.
func shaped(buf *cl.MemObject, rows, cols int, half bool) Matrix {
	m := NewMatrix(rows, cols, half)
	m.Buf = buf
	return m
}

// halfLaunchers are those of matrices of halves, with one activation.
func (s *Set) halfLaunchers(m Matrix, w Weights) []launcher {
	h, wide, packed := shaped(m.Buf, 4, 4, true), shaped(m.Buf, 4, 130, true), s.NewTransposed(w)
	packed.Buf = m.Buf
	return []launcher{
		func() (*Launch, error) { return s.Blank(h) },
		func() (*Launch, error) { return s.Forward("relu", h, w, wide) },
		func() (*Launch, error) { return s.HiddenDelta("relu", wide, w, packed, h, h) },
		func() (*Launch, error) { return s.Accumulate(wide, h, Panels{}, w, true) },
		func() (*Launch, error) { return s.ScaledOutputDelta(Loss{Name: "mse"}, m, m, h, m.Buf) },
		func() (*Launch, error) { return s.NonFinite(w, 0, m.Buf) },
		func() (*Launch, error) { return s.Adapt(1, 2000, 1<<24, m.Buf, m.Buf, m.Buf) },
		func() (*Launch, error) { return s.Unscale(w, m.Buf) },
	}
}

// normLaunchers are those of normalisations, with a g that needs y and one that does not.
func (s *Set) normLaunchers(m Matrix) []launcher {
	units := s.NewWeights(0, 4)
	units.Buf = m.Buf
	n := Norm{Gamma: units, Beta: units, Mean: units, Variance: units, Eps: 1e-5, Share: 0.1}
	byUnit, byRow := shaped(m.Buf, 2, 4, false), shaped(m.Buf, 4, 2, false)
	list := []launcher{
		func() (*Launch, error) { return s.BatchNormDelta(m, m, byUnit, n, n, true, m) },
		func() (*Launch, error) { return s.BatchNormMoments(m, byUnit) },
		func() (*Launch, error) { return s.BatchNormSums(m, m, byUnit, n, true) },
		func() (*Launch, error) { return s.BatchNormBack(m, m, byUnit, n, n, 4, m) },
		func() (*Launch, error) { return s.LayerNormSums(m, m, byRow, n, true) },
		func() (*Launch, error) { return s.LayerNormDelta(m, m, byRow, n, m) },
	}
	for act, y := range map[string]*Matrix{"relu": nil, "gelu": &m} {
		list = append(list,
			func() (*Launch, error) { return s.BatchNorm(act, m, n, byUnit, m, y) },
			func() (*Launch, error) { return s.BatchNormRunning(act, m, n, m, y) },
			func() (*Launch, error) { return s.BatchNormGiven(act, m, byUnit, n, m, y) },
			func() (*Launch, error) { return s.LayerNorm(act, m, n, &byRow, m, y) },
		)
	}
	return list
}

// passLaunchers are those that CPUs alone have.
func (s *Set) passLaunchers(m, wide Matrix, w Weights) []launcher {
	if s.Tuning.Family != Block {
		return nil
	}
	few := s.NewWeights(4, 4)
	few.Buf = w.Buf
	packed := s.NewTransposed(few)
	packed.Buf = w.Buf
	tall, next := shaped(m.Buf, rowsWorthLanes, 4, false), shaped(m.Buf, rowsWorthLanes, 130, false)
	turned := s.NewTransposedDelta(next)
	turned.Buf = w.Buf
	all, tallied := []Descent{{Delta: wide, A: m, Theta: w}}, &Tallied{Losses{m.Buf, m.Buf}, w.Buf}
	list := []launcher{
		func() (*Launch, error) { return s.HiddenDelta("relu", m, few, packed, m, m) },
		func() (*Launch, error) { return s.HiddenDelta("relu", next, w, turned, tall, tall) },
		func() (*Launch, error) { return s.Pack(few, packed) },
		func() (*Launch, error) { return s.PanelA(m, m.Buf) },
		func() (*Launch, error) { return s.DescendAll(all, 0, 4, nil) },
		func() (*Launch, error) { return s.DescendAll(all, 0, 4, tallied) },
		func() (*Launch, error) { return s.GradientAll(all, 0, 4, []Weights{w}, tallied) },
	}
	pass := Pass{X: m, Theta: []Weights{w}, A: []Matrix{wide}, Delta: []Matrix{wide}, Z: wide, Y: wide}
	if s.Backprops(1) {
		whole := pass
		whole.Fetch, whole.Costs = &Fetch{X: m, Y: wide, Index: m.Buf}, &Losses{m.Buf, m.Buf}
		for _, p := range []Pass{pass, whole} {
			list = append(list, func() (*Launch, error) {
				return s.Backprop("relu", "softmax", Loss{Name: "softmax-cross-entropy"}, p, m.Buf)
			})
		}
	}
	return list
}
