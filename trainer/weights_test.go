package trainer

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/clprop/clprop/device"
	"github.com/clprop/clprop/trainer/data"
)

// three examples of class 0 and one of class 1, of three classes.
func lopsided() *data.Set {
	return &data.Set{Rows: 4, Features: 1, Outputs: 3, X: []float32{1, 2, 3, 4},
		Y: []float32{1, 0, 0, 1, 0, 0, 0, 1, 0, 1, 0, 0}}
}

// Balanced: 4/(3·3) for class 0, 4/(3·1) for class 1, of which the mean over the
// examples is 2/3: 2/3, 2/3, 2, 2/3 of it. Given and own weights likewise.
func TestExampleWeights(t *testing.T) {
	for name, c := range map[string]struct {
		config Config
		own    []float32
		want   []float32
	}{
		"balanced":      {Config{ClassWeights: ClassWeights{Balanced: true}}, nil, []float32{2. / 3, 2. / 3, 2, 2. / 3}},
		"given":         {Config{ClassWeights: ClassWeights{Given: []float64{1, 5, 9}}}, nil, []float32{0.5, 0.5, 2.5, 0.5}},
		"own":           {Config{}, []float32{0, 10, 20, 10}, []float32{0, 1, 2, 1}},
		"own and given": {Config{ClassWeights: ClassWeights{Given: []float64{2, 1, 1}}}, []float32{1, 0, 2, 0}, []float32{2, 0, 2, 0}},
	} {
		set := lopsided()
		set.Weights = c.own
		got, err := c.config.examples(set, device.SoftmaxCrossEntropy)
		if err != nil || !slices.Equal(got.Weights, c.want) {
			t.Errorf("%s: %v, %v, want %v", name, got.Weights, err, c.want)
		}
		if !slices.Equal(set.Weights, c.own) || !slices.Equal(got.Y, set.Y) {
			t.Errorf("%s: the set was changed", name)
		}
	}
}

func TestExampleWeightErrors(t *testing.T) {
	nan := float32(0)
	nan /= nan
	for name, c := range map[string]struct {
		classes ClassWeights
		own     []float32
		loss    device.Loss
		smooth  float64
		want    string
	}{
		"too few":      {ClassWeights{Given: []float64{1}}, nil, device.Hinge, 0, "1 for 3 classes"},
		"negative":     {ClassWeights{Given: []float64{1, -1, 1}}, nil, device.Hinge, 0, "class 1 is -1"},
		"both":         {ClassWeights{Balanced: true, Given: []float64{1, 1, 1}}, nil, device.Hinge, 0, "choose one"},
		"quantities":   {ClassWeights{Balanced: true}, nil, device.Huber, 0, "no classes"},
		"NaN":          {ClassWeights{}, []float32{1, nan, 1, 1}, device.Hinge, 0, "example 1 is NaN"},
		"all 0":        {ClassWeights{Given: []float64{0, 0, 1}}, nil, device.Hinge, 0, "no example counts"},
		"smooth hinge": {ClassWeights{}, nil, device.Hinge, 0.1, "not for hinge"},
		"labels":       {ClassWeights{Balanced: true}, nil, device.MultiLabelCrossEntropy, 0, "several labels at once"},
	} {
		set := lopsided()
		set.Weights = c.own
		_, err := Config{ClassWeights: c.classes, LabelSmoothing: c.smooth}.examples(set, c.loss)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", name, err, c.want)
		}
	}
}

// ε = 0.3: 1 becomes 0.7 + 0.1, 0 becomes 0.1 with three softmax outputs; with a
// sigmoid 0.85 and 0.15.
func TestLabelSmoothing(t *testing.T) {
	for loss, want := range map[device.Loss][]float32{
		device.SoftmaxCrossEntropy: {0.8, 0.1, 0.1}, device.SigmoidCrossEntropy: {0.85, 0.15, 0.15}, device.MultiLabelCrossEntropy: {0.85, 0.15, 0.15},
	} {
		set := lopsided()
		got, err := Config{LabelSmoothing: 0.3}.examples(set, loss)
		if err != nil || !slices.Equal(got.Y[:3], want) || set.Y[0] != 1 {
			t.Errorf("%s: %v, %v, want %v", loss, got.Y[:3], err, want)
		}
	}
	if _, err := (Config{LabelSmoothing: 1}).withDefaults(); err == nil {
		t.Error("ε = 1 passes")
	}
}

// Weights are gathered on the device or streamed, to the same bits; a factor of all of
// them changes nothing; and an example of weight 0 has no part in the weights.
func TestWeightedFit(t *testing.T) {
	config := Config{Epochs: 2, BatchSize: 4, Seed: 3, LabelSmoothing: 0.1, Resident: ResidentYes}
	train := func(set *data.Set, change func(*Config)) []Layer {
		c := config
		if change != nil {
			change(&c)
		}
		net, _ := fitted(t, NetworkConfig{Sizes: []int{5, 6, 3}, Hidden: device.SiLU, Seed: 2}, set, nil, c)
		return net.Layers
	}
	set := randomSet(4, 18, 5, 3)
	set.Weights = randomWeights(5, set.Rows)
	set.Weights[7] = 0
	want := train(set, nil)
	same := func(what string, got []Layer) {
		for l := range want {
			if !slices.Equal(got[l].W, want[l].W) || !slices.Equal(got[l].B, want[l].B) {
				t.Errorf("%s: layer %d differs", what, l)
			}
		}
	}
	same("streamed", train(set, func(c *Config) { c.Resident = ResidentNo }))
	for i := range set.Weights {
		set.Weights[i] *= 4
	}
	same("four times the weights", train(set, nil))
	for j := range set.Features {
		set.X[7*set.Features+j] *= -2
	}
	same("another example of weight 0", train(set, nil))
	set.Weights = nil
	if slices.Equal(train(set, nil)[0].W, want[0].W) {
		t.Error("weights change nothing")
	}
}

// A net without a hidden layer learns y = 2x₁ − x₂ + 1 to rounding, by each loss.
func TestRegression(t *testing.T) {
	set := randomSet(6, 64, 2, 1)
	set.Targets = []string{"y"}
	for i := range set.Y {
		set.Y[i] = 2*set.X[2*i] - set.X[2*i+1] + 1
	}
	for _, loss := range []device.Loss{device.MeanSquaredError, device.Huber, "huber:0.5"} {
		net, history := fitted(t, NetworkConfig{Sizes: []int{2, 1}, Loss: loss, Seed: 1}, set, set,
			Config{Epochs: 100, BatchSize: 16, Rate: 0.2})
		last := history.Last()
		if w := net.Layers[0]; !(last.ValLoss < 1e-10) || last.ValAccuracy != 0 || !close32(w.W[0], 2) || !close32(w.W[1], -1) || !close32(w.B[0], 1) {
			t.Errorf("%s: %+v with %v", loss, last, w)
		}
	}
	classes := randomSet(6, 4, 2, 2)
	classes.Classes = []string{"a", "b"}
	for loss, set := range map[device.Loss]*data.Set{device.MeanAbsoluteError: classes, device.Hinge: set} {
		tr := open(t, newNetwork(t, NetworkConfig{Sizes: []int{2, set.Outputs}, Loss: loss}), device.OpenReference())
		if _, err := tr.Fit(context.Background(), set, nil, Config{}); !errors.Is(err, ErrData) || !strings.Contains(err.Error(), string(loss)) {
			t.Errorf("%s: error %v", loss, err)
		}
	}
}

// Quantities have no accuracy to watch.
func TestRegressionMonitors(t *testing.T) {
	set := randomSet(6, 4, 2, 1)
	set.Targets = []string{"y"}
	tr := open(t, newNetwork(t, NetworkConfig{Sizes: []int{2, 1}, Loss: device.MeanSquaredError}), device.OpenReference())
	for _, stop := range []Stopping{{Patience: 1, Monitor: MonitorValAccuracy}, {Target: Target{MonitorAccuracy, 0.9}}} {
		if _, err := tr.Fit(context.Background(), set, set, Config{Stop: stop}); err == nil || !strings.Contains(err.Error(), "is of classes") {
			t.Errorf("%+v: error %v", stop, err)
		}
	}
}

// close32 compares with what gradient descent goes to: its distance shrinks by a
// constant a step until it is a few roundings of 2⁻²⁴.
func close32(got, want float32) bool { return max(got-want, want-got) < 1e-5 }
