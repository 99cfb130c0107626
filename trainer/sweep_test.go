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

// By hand, the slope at the fifth of these is (2(0.9 − 4) + 1 − 3.9)/10 = −0.91, at the
// sixth (2(0.8 − 3.9) + 0.9 − 3)/10 = −0.83, and less elsewhere; the eighth is the lowest.
func TestSweepJudges(t *testing.T) {
	s := Sweeping{}
	for i, v := range []float64{4, 4, 4, 3.9, 3, 1, 0.9, 0.8, 2, 5} {
		s.Points = append(s.Points, SweepPoint{Rate: float64(i), Smoothed: v})
	}
	s.judge()
	if s.Suggestion != 4 || s.Least != 7 {
		t.Errorf("suggestion %v, least %v, want 4 and 7", s.Suggestion, s.Least)
	}
	rising := Sweeping{}
	for i := range 10 {
		rising.Points = append(rising.Points, SweepPoint{Rate: float64(i), Smoothed: float64(i)})
	}
	rising.judge()
	(&Sweeping{}).judge() // no point
	if rising.Suggestion != 0 || rising.Least != 0 {
		t.Errorf("of a loss that rises: %v, %v", rising.Suggestion, rising.Least)
	}
}

// The losses of a sweep are those of Fits of one step each at its rates, over the same
// batches; the weights stay.
func TestSweep(t *testing.T) {
	train := randomSet(1, 20, 5, 3) // one batch: no other order
	check := func(t *testing.T, eng device.Engine) {
		net := newNetwork(t, resumeNet)
		before := net.clone()
		tr := open(t, net, eng)
		c := Config{BatchSize: 20, Seed: 7, Schedule: Schedule{Name: ScheduleCosine}, Stop: Stopping{Steps: 1}}
		found, err := tr.Sweep(context.Background(), train, c, Sweep{From: 1e-3, To: 10, Steps: 17})
		if err != nil {
			t.Fatal(err)
		}
		if kept, err := tr.read(); err != nil || !kept || !sameBits(net, before) {
			t.Errorf("other weights afterwards (%v)", err)
		}
		sum := 0.0
		for i, p := range found.Points {
			if want := math.Pow(10, -3+float64(i)/4); math.Abs(p.Rate-want) > 1e-12*want {
				t.Errorf("step %d: rate %v, want %v", i, p.Rate, want)
			}
			h, err := tr.Fit(context.Background(), train, nil, Config{Epochs: 1, BatchSize: 20, Rate: p.Rate})
			if err != nil {
				t.Fatal(err)
			}
			// another order of the same 20 losses, and of the sums over them: 20 roundings each
			if got := h.Last().Loss; math.Abs(got-p.Loss) > 1e-4*got {
				t.Errorf("step %d: loss %v, one by one %v", i, p.Loss, got)
			}
			sum = 0.9*sum + 0.1*p.Loss
			if want := sum / (1 - math.Pow(0.9, float64(i+1))); math.Abs(p.Smoothed-want) > 1e-12 {
				t.Errorf("step %d: smoothed %v, want %v", i, p.Smoothed, want)
			}
		}
		if found.Suggestion <= 1e-3 || found.Suggestion >= found.Least {
			t.Errorf("suggestion %v, least %v", found.Suggestion, found.Least)
		}
	}
	t.Run("reference", func(t *testing.T) { check(t, device.OpenReference()) })
	t.Run("OpenCL", func(t *testing.T) { check(t, openOpenCL(t)) })
}

// Rates far too high end a sweep; what is kept is finite, and so are the weights.
func TestSweepDiverges(t *testing.T) {
	n := resumeNet
	n.Hidden = device.Linear
	net := newNetwork(t, n)
	tr := open(t, net, device.OpenReference())
	found, err := tr.Sweep(context.Background(), randomSet(1, 23, 5, 3), Config{BatchSize: 5}, Sweep{From: 1e-3, To: 1e6})
	if err != nil || !found.Diverged || len(found.Points) == 100 ||
		slices.ContainsFunc(found.Points, func(p SweepPoint) bool { return !finite(p.Smoothed) }) {
		t.Errorf("%+v, %v", found, err)
	}
	if kept, err := tr.read(); err != nil || !kept {
		t.Error("weights are not finite afterwards", err)
	}
}

func TestSweepRefuses(t *testing.T) {
	tr := open(t, newNetwork(t, resumeNet), device.OpenReference())
	for text, s := range map[string]Sweep{
		"from 1 to 0.5": {From: 1, To: 0.5}, "from NaN": {From: math.NaN()}, "of 9 steps": {Steps: 9},
	} {
		if _, err := tr.Sweep(context.Background(), randomSet(1, 23, 5, 3), Config{}, s); err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("%+v: %v, want %q", s, err, text)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := tr.Sweep(ctx, randomSet(1, 23, 5, 3), Config{}, Sweep{}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
