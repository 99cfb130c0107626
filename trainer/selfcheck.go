package trainer

import (
	"context"
	"fmt"

	"github.com/clprop/clprop/cpuref"
	"github.com/clprop/clprop/device"
	"github.com/clprop/clprop/trainer/data"
)

// selfChecks are the trainings of a thorough SelfCheck: one for each activation of hidden units, and
// among them every loss, optimizer, regularizer and normalisation; then one wide enough for the kernels
// that small networks do without.
func selfChecks() []selfCheck {
	var list []selfCheck
	losses, optimizers := cpuref.Losses(), Optimizers()
	for i, hidden := range cpuref.HiddenActivations() {
		check := selfCheck{
			net: NetworkConfig{Sizes: []int{6, 16, 3}, Hidden: hidden, Loss: losses[i%len(losses)], Seed: uint64(i),
				Norm: []Norm{NormNone, BatchNorm, LayerNorm}[i%3]},
			config: Config{Epochs: 1, BatchSize: 16, VerifyEvery: 1, Lambda: 0.1},
			rows:   16,
		}
		check.config.Optimizer.Name = optimizers[i%len(optimizers)]
		check.config.Resident = []Resident{ResidentYes, ResidentNo}[i%2]
		if i%3 == 0 {
			check.config.Regularizers = Regularizers{L1: 0.01, ClipValue: 0.5, ClipNorm: 1, MaxNorm: 2, Average: 0.9, Dropout: 0.5, InputDropout: 0.25}
		}
		if i%3 == 1 && check.net.Loss != device.Hinge {
			check.config.Augment = Augment{Shift: 1, Flip: true, Noise: 0.1, Mixup: 0.4, Image: device.ImageShape{Height: 3, Width: 2, Channels: 1}}
		}
		list = append(list, check)
	}
	return append(list, selfCheck{
		net:    NetworkConfig{Sizes: []int{1100, 33, 130, 5}, Seed: 1},
		config: Config{Epochs: 1, BatchSize: 33, VerifyEvery: 1},
		rows:   40, weighted: true, // a batch, and a small one
	})
}

type selfCheck struct {
	net      NetworkConfig
	config   Config
	rows     int
	weighted bool // the examples have weights
}

// SelfCheck says whether a device can be trusted: it trains a small network for a step, and
// compares each operation with the reference in float64, as Config.VerifyEvery does. If
// thorough, it goes on with more networks, which together have every activation, loss,
// optimizer, regularizer and normalisation. It returns how many networks passed. The error is what was
// wrong with the next one: a kernel that does not compile, a *Disagreement, a device that is
// lost, or the end of ctx.
func SelfCheck(ctx context.Context, eng device.Engine, thorough bool) (passed int, err error) {
	list := []selfCheck{{
		net:    NetworkConfig{Sizes: []int{6, 16, 3}, Seed: 1},
		config: Config{Epochs: 1, BatchSize: 16, VerifyEvery: 1, Lambda: 0.1},
		rows:   16,
	}}
	if thorough {
		list = append(list, selfChecks()...)
	}
	for _, check := range list {
		if err := check.run(ctx, eng); err != nil {
			return passed, fmt.Errorf("self-check, a network %v: %w", check.net.Sizes, err)
		}
		passed++
	}
	return passed, nil
}

func (c selfCheck) run(ctx context.Context, eng device.Engine) error {
	net, err := NewNetwork(c.net)
	if err != nil {
		return err
	}
	t, err := New(net, eng)
	if err != nil {
		return err
	}
	defer t.Close()
	_, err = t.Fit(ctx, c.examples(net), nil, c.config)
	return err
}

// examples are inputs from −1 to 1 without a pattern, by the fractions of multiples of the
// golden ratio, and labels one after the other.
func (c selfCheck) examples(net *Network) *data.Set {
	const golden = 0.6180339887498949
	set := &data.Set{Rows: c.rows, Features: net.Sizes[0], Outputs: net.Sizes[len(net.Sizes)-1]}
	next := 0.0
	value := func() float32 {
		if next += golden; next >= 1 {
			next--
		}
		return float32(2*next - 1)
	}
	for range set.Rows * set.Features {
		set.X = append(set.X, value())
	}
	for row := range set.Rows {
		for k := range set.Outputs {
			y := float32(0)
			if net.Loss.Regression() {
				y = value()
			} else if row%set.Outputs == k {
				y = 1
			}
			set.Y = append(set.Y, y)
		}
		if c.weighted {
			set.Weights = append(set.Weights, float32(1+row%3))
		}
	}
	for k := range set.Outputs {
		name := fmt.Sprint(k)
		if net.Loss.Regression() {
			set.Targets = append(set.Targets, name)
		} else {
			set.Classes = append(set.Classes, name)
		}
	}
	return set
}
