package trainer

import (
	"context"
	"math"
	"testing"

	"github.com/clprop/clprop/device"
)

// A step of the whole set by SGD with α = 1 is Θ − D: the gradient is what Θ was less what it
// became. That difference is off by the rounding of Θ, and both sums of 23 products of two
// roundings each by some 50u of their terms, which are below 4 here.
func TestGradient(t *testing.T) {
	const u, lambda = 0x1p-24, 0.3
	for name, eng := range map[string]device.Engine{"reference": device.OpenReference(), "OpenCL": openOpenCL(t)} {
		net := newNetwork(t, NetworkConfig{Sizes: []int{6, 11, 3}, Hidden: device.GELU, Seed: 2})
		set := randomSet(1, 23, 6, 3)
		before := newLayers(net)
		copyLayers(before, net.Layers)
		tr := open(t, net, eng)
		got, err := tr.Gradient(set, lambda)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tr.Fit(context.Background(), set, nil, Config{Epochs: 1, BatchSize: 23, Rate: 1, Lambda: lambda}); err != nil {
			t.Fatal(err)
		}
		largest := 0.0
		for l, layer := range net.Layers {
			for i, w := range append(append([]float32(nil), layer.W...), layer.B...) {
				was := append(append([]float32(nil), before[l].W...), before[l].B...)[i]
				d := append(append([]float32(nil), got[l].W...), got[l].B...)[i]
				want := float64(was) - float64(w)
				largest = max(largest, math.Abs(want))
				if !(math.Abs(float64(d)-want) <= 200*u) {
					t.Errorf("%s, layer %d, element %d: %v, want %v", name, l+1, i, d, want)
				}
			}
		}
		if largest < 0.01 {
			t.Errorf("%s: no gradient to speak of: %v", name, largest)
		}
	}
	if _, err := open(t, newNetwork(t, NetworkConfig{Sizes: []int{5, 3}}), device.OpenReference()).Gradient(randomSet(1, 4, 6, 3), 0); err == nil {
		t.Error("examples of another size")
	}
}

// A gradient leaves the network on the device as it is: running means and variances, which
// the way forward of training moves, too.
func TestGradientChangesNothing(t *testing.T) {
	for name, eng := range map[string]device.Engine{"reference": device.OpenReference(), "OpenCL": openOpenCL(t)} {
		set := randomSet(1, 23, 6, 3)
		tr := open(t, newNetwork(t, NetworkConfig{Sizes: []int{6, 11, 7, 3}, Norm: BatchNorm, Seed: 2}), eng)
		if _, err := tr.Fit(context.Background(), set, nil, Config{Epochs: 1, BatchSize: 7}); err != nil {
			t.Fatal(err)
		}
		before, err := tr.Evaluate(context.Background(), set)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tr.Gradient(set, 0.1); err != nil {
			t.Fatal(err)
		}
		if after, err := tr.Evaluate(context.Background(), set); err != nil || after.Loss != before.Loss {
			t.Errorf("%s: loss %v after the gradient, %v before: %v", name, after.Loss, before.Loss, err)
		}
	}
}
