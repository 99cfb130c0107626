package trainer

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/clprop/clprop/device"
)

// changes is an engine that notes what addresses the changes of examples of every step, and
// the λ of mixtures.
type changes struct {
	device.Engine
	seen   []float64 // steps of Shift
	shares []float64
}

type changing struct {
	device.Plan
	e   *changes
	ops []device.Op
}

func (e *changes) Prepare(ops ...device.Op) (device.Plan, error) {
	plan, err := e.Engine.Prepare(ops...)
	return &changing{plan, e, ops}, err
}

func (p *changing) Run() error {
	for _, op := range p.ops {
		switch o := op.(type) {
		case device.Shift:
			p.e.seen = append(p.e.seen, o.Step.Value())
		case device.Mixup:
			p.e.shares = append(p.e.shares, o.Share.Value())
		}
	}
	return p.Plan.Run()
}

var smallImage = device.ImageShape{Height: 3, Width: 2, Channels: 1}

// Every step of training changes its examples anew, inputs and labels with one λ, and
// nothing that is validated, evaluated or predicted is changed.
func TestAugmentInTrainingOnly(t *testing.T) {
	train, validation := randomSet(1, 23, 6, 3), randomSet(2, 11, 6, 3)
	eng := &changes{Engine: device.OpenReference()}
	tr := open(t, newNetwork(t, NetworkConfig{Sizes: []int{6, 7, 3}, Seed: 1}), eng)
	c := Config{Epochs: 2, BatchSize: 5, Seed: 3, Augment: Augment{Shift: 1, Mixup: 0.5, Image: smallImage}}
	for fits := 1; fits <= 2; fits++ {
		h, err := tr.Fit(context.Background(), train, validation, c)
		if err != nil {
			t.Fatal(err)
		}
		if want := fits * 2 * 5; len(eng.seen) != want || len(eng.shares) != 2*want { // Fits, epochs, steps
			t.Fatalf("%d moves and %d mixtures, want %d, and twice as many", len(eng.seen), len(eng.shares), want)
		}
		e, err := tr.Evaluate(t.Context(), validation)
		if err != nil {
			t.Fatal(err)
		}
		// another batch size: 11 losses of a few units each, added in another order
		if math.Abs(e.Loss-h.Last().ValLoss) > 1e-6 {
			t.Errorf("validation loss %v, evaluated %v", h.Last().ValLoss, e.Loss)
		}
	}
	for i, step := range eng.seen {
		if step != float64(i) {
			t.Errorf("move %d is that of step %v", i, step)
		}
		if eng.shares[2*i] != eng.shares[2*i+1] {
			t.Errorf("step %d: λ is %v of the inputs, %v of the labels", i, eng.shares[2*i], eng.shares[2*i+1])
		}
	}
	if n := len(slices.Compact(eng.shares)); n != 20 {
		t.Errorf("%d different λ in 20 steps", n)
	}
}

// λ is of Beta(α, α), whose mean is ½ and whose variance is 1/(4(2α+1)): the means of n
// draws and of n squares, which are below 1/16 and vary by less, are within 5 deviations.
func TestMixupShares(t *testing.T) {
	const n = 4000
	for _, alpha := range []float64{MinMixup, 0.2, 1, 8} {
		a := augmenting{Augment: Augment{Mixup: alpha}, seed: 5, share: device.NewScalar(0)}
		var sum, squares float64
		for step := range n {
			a.draw(step)
			share := a.share.Value()
			if !(share >= 0 && share <= 1) {
				t.Fatalf("α %v, step %d: λ is %v", alpha, step, share)
			}
			sum, squares = sum+share-0.5, squares+(share-0.5)*(share-0.5)
		}
		variance := 1 / (4 * (2*alpha + 1))
		if math.Abs(sum/n) > 5*math.Sqrt(variance/n) || math.Abs(squares/n-variance) > 5*0.125/math.Sqrt(n) {
			t.Errorf("α %v: mean %v, variance %v, want ½ and %v", alpha, 0.5+sum/n, squares/n, variance)
		}
	}
}

// The engines see the same examples: the losses of the first epoch agree as far as 5 steps
// within 1e-5 of float64 each, on either side, let them.
func TestAugmentOnEveryEngine(t *testing.T) {
	train := randomSet(1, 23, 6, 3)
	c := Config{Epochs: 1, BatchSize: 5, Seed: 3, Rate: 0.05,
		Augment: Augment{Shift: 1, Flip: true, Noise: 0.3, Mixup: 0.5, Image: smallImage}}
	var costs []float64
	eachEngine(t, func(t *testing.T, eng device.Engine) {
		h, err := open(t, newNetwork(t, NetworkConfig{Sizes: []int{6, 7, 3}, Hidden: device.Tanh, Seed: 1}), eng).Fit(context.Background(), train, nil, c)
		if err != nil {
			t.Fatal(err)
		}
		costs = append(costs, h.Last().Cost)
	})
	if len(costs) == 2 && math.Abs(costs[0]-costs[1]) > 2*5*1e-5*costs[0] {
		t.Errorf("costs %v", costs)
	}
}

func TestAugmentRefused(t *testing.T) {
	train := randomSet(1, 8, 6, 3)
	for what, c := range map[string]Config{
		"augment noise is -1":  {Augment: Augment{Noise: -1}},
		"augment noise is NaN": {Augment: Augment{Noise: math.NaN()}},
		"mixup is 1e-05":       {Augment: Augment{Mixup: 1e-5}},
		"augment shift is -1":  {Augment: Augment{Shift: -1}},
		"an image of 0x0x0":    {Augment: Augment{Flip: true}},
		"leave nothing to see": {Augment: Augment{Shift: 2, Image: smallImage}},
		"micro-batch is 3":     {BatchSize: 8, MicroBatch: 3, Augment: Augment{Mixup: 1}},
		"images of 2x2x1 have 4 values, network 6-3 takes 6": {Augment: Augment{Flip: true, Image: device.ImageShape{Height: 2, Width: 2, Channels: 1}}},
	} {
		net := newNetwork(t, NetworkConfig{Sizes: []int{6, 3}, Seed: 1})
		_, err := open(t, net, device.OpenReference()).Fit(context.Background(), train, nil, c)
		if err == nil || !strings.Contains(err.Error(), what) || strings.Contains(what, "values") != errors.Is(err, ErrData) {
			t.Errorf("%s: error %v", what, err)
		}
	}
	net := newNetwork(t, NetworkConfig{Sizes: []int{6, 3}, Loss: device.Hinge, Seed: 1})
	_, err := open(t, net, device.OpenReference()).Fit(context.Background(), train, nil, Config{Augment: Augment{Mixup: 1}})
	if err == nil || !strings.Contains(err.Error(), "mixup is for losses of shares") {
		t.Errorf("mixup with hinge: error %v", err)
	}
}
