package trainer

import (
	"cmp"
	"errors"
	"fmt"

	"github.com/clprop/clprop/device"
	"github.com/clprop/clprop/trainer/data"
)

// gradientExamples is how many examples a gradient to look at is of.
const gradientExamples = 1024

// Gradient returns D = (Δ + λΘ)/m, biases without λ, at the weights as they are, a Layer
// like each Θ(l). It is of the m = 1024 examples of set that lie evenly in it, of a stream the
// first, or of all if there are fewer, or of as many as the device has memory for, without
// dropout and weights of examples.
func (t *Trainer) Gradient(set *data.Set, lambda float64) (layers []Layer, err error) {
	if err := t.checkSet("training set", set); err != nil {
		return nil, fmt.Errorf("gradient: %w", err)
	}
	err = fitting(min(set.Rows, gradientExamples), func(n int) (err error) {
		layers, err = t.gradient(set, n, lambda)
		return err
	})
	return layers, err
}

// gradient is Gradient of n examples.
func (t *Trainer) gradient(set *data.Set, n int, lambda float64) ([]Layer, error) {
	eng := t.ranks.local(t.eng)
	m := memory{eng: eng}
	defer m.release()
	shapes := t.net.shapes()
	to := descent{sum: m.parameters("Δ", shapes), grad: m.parameters("D", shapes), tally: m.tally()}
	u, in := m.units(t.net, n, true), m.inputs(t.net, 1, n)
	if m.err != nil {
		return nil, fmt.Errorf("gradient: %w", m.err)
	}
	ops := trainingStep(t.dev, to, u, in[0].head(n, false), part{rows: n, m: n, first: true})
	plan := m.plan("gradient", append(ops, device.Gradient{Sum: to.sum, Theta: t.dev.theta, Lambda: lambda, M: n, Grad: to.grad})...)
	if m.err != nil {
		return nil, fmt.Errorf("gradient: %w", m.err)
	}
	err := t.evenly(in[0], set, n)
	if err == nil {
		err = t.keepingStatistics(plan.Run)
	}
	layers := newLayers(t.net)
	for l := range layers {
		if err == nil {
			err = eng.ReadParameters(layers[l].W, layers[l].B, to.grad, l)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("gradient: %w", err)
	}
	return layers, nil
}

// evenly loads n examples that lie evenly in a set, or the first n of a stream.
func (t *Trainer) evenly(in *input, set *data.Set, n int) error {
	if streams(set) {
		first := &stream{of: examples{Set: set}}
		err := first.begin(0, 0, 1)
		if err == nil {
			err = in.send(t.ranks.local(t.eng), false, func() error { return first.load(in, 0, n) })
		}
		return errors.Join(err, first.close())
	}
	rows := make([]int32, n)
	for i := range rows {
		rows[i] = int32(int64(i) * int64(set.Rows) / int64(n))
	}
	return in.load(t.ranks.local(t.eng), unweighted(set), rows)
}

// keepingStatistics does something that goes forward as training does, and gives the network
// the running means and variances back that this has moved.
func (t *Trainer) keepingStatistics(do func() error) error {
	eng, kept := t.ranks.local(t.eng), map[int][]float32{} // by layer, which have no inputs
	for l, shape := range t.net.shapes() {
		if !t.dev.statistic(l) {
			continue
		}
		kept[l] = make([]float32, shape.Out)
		if err := eng.ReadParameters(nil, kept[l], t.dev.theta, l); err != nil {
			return err
		}
	}
	err := do()
	for l := range t.net.shapes() {
		if t.dev.statistic(l) {
			err = cmp.Or(err, eng.WriteParameters(t.dev.theta, l, nil, kept[l]))
		}
	}
	return err
}
