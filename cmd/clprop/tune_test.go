package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/clprop/clprop/cl/cltest"
	"github.com/clprop/clprop/device"
	"github.com/clprop/clprop/kernels"
)

// tunable is a device that is no simulator, as --device takes it; a test that needs it
// gets a cache folder of its own.
func tunable(t *testing.T) string {
	t.Helper()
	listing, err := device.List()
	if err != nil {
		cltest.Missing(t, err)
	}
	for _, d := range listing.Ranked() {
		if !cltest.Slow(d.Name) {
			t.Setenv(kernels.EnvCache, "")
			t.Setenv(kernels.EnvCacheDir, t.TempDir())
			return strconv.Itoa(d.Index)
		}
	}
	cltest.Missing(t, errors.New("only simulated devices"))
	return ""
}

// What tune finds, train and bench use, --show lists, and --clear removes; train gives the
// same model with it as without, to the last bits.
func TestTune(t *testing.T) {
	spec := tunable(t)
	digits := []string{"train", "--device", spec, "--epochs", "1", "--hidden", "16", "--batch-size", "100", "--json", "--quiet", "--out"}
	trained := func(name string) (weights string, r trainJSON) {
		path := t.TempDir() + "/" + name
		unpack(t, clprop(t, append(digits, path)...).succeeded(t).stdout, &r)
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		const tensors = 4 * (65*16 + 17*10) // behind the header, which has the time that training took
		return string(text[len(text)-tensors:]), r
	}
	before, r := trained("before")
	if r.Device.Tuning != device.TuningDefault || r.Device.Kernels == "" {
		t.Errorf("before: device %+v", r.Device)
	}
	untuned := r.Device.Kernels

	o := clprop(t, "tune", "--device", spec, "--net", "64-16-10", "--batch-size", "100", "--budget", "1s", "--json").succeeded(t)
	var j tuneJSON
	unpack(t, o.stdout, &j)
	if len(j.Results) != 1 || j.Budget != 1 {
		t.Fatalf("%+v", j)
	}
	got := j.Results[0]
	if got.Tried < 1 || got.Path == "" || got.NotKept != "" || len(got.Products) != 5 || got.Speedup < 1 || got.Kernels != got.Tuning.String() {
		t.Errorf("%+v", got)
	}

	after, r := trained("after")
	if r.Device.Tuning != device.TuningTuned || r.Device.Kernels != got.Kernels {
		t.Errorf("after: device %+v, tuned %s", r.Device, got.Kernels)
	}
	// exp of another vector width may differ in the last bit, see kernels.Tuning.
	if width := fmt.Sprintf("vectors of %d,", got.Tuning.VW); strings.Contains(untuned+",", width) && after != before {
		t.Error("a tuned device trains another model")
	}

	var kept tunedJSON
	unpack(t, clprop(t, "tune", "--show", "--json").succeeded(t).stdout, &kept)
	if len(kept.Entries) != 1 || kept.Entries[0].Net != "64-16-10 at 100" || kept.Entries[0].Tuning.String() != got.Kernels {
		t.Errorf("kept %+v", kept)
	}
	if o := clprop(t, "tune", "--show", "--device", spec).succeeded(t); !strings.Contains(o.stdout, "64-16-10 at 100") || strings.Contains(o.stdout, "stale") {
		t.Errorf("shown:\n%s", o.stdout)
	}
	var d devicesJSON
	unpack(t, clprop(t, "devices", "--json").succeeded(t).stdout, &d)
	for _, f := range d.Devices {
		if tuned := len(f.Tuned) == 1; tuned != (strconv.Itoa(f.Index) == spec) {
			t.Errorf("devices: %s is tuned for %q", f.Name, f.Tuned)
		}
	}
	var cleared clearedJSON
	unpack(t, clprop(t, "tune", "--clear", "--json").succeeded(t).stdout, &cleared)
	if cleared.Removed != 1 {
		t.Errorf("cleared %+v", cleared)
	}
	if o := clprop(t, "tune", "--show").succeeded(t); o.stdout != "" || !strings.Contains(o.stderr, "nothing is kept") {
		t.Errorf("after --clear: %+v", o)
	}
}

func TestTuneText(t *testing.T) {
	r := &device.TuneResult{
		Info:     device.Info{Name: "A device", Platform: "test", Driver: "1.0"},
		Workload: device.Workload{Sizes: []int{4, 2}, Batch: 8},
		Tuning:   kernels.Tuning{Family: kernels.Block, VW: 8, MRs: []int{4, 2}, NV: 3, PanelWidth: 1},
		Changed:  true,
		Products: []device.TunedProduct{{
			Product: kernels.ForwardProduct, Batch: 8, In: 4, Out: 2, Count: 1,
			Default: device.TunedTime{Choice: "6×2·8", Time: 2 * time.Microsecond, GFLOPS: 0.064},
			Tuned:   device.TunedTime{Choice: "4×3·8", Time: time.Microsecond, GFLOPS: 0.128},
		}},
		TuneCounts: device.TuneCounts{Tried: 7, Failed: 1, Rejected: 2}, Took: 1500 * time.Millisecond, Path: "/x.json",
	}
	want := `4-2 at 8, on A device (test, 1.0)
  product        batch·in·out  default  tuned  times   µs  GFLOPS   µs  GFLOPS  speedup
  forward        8·4·2         6×2·8    4×3·8      1  2.0     0.1  1.0     0.1     2.00
  all of a step                                       2.0          1.0             2.00
  chosen: block: 4,2 rows × 3 vectors of 8, panels always
  7 tried, 1 failed, 2 rejected, in 1.5 s; kept in /x.json

A product: with the copies that it reads and the update behind it. GFLOPS: 2·batch·in·out operations.
`
	if got := tuneText([]*device.TuneResult{r}); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if _, err := json.Marshal(newTuneJSON(time.Second, []*device.TuneResult{r})); err != nil {
		t.Error(err)
	}
}

// Progress is a line a second.
func TestTuneProgress(t *testing.T) {
	var lines strings.Builder
	report := (&env{stderr: &lines}).tuneProgress(device.Workload{Sizes: []int{4, 2}, Batch: 8})
	for _, ms := range []int{100, 200, 1099, 1100, 1500, 5000} {
		report(device.TuneProgress{Elapsed: time.Duration(ms) * time.Millisecond, Budget: 20 * time.Second, Default: 300, Best: 200})
	}
	if got := strings.Count(lines.String(), "4-2 at 8: "); got != 3 || !strings.Contains(lines.String(), "1.50× the default's speed") {
		t.Errorf("%d lines:\n%s", got, lines.String())
	}
}

func TestTuneBad(t *testing.T) {
	for _, c := range []struct {
		args []string
		code int
		line string
	}{
		{[]string{"--net", "784"}, exitUsage, `--net "784": need at least two sizes, features and outputs, such as 784-512-10 (try 'clprop tune --help')`},
		{[]string{"--batch-size", "0"}, exitUsage, `--batch-size "0": need a whole number, at least 1 (try 'clprop tune --help')`},
		{[]string{"--budget", "0s"}, exitUsage, `--budget 0s: need more than 0, up to 24h0m0s (try 'clprop tune --help')`},
		{[]string{"--show", "--clear"}, exitUsage, `--show with --clear: give one of them (try 'clprop tune --help')`},
	} {
		clprop(t, append([]string{"tune"}, c.args...)...).failed(t, c.code, c.line)
	}
	o := clprop(t, "tune", "--device", "cpuref")
	if o.code != exitUsage || o.stdout != "" || !strings.Contains(o.stderr, "no kernels to tune") {
		t.Errorf("the reference: %+v", o)
	}
	spec := tunable(t)
	ctx, stop := context.WithCancelCause(t.Context())
	stop(context.Canceled)
	if o := clpropWith(t, ctx, "", "tune", "--device", spec); o.code == exitOK || o.stdout != "" {
		t.Errorf("stopped: %+v", o)
	}
}

// A tune that fails has the code of the cause, and prints what went before.
func TestTuneFails(t *testing.T) {
	spec := tunable(t)
	t.Run("no memory", func(t *testing.T) { // auto then falls back to the reference
		t.Setenv(device.EnvMemory, "1")
		for _, spec := range []string{"auto", spec} {
			o := clprop(t, "tune", "--device", spec, "--net", "64-64", "--budget", "10ms")
			if o.code != exitMemory || o.stdout != "" || !strings.Contains(o.stderr, "1 B free") || strings.Contains(o.stderr, "--help") {
				t.Errorf("--device %s: %+v", spec, o)
			}
		}
	})
	t.Run("the second net is too large", func(t *testing.T) {
		t.Setenv(device.EnvMemory, "2MB")
		args := []string{"tune", "--device", spec, "--net", "16-16,2048-2048", "--budget", "10ms"}
		o := clprop(t, args...)
		if o.code != exitMemory || !strings.Contains(o.stdout, "16-16 at 128, on ") || strings.Count(o.stderr, "clprop: ") != 1 {
			t.Errorf("%+v", o)
		}
		var j tuneJSON
		o = clprop(t, append(args, "--json")...)
		unpack(t, o.stdout, &j)
		if o.code != exitMemory || len(j.Results) != 1 || !strings.Contains(o.stderr, "clprop: 2048-2048 at 128: ") {
			t.Errorf("%+v", o)
		}
	})
}
