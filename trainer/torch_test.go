package trainer

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"testing"

	"github.com/clprop/clprop/device"
	"github.com/clprop/clprop/trainer/data"
)

// From the same weights, on the same batch, 200 steps of each optimizer on each loss,
// the cross-entropies with smoothed labels too, have the costs that PyTorch has in float64, testdata/curves.json, within 1e-4
// relative: a step is right to 1e-5 (the design's bound), and what it is off by grows
// or shrinks with the curvature on the way.
func TestCurvesAsPyTorch(t *testing.T) {
	var f struct {
		Sizes        []int
		Steps, Every int
		X            []float32
		Labels       map[string][]float32
		Start        [][]float32
		Curves       []struct {
			Loss              device.Loss
			Optimizer, Labels string
			Smoothing, Rate   float64
			Costs             []float64
		}
	}
	text, err := os.ReadFile("testdata/curves.json")
	if err == nil {
		err = json.Unmarshal(text, &f)
	}
	if err != nil || len(f.Curves) != 64 {
		t.Fatalf("%d curves: %v", len(f.Curves), err)
	}
	for _, c := range f.Curves {
		net := newNetwork(t, NetworkConfig{Sizes: f.Sizes, Hidden: device.GELU, Loss: c.Loss})
		for l := range net.Layers {
			copy(net.Layers[l].W, f.Start[2*l])
			copy(net.Layers[l].B, f.Start[2*l+1])
		}
		set := &data.Set{Rows: len(f.X) / f.Sizes[0], Features: f.Sizes[0], Outputs: f.Sizes[2], X: f.X, Y: f.Labels[c.Labels]}
		if c.Loss.Regression() {
			set.Targets = []string{"a", "b", "c"}
		}
		h, err := open(t, net, device.OpenReference()).Fit(context.Background(), set, nil, Config{
			Epochs: f.Steps + 1, BatchSize: set.Rows, Rate: c.Rate, Optimizer: Optimizer{Name: c.Optimizer}, LabelSmoothing: c.Smoothing,
		})
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range c.Costs {
			if got := h.Epochs[i*f.Every].Loss; !(math.Abs(got-want) <= 1e-4*want) {
				t.Errorf("%s on %s, smoothed by %v: cost of step %d is %v, PyTorch has %v: %.1e off", c.Optimizer, c.Loss, c.Smoothing, i*f.Every, got, want, math.Abs(got-want)/want)
			}
		}
	}
}
