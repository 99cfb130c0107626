package trainer

import (
	"context"
	"math"
	"slices"
	"testing"

	"github.com/clprop/clprop/device"
)

// masks is an engine that notes the mask of every Dropout of every step: the layer and step
// that address it.
type masks struct {
	device.Engine
	seen []uint64
}

type masked struct {
	device.Plan
	e   *masks
	ops []device.Op
}

func (e *masks) Prepare(ops ...device.Op) (device.Plan, error) {
	plan, err := e.Engine.Prepare(ops...)
	return &masked{plan, e, ops}, err
}

func (p *masked) Run() error {
	for _, op := range p.ops {
		if o, ok := op.(device.Dropout); ok && o.A != o.Out {
			p.e.seen = append(p.e.seen, uint64(o.Layer)<<32|uint64(o.Step.Value()))
		}
	}
	return p.Plan.Run()
}

// Every step of every Fit has masks of its own, those of what is read in its three layers,
// and nothing is dropped from what is validated, evaluated or predicted.
func TestDropoutInTraining(t *testing.T) {
	train, validation := randomSet(1, 23, 5, 3), randomSet(2, 11, 5, 3)
	eng := &masks{Engine: device.OpenReference()}
	net := newNetwork(t, NetworkConfig{Sizes: []int{5, 7, 6, 3}, Hidden: device.Tanh, Seed: 1})
	tr := open(t, net, eng)
	c := Config{Epochs: 2, BatchSize: 5, Seed: 3, Regularizers: Regularizers{Dropout: 0.5, InputDropout: 0.2}}
	for range 2 {
		h, err := tr.Fit(context.Background(), train, validation, c)
		if err != nil {
			t.Fatal(err)
		}
		before := len(eng.seen)
		e, err := tr.Evaluate(t.Context(), validation)
		if err != nil {
			t.Fatal(err)
		}
		// another batch size: 11 losses of a few units each, added in another order
		if math.Abs(e.Loss-h.Last().ValLoss) > 1e-6 || len(eng.seen) != before {
			t.Errorf("validation loss %v, evaluated %v", h.Last().ValLoss, e.Loss)
		}
	}
	if want := 2 * 2 * 5 * 3; len(eng.seen) != want { // Fits, epochs, steps, layers
		t.Errorf("%d masks, want %d", len(eng.seen), want)
	}
	slices.Sort(eng.seen)
	if n := len(slices.Compact(eng.seen)); n != 60 {
		t.Errorf("%d of 60 masks are different", n)
	}
}
