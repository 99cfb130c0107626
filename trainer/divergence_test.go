package trainer

import (
	"context"
	"errors"
	"math"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/clprop/clprop/device"
	"github.com/clprop/clprop/trainer/data"
)

// spoil sets bits of a weight of a layer on the device.
func spoil(t *testing.T, tr *Trainer, layer int, bits uint32) {
	t.Helper()
	size := tr.net.shapes()[layer]
	w, b := make([]float32, size.Out*size.In), make([]float32, size.Out)
	if err := tr.eng.ReadParameters(w, b, tr.dev.theta, layer); err != nil {
		t.Fatal(err)
	}
	w[len(w)/2] = math.Float32frombits(math.Float32bits(w[len(w)/2]) | bits)
	if err := tr.eng.WriteParameters(tr.dev.theta, layer, w, b); err != nil {
		t.Fatal(err)
	}
}

// Whatever makes numbers infinite is caught: a value in the data, a bit of a weight
// and a rate. The error says in which epoch, by which step and in which layer, and
// what to do; weights and checkpoints are those from before.
func TestWhatIsNotFiniteIsCaught(t *testing.T) {
	for name, c := range map[string]struct {
		rate  float64
		data  func(*data.Set)
		step  func(*testing.T, *Trainer, Progress)
		texts []string
	}{
		"rate": {rate: 1e30, texts: []string{"epoch 1: ", " of 8; ", "first weight that is not finite is in Θ(1), 5 to 7 units", "try a rate below 1e+30"}},
		"data": {rate: 0.1, data: func(s *data.Set) { s.X[5*17+3] = float32(math.NaN()) },
			texts: []string{"epoch 1: ", "loss is NaN by step", " of 8; ", "Θ(1), 5 to 7 units", "feature 3 of training example 17 is NaN"}},
		"label": {rate: 0.1, data: func(s *data.Set) { s.Y[3*2+1] = float32(math.Inf(1)) },
			texts: []string{"epoch 1: ", " of 8; ", "Θ(", "label 1 of training example 2 is +Inf"}},
		// The first bit of the exponent, a factor of 2¹²⁸: products of two such overflow.
		"weight": {rate: 0.1, step: func(t *testing.T, tr *Trainer, p Progress) {
			if p.Epoch == 2 && p.Step == 3 {
				spoil(t, tr, 0, 0x40000000)
			}
		}, texts: []string{"epoch 2: ", " by step ", " of 8; ", "Θ(", "keeps the weights of epoch 1"}},
	} {
		t.Run(name, func(t *testing.T) {
			set, folder := randomSet(1, 32, 5, 3), t.TempDir()
			if c.data != nil {
				c.data(set)
			}
			net := newNetwork(t, NetworkConfig{Sizes: []int{5, 7, 3}, Hidden: device.Linear, Seed: 1})
			tr := open(t, net, device.OpenReference())
			config := Config{Epochs: 3, BatchSize: 4, Rate: c.rate, Interval: 1, // looks after every step
				Checkpoints: &Checkpoints{Folder: folder, Every: Every{Steps: 1}}}
			config.OnBatch = func(p Progress) {
				if c.step != nil {
					c.step(t, tr, p)
				}
			}
			_, err := tr.Fit(context.Background(), set, nil, config)
			if !errors.Is(err, ErrDiverged) {
				t.Fatalf("error %v", err)
			}
			for _, text := range c.texts {
				if !strings.Contains(err.Error(), text) {
					t.Errorf("error %q without %q", err, text)
				}
			}
			if err := net.Check(); err != nil {
				t.Error(err)
			}
			list, err := places(folder)
			if err != nil || len(list) == 0 {
				t.Fatal(list, err)
			}
			for _, p := range list {
				if _, err := LoadSnapshot(filepath.Join(folder, p.name())); err != nil { // Check refuses what is not finite
					t.Error(err)
				}
			}
		})
	}
}

// Units that saturate keep the loss of weights as large as 1e30 finite, whose squares are not:
// the end of the epoch finds that on each engine, and which layer it is.
func TestWeightsTooLargeAreCaught(t *testing.T) {
	eachEngine(t, func(t *testing.T, eng device.Engine) {
		for _, hidden := range []device.Activation{device.Sigmoid, device.Tanh} {
			net := newNetwork(t, NetworkConfig{Sizes: []int{5, 7, 3}, Hidden: hidden, Seed: 1})
			before := net.clone()
			_, err := open(t, net, eng).Fit(context.Background(), randomSet(1, 32, 5, 3), nil, Config{Epochs: 3, BatchSize: 32, Rate: 1e30})
			if !errors.Is(err, ErrDiverged) || !sameBits(net, before) {
				t.Fatalf("%s: error %v", hidden, err)
			}
			for _, text := range []string{"epoch 1: ", "the squares of the weights add up to more than float32 holds after its 1 steps; all weights are finite, the largest is ", "e+29, in Θ(2), 7 to 3 units"} {
				if !strings.Contains(err.Error(), text) {
					t.Errorf("%s: error %q without %q", hidden, err, text)
				}
			}
		}
	})
}

// reloadConfig trains with moments, and looks after every step.
func reloadConfig() Config {
	return Config{Epochs: 4, BatchSize: 4, Rate: 0.01, Optimizer: Optimizer{Name: "adam"}, Interval: 1,
		OnDivergence: DivergenceReload}
}

// A passing fault costs the epoch that it was in: training goes back to the end of
// the one before and ends with the bits of a training whose rate was halved there.
func TestReload(t *testing.T) {
	train, validation := randomSet(1, 30, 5, 3), randomSet(2, 9, 5, 3)
	n := NetworkConfig{Sizes: []int{5, 7, 3}, Hidden: device.Tanh, Seed: 1}
	half := func(rate float64, epoch int) float64 { // by a schedule: epochs 1 and 2, and then half
		if epoch > 2 {
			return rate / 2
		}
		return rate
	}
	want := newNetwork(t, n)
	plain := reloadConfig()
	plain.Schedule = Schedule{Name: ScheduleStep, Factor: 0.5, Every: 2}
	wanted, err := open(t, want, device.OpenReference()).Fit(context.Background(), train, validation, plain)
	if err != nil {
		t.Fatal(err)
	}
	net, c, folder := newNetwork(t, n), reloadConfig(), t.TempDir()
	tr := open(t, net, device.OpenReference())
	c.Checkpoints = &Checkpoints{Folder: folder, Every: Every{Steps: 3}, Keep: 100}
	spoiled := false
	c.OnBatch = func(p Progress) {
		if p.Epoch == 3 && p.Step == 5 && !spoiled {
			spoiled = true
			spoil(t, tr, 1, 0x7fc00000) // NaN
		}
	}
	var told []Reload
	c.OnReload = func(r Reload) { told = append(told, r) }
	history, err := tr.Fit(context.Background(), train, validation, c)
	if err != nil {
		t.Fatal(err)
	}
	if len(told) != 1 || told[0].Epoch != 3 || told[0].Number != 1 || told[0].Rate != 0.005 || !errors.Is(told[0].Cause, ErrDiverged) {
		t.Errorf("told %+v", told)
	}
	for i, e := range history.Epochs {
		if w := wanted.Epochs[i]; e.Epoch != w.Epoch || e.Loss != w.Loss || e.ValLoss != w.ValLoss || e.Rate != half(0.01, e.Epoch) {
			t.Errorf("%+v, want %+v", e, w)
		}
	}
	if !sameBits(net, want) {
		t.Error("other weights")
	}
	s, _, _, err := Recover(folder)
	if err != nil || s.Reloads != 1 {
		t.Errorf("the newest checkpoint has %+v (%v)", s, err)
	}
}

// Squares of gradients that are beyond float32 make a moment infinite, and the steps of its weights 0: the
// weights are finite, and yet the network keeps those of before, for which there are moments.
func TestInfiniteMomentKeepsWeights(t *testing.T) {
	train := randomSet(1, 30, 5, 3)
	for i := range train.X {
		train.X[i] *= 1e22
	}
	net := newNetwork(t, NetworkConfig{Sizes: []int{5, 3}, Seed: 1})
	before, c := net.clone(), reloadConfig()
	c.Epochs = 1
	_, err := open(t, net, device.OpenReference()).Fit(t.Context(), train, nil, c)
	if !errors.Is(err, ErrDiverged) || !strings.Contains(err.Error(), "is not finite, first in Θ(1)") {
		t.Fatalf("error %v", err)
	}
	if !sameBits(net, before) {
		t.Error("the network has other weights than before")
	}
}

// A loss that is not finite is no end to be content with, where the last step is in the midst of an epoch either.
// Squares of 1e30 are beyond the float32 of a device, and not the float64 of the reference.
func TestLastStepIsLookedAt(t *testing.T) {
	train := randomSet(1, 30, 5, 3)
	for i := range train.Y {
		train.Y[i] = 1e30
	}
	eachEngine(t, func(t *testing.T, eng device.Engine) {
		net := newNetwork(t, NetworkConfig{Sizes: []int{5, 3}, Loss: device.MeanSquaredError, Seed: 1})
		c := Config{Epochs: 2, BatchSize: 4, Rate: 1e-30, Interval: time.Hour, Checkpoints: &Checkpoints{Folder: t.TempDir()}}
		c.Stop.Steps = 1
		_, err := open(t, net, eng).Fit(t.Context(), train, nil, c)
		if diverged := errors.Is(err, ErrDiverged) && strings.Contains(err.Error(), "by step 1;"); diverged != eng.Info().OpenCL() {
			t.Errorf("error %v", err)
		}
	})
}

// A fault that comes again and again ends training after three reloads, each at
// half the rate; one in the data at once, since no rate helps.
func TestReloadGivesUp(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(*data.Set)
		rates []float64
		text  string
	}{
		"rate": {nil, []float64{5e29, 2.5e29, 1.25e29}, "gone back to 3 times"},
		"data": {func(s *data.Set) { s.X[7] = float32(math.NaN()) }, nil, "feature 2 of training example 1 is NaN"},
	} {
		t.Run(name, func(t *testing.T) {
			set := randomSet(1, 30, 5, 3)
			if c.spoil != nil {
				c.spoil(set)
			}
			net, folder := newNetwork(t, NetworkConfig{Sizes: []int{5, 7, 3}, Hidden: device.Linear, Seed: 1}), t.TempDir()
			before := net.clone()
			config := reloadConfig()
			config.Optimizer, config.Rate = Optimizer{Name: "momentum"}, 1e30
			config.Checkpoints = &Checkpoints{Folder: folder}
			var rates []float64
			config.OnReload = func(r Reload) { rates = append(rates, r.Rate) }
			_, err := open(t, net, device.OpenReference()).Fit(context.Background(), set, nil, config)
			if !errors.Is(err, ErrDiverged) || !strings.Contains(err.Error(), c.text) {
				t.Errorf("error %v", err)
			}
			if len(rates) != len(c.rates) || (len(rates) > 0 && (rates[0] != c.rates[0] || rates[2] != c.rates[2])) {
				t.Errorf("rates %v, want %v", rates, c.rates)
			}
			if !sameBits(net, before) {
				t.Error("the weights before are lost")
			}
			if s, _, _, err := Recover(folder); err != nil || s.Reloads != len(c.rates) || !sameBits(s.Network, before) {
				t.Errorf("the newest checkpoint has %+v (%v)", s, err)
			}
		})
	}
}
