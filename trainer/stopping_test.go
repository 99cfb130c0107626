package trainer

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/clprop/clprop/device"
)

func TestBestEpoch(t *testing.T) {
	losses := []Epoch{{ValLoss: 5}, {ValLoss: 3}, {ValLoss: 2.5}, {ValLoss: 2.75}, {ValLoss: 2.25}, {ValLoss: 2}}
	rising := []Epoch{{Accuracy: 0.5}, {Accuracy: 0.75}, {Accuracy: 0.75}, {Accuracy: 0.875}}
	for _, c := range []struct {
		epochs []Epoch
		m      Monitor
		delta  float64
		want   int
	}{
		{nil, MonitorCost, 0, -1},
		{losses, MonitorValLoss, 0, 5},
		{losses[:4], MonitorValLoss, 0, 2},
		{losses, MonitorValLoss, 0.5, 4},    // 5, 3, and 2.25: 2.5 is not below 3 − 0.5, 2 not below 2.25 − 0.5
		{losses, MonitorValLoss, 1, 1},      // 2 is not below 3 − 1
		{rising[:3], MonitorAccuracy, 0, 1}, // the first of equals
		{rising, MonitorAccuracy, 0.125, 1},
		{rising, MonitorAccuracy, 0.1, 3},
	} {
		if got := bestEpoch(c.epochs, c.m, c.delta); got != c.want {
			t.Errorf("%s of %d epochs, δ = %v: %d, want %d", c.m, len(c.epochs), c.delta, got, c.want)
		}
	}
}

func TestTarget(t *testing.T) {
	e := Epoch{Cost: 0.5, ValAccuracy: 0.75}
	for text, want := range map[string]bool{
		"cost=0.5": true, "cost=0.25": false, "cost=1": true, "val_accuracy=0.75": true, "val_accuracy=0.76": false, "val_accuracy=0": true,
	} {
		if target, err := ParseTarget(text); err != nil || target.reached(e) != want || target.String() != text {
			t.Errorf("%s: %v, %v", text, target, err)
		}
	}
	for _, text := range []string{"", "cost", "cost=", "cost=x", "cost=NaN", "cost=Inf", "val=1", "=1"} {
		if _, err := ParseTarget(text); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
	if (Target{}).reached(e) {
		t.Error("no target is reached")
	}
}

// With a rate that is too high the validation loss rises before the end: the network
// that is stopped has the weights of the best epoch, which are those of a Fit that ends
// with it.
func TestEarlyStopping(t *testing.T) {
	train, validation := randomSet(1, 23, 5, 3), randomSet(2, 11, 5, 3)
	c := Config{Epochs: 40, BatchSize: 5, Rate: 1, Seed: 7}
	_, whole := fitted(t, resumeNet, train, validation, c)
	best := slices.MinFunc(whole.Epochs, func(a, b Epoch) int {
		if a.ValLoss < b.ValLoss {
			return -1
		}
		return 1
	}).Epoch
	if best > 30 {
		t.Fatalf("the best of %d epochs is %d: no example of what is tested", c.Epochs, best)
	}
	c.Stop.Patience = 6
	stopped, h := fitted(t, resumeNet, train, validation, c)
	if len(h.Epochs) == c.Epochs || h.Stopped == nil || h.Stopped.Reason != StopPatience || len(h.Epochs) != h.Best+6 || h.Held().Epoch != h.Best {
		t.Fatalf("%d epochs, best %d, stopped %+v", len(h.Epochs), h.Best, h.Stopped)
	}
	if a, b := timeless(h), timeless(whole)[:len(h.Epochs)]; !slices.Equal(a, b) {
		t.Errorf("history %+v, without stopping %+v", a, b)
	}
	short, _ := fitted(t, resumeNet, train, validation, Config{Epochs: h.Best, BatchSize: 5, Rate: 1, Seed: 7})
	if !sameBits(stopped, short) {
		t.Errorf("weights are not those of epoch %d", h.Best)
	}
	c.Stop.KeepLast = true
	last, h := fitted(t, resumeNet, train, validation, c)
	short, _ = fitted(t, resumeNet, train, validation, Config{Epochs: len(h.Epochs), BatchSize: 5, Rate: 1, Seed: 7})
	if h.Best != 0 || !sameBits(last, short) {
		t.Errorf("KeepLast: best %d, or weights not of the last step", h.Best)
	}
}

// A Fit of n steps is one that is stopped from outside after n steps.
func TestMaxSteps(t *testing.T) {
	train := randomSet(1, 23, 5, 3) // 5 steps an epoch, and a plan for the penalty
	c := Config{Epochs: 3, BatchSize: 5, Seed: 7}
	for _, steps := range []int{1, 4, 5, 8, 14} {
		ctx, cancel := context.WithCancel(context.Background())
		want := newNetwork(t, resumeNet)
		eng := &stopAfter{device.OpenReference(), steps + (steps-1)/5, cancel}
		if _, err := open(t, want, eng).Fit(ctx, train, nil, c); !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		cancel()
		limited := c
		limited.Stop.Steps = steps
		got, h := fitted(t, resumeNet, train, nil, limited)
		if !sameBits(got, want) {
			t.Errorf("%d steps: other weights", steps)
		}
		if h.Stopped == nil || h.Stopped.Reason != StopSteps || len(h.Epochs) != steps/5 {
			t.Errorf("%d steps: %d epochs, %+v", steps, len(h.Epochs), h.Stopped)
		}
	}
	c.Stop.Steps = 15
	if _, h := fitted(t, resumeNet, train, nil, c); h.Stopped != nil || len(h.Epochs) != 3 {
		t.Errorf("as many steps as there are: %d epochs, %+v", len(h.Epochs), h.Stopped)
	}
}

func TestMaxTime(t *testing.T) {
	c := Config{Epochs: 3, BatchSize: 5, Stop: Stopping{Time: 1}} // over before the first step
	net := newNetwork(t, resumeNet)
	before := net.clone()
	h, err := open(t, net, device.OpenReference()).Fit(context.Background(), randomSet(1, 23, 5, 3), nil, c)
	if err != nil || h.Stopped == nil || h.Stopped.Reason != StopTime || len(h.Epochs) != 0 || !sameBits(net, before) {
		t.Errorf("%+v, %v", h, err)
	}
	c.Stop.Time = time.Hour
	if _, h := fitted(t, resumeNet, randomSet(1, 23, 5, 3), nil, c); h.Stopped != nil || len(h.Epochs) != 3 {
		t.Errorf("an hour is not over: %+v", h.Stopped)
	}
}

func TestStoppingRefuses(t *testing.T) {
	for text, s := range map[string]Stopping{
		"patience is -1":      {Patience: -1},
		"min-delta is -1":     {MinDelta: -1},
		"the most steps":      {Steps: -1},
		"the most time":       {Time: -1},
		`unknown monitor "a"`: {Monitor: "a"},
		"needs a validation":  {Target: Target{MonitorValAccuracy, 1}},
	} {
		_, err := open(t, newNetwork(t, resumeNet), device.OpenReference()).
			Fit(context.Background(), randomSet(1, 23, 5, 3), nil, Config{Stop: s})
		if err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("%+v: %v, want %q", s, err, text)
		}
	}
}
