package device

import (
	"errors"
	"fmt"
	"math"

	"github.com/clprop/clprop/cpuref"
	"github.com/clprop/clprop/kernels"
)

// errWrong: kernels gave a result outside of its bound.
var errWrong = errors.New("a result is off")

// batchShape is a batch and a layer.
type batchShape struct{ b, in, out int }

// verify runs the three products under a tuning, on random numbers, and compares with
// float64: on small sizes that do not divide evenly, with the programs that the workload's
// products run, the largest first, at most so many sizes. What was wrong wraps errWrong;
// other errors are the device's. The engine is left with that tuning if nothing is wrong.
func (e *opencl) verify(t kernels.Tuning, w Workload, most int) error {
	done := map[batchShape]bool{}
	for _, p := range w.products() {
		small := t
		if t.Panels(p.batch, p.in, p.out) {
			small.PanelWidth = 1
		}
		var s batchShape
		if s.b, s.in, s.out = small.Cut(p.batch, p.in, p.out); done[s] || len(done) == most {
			continue
		}
		done[s] = true
		e.set.Tuning = small
		if err := e.verifyOn(s); err != nil {
			return fmt.Errorf("%d×%d×%d: %w", s.b, s.in, s.out, err)
		}
	}
	e.set.Tuning = t
	return nil
}

// trusted is trust, but for tests.
var trusted = (*opencl).trust

// trust is the quick check of what was read from disk: the programs of the workload's
// largest product, on a small one. Launches of it are none of the caller's.
func (e *opencl) trust(w Workload) error {
	launches := e.launches
	defer func() { e.launches = launches }()
	return e.verify(e.set.Tuning, w, 1)
}

func (e *opencl) verifyOn(s batchShape) error {
	x, err := e.newTrial(s)
	if err != nil {
		return err
	}
	defer x.release()
	return errors.Join(x.forward(), x.hiddenDelta(), x.descend())
}

// trial is a layer with random operands, on the device and in float64.
type trial struct {
	e            *opencl
	s            batchShape
	owned        []interface{ Release() }
	a, delta     Matrix // b × in, b × out
	wideA, wideD cpuref.Matrix[float64]
	theta        cpuref.Layer[float64]
	onDevice     Parameters
	err          error
}

func (e *opencl) newTrial(s batchShape) (*trial, error) {
	x := &trial{e: e, s: s}
	x.a, x.wideA = x.matrix(0, s.b, s.in)
	x.delta, x.wideD = x.matrix(1, s.b, s.out)
	weights, wide := random(2, s.out, s.in)
	biases, wideB := random(3, 1, s.out)
	x.theta = cpuref.Layer[float64]{W: wide, B: wideB.Data}
	x.onDevice = x.parameters()
	if x.err == nil {
		x.err = e.WriteParameters(x.onDevice, 0, weights, biases)
	}
	if x.err != nil {
		x.release()
		return nil, x.err
	}
	return x, nil
}

func (x *trial) release() {
	for _, o := range x.owned {
		o.Release()
	}
}

// random is a matrix of numbers around 0, the same in float32 and in float64.
func random(name uint32, rows, cols int) ([]float32, cpuref.Matrix[float64]) {
	stream := cpuref.NewStream(40, name, uint32(rows*1000+cols))
	values, wide := make([]float32, rows*cols), cpuref.NewMatrix[float64](rows, cols)
	for i := range values {
		values[i] = float32(stream.Normal(uint64(i)))
		wide.Data[i] = float64(values[i])
	}
	return values, wide
}

func (x *trial) empty(rows, cols int) Matrix {
	if x.err != nil {
		return nil
	}
	var m Matrix
	if m, x.err = x.e.NewMatrix(rows, cols); x.err == nil {
		x.owned = append(x.owned, m)
	}
	return m
}

func (x *trial) matrix(name uint32, rows, cols int) (Matrix, cpuref.Matrix[float64]) {
	values, wide := random(name, rows, cols)
	m := x.empty(rows, cols)
	if x.err == nil {
		x.err = x.e.Write(m, 0, values)
	}
	return m, wide
}

func (x *trial) parameters() Parameters {
	if x.err != nil {
		return nil
	}
	var p Parameters
	if p, x.err = x.e.NewParameters([]Shape{{x.s.in, x.s.out}}); x.err == nil {
		x.owned = append(x.owned, p)
	}
	return p
}

// run prepares operations and runs them once.
func (x *trial) run(ops ...Op) {
	if x.err != nil {
		return
	}
	var p Plan
	if p, x.err = x.e.Prepare(ops...); x.err == nil {
		x.err = p.Run()
		p.Release()
	}
}

// compare compares a matrix of the device with its float64 twin: a sum of k products may
// differ by 2·k·2⁻²⁴·Σ|a_i b_i| whatever its order (N. J. Higham, Accuracy and Stability of
// Numerical Algorithms, 2002, §3.1). Below 2⁻¹²⁶ a device may give 0.
func (x *trial) compare(what string, got []float32, want, bound []float64, k int) error {
	if x.err != nil {
		return fmt.Errorf("%s: %w", what, x.err)
	}
	if len(got) != len(want) {
		return fmt.Errorf("%w: %s: %d elements, want %d", errWrong, what, len(got), len(want))
	}
	for i, w := range want {
		allowed := 2*float64(k)*0x1p-24*bound[i] + 0x1p-126
		if !(math.Abs(float64(got[i])-w) <= allowed) { // so that NaN fails
			return fmt.Errorf("%w: %s: element %d is %v, want %v ± %.3g", errWrong, what, i, got[i], w, allowed)
		}
	}
	return nil
}

func (x *trial) read(m Matrix) []float32 {
	if x.err != nil {
		return nil
	}
	got := make([]float32, m.Rows()*m.Cols())
	x.err = x.e.Read(got, m, 0)
	return got
}

func absolute(m cpuref.Matrix[float64]) cpuref.Matrix[float64] {
	abs := cpuref.NewMatrix[float64](m.Rows, m.Cols)
	for i, v := range m.Data {
		abs.Data[i] = math.Abs(v)
	}
	return abs
}

func absoluteLayer(l cpuref.Layer[float64]) cpuref.Layer[float64] {
	return cpuref.Layer[float64]{W: absolute(l.W), B: absolute(cpuref.Matrix[float64]{Rows: 1, Cols: len(l.B), Data: l.B}).Data}
}

// forward checks z = a Wᵀ + θ0: in + 1 products each.
func (x *trial) forward() error {
	out := x.empty(x.s.b, x.s.out)
	x.run(Forward{Act: Linear, A: x.a, Theta: x.onDevice, Out: out})
	want, bound := cpuref.NewMatrix[float64](x.s.b, x.s.out), cpuref.NewMatrix[float64](x.s.b, x.s.out)
	cpuref.Forward(Linear, x.wideA, x.theta, want)
	cpuref.Forward(Linear, absolute(x.wideA), absoluteLayer(x.theta), bound)
	return x.compare("forward", x.read(out), want.Data, bound.Data, x.s.in+1)
}

// hiddenDelta checks δ W: out products each.
func (x *trial) hiddenDelta() error {
	out := x.empty(x.s.b, x.s.in)
	x.run(HiddenDelta{Act: Linear, Next: x.delta, Theta: x.onDevice, A: x.a, Delta: out})
	want, bound := cpuref.NewMatrix[float64](x.s.b, x.s.in), cpuref.NewMatrix[float64](x.s.b, x.s.in)
	cpuref.HiddenDelta(Linear, x.wideD, x.theta, want, want)
	cpuref.HiddenDelta(Linear, absolute(x.wideD), absoluteLayer(x.theta), bound, bound)
	return x.compare("hidden delta", x.read(out), want.Data, bound.Data, x.s.out)
}

// descend checks Θ := Θ − 1·(δᵀ[1 a] + 0·Θ)/1, which is Θ less the sum of b products: one
// product more, of 1 and Θ.
func (x *trial) descend() error {
	sum, grad := x.parameters(), x.parameters()
	x.run(
		Accumulate{Delta: x.delta, A: x.a, Sum: sum, Fresh: true},
		Gradient{Sum: sum, Theta: x.onDevice, M: 1, Grad: grad},
		SGD{Theta: x.onDevice, Grad: grad, Rate: NewScalar(1)},
	)
	weights, biases := make([]float32, x.s.out*x.s.in), make([]float32, x.s.out)
	if x.err == nil {
		x.err = x.e.ReadParameters(weights, biases, x.onDevice, 0)
	}
	want, bound := cpuref.NewLayer[float64](x.s.in, x.s.out), absoluteLayer(x.theta)
	cpuref.Accumulate(x.wideD, x.wideA, want)
	cpuref.Accumulate(absolute(x.wideD), absolute(x.wideA), bound)
	for i, w := range x.theta.W.Data {
		want.W.Data[i] = w - want.W.Data[i]
	}
	for i, w := range x.theta.B {
		want.B[i] = w - want.B[i]
	}
	return errors.Join(
		x.compare("descend: weights", weights, want.W.Data, bound.W.Data, x.s.b+1),
		x.compare("descend: biases", biases, want.B, bound.B, x.s.b+1))
}
