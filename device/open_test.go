package device

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/clprop/clprop/cl"
	"github.com/clprop/clprop/cl/cltest"
	"github.com/clprop/clprop/kernels"
)

// machine is a listing made by hand: two platforms, four devices.
func machine() *Listing {
	return &Listing{
		Devices: []Found{
			{Index: 0, Platform: 0, Device: 0, Name: "pthread-x", On: "Portable Computing Language", Kind: "CPU", Units: 64, ClockMHz: 3000},
			{Index: 1, Platform: 1, Device: 0, Name: "Radeon Small", On: "AMD", Kind: "GPU", Units: 10, ClockMHz: 1000},
			{Index: 2, Platform: 1, Device: 1, Name: "Radeon Large", On: "AMD", Kind: "GPU", Units: 40, ClockMHz: 1000},
			{Index: 3, Platform: 2, Device: 0, Name: "FPGA", On: "Board", Kind: "accelerator", Units: 4, ClockMHz: 300},
		},
		Skipped: []Skipped{{Platform: 3, Name: "Clover", Reason: "has no device"}},
	}
}

func TestRanked(t *testing.T) {
	var got []int
	for _, f := range machine().Ranked() {
		got = append(got, f.Index)
	}
	// GPUs, the larger first; then the accelerator; the CPU last, large as it is
	if want := []int{2, 1, 3, 0}; !equal(got, want) {
		t.Errorf("order %v, want %v", got, want)
	}
}

func equal(a, b []int) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

func TestFind(t *testing.T) {
	for _, c := range []struct {
		spec string
		want int // index; −1 for none
	}{
		{"0", 0}, {"3", 3}, {"4", -1}, {"-1", -1},
		{"1:1", 2}, {"1:2", -1}, {"0:1", -1},
		{"gpu", 2}, {"GPU", 2}, {"cpu", 0}, {"accelerator", 3},
		{"radeon", 2}, {"small", 1}, {" Small ", 1}, {"portable", 0}, {"board", 3},
		{"geforce", -1}, {"1:x", -1}, {"", -1}, {" ", -1},
	} {
		found, reason, err := machine().Find(c.spec)
		if c.want < 0 {
			if !errors.Is(err, ErrUnknownDevice) || !strings.Contains(err.Error(), "2 = Radeon Large") {
				t.Errorf("%q: error %v: want ErrUnknownDevice and what there is", c.spec, err)
			}
			continue
		}
		if err != nil || found.Index != c.want || reason == "" {
			t.Errorf("%q: device %d, reason %q, error %v: want device %d", c.spec, found.Index, reason, err, c.want)
		}
	}
}

// TestAutoGoesOn opens devices of which some do not work.
func TestAutoGoesOn(t *testing.T) {
	broken := errors.New("kernel blank: CL_BUILD_PROGRAM_FAILURE")
	opened := newReference()
	e := firstOf(machine(), nil, func(f Found) (Engine, error) {
		if f.Kind == "GPU" {
			return nil, broken
		}
		opened.info.Index = f.Index
		return opened, nil
	})
	if e != Engine(opened) || e.Info().Index != 3 {
		t.Errorf("opened device %d: want the accelerator, the best that works", e.Info().Index)
	}
	e = firstOf(machine(), nil, func(Found) (Engine, error) { return nil, broken })
	if info := e.Info(); info.OpenCL() || !errors.Is(info.Fallback, broken) {
		t.Errorf("%+v: want the reference, and why", info)
	}
}

// noneMoreThan fails the test where objects of OpenCL live that did not before; fewer do where what
// other tests left is collected meanwhile.
func noneMoreThan(t *testing.T, live map[string]int) {
	t.Helper()
	for kind, n := range cl.LiveObjects() {
		if n > live[kind] {
			t.Errorf("%d live objects of kind %s, %d before", n, kind, live[kind])
		}
	}
}

// TestBrokenCompiler opens a device with kernels that cannot be built.
func TestBrokenCompiler(t *testing.T) {
	listing, err := List()
	if err != nil {
		cltest.Missing(t, err)
	}
	live := cl.LiveObjects()
	f := listing.Devices[0]
	_, err = openDevice(f.devices(), f.info(""), kernels.Tuning{Family: kernels.Block, VW: 5, MRs: []int{1}, NV: 1})
	var build *cl.BuildError
	if !errors.As(err, &build) || !strings.Contains(err.Error(), f.Name) || !strings.Contains(err.Error(), "blank") {
		t.Errorf("error %v: want a build error that names device and kernel", err)
	}
	noneMoreThan(t, live)
}

// TestOpenByEnvironment opens what CLPROP_DEVICE names, unless a spec is given.
func TestOpenByEnvironment(t *testing.T) {
	t.Setenv(EnvDevice, "cpuref")
	e, err := Open("")
	if err != nil || e.Info().OpenCL() || e.Info().Fallback != nil {
		t.Errorf("%+v, %v: want the reference, asked for", e, err)
	}
	t.Setenv(EnvDevice, "no such thing")
	if _, err := Open(""); err == nil {
		t.Error("a device that is not there was opened")
	}
	if e, err := Open("cpuref"); err != nil || e.Info().OpenCL() {
		t.Errorf("%v: the spec is stronger than the environment", err)
	}
}

// TestOpenedDeviceLeavesNothing opens and closes every device, with a plan that was released before,
// and with one, and a matrix that it waits for, that were not.
func TestOpenedDeviceLeavesNothing(t *testing.T) {
	listing, err := List()
	if err != nil {
		cltest.Missing(t, err)
	}
	live := cl.LiveObjects()
	var left []stepPlan
	for _, f := range listing.Devices {
		e, err := f.open("", Options{})
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			plan := newStep(t, e, []int{3, 4, 2}, 5, 0)
			for range 2 { // an upload waits for the run before, and the run after for it
				if _, err := e.Upload(plan.x, make([]float32, 3)); err != nil {
					t.Fatal(err)
				}
				if err := plan.Run(); err != nil {
					t.Fatal(err)
				}
			}
			left = append(left, plan)
		}
		if got := e.Counters(); got.Launches == 0 || got.Allocated == 0 {
			t.Errorf("%s: %+v after a step", f.Name, got)
		}
		left[len(left)-1].Plan.Release()
		if err := errors.Join(e.Close(), e.Close()); err != nil {
			t.Errorf("%s: close: %v", f.Name, err)
		}
		if got := e.Counters(); got.Allocated != 0 {
			t.Errorf("%s: %+v after it was closed", f.Name, got)
		}
	}
	noneMoreThan(t, live)
	for _, plan := range left { // twice, or after all is gone
		plan.Plan.Release()
		plan.x.Release()
	}
	noneMoreThan(t, live)
}

// A list of operations is not prepared when nobody wants it any more, nor kernels compiled;
// what was prepared runs.
func TestPrepareInAHurry(t *testing.T) {
	ctx, end := context.WithCancelCause(t.Context())
	e, err := OpenWith(strconv.Itoa(quick(t).Index), Options{Context: ctx})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	m, err := e.NewMatrix(3, 5)
	if err != nil {
		t.Fatal(err)
	}
	before, err := e.Prepare(Activate{Act: Tanh, Z: m, A: m})
	if err != nil {
		t.Fatal(err)
	}
	cause := errors.New("enough")
	end(cause)
	if _, err := e.Prepare(Activate{Act: Sigmoid, Z: m, A: m}); !errors.Is(err, cause) {
		t.Errorf("prepared with %v", err)
	}
	if built, err := BuildKernels(e); !errors.Is(err, cause) || len(built) > 0 {
		t.Errorf("built %v with %v", built, err)
	}
	if err := errors.Join(before.Run(), e.Sync()); err != nil {
		t.Error(err)
	}
}

// An engine whose Context has ended closes without keeping what it compiled, and another
// keeps it.
func TestCloseInAHurry(t *testing.T) {
	found := quick(t)
	kept(t)
	ctx, end := context.WithCancel(t.Context())
	defer end()
	for _, c := range []struct{ ended, keeps bool }{{true, false}, {false, true}} {
		options := Options{}
		if c.ended {
			options.Context = ctx
		}
		e, err := OpenWith(strconv.Itoa(found.Index), options)
		if err != nil {
			t.Fatal(err)
		}
		end()
		time.Sleep(time.Second / 2) // a run of less stores nothing: see storeLeast in kernels/cache.go
		if err := e.Close(); err != nil {
			t.Error(err)
		}
		if files, err := filepath.Glob(filepath.Join(os.Getenv(kernels.EnvCacheDir), "programs", "*")); err != nil || len(files) > 0 != c.keeps {
			t.Errorf("%+v: kept %v (%v)", c, files, err)
		}
	}
}

// TestNothingThere opens "auto" and a name in processes that find no library, no
// driver, and a driver without a device. The child prints what it got.
func TestNothingThere(t *testing.T) {
	if os.Getenv("CLPROP_TEST_CHILD") == "1" {
		e, err := Open("auto")
		if err != nil {
			t.Fatal(err)
		}
		_, named := Open("radeon")
		t.Logf("fallback %v; named %v", e.Info().Fallback, named)
		return
	}
	dir := t.TempDir()
	rusticl := filepath.Join(dir, "rusticl.icd")
	if err := os.WriteFile(rusticl, []byte("libRusticlOpenCL.so.1\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		env  []string
		want []string
	}{
		{"no library", []string{"CLPROP_OPENCL_LIBRARY=/nonexistent/libOpenCL.so"}, []string{"/nonexistent/libOpenCL.so", "install a loader and a driver"}},
		{"no driver", []string{"OCL_ICD_VENDORS=/nonexistent"}, []string{ErrNoPlatform.Error(), "pocl-opencl-icd"}},
		{"no device", []string{"OCL_ICD_VENDORS=" + dir, "RUSTICL_ENABLE="}, []string{ErrNoDevice.Error(), "rusticl has no device"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.name != "no library" {
				if _, err := List(); errors.Is(err, ErrNoLibrary) {
					cltest.Missing(t, err)
				}
			}
			cmd := exec.Command(os.Args[0], "-test.run=^TestNothingThere$", "-test.v")
			cmd.Env = append(os.Environ(), append(c.env, "CLPROP_TEST_CHILD=1")...)
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			for _, want := range append(c.want, "--device cpuref") {
				if n := strings.Count(string(out), want); n < 2 {
					t.Errorf("%q is there %d times: want it in the fallback and in the error:\n%s", want, n, out)
				}
			}
		})
	}
}
