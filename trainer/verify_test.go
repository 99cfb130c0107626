package trainer

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/clprop/clprop/cpuref"
	"github.com/clprop/clprop/device"
)

// verifying runs steps of a network and compares each.
func verifying(t *testing.T, eng device.Engine, n NetworkConfig, change func(*Config)) error {
	t.Helper()
	c := Config{Epochs: 2, BatchSize: 5, VerifyEvery: 1, Lambda: 0.3, Seed: 3}
	if change != nil {
		change(&c)
	}
	_, err := open(t, newNetwork(t, n), eng).Fit(context.Background(), randomSet(1, 23, 6, 3), nil, c)
	return err
}

// Every activation, loss and optimizer, on the reference in float32 and on OpenCL,
// keeps the bounds: no false alarm in 10 steps of each, examples on the device and
// streamed.
func TestVerifyAgrees(t *testing.T) {
	engines := map[string]device.Engine{"reference": device.OpenReference(), "OpenCL": openOpenCL(t)}
	for name, eng := range engines {
		for i, hidden := range cpuref.HiddenActivations() {
			loss := cpuref.Losses()[i%len(cpuref.Losses())]
			o := Optimizers()[i%len(Optimizers())]
			c := func(c *Config) {
				c.Optimizer.Name = o
				c.Resident = []Resident{ResidentYes, ResidentNo}[i%2]
				if i%4 == 1 {
					c.MicroBatch = 2
				}
				if i%3 == 1 && loss != device.Hinge {
					c.Augment = Augment{Shift: 1, Flip: true, Noise: 0.2, Mixup: 0.4, Image: device.ImageShape{Height: 3, Width: 2, Channels: 1}}
				}
				if i%3 == 0 {
					c.Regularizers = Regularizers{L1: 0.01, ClipValue: 0.5, ClipNorm: 1, MaxNorm: 2, Average: 0.9, Dropout: 0.5, InputDropout: 0.25}
				}
			}
			n := NetworkConfig{Sizes: []int{6, 40, 17, 3}, Hidden: hidden, Loss: loss, Seed: uint64(i),
				Norm: []Norm{NormNone, NormNone, BatchNorm, LayerNorm}[i%4]}
			if err := verifying(t, eng, n, c); err != nil {
				t.Errorf("%s, %s, %s, %s: %v", name, hidden, loss, o, err)
			}
		}
	}
}

// tamper is an engine that changes what one operation leaves, after every run.
type tamper struct {
	device.Engine
	t    *testing.T
	from int // first run of the training plan that is changed
	pick func(device.Op) any
	add  float32 // more than the part in a thousand
	ran  int
}

func (e *tamper) Prepare(ops ...device.Op) (device.Plan, error) {
	plan, err := e.Engine.Prepare(ops...)
	for _, op := range ops {
		if target := e.pick(op); target != nil && err == nil {
			return &tampered{plan, e, target}, nil
		}
	}
	return plan, err
}

type tampered struct {
	device.Plan
	e      *tamper
	target any
}

// Run changes the first element by a part in a thousand: far above rounding, far
// below what a glance at the loss would show.
func (p *tampered) Run() error {
	if err := p.Plan.Run(); err != nil {
		return err
	}
	if p.e.ran++; p.e.ran < p.e.from {
		return nil
	}
	switch m := p.target.(type) {
	case device.Matrix:
		row := make([]float32, m.Cols())
		if err := p.e.Read(row, m, 2); err != nil {
			return err
		}
		row[1] = row[1]*1.001 + 1e-3 + p.e.add
		return p.e.Write(m, 2, row)
	case layerOf:
		w, b := []float32{}, make([]float32, m.of.Shapes()[m.layer].Out)
		if err := p.e.ReadParameters(w, b, m.of, m.layer); err != nil {
			return err
		}
		b[3] += 1e-3
		return p.e.WriteParameters(m.of, m.layer, w, b)
	case device.Parameters:
		s := m.Shapes()[1]
		w, b := make([]float32, s.In*s.Out), make([]float32, s.Out)
		if err := p.e.ReadParameters(w, b, m, 1); err != nil {
			return err
		}
		w[s.In+3] += 1e-4 + p.e.add
		return p.e.WriteParameters(m, 1, w, b)
	}
	return errors.New("nothing to change")
}

// layerOf is a layer of biases alone to change.
type layerOf struct {
	of    device.Parameters
	layer int
}

// normOfTest is the normalisation of the network that a case is about.
func normOfTest(name string) Norm {
	switch name {
	case "batch norm", "batch norm delta", "running mean", "γ":
		return BatchNorm
	case "layer norm", "layer norm delta":
		return LayerNorm
	}
	return NormNone
}

// Whatever operation is wrong is the one that is named, with element, epoch and step.
func TestVerifyNamesTheOperation(t *testing.T) {
	const at = 8 // epochs have 6 steps
	for name, c := range map[string]struct {
		pick  func(device.Op) any
		texts []string
	}{
		"gather": {func(op device.Op) any {
			if o, ok := op.(device.Gather); ok && o.Dst.Cols() == 6 {
				return o.Dst
			}
			return nil
		}, []string{"gather, inputs", "row 2, column 1"}},
		"forward": {func(op device.Op) any {
			if o, ok := op.(device.Forward); ok && o.Layer == 1 {
				return o.Out
			}
			return nil
		}, []string{"forward, layer 2", "row 2, column 1"}},
		"activate": {func(op device.Op) any {
			if o, ok := op.(device.Activate); ok {
				return o.A
			}
			return nil
		}, []string{"activate softmax", "row 2, column 1"}},
		"output delta": {func(op device.Op) any {
			if o, ok := op.(device.OutputDelta); ok {
				return o.Delta
			}
			return nil
		}, []string{"output delta", "row 2, column 1"}},
		"hidden delta": {func(op device.Op) any {
			if o, ok := op.(device.HiddenDelta); ok && o.Layer == 1 {
				return o.Delta
			}
			return nil
		}, []string{"hidden delta, layer 2", "row 2, column 1"}},
		"batch norm": {func(op device.Op) any {
			if o, ok := op.(device.BatchNorm); ok && o.Layer == 7 {
				return o.Out
			}
			return nil
		}, []string{"batch norm, layer 2", "row 2, column 1"}},
		"batch norm delta": {func(op device.Op) any {
			if o, ok := op.(device.BatchNormDelta); ok && o.Layer == 7 {
				return o.Back
			}
			return nil
		}, []string{"batch norm delta, layer 2", "row 2, column 1"}},
		"running mean": {func(op device.Op) any {
			if o, ok := op.(device.BatchNorm); ok && o.Layer == 7 {
				return layerOf{o.Theta, 9}
			}
			return nil
		}, []string{"batch norm, layer 2, running mean", "row 0, column 3"}},
		"γ": {func(op device.Op) any {
			if o, ok := op.(device.Adam); ok {
				return layerOf{o.Theta, 7}
			}
			return nil
		}, []string{"accumulate, gradient and update, γ of layer 3, biases", "row 0, column 3"}},
		"layer norm": {func(op device.Op) any {
			if o, ok := op.(device.LayerNorm); ok && o.Layer == 3 {
				return o.Out
			}
			return nil
		}, []string{"layer norm, layer 1", "row 2, column 1"}},
		"layer norm delta": {func(op device.Op) any {
			if o, ok := op.(device.LayerNormDelta); ok && o.Layer == 3 {
				return o.Back
			}
			return nil
		}, []string{"layer norm delta, layer 1", "row 2, column 1"}},
		"update": {func(op device.Op) any {
			if o, ok := op.(device.Adam); ok {
				return o.Theta
			}
			return nil
		}, []string{"accumulate, gradient and update, layer 2, weights", "row 1, column 3"}},
	} {
		t.Run(name, func(t *testing.T) {
			eng := &tamper{Engine: device.OpenReference(), t: t, from: at, pick: c.pick}
			err := verifying(t, eng, NetworkConfig{Sizes: []int{6, 8, 7, 3}, Hidden: device.Tanh, Seed: 1, Norm: normOfTest(name)}, func(c *Config) {
				c.Optimizer.Name, c.Resident = "adam", ResidentYes
				c.BatchSize = 4
			})
			var d *Disagreement
			if !errors.As(err, &d) || !errors.Is(err, ErrDisagree) {
				t.Fatalf("error %v", err)
			}
			if d.Epoch != 2 || d.Step != 2 {
				t.Errorf("epoch %d, step %d", d.Epoch, d.Step)
			}
			for _, text := range append(c.texts, "epoch 2, step 2", eng.Info().Name) {
				if !strings.Contains(err.Error(), text) {
					t.Errorf("error %q without %q", err, text)
				}
			}
		})
	}
}

// Only every Nth step is compared, and none changes a bit.
func TestVerifyChangesNothing(t *testing.T) {
	train := randomSet(1, 23, 6, 3)
	n := NetworkConfig{Sizes: []int{6, 8, 3}, Seed: 1}
	plain, verified := newNetwork(t, n), newNetwork(t, n)
	for net, every := range map[*Network]int{plain: 0, verified: 3} {
		if _, err := open(t, net, device.OpenReference()).Fit(context.Background(), train, nil,
			Config{Epochs: 3, BatchSize: 5, VerifyEvery: every}); err != nil {
			t.Fatal(err)
		}
	}
	if !sameBits(plain, verified) {
		t.Error("other weights")
	}
}
