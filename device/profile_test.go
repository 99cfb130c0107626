package device

import (
	"errors"
	"strconv"
	"testing"
	"time"

	"github.com/clprop/clprop/cl/cltest"
)

// everywhere runs a test on an engine on each device.
func everywhere(t *testing.T, options Options, run func(*testing.T, Engine)) {
	listing, err := List()
	if err != nil {
		cltest.Missing(t, err)
	}
	for _, found := range listing.Devices {
		t.Run(found.Name, func(t *testing.T) {
			e, err := OpenWith(strconv.Itoa(found.Index), options)
			if err != nil {
				t.Fatal(err)
			}
			defer e.Close()
			run(t, e)
		})
	}
}

// Kernels of one queue do not overlap: 10 µs of them within 4 µs, or within nothing, is no time. One
// kernel says nothing of a clock, and a coarse one is one all the same.
func TestClockStopped(t *testing.T) {
	for _, c := range []struct {
		count       int
		total, span time.Duration
		want        bool
	}{
		{3, 10 * time.Microsecond, 4 * time.Microsecond, true},
		{3, 0, 0, true},
		{258, 258, 1, true}, // a driver whose kernels all begin at 0
		{3, 10 * time.Microsecond, 10 * time.Microsecond, false},
		{3, 10 * time.Microsecond, 9 * time.Microsecond, false},
		{1, 0, 0, false},
		{0, 0, 0, false},
		{2, 1, time.Second, false}, // of which the host took most
	} {
		p := &Profile{Kernels: []KernelTotal{{Count: c.count, Total: c.total}}, Span: c.span}
		if got := p.ClockStopped(); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}

// A profile has every launch since the last one, and no other.
func TestProfile(t *testing.T) {
	everywhere(t, Options{Profile: true}, func(t *testing.T, e Engine) {
		z, err := e.NewMatrix(3, 5)
		if err != nil {
			t.Fatal(err)
		}
		theta, err := e.NewParameters([]Shape{{In: 5, Out: 5}})
		if err != nil {
			t.Fatal(err)
		}
		out, err := e.NewMatrix(3, 5)
		if err != nil {
			t.Fatal(err)
		}
		plan, err := e.Prepare(Forward{Act: Tanh, A: z, Theta: theta, Out: out}, Activate{Act: Sigmoid, Z: out, A: z})
		if err != nil {
			t.Fatal(err)
		}
		defer plan.Release()
		if _, err := TakeProfile(e); err != nil {
			t.Fatal(err)
		}
		for _, runs := range []int{0, 1, 4} {
			before := e.Counters().Launches
			for range runs {
				if err := plan.Run(); err != nil {
					t.Fatal(err)
				}
			}
			p, err := TakeProfile(e)
			if err != nil {
				t.Fatal(err)
			}
			launched := int(e.Counters().Launches - before)
			if launched != 2*runs || len(p.Runs) != launched {
				t.Fatalf("%d launches, %d runs in the profile, want %d", launched, len(p.Runs), 2*runs)
			}
			var counted, total int64
			for _, k := range p.Kernels {
				if k.Count != runs || k.Min < 0 || k.Total < k.Min || (k.Kernel == "forward") != (k.FLOPs == 2*3*6*5) {
					t.Errorf("%+v", k)
				}
				counted += int64(k.Count)
			}
			for i, r := range p.Runs {
				if r.End < r.Start || i == 0 && r.Start != 0 || r.Kernel != []string{"forward", "activate"}[i%2] || r.Size == "" {
					t.Errorf("run %d: %+v", i, r)
				}
				total += int64(r.End - r.Start)
			}
			if counted != int64(launched) || int64(p.Total()) != total {
				t.Errorf("the kernels have %d runs and %d ns, the runs are %d of %d ns", counted, p.Total(), launched, total)
			}
		}
	})
}

// More launches than a profile lets run ahead, and an engine that is closed before
// the profile was taken.
func TestProfileMany(t *testing.T) {
	e, err := OpenWith("", Options{Profile: true})
	if err != nil || !e.Info().OpenCL() {
		cltest.Missing(t, err)
	}
	defer e.Close()
	m, err := e.NewMatrix(1, 1)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := e.Prepare(Activate{Act: ReLU, Z: m, A: m})
	if err != nil {
		t.Fatal(err)
	}
	defer plan.Release()
	for range profiledRuns + 7 {
		if err := plan.Run(); err != nil {
			t.Fatal(err)
		}
	}
	p, err := TakeProfile(e)
	if err != nil || len(p.Runs) != profiledRuns {
		t.Fatalf("%d runs, error %v", len(p.Runs), err)
	}
	count := 0
	for _, k := range p.Kernels {
		count += k.Count
	}
	if want := profiledRuns + 8; count != want { // with the one that blanked m
		t.Errorf("%d runs counted, want %d", count, want)
	}
	if err := plan.Run(); err != nil {
		t.Error(err)
	}
}

func TestNoProfile(t *testing.T) {
	reference := OpenReference()
	defer reference.Close()
	if _, err := TakeProfile(reference); !errors.Is(err, ErrNoProfile) {
		t.Errorf("profile of the reference: %v", err)
	}
	if _, err := MeasurePeaks(reference); !errors.Is(err, ErrNoPeaks) {
		t.Errorf("peaks of the reference: %v", err)
	}
}

// Peaks are above 0, and measuring them is no work of the engine's.
func TestMeasurePeaks(t *testing.T) {
	everywhere(t, Options{}, func(t *testing.T, e Engine) {
		if cltest.Slow(e.Info().Name) {
			t.Skip("a simulator takes minutes, and has no peaks: the kernels are tested in package kernels")
		}
		before := e.Counters()
		p, err := MeasurePeaks(e)
		if err != nil || p.GFLOPS <= 0 || p.GBps <= 0 || p.Launch <= 0 {
			t.Fatalf("%+v, error %v", p, err)
		}
		t.Logf("%+v", p)
		if after := e.Counters(); after != before {
			t.Errorf("counters %+v, before %+v", after, before)
		}
		if _, err := TakeProfile(e); !errors.Is(err, ErrNoProfile) {
			t.Errorf("profile without asking for one: %v", err)
		}
	})
}
