package trainer

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/clprop/clprop/cpuref"
	"github.com/clprop/clprop/device"
)

// ErrDisagree is wrapped by every *Disagreement.
var ErrDisagree = errors.New("device and reference disagree")

// Disagreement is a result of the device that is further from the reference's than
// rounding explains: its kernels, driver or memory are wrong.
type Disagreement struct {
	Device      string
	Epoch, Step int    // both counted from 1
	Operation   string // such as "forward, layer 1"; layers count from 1
	Element     string // such as "row 3, column 17"
	Got, Want   float64
	Bound       float64 // the most that rounding explains
}

// Error is one line: where, what, and the way out.
func (d *Disagreement) Error() string {
	return fmt.Sprintf("epoch %d, step %d: %v: %s of %s: %s is %v, want %v ± %.3g: its results cannot be trusted: update the driver, or use another device",
		d.Epoch, d.Step, ErrDisagree, d.Operation, d.Device, d.Element, d.Got, d.Want, d.Bound)
}

// Unwrap returns ErrDisagree.
func (d *Disagreement) Unwrap() error { return ErrDisagree }

type (
	wideMatrix = cpuref.Matrix[float64]
	wideLayers = []cpuref.Layer[float64]
)

const (
	unit    = 0x1p-24  // relative error of one float32 rounding
	flushed = 0x1p-126 // below this a device may give 0
)

// verifier replays one step in float64. Every operation is given what the device
// gave it, so that the first that is wrong is the one that is named, and a bound
// holds for one operation, not for all before it.
type verifier struct {
	*fit
	number, step int
	sent         batchOnHost // the part that was run last
	// What was on the device before the step, Parameters by name.
	before map[string]wideLayers
	sums   device.Sums // before the part
	// Δ of the parts run so far, and the same of absolute values.
	sum, size wideLayers
}

// verified runs a step and compares what it did with the reference.
func (f *fit) verified(number, step int) error {
	v := &verifier{fit: f, number: number, step: step, before: map[string]wideLayers{}}
	var err error
	for _, p := range f.stateful() {
		if v.before[p.name], err = v.parameters(p.of); err != nil {
			return err
		}
	}
	if !allFinite(v.before[nameTheta]) { // after steps that were not compared
		return v.overflowed("a weight is not finite")
	}
	v.sum, v.size = zeros(v.before[nameTheta]), zeros(v.before[nameTheta])
	for k := range f.train.parts(step) {
		if v.sums, err = f.eng.ReadTally(f.to.tally); err != nil {
			return err
		}
		if err := f.train.runPart(step, k); err != nil {
			return err
		}
		of, from := f.train.part(step, k)
		if v.sent, err = f.train.onHost(of, from); err != nil {
			return err
		}
		b := f.train.inputs[of.slot].head(of.rows, f.train.set.weighted())
		if err := v.replay(b, trainingStep(f.dev, f.to, f.units, b, of)); err != nil {
			return err
		}
	}
	return nil
}

// replay goes through the operations in order.
func (v *verifier) replay(b batch, ops []device.Op) error {
	if err := v.gathered(b); err != nil {
		return err
	}
	for i, op := range ops {
		var err error
		switch o := op.(type) {
		case device.Forward:
			err = v.forward(o)
		case device.Cost:
			err = v.cost(o)
		case device.Activate:
			err = v.activate(o)
		case device.OutputDelta:
			err = v.outputDelta(o)
		case device.HiddenDelta:
			after, _ := ops[i+1].(device.Dropout) // in place
			err = v.hiddenDelta(o, after)
		case device.Dropout:
			err = v.dropout(o)
		case device.BatchNorm:
			err = v.norm(v.normalization("batch norm", o.Layer), o, true)
		case device.LayerNorm:
			err = v.norm(v.normalization("layer norm", o.Layer), device.BatchNorm(o), false)
		case device.BatchNormDelta:
			err = v.normDelta(v.normalization("batch norm delta", o.Layer), o, true)
		case device.LayerNormDelta:
			err = v.normDelta(v.normalization("layer norm delta", o.Layer), device.BatchNormDelta(o), false)
		case device.Accumulate:
			err = v.accumulate(o)
		case device.Shift, device.Noise, device.Mixup:
			err = v.augmented(op)
		default:
			return v.update(ops, i)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// within compares a matrix, and says what the first element is that is off.
func (v *verifier) within(operation string, got, want wideMatrix, bound func(i int) float64) error {
	for i, g := range got.Data {
		if limit := bound(i) + flushed; !agrees(g, want.Data[i], limit) {
			return v.off(operation, fmt.Sprintf("row %d, column %d", i/got.Cols, i%got.Cols), g, want.Data[i], limit)
		}
	}
	return nil
}

// agrees is false of what is not finite, also where a bound is infinite.
func agrees(got, want, bound float64) bool { return finite(got) && math.Abs(got-want) <= bound }

// off says whose fault it is that a value is off: the device's, or that of a training which
// diverges, where the operation comes to more than float32 holds. No bound is below u of the
// numbers that an operation adds up, so that it tells how large they are.
func (v *verifier) off(operation, element string, got, want, bound float64) error {
	if !(math.Abs(want)+bound/unit <= math.MaxFloat32) { // so that NaN counts
		return v.overflowed(fmt.Sprintf("%s: %s is %v, want %v, of numbers beyond float32,", operation, element, got, want))
	}
	return &Disagreement{v.eng.Info().Name, v.number, v.step + 1, operation, element, got, want, bound}
}

// overflowed is the divergence that a step shows.
func (v *verifier) overflowed(what string) error {
	return v.diverged(v.number, fmt.Sprintf("%s in step %d of %d; %s", what, v.step+1, v.train.steps(), v.culprit()))
}

// gathered: a copy has no rounding.
func (v *verifier) gathered(b batch) error {
	for _, part := range []struct {
		what string
		of   device.Matrix
		sent []float32
	}{{"inputs", b.x, v.sent.x}, {"labels", b.y, v.sent.y}, {"weights", b.weight, v.sent.weight}} {
		if part.of == nil {
			continue
		}
		got, err := v.matrix(part.of)
		if err != nil {
			return err
		}
		want := wideMatrix{Rows: got.Rows, Cols: got.Cols, Data: wide(part.sent)}
		if err := v.within("gather, "+part.what, got, want, func(int) float64 { return 0 }); err != nil {
			return err
		}
	}
	return nil
}

// forward: a product of k = in + 1 terms is off by 2k·u of Σ|terms| (N. Higham,
// "Accuracy and stability of numerical algorithms" (2002), eq. 3.5); no g is steeper
// than 2, and none adds more than 40u (1+|a|).
func (v *verifier) forward(o device.Forward) error {
	m, err := v.matrices(o.A, o.Out)
	if err != nil {
		return err
	}
	a, got, theta := m[0], m[1], v.before[nameTheta][o.Layer]
	want, size := cpuref.NewMatrix[float64](got.Rows, got.Cols), cpuref.NewMatrix[float64](got.Rows, got.Cols)
	cpuref.Forward(o.Act, a, theta, want)
	cpuref.Forward(cpuref.Linear, absolute(a), absoluteLayer(theta), size)
	k := float64(a.Cols + 1)
	bound := func(i int) float64 { return 2*2*k*unit*size.Data[i] + 40*unit*(1+math.Abs(want.Data[i])) }
	if o.Act == cpuref.Linear {
		bound = func(i int) float64 { return 2 * k * unit * size.Data[i] }
	}
	return v.within(fmt.Sprintf("forward, layer %d", o.Layer+1), got, want, bound)
}

// activate: of softmax, e^(z−c) is off by u times the spread of z and 6u, the sum of K
// by K u more, the division by 5u; others add 40u (1+|a|).
func (v *verifier) activate(o device.Activate) error {
	m, err := v.matrices(o.Z, o.A)
	if err != nil {
		return err
	}
	z, got, want := m[0], m[1], cpuref.NewMatrix[float64](m[1].Rows, m[1].Cols)
	cpuref.Activate(o.Act, z, want)
	return v.within("activate "+string(o.Act), got, want, func(i int) float64 {
		if o.Act == cpuref.Softmax {
			row := z.Row(i / z.Cols)
			return (2*(slices.Max(row)-slices.Min(row)) + 17 + float64(z.Cols)) * unit * want.Data[i]
		}
		return 40 * unit * (1 + math.Abs(want.Data[i]))
	})
}

// outputDelta: the difference, and for some losses two factors and a weight.
func (v *verifier) outputDelta(o device.OutputDelta) error {
	m, err := v.matrices(o.A, o.Y, o.Delta)
	if err != nil {
		return err
	}
	want := cpuref.NewMatrix[float64](m[2].Rows, m[2].Cols)
	cpuref.OutputDelta(o.Loss, m[0], m[1], want)
	if o.Weight != nil {
		w, err := v.matrix(o.Weight)
		if err != nil {
			return err
		}
		cpuref.ScaleRows(w, want)
	}
	return v.within("output delta", m[2], want, func(i int) float64 { return 5 * unit * math.Abs(want.Data[i]) })
}

// hiddenDelta: the product as in forward, times g′ ≤ 2, which itself is off by at most
// 42u of it, and with dropout two roundings more.
func (v *verifier) hiddenDelta(o device.HiddenDelta, after device.Dropout) error {
	m, err := v.matrices(o.Next, o.A, o.Delta)
	if err != nil {
		return err
	}
	next, saved, got, theta := m[0], m[1], m[2], v.before[nameTheta][o.Layer]
	want, size := cpuref.NewMatrix[float64](got.Rows, got.Cols), cpuref.NewMatrix[float64](got.Rows, got.Cols)
	cpuref.HiddenDelta(o.Act, next, theta, saved, want)
	cpuref.HiddenDelta(cpuref.Linear, absolute(next), absoluteLayer(theta), saved, size)
	if after.A != nil {
		drop(after, want, want)
		drop(after, size, size)
	}
	k := float64(next.Cols)
	return v.within(fmt.Sprintf("hidden delta, layer %d", o.Layer+1), got, want, func(i int) float64 {
		return (2*2*k + 44) * unit * size.Data[i]
	})
}

// dropout: 1/(1−p) and the product are one rounding each; what is dropped is 0. In place it
// is part of hiddenDelta.
func (v *verifier) dropout(o device.Dropout) error {
	if o.A == o.Out {
		return nil
	}
	m, err := v.matrices(o.A, o.Out)
	if err != nil {
		return err
	}
	want := cpuref.NewMatrix[float64](m[1].Rows, m[1].Cols)
	drop(o, m[0], want)
	return v.within("dropout", m[1], want, func(i int) float64 { return 2 * unit * math.Abs(want.Data[i]) })
}

// drop is the operation in float64.
func drop(o device.Dropout, a, out wideMatrix) {
	cpuref.Dropout(cpuref.NewStream(o.Seed, o.Layer, uint32(int64(o.Step.Value()))), o.Rate, int(o.First.Value()), a, out)
}
