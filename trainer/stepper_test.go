package trainer_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/clprop/clprop/device"
	"github.com/clprop/clprop/trainer"
	"github.com/clprop/clprop/trainer/data"
)

// stepperNet is a new net of the same bits each time.
func stepperNet(t *testing.T) *trainer.Network {
	t.Helper()
	net, err := trainer.NewNetwork(trainer.NetworkConfig{Sizes: []int{64, 7, 10}, Hidden: device.Tanh, Seed: 3})
	if err != nil {
		t.Fatal(err)
	}
	return net
}

// stepperSet is the first n of the embedded digits.
func stepperSet(t *testing.T, n int) *data.Set {
	t.Helper()
	digits, _, err := data.Digits()
	if err != nil {
		t.Fatal(err)
	}
	rows := make([]int, n)
	for i := range rows {
		rows[i] = i
	}
	return digits.Subset(rows)
}

// The steps of a Stepper are those of Fit: the same weights, bit for bit, on the
// same engine, and whether the examples are resident or streamed.
func TestStepperIsFit(t *testing.T) {
	set := stepperSet(t, 60)
	for _, resident := range []trainer.Resident{trainer.ResidentYes, trainer.ResidentNo} {
		config := trainer.Config{Epochs: 1, BatchSize: 20, Rate: 0.5, Lambda: 0.1, Seed: 9, Resident: resident}
		want := stepperNet(t)
		fitted, err := trainer.New(want, device.OpenReference())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := fitted.Fit(context.Background(), set, nil, config); err != nil {
			t.Fatal(err)
		}

		got, eng := stepperNet(t), device.OpenReference()
		before := slices.Clone(got.Layers[0].W)
		s, err := trainer.NewStepper(got, eng, set, config)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range []int{1, 2} { // three steps are the epoch
			if err := s.Run(n); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Sync(); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got.Layers[0].W, before) {
			t.Errorf("resident %s: the network changed before Read", resident)
		}
		if err := s.Read(); err != nil {
			t.Fatal(err)
		}
		for l := range want.Layers {
			if !slices.Equal(got.Layers[l].W, want.Layers[l].W) || !slices.Equal(got.Layers[l].B, want.Layers[l].B) {
				t.Errorf("resident %s: layer %d differs from that of Fit", resident, l)
			}
		}
		s.Close()
		s.Close()
		if held := eng.Counters().Allocated; held != 0 {
			t.Errorf("resident %s: %d bytes held after Close", resident, held)
		}
	}
}

func TestStepperRefuses(t *testing.T) {
	set := stepperSet(t, 10)
	for _, c := range []struct {
		name   string
		set    *data.Set
		config trainer.Config
		want   error
		text   string
	}{
		{"no set", nil, trainer.Config{}, trainer.ErrData, "no examples"},
		{"less than a batch", set, trainer.Config{BatchSize: 11}, trainer.ErrData, "10 examples are no batch of 11"},
		{"a bad rate", set, trainer.Config{Rate: -1}, nil, "learning rate is -1"},
		{"no steps", set, trainer.Config{Optimizer: trainer.Optimizer{Name: "lbfgs"}}, nil, "lbfgs has no steps of one batch"},
	} {
		eng := device.OpenReference()
		_, err := trainer.NewStepper(stepperNet(t), eng, c.set, c.config)
		if err == nil || !strings.Contains(err.Error(), c.text) || (c.want != nil && !errors.Is(err, c.want)) {
			t.Errorf("%s: error is %v", c.name, err)
		}
		if held := eng.Counters().Allocated; held != 0 {
			t.Errorf("%s: %d bytes held after the error", c.name, held)
		}
	}
}

// 2·b·in·out for each product. 3-4-2, b = 5: forward 120 + 80, accumulate the
// same, hidden delta of the second layer 80.
func TestStepFLOPs(t *testing.T) {
	net, err := trainer.NewNetwork(trainer.NetworkConfig{Sizes: []int{3, 4, 2}})
	if err != nil {
		t.Fatal(err)
	}
	if got := net.StepFLOPs(5); got != 120+80+120+80+80 {
		t.Errorf("3-4-2, batch 5: %v FLOPs, want 480", got)
	}
}

// A step allocates what a call of OpenCL does through purego v0.11.3, the list of its
// arguments, once: for each launch, for the two gathers' places in the order of rows, for
// the flush, and with Adam for the rate and the two corrections of each of two layers.
// Nothing in trainer or device allocates.
func TestStepAllocations(t *testing.T) {
	eng, err := device.Open("auto")
	if err != nil {
		t.Fatal(err)
	}
	defer eng.Close()
	if !eng.Info().OpenCL() {
		t.Skip("the reference has its own test")
	}
	for _, c := range []struct {
		optimizer string
		changing  int
	}{{"sgd", 2}, {"adam", 2 + 3*2}} {
		s, err := trainer.NewStepper(stepperNet(t), eng, stepperSet(t, 60),
			trainer.Config{BatchSize: 20, Optimizer: trainer.Optimizer{Name: c.optimizer}})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Run(3); err != nil { // the functions of the library are looked up
			t.Fatal(err)
		}
		n := testing.AllocsPerRun(50, func() {
			if err := s.Run(1); err != nil {
				t.Fatal(err)
			}
		})
		if most := s.Launches() + c.changing + 1; n > float64(most) {
			t.Errorf("%s: %v allocations a step, want at most %d with %d launches", c.optimizer, n, most, s.Launches())
		}
		if err := s.Sync(); err != nil {
			t.Fatal(err)
		}
		s.Close()
	}
}
