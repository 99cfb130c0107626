package trainer

import (
	"encoding/json"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/clprop/clprop/device"
)

// torchSteps is a file of package cpuref: PyTorch's steps from given gradients. A list
// of numbers is the weights and then the biases of one layer.
type torchSteps struct {
	In, Out int
	Start   []float64
	Grads   [][]float64
	Runs    []struct {
		Name                                   string
		LR, Momentum, Beta1, Beta2, Eps, Decay float64
		After                                  [][]float64
	}
}

// Optimizers, by their names and settings here, take PyTorch's 50 steps on both
// engines.
//
// Tolerance: package cpuref's test derives 4u|Θ| + (5s+24)u·U for step s, added up, U
// being the step from gradients |D|. With |D| below 4, U ≤ 4α(1 + μ/(1−μ)) = 40α where D
// is not scaled; rmsprop's |D|/√s is at most 1/√(1−ρ) = 10, adam's at most
// (1−β1)/√(1−β2) or 1 (Kingma & Ba 2015, §2.1), and adagrad's and lion's at most 1: 10α.
func TestOptimizersAgainstPyTorch(t *testing.T) {
	var f torchSteps
	text, err := os.ReadFile("../cpuref/testdata/optimisers.json")
	if err == nil {
		err = json.Unmarshal(text, &f)
	}
	if err != nil || len(f.Runs) != 9 {
		t.Fatalf("%d runs, %v", len(f.Runs), err)
	}
	for name, engine := range map[string]func(*testing.T) device.Engine{
		"reference": func(*testing.T) device.Engine { return device.OpenReference() }, "opencl": openOpenCL,
	} {
		t.Run(name, func(t *testing.T) { f.compare(t, engine(t)) })
	}
}

func (f torchSteps) compare(t *testing.T, eng device.Engine) {
	shapes := []device.Shape{{In: f.In, Out: f.Out}}
	for _, r := range f.Runs {
		o, err := Optimizer{r.Name, r.Momentum, r.Beta1, r.Beta2, r.Eps, r.Decay}.WithDefaults()
		if err != nil {
			t.Fatal(err)
		}
		m := memory{eng: eng}
		theta, grad := m.parameters("Θ", shapes), m.parameters("D", shapes)
		by := m.optimizing(o, r.LR, shapes)
		plan := m.plan("a step", by.update(theta, grad))
		if m.err != nil {
			t.Fatal(m.err)
		}
		weights := f.In * f.Out
		write := func(p device.Parameters, v []float64) {
			small := make([]float32, len(v))
			for i, x := range v {
				small[i] = float32(x)
			}
			if err := eng.WriteParameters(p, 0, small[:weights], small[weights:]); err != nil {
				t.Fatal(err)
			}
		}
		write(theta, f.Start)
		largest, tolerance := 10*r.LR, make([]float64, len(f.Start))
		if r.Name == "sgd" || r.Momentum > 0 {
			largest = 40 * r.LR
		}
		got := make([]float32, len(f.Start))
		for s, d := range f.Grads {
			write(grad, d)
			by.step.Set(float64(s + 1))
			if err := plan.Run(); err != nil {
				t.Fatal(err)
			}
			if err := eng.ReadParameters(got[:weights], got[weights:], theta, 0); err != nil {
				t.Fatal(err)
			}
			for i, want := range r.After[s] {
				tolerance[i] += 0x1p-24 * (4*math.Abs(want) + float64(5*(s+1)+24)*largest)
				if !(math.Abs(float64(got[i])-want) <= tolerance[i]) {
					t.Fatalf("%s: after step %d parameter %d is %v, PyTorch has %v ± %.1e", r.Name, s+1, i, got[i], want, tolerance[i])
				}
			}
		}
		m.release()
	}
}

func TestOptimizerDefaults(t *testing.T) {
	for _, name := range append(Optimizers(), "") {
		o, err := Optimizer{Name: name}.WithDefaults()
		if err != nil || o.DefaultRate() <= 0 {
			t.Errorf("%q: %+v, rate %v, %v", name, o, o.DefaultRate(), err)
		}
		if again, err := o.WithDefaults(); again != o || err != nil {
			t.Errorf("%q: again %+v, %v", name, again, err)
		}
	}
	for _, c := range []struct {
		o    Optimizer
		want string
	}{
		{Optimizer{Name: "adamax"}, `unknown optimizer "adamax": have sgd, momentum,`},
		{Optimizer{Momentum: 0.9}, "optimizer sgd has no momentum, which is 0.9"},
		{Optimizer{Name: "adam", WeightDecay: 0.1}, "optimizer adam has no weight decay"},
		{Optimizer{Name: "adam", Beta2: 1}, "beta2 of adam is 1: need a number above 0 and below 1"},
		{Optimizer{Name: "adam", Eps: 1e-40}, "eps of adam is 1e-40: need a number of at least "},
		{Optimizer{Name: "rmsprop", Eps: 1e-40}, "eps of rmsprop is 1e-40"},
		{Optimizer{Name: "lion", WeightDecay: -1}, "weight decay of lion is -1"},
		{Optimizer{Name: "momentum", Momentum: math.NaN()}, "momentum of momentum is NaN"},
	} {
		if _, err := c.o.WithDefaults(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: error %v, want %s", c.o, err, c.want)
		}
	}
}

// A Fit learns with each optimizer, and goes on from a checkpoint in the middle of an
// epoch to the same bits, moments and step number included.
func TestFitWithOptimizers(t *testing.T) {
	train, validation := randomSet(1, 23, 5, 3), randomSet(2, 11, 5, 3)
	for _, name := range Optimizers() {
		c := resumeConfig()
		c.Epochs, c.Lambda, c.Optimizer = 8, 0, Optimizer{Name: name}
		c.Rate = 2 * c.Optimizer.DefaultRate()
		straight, history := fitted(t, resumeNet, train, validation, c)
		if first := history.Epochs[0].Loss; !(history.Last().Loss < first) {
			t.Errorf("%s: loss %v, then %v", name, first, history.Last().Loss)
		}
		resumed, _, _ := stopAndResume(t, device.OpenReference(), 12, c, train, validation)
		if !sameBits(resumed, straight) {
			t.Errorf("%s: other weights when resumed", name)
		}
	}
}
