package trainer

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/clprop/clprop/cpuref"
	"github.com/clprop/clprop/device"
)

// shapingConfigs have what changes D before the optimizer or Θ after it, each strong enough
// that most of D or Θ is cut: then nothing is left of how far off D is.
var shapingConfigs = map[string]Config{
	"nothing":    {},
	"l2":         {Lambda: 0.3},
	"l1":         {Regularizers: Regularizers{L1: 0.1}},
	"clip-value": {Regularizers: Regularizers{ClipValue: 0.001}},
	"clip-norm":  {Regularizers: Regularizers{ClipNorm: 0.01}},
	"max-norm":   {Regularizers: Regularizers{MaxNorm: 0.5}},
	"all":        {Lambda: 0.3, Regularizers: Regularizers{L1: 0.1, ClipValue: 0.1, ClipNorm: 0.2, MaxNorm: 0.5}},
}

// Every optimizer with each way to change D and Θ keeps the bounds in each step of small
// batches, where the moments of some weights are about to change their sign.
func TestVerifyAgreesOnUpdates(t *testing.T) {
	eachEngine(t, func(t *testing.T, eng device.Engine) {
		for shaping, c := range shapingConfigs {
			for i, o := range Optimizers() {
				for _, batch := range []int{1, 2, 6} {
					c.Epochs, c.BatchSize, c.VerifyEvery, c.Seed = 3, batch, 1, uint64(i)
					c.Optimizer.Name, c.Resident = o, ResidentYes
					n := NetworkConfig{Sizes: []int{40, 33, 3}, Hidden: []device.Activation{device.SELU, device.Tanh}[i%2], Seed: uint64(i)}
					_, err := open(t, newNetwork(t, n), eng).Fit(context.Background(), randomSet(uint64(i), 24, 40, 3), nil, c)
					if err != nil {
						t.Errorf("%s, %s, batches of %d: %v", shaping, o, batch, err)
					}
				}
			}
		}
	})
}

// nudge is an engine whose update of one weight of Θ(2), the one that a step changes most, goes
// a part in a thousand too far, in every step.
type nudge struct{ device.Engine }

func (e nudge) Prepare(ops ...device.Op) (device.Plan, error) {
	plan, err := e.Engine.Prepare(ops...)
	for _, op := range ops {
		if o, ok := op.(device.Gradient); ok && err == nil {
			return nudged{plan, e, o.Theta}, nil
		}
	}
	return plan, err
}

type nudged struct {
	device.Plan
	e     nudge
	theta device.Parameters
}

func (p nudged) Run() error {
	s := p.theta.Shapes()[1]
	before, after, b := make([]float32, s.In*s.Out), make([]float32, s.In*s.Out), make([]float32, s.Out)
	if err := p.e.ReadParameters(before, b, p.theta, 1); err != nil {
		return err
	}
	if err := p.Plan.Run(); err != nil {
		return err
	}
	if err := p.e.ReadParameters(after, b, p.theta, 1); err != nil {
		return err
	}
	most := 0
	for i := range after {
		if math.Abs(float64(after[i]-before[i])) > math.Abs(float64(after[most]-before[most])) {
			most = i
		}
	}
	after[most] += (after[most] - before[most]) / 1000
	return p.e.WriteParameters(p.theta, 1, after, b)
}

// No bound hides a weight that is off by a part in a thousand of its step, whatever cuts D
// or Θ. The rates make that part some hundred times the rounding of a weight.
func TestVerifyFindsWrongUpdates(t *testing.T) {
	rates := map[string]float64{"sgd": 10, "momentum": 10, "nesterov": 10, "lion": 0.1}
	eachEngine(t, func(t *testing.T, eng device.Engine) {
		for shaping, c := range shapingConfigs {
			for i, o := range Optimizers() {
				c.Epochs, c.BatchSize, c.VerifyEvery, c.Seed = 1, 6, 1, uint64(i)
				c.Optimizer.Name, c.Resident, c.Rate = o, ResidentYes, 0.1
				if rate := rates[o]; rate > 0 {
					c.Rate = rate
				}
				n := NetworkConfig{Sizes: []int{40, 33, 3}, Hidden: device.Tanh, Seed: uint64(i)}
				_, err := open(t, newNetwork(t, n), nudge{eng}).Fit(context.Background(), randomSet(uint64(i), 24, 40, 3), nil, c)
				var d *Disagreement
				if !errors.As(err, &d) || d.Step != 1 || d.Operation != "accumulate, gradient and update, layer 2, weights" {
					t.Errorf("%s, %s: error %v", shaping, o, err)
				}
			}
		}
	})
}

// Many squares one after another, which a device adds in float32, are off by more than the
// few roundings of the rest.
func TestVerifyAgreesOnLongSums(t *testing.T) {
	eachEngine(t, func(t *testing.T, eng device.Engine) {
		for name, r := range map[string]Regularizers{"max-norm": {MaxNorm: 0.3}, "clip-norm": {ClipNorm: 1e-3}} {
			c := Config{Epochs: 1, BatchSize: 2, VerifyEvery: 1, Regularizers: r, Rate: 0.5, Resident: ResidentYes}
			n := NetworkConfig{Sizes: []int{3000, 20, 3}, Seed: 1}
			if _, err := open(t, newNetwork(t, n), eng).Fit(context.Background(), randomSet(1, 8, 3000, 3), nil, c); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

// What float32 cannot hold is a divergence with verified steps as it is without: in the way
// forward, the loss, the way back and the update; the weights before are kept.
func TestVerifyTellsDivergence(t *testing.T) {
	eachEngine(t, func(t *testing.T, eng device.Engine) {
		for i, o := range Optimizers() {
			for k, rate := range []float64{1e6, 1e12, 1e30} {
				n := NetworkConfig{Sizes: []int{5, 7, 6, 3}, Seed: uint64(i),
					Hidden: []device.Activation{device.Linear, device.ReLU, device.Tanh}[(i+k)%3],
					Loss:   []device.Loss{device.SoftmaxCrossEntropy, device.MeanSquaredError}[(i+k/2)%2]}
				c := Config{Epochs: 8, BatchSize: 4, Rate: rate, Lambda: 0.1, Optimizer: Optimizer{Name: o}}
				set := randomSet(1, 24, 5, 3)
				_, plain := open(t, newNetwork(t, n), eng).Fit(context.Background(), set, nil, c)
				net := newNetwork(t, n)
				before := net.clone()
				c.VerifyEvery = 1
				_, err := open(t, net, eng).Fit(context.Background(), set, nil, c)
				if errors.Is(err, ErrDisagree) || errors.Is(err, ErrDiverged) != errors.Is(plain, ErrDiverged) {
					t.Errorf("%s, %s, %s, rate %v: error %v, without verifying %v", o, n.Hidden, n.Loss, rate, err, plain)
				}
				if err != nil && strings.Contains(err.Error(), "that training began with") && !sameBits(net, before) {
					t.Errorf("%s, %s, %s, rate %v: the weights before are lost", o, n.Hidden, n.Loss, rate)
				}
			}
		}
	})
}

// The squares of what is normalised may be beyond float32 where neither that nor what comes of
// it is, and Δ where D is clipped: training goes on or not as it does without verifying.
func TestVerifyAgreesBeyondFloat32(t *testing.T) {
	eachEngine(t, func(t *testing.T, eng device.Engine) {
		for _, scale := range []float32{1e20, 1e25, 1e37} {
			set := randomSet(1, 24, 5, 3)
			for i := range set.X {
				set.X[i] *= scale
			}
			for _, norm := range []Norm{NormNone, BatchNorm, LayerNorm} {
				for _, r := range []Regularizers{{}, {ClipValue: 0.1}, {ClipNorm: 0.1}, {MaxNorm: 1}} {
					n := NetworkConfig{Sizes: []int{5, 7, 3}, Norm: norm, Seed: 1}
					c := Config{Epochs: 2, BatchSize: 8, Regularizers: r}
					_, plain := open(t, newNetwork(t, n), eng).Fit(context.Background(), set, nil, c)
					c.VerifyEvery = 1
					_, err := open(t, newNetwork(t, n), eng).Fit(context.Background(), set, nil, c)
					if errors.Is(err, ErrDisagree) || errors.Is(err, ErrDiverged) != errors.Is(plain, ErrDiverged) {
						t.Errorf("%v, %s, %+v: error %v, without verifying %v", scale, norm, r, err, plain)
					}
				}
			}
		}
	})
}

// Of numbers below 2⁻¹²⁶ a device keeps few digits or none, and a sign makes a whole step of it.
func TestVerifyAgreesOnTinyNumbers(t *testing.T) {
	eachEngine(t, func(t *testing.T, eng device.Engine) {
		for _, o := range Optimizers() {
			set := randomSet(1, 24, 5, 3)
			for i := range set.X {
				set.X[i] *= 1e-44
			}
			c := Config{Epochs: 1, BatchSize: 4, VerifyEvery: 1, Optimizer: Optimizer{Name: o}, Regularizers: Regularizers{ClipNorm: 1}}
			if _, err := open(t, newNetwork(t, NetworkConfig{Sizes: []int{5, 7, 3}, Seed: 1}), eng).Fit(context.Background(), set, nil, c); err != nil {
				t.Errorf("%s: %v", o, err)
			}
		}
	})
}

// A divergence that a verified step finds is gone back from, too.
func TestVerifyReloads(t *testing.T) {
	var told []Reload
	c := Config{Epochs: 2, BatchSize: 5, Rate: 1e30, VerifyEvery: 1, OnDivergence: DivergenceReload, OnReload: func(r Reload) { told = append(told, r) }}
	n := NetworkConfig{Sizes: []int{6, 8, 3}, Hidden: cpuref.Linear, Seed: 1}
	_, err := open(t, newNetwork(t, n), device.OpenReference()).Fit(context.Background(), randomSet(1, 23, 6, 3), nil, c)
	if !errors.Is(err, ErrDiverged) || errors.Is(err, ErrDisagree) || len(told) != maxReloads {
		t.Errorf("error %v after %d reloads", err, len(told))
	}
}

// What is not a number where the reference is far below what float32 holds is a fault, and
// no divergence.
func TestVerifyFindsWhatIsNotANumber(t *testing.T) {
	for name, pick := range map[string]func(device.Op) any{
		"forward, layer 2": func(op device.Op) any {
			if o, ok := op.(device.Forward); ok && o.Layer == 1 {
				return o.Out
			}
			return nil
		},
		"accumulate, gradient and update, layer 2, weights": func(op device.Op) any {
			if o, ok := op.(device.Adam); ok {
				return o.Theta
			}
			return nil
		},
	} {
		for _, value := range []float64{math.NaN(), math.Inf(1)} {
			eng := &tamper{Engine: device.OpenReference(), t: t, from: 8, pick: pick, add: float32(value)}
			err := verifying(t, eng, NetworkConfig{Sizes: []int{6, 8, 7, 3}, Seed: 1}, func(c *Config) {
				c.Optimizer.Name, c.Resident, c.BatchSize = "adam", ResidentYes, 4
			})
			var d *Disagreement
			if !errors.As(err, &d) || errors.Is(err, ErrDiverged) || d.Operation != name || d.Epoch != 2 || d.Step != 2 {
				t.Errorf("%s, %v: error %v", name, value, err)
			}
		}
	}
}

// What is not finite before a verified step, a weight or an example, is no fault of the step.
func TestVerifyTellsWhatWasNotFinite(t *testing.T) {
	for _, c := range []struct{ x, text string }{
		{"weight", "a weight is not finite in step 3 of 6; the first weight that is not finite is in Θ(1), 6 to 8 units"},
		{"example", "feature 3 of training example 17 is NaN"},
	} {
		set, net := randomSet(1, 24, 6, 3), newNetwork(t, NetworkConfig{Sizes: []int{6, 8, 3}, Hidden: device.ReLU, Seed: 1})
		tr := open(t, net, device.OpenReference())
		config := Config{Epochs: 1, BatchSize: 4, Interval: 1, VerifyEvery: 3}
		if c.x == "example" {
			set.X[6*17+3] = float32(math.NaN())
			config.VerifyEvery = 1
		} else {
			config.OnBatch = func(p Progress) {
				if p.Step == 2 {
					spoil(t, tr, 0, 0x7fc00000)
				}
			}
		}
		if _, err := tr.Fit(context.Background(), set, nil, config); !errors.Is(err, ErrDiverged) || !strings.Contains(err.Error(), c.text) {
			t.Errorf("%s: error %v", c.x, err)
		}
	}
}
