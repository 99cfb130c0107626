package trainer

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/clprop/clprop/device"
	"github.com/clprop/clprop/trainer/data"
)

// A schedule gives the rates worked out by hand: powers of ½, and cos 0 = 1,
// cos(π/3) = ½, cos(π/2) = 0, cos(2π/3) = −½.
func TestScheduleRate(t *testing.T) {
	for _, c := range []struct {
		schedule Schedule
		at       moment // 6 steps, 2 of them an epoch
		want     float64
	}{
		{Schedule{}, moment{step: 0}, 0.8},
		{Schedule{}, moment{step: 5}, 0.8},
		{Schedule{Warmup: 1.5}, moment{step: 0}, 0.8 / 3},
		{Schedule{Warmup: 1.5}, moment{step: 1}, 1.6 / 3},
		{Schedule{Warmup: 1.5}, moment{step: 2}, 0.8},
		{Schedule{Name: "step", Factor: 0.5, Every: 2}, moment{step: 3}, 0.8},
		{Schedule{Name: "step", Factor: 0.5, Every: 2}, moment{step: 4}, 0.4},
		{Schedule{Name: "step"}, moment{step: 2}, 0.08}, // a third of 3 epochs
		{Schedule{Name: "exponential", Factor: 0.5}, moment{step: 1}, 0.8},
		{Schedule{Name: "exponential", Factor: 0.5}, moment{step: 5}, 0.2},
		{Schedule{Name: "cosine"}, moment{step: 0}, 0.8},
		{Schedule{Name: "cosine"}, moment{step: 2}, 0.6},
		{Schedule{Name: "cosine"}, moment{step: 3}, 0.4},
		{Schedule{Name: "cosine"}, moment{step: 4}, 0.2},
		{Schedule{Name: "cosine", Least: 0.4}, moment{step: 2}, 0.7},
		{Schedule{Name: "cosine", Least: 9}, moment{step: 2}, 0.8}, // never above α
		{Schedule{Name: "cosine", Warmup: 2}, moment{step: 2}, 0.45},
		{Schedule{Name: "onecycle", Rise: 0.5}, moment{step: 0}, 0.032},
		{Schedule{Name: "onecycle", Rise: 0.5}, moment{step: 1}, 0.416}, // half way from 0.032 to 0.8
		{Schedule{Name: "onecycle", Rise: 0.5}, moment{step: 2}, 0.8},
		{Schedule{Name: "onecycle", Rise: 0.5}, moment{step: 3}, 0.6 + 0.25*0.0000032},
		{Schedule{Name: "onecycle", Rise: 0.5}, moment{step: 5}, 0.0000032},
		{Schedule{Name: "plateau"}, moment{step: 5}, 0.8},
		{Schedule{Name: "plateau"}, moment{step: 5, falls: 2}, 0.2},
		{Schedule{Name: "plateau", Least: 0.3}, moment{step: 5, falls: 2}, 0.3},
	} {
		s, err := c.schedule.WithDefaults(3)
		if err != nil {
			t.Fatal(err)
		}
		c.at.steps, c.at.epochSteps = 6, 2
		// a handful of roundings of numbers below 2
		if got := s.rate(0.8, c.at); math.Abs(got-c.want) > 12*0x1p-53 {
			t.Errorf("%+v, step %d: rate %v, want %v", c.schedule, c.at.step, got, c.want)
		}
	}
	for steps := 1; steps < 4; steps++ { // one cycle of hardly a step
		s, _ := Schedule{Name: ScheduleOneCycle}.WithDefaults(1)
		for step := range steps {
			if got := s.rate(0.8, moment{step: step, steps: steps, epochSteps: steps}); !(got > 0 && got <= 0.8) {
				t.Errorf("one cycle, step %d of %d: %v", step, steps, got)
			}
		}
	}
}

// testdata/schedules.json has what PyTorch's schedulers give, with 13 digits. Some of
// them go on from the rate before, with a rounding or two a step: 48 steps are some 100
// roundings of numbers below 1, and less than the last of 13 digits.
func TestSchedulesAreThoseOfTorch(t *testing.T) {
	text, err := os.ReadFile("testdata/schedules.json")
	if err != nil {
		t.Fatal(err)
	}
	var torch struct {
		Alpha        float64
		Each, Epochs int
		Values       []float64
		Runs         []struct {
			Schedule struct {
				Schedule
				MinDelta float64
			}
			Rates []float64
		}
	}
	if err := json.Unmarshal(text, &torch); err != nil {
		t.Fatal(err)
	}
	var epochs []Epoch
	for _, v := range torch.Values {
		epochs = append(epochs, Epoch{Cost: v})
	}
	seen := map[string]bool{}
	for _, run := range torch.Runs {
		s, err := run.Schedule.Schedule.WithDefaults(torch.Epochs)
		if err != nil {
			t.Fatal(err)
		}
		seen[s.Name] = true
		if len(run.Rates) != torch.Each*torch.Epochs {
			t.Fatalf("%+v: %d rates", s, len(run.Rates))
		}
		for step, want := range run.Rates {
			at := moment{step, len(run.Rates), torch.Each, s.falls(epochs[:step/torch.Each], MonitorCost, run.Schedule.MinDelta)}
			if got := s.rate(torch.Alpha, at); math.Abs(got-want) > 1e-13 {
				t.Errorf("%+v, step %d: rate %v, PyTorch %v", run.Schedule, step, got, want)
			}
		}
	}
	for _, name := range Schedules() {
		if !seen[name] {
			t.Errorf("PyTorch's %s is not among the fixtures", name)
		}
	}
}

// fitWithRates trains a small net for the epochs that fit asks for.
func fitWithRates(t *testing.T, fit func(fit func(Config) *History)) *Network {
	t.Helper()
	set := &data.Set{X: []float32{0, 0, 0, 1, 1, 0, 1, 1}, Y: []float32{1, 0, 0, 1, 0, 1, 1, 0}, Rows: 4, Features: 2, Outputs: 2}
	net := newNetwork(t, NetworkConfig{Sizes: []int{2, 3, 2}, Seed: 7})
	tr := open(t, net, device.OpenReference())
	fit(func(c Config) *History {
		c.BatchSize = 4
		h, err := tr.Fit(context.Background(), set, nil, c)
		if err != nil {
			t.Fatal(err)
		}
		return h
	})
	return net
}

// TestFitFollowsSchedule compares one Fit with a schedule with single-epoch Fits at the
// rates that its history says, which are those of the formula: with one step an epoch
// they are the same.
func TestFitFollowsSchedule(t *testing.T) {
	const epochs = 5
	for _, c := range []struct {
		schedule Schedule
		want     [epochs]float64
	}{
		{Schedule{Name: ScheduleCosine}, [...]float64{0.5, 0.25 * (1 + math.Cos(math.Pi/5)), 0.25 * (1 + math.Cos(2*math.Pi/5)),
			0.25 * (1 + math.Cos(3*math.Pi/5)), 0.25 * (1 + math.Cos(4*math.Pi/5))}},
		{Schedule{Name: ScheduleStep, Warmup: 2}, [...]float64{0.25, 0.5, 0.05, 0.05, 0.005}},
		{Schedule{Name: SchedulePlateau, Patience: 1, Factor: 0.25}, [...]float64{0.5, 0.5, 0.125, 0.03125, 0.0078125}},
	} {
		var rates []float64
		whole := fitWithRates(t, func(fit func(Config) *History) {
			// The monitor of a plateau falls by less than 100 an epoch.
			h := fit(Config{Epochs: epochs, Rate: 0.5, Schedule: c.schedule, Stop: Stopping{MinDelta: 100}})
			for i, e := range h.Epochs {
				rates = append(rates, e.Rate)
				if math.Abs(e.Rate-c.want[i]) > 1e-15 {
					t.Errorf("%+v, epoch %d: rate %v, want %v", c.schedule, e.Epoch, e.Rate, c.want[i])
				}
			}
		})
		single := fitWithRates(t, func(fit func(Config) *History) {
			for _, rate := range rates {
				fit(Config{Epochs: 1, Rate: rate})
			}
		})
		if !sameBits(whole, single) {
			t.Errorf("%+v: other weights than step by step", c.schedule)
		}
	}
}

func TestScheduleRefuses(t *testing.T) {
	for text, s := range map[string]Schedule{
		`unknown schedule "sideways": have constant, step`: {Name: "sideways"},
		"schedule constant has no factor, which is 0.5":    {Factor: 0.5},
		"schedule cosine has no patience":                  {Name: ScheduleCosine, Patience: 1},
		"factor of schedule step is 1":                     {Name: ScheduleStep, Factor: 1},
		"factor of schedule step is NaN":                   {Name: ScheduleStep, Factor: math.NaN()},
		"warm-up of schedule constant is -1":               {Warmup: -1},
		"rise of schedule onecycle is 2":                   {Name: ScheduleOneCycle, Rise: 2},
		"number of epochs between falls of schedule step":  {Name: ScheduleStep, Every: -1},
	} {
		if _, err := (Config{Schedule: s}).withDefaults(); err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("%+v: %v, want %q", s, err, text)
		}
	}
}
