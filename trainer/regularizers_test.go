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

// layers64 is a network's Θ in float64.
func layers64(net *Network) []cpuref.Layer[float64] {
	var list []cpuref.Layer[float64]
	for l, s := range net.shapes() {
		layer := cpuref.NewLayer[float64](s.In, s.Out)
		for i, w := range net.Layers[l].W {
			layer.W.Data[i] = float64(w)
		}
		for i, b := range net.Layers[l].B {
			layer.B[i] = float64(b)
		}
		list = append(list, layer)
	}
	return list
}

// One step with everything switched on is the plain step's D, taken from it by
// D = (Θ − Θ′)/α, put through cpuref's functions in float64, in the order of the doc. The
// plain step of α = 1 gives D to u(|Θ| + |Θ′|) and its own error of 1e-5; L1's sign and the
// cuts add no more, and the norms at most 60 roundings: 3e-5 of the size of Θ, 1.
func TestRegularizedStep(t *testing.T) {
	set := randomSet(1, 20, 5, 3)
	r := Regularizers{L1: 0.4, ClipValue: 0.06, ClipNorm: 0.15, MaxNorm: 0.9, Average: 0.999}
	check := func(t *testing.T, eng device.Engine) {
		before := newNetwork(t, resumeNet)
		step := func(c Config) *Network {
			net := before.clone()
			c.Epochs, c.BatchSize, c.Rate, c.Lambda = 1, 20, 1, 0.5
			if _, err := open(t, net, eng).Fit(context.Background(), set, nil, c); err != nil {
				t.Fatal(err)
			}
			return net
		}
		want, plain := layers64(before), layers64(step(Config{}))
		var grad []cpuref.Layer[float64]
		for l := range want {
			d := cpuref.NewLayer[float64](want[l].W.Cols, want[l].W.Rows)
			for i := range d.W.Data {
				d.W.Data[i] = want[l].W.Data[i] - plain[l].W.Data[i]
			}
			for i := range d.B {
				d.B[i] = want[l].B[i] - plain[l].B[i]
			}
			cpuref.L1(want[l], d, r.L1, 20)
			cpuref.ClipValue(d, r.ClipValue)
			grad = append(grad, d)
		}
		cpuref.ClipNorm(grad, r.ClipNorm)
		first := layers64(before)
		for l := range want {
			cpuref.SGD(want[l], grad[l], 1)
			cpuref.MaxNorm(want[l], r.MaxNorm)
		}
		compare := func(what string, net *Network, want []cpuref.Layer[float64]) {
			for l, layer := range layers64(net) {
				for i, w := range layer.W.Data {
					if !(math.Abs(w-want[l].W.Data[i]) <= 3e-5) {
						t.Fatalf("%s: layer %d, weight %d: %v, want %v", what, l, i, w, want[l].W.Data[i])
					}
				}
				for i, b := range layer.B {
					if !(math.Abs(b-want[l].B[i]) <= 3e-5) {
						t.Fatalf("%s: layer %d, bias %d: %v, want %v", what, l, i, b, want[l].B[i])
					}
				}
			}
		}
		bounded := r
		bounded.Average = 0
		compare("bounded", step(Config{Regularizers: bounded}), want)
		for l := range want { // ρ of step 0 is (1+0)/(10+0)
			cpuref.Average(want[l], first[l], 0.9)
		}
		compare("averaged", step(Config{Regularizers: r}), first)
	}
	t.Run("reference", func(t *testing.T) { check(t, device.OpenReference()) })
	t.Run("OpenCL", func(t *testing.T) { check(t, openOpenCL(t)) })
}

// The mean is what is validated, held and evaluated; a cost includes both penalties.
func TestAverageIsWhatIsHeld(t *testing.T) {
	train, validation := randomSet(1, 23, 5, 3), randomSet(2, 11, 5, 3)
	c := resumeConfig()
	c.Regularizers = Regularizers{Average: 0.9, L1: 0.3}
	net := newNetwork(t, resumeNet)
	tr := open(t, net, device.OpenReference())
	h, err := tr.Fit(context.Background(), train, validation, c)
	if err != nil {
		t.Fatal(err)
	}
	e, err := tr.Evaluate(t.Context(), validation)
	if err != nil {
		t.Fatal(err)
	}
	// another batch size: 11 losses of a few units each, added in another order
	if math.Abs(e.Loss-h.Last().ValLoss) > 1e-6 || e.Accuracy != h.Last().ValAccuracy {
		t.Errorf("evaluated %+v, in training %+v", e, h.Last())
	}
	if kept, err := tr.read(); err != nil || !kept {
		t.Fatal(err)
	}
	held := net.clone()
	plain, _ := fitted(t, resumeNet, train, validation, Config{Epochs: 3, BatchSize: 5, Seed: 7, Lambda: 0.1,
		Schedule: Schedule{Name: ScheduleCosine}, Regularizers: Regularizers{L1: 0.3}})
	if sameBits(held, plain) {
		t.Error("the mean is Θ")
	}
	squares, magnitudes := 0.0, 0.0
	for _, l := range layers64(plain) { // the penalty is that of Θ
		squares += cpuref.Penalty(l)
		magnitudes += cpuref.L1Penalty(l)
	}
	if want := h.Last().Loss + (0.1/2*squares+0.3*magnitudes)/5; math.Abs(h.Last().Cost-want) > 1e-6*want {
		t.Errorf("cost %v, want %v", h.Last().Cost, want)
	}
}

// Stopped from outside, the network and the device hold the mean too.
func TestAverageWhenStopped(t *testing.T) {
	train := randomSet(1, 23, 5, 3)
	c := Config{Epochs: 3, BatchSize: 5, Seed: 7, Regularizers: Regularizers{Average: 0.9}}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	again := newNetwork(t, resumeNet)
	tr := open(t, again, &stopAfter{device.OpenReference(), 3, cancel})
	if _, err := tr.Fit(ctx, train, nil, c); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	c.Stop.Steps = 3
	want, _ := fitted(t, resumeNet, train, nil, c)
	if !sameBits(again, want) {
		t.Error("other weights than after as many steps")
	}
	if kept, err := tr.read(); err != nil || !kept || !sameBits(again, want) {
		t.Errorf("the device holds other weights than the network (%v)", err)
	}
}

func TestRegularizersRefuse(t *testing.T) {
	for text, r := range map[string]Regularizers{
		"l1 is -1": {L1: -1}, "clip-value is -1": {ClipValue: -1}, "clip-norm is NaN": {ClipNorm: math.NaN()},
		"max-norm is +Inf": {MaxNorm: math.Inf(1)}, "average is 1": {Average: 1},
		"dropout is 1": {Dropout: 1}, "input-dropout is -0.1": {InputDropout: -0.1},
	} {
		if _, err := (Config{Regularizers: r}).withDefaults(); err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("%+v: %v, want %q", r, err, text)
		}
	}
}
