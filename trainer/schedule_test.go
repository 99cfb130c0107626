package trainer

import (
	"context"
	"math"
	"testing"

	"github.com/clprop/clprop/device"
	"github.com/clprop/clprop/trainer/data"
)

func TestScheduleRate(t *testing.T) {
	// cos 0 = 1, cos(π/3) = ½, cos(π/2) = 0, cos(2π/3) = −½: by hand.
	for _, c := range []struct {
		schedule Schedule
		t, T     int
		want     float64
	}{
		{ScheduleConstant, 0, 6, 0.8}, {ScheduleConstant, 5, 6, 0.8},
		{ScheduleCosine, 0, 6, 0.8}, {ScheduleCosine, 2, 6, 0.6}, {ScheduleCosine, 3, 6, 0.4}, {ScheduleCosine, 4, 6, 0.2},
	} {
		// three roundings of numbers below 2
		if got := c.schedule.rate(0.8, c.t, c.T); math.Abs(got-c.want) > 6*0x1p-53 {
			t.Errorf("%s, step %d of %d: rate %v, want %v", c.schedule, c.t, c.T, got, c.want)
		}
	}
}

// TestFitFollowsSchedule compares one Fit with a schedule with single-epoch Fits
// at the rates that the formula gives: with one step an epoch they are the same.
func TestFitFollowsSchedule(t *testing.T) {
	set := &data.Set{X: []float32{0, 0, 0, 1, 1, 0, 1, 1}, Y: []float32{1, 0, 0, 1, 0, 1, 1, 0}, Rows: 4, Features: 2, Outputs: 2}
	const epochs = 5
	trained := func(fit func(*Trainer)) *Network {
		net, err := NewNetwork(NetworkConfig{Sizes: []int{2, 3, 2}, Seed: 7})
		if err != nil {
			t.Fatal(err)
		}
		eng := device.OpenReference()
		defer eng.Close()
		tr, err := New(net, eng)
		if err != nil {
			t.Fatal(err)
		}
		defer tr.Close()
		fit(tr)
		return net
	}
	fit := func(tr *Trainer, c Config) *History {
		h, err := tr.Fit(context.Background(), set, nil, c)
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	whole := trained(func(tr *Trainer) {
		h := fit(tr, Config{Epochs: epochs, BatchSize: 4, Rate: 0.5, Schedule: ScheduleCosine})
		for i, e := range h.Epochs {
			if want := 0.25 * (1 + math.Cos(math.Pi*float64(i)/epochs)); math.Abs(e.Rate-want) > 1e-15 {
				t.Errorf("epoch %d: rate %v, want %v", e.Epoch, e.Rate, want)
			}
		}
	})
	single := trained(func(tr *Trainer) {
		for i := range epochs {
			fit(tr, Config{Epochs: 1, BatchSize: 4, Rate: 0.25 * (1 + math.Cos(math.Pi*float64(i)/epochs))})
		}
	})
	for l := range whole.Layers {
		for i, w := range whole.Layers[l].W {
			if w != single.Layers[l].W[i] {
				t.Fatalf("layer %d, weight %d: %v, step by step %v", l, i, w, single.Layers[l].W[i])
			}
		}
	}
	if _, err := (Config{Schedule: "sideways"}).withDefaults(); err == nil {
		t.Error("an unknown schedule is accepted")
	}
}
