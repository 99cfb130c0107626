package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/clprop/clprop/cl/cltest"
	"github.com/clprop/clprop/device"
	"github.com/clprop/clprop/trainer"
)

// The device is busy while kernels run, and waits for examples no longer than it stands still,
// nor than the host was busy with them.
func TestDeviceBusy(t *testing.T) {
	p := &device.Profile{Kernels: []device.KernelTotal{{Total: 6 * time.Second}, {Total: 3 * time.Second}}, Span: 12 * time.Second}
	for data, want := range map[float64]string{
		0:   "device busy 75.0% of 12s",
		2:   "device busy 75.0% of 12s; getting examples ready took the host 2.0s, of which the device waited 2.0s at most",
		5.5: "device busy 75.0% of 12s; getting examples ready took the host 5.5s, of which the device waited 3.0s at most",
	} {
		if got := deviceBusy(p, &trainer.History{Epochs: []trainer.Epoch{{DataSeconds: data}}}); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// A trace is JSON as the viewers want it: complete events in order, with times in
// microseconds, and a table of kernels goes to stderr.
func TestTrainProfile(t *testing.T) {
	listing, err := device.List()
	if err != nil {
		cltest.Missing(t, err)
	}
	spec := listing.Ranked()[0].Name
	dir := t.TempDir()
	out, trace := filepath.Join(dir, "m.safetensors"), filepath.Join(dir, "trace.json")
	o := clprop(t, "train", "--device", spec, "--epochs", "1", "--hidden", "8", "--out", out, "--profile", trace, "--json").succeeded(t)
	var r trainJSON
	unpack(t, o.stdout, &r)
	for _, want := range []string{"  kernel ", "  forward ", "\npeaks: ", "\ndevice busy ", " kernels written to " + trace} {
		if !strings.Contains(o.stderr, want) {
			t.Errorf("stderr lacks %q:\n%s", want, o.stderr)
		}
	}
	text, err := os.ReadFile(trace)
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Events []struct {
			Name  string   `json:"name"`
			Phase string   `json:"ph"`
			Start *float64 `json:"ts"`
			Took  *float64 `json:"dur"`
			PID   *int     `json:"pid"`
			TID   *int     `json:"tid"`
		} `json:"traceEvents"`
	}
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	kernels := 0
	for i, e := range got.Events {
		if e.Name == "" || e.Start == nil || e.Took == nil || e.PID == nil || e.TID == nil || *e.Start < 0 || *e.Took < 0 {
			t.Fatalf("event %d: %+v", i, e)
		}
		switch e.Phase {
		case "X":
			kernels++
		case "M":
		default:
			t.Fatalf("event %d: %+v", i, e)
		}
	}
	// One that opening the device launches comes before the profile begins.
	if int64(kernels) != r.Device.Launches-1 {
		t.Errorf("%d kernels in the trace, %d launched", kernels, r.Device.Launches)
	}
}

// Where the clock of a driver stands still, as that of rusticl does, that is said, and no times are.
func TestProfileOfStoppedClock(t *testing.T) {
	dir := t.TempDir()
	trace := filepath.Join(dir, "trace.json")
	cmd := process(t, []string{"RUSTICL_ENABLE=llvmpipe"}, "train", "--device", "llvmpipe", "--epochs", "1", "--hidden", "4",
		"--out", filepath.Join(dir, "m.safetensors"), "--profile", trace)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	err := cmd.Run()
	var ended *exec.ExitError
	if errors.As(err, &ended) && ended.ExitCode() == exitNoDevice {
		t.Skip("rusticl is not there")
	}
	if _, missing := os.Stat(trace); err != nil || missing != nil {
		t.Fatalf("%v, %v: %s", err, missing, stderr.String())
	}
	warned := strings.Contains(stderr.String(), "warning: --profile "+trace+": the timestamps of the driver of ")
	if shown := strings.Contains(stderr.String(), "\ndevice busy "); shown == warned {
		t.Errorf("warned: %v, times shown: %v:\n%s", warned, shown, stderr.String())
	}
	if !warned {
		t.Skip("its clock runs")
	}
}

func TestTrainProfileRefused(t *testing.T) {
	dir := t.TempDir()
	out, trace := filepath.Join(dir, "m.safetensors"), filepath.Join(dir, "trace.json")
	o := clprop(t, "train", "--device", "cpuref", "--epochs", "1", "--out", out, "--profile", trace).succeeded(t)
	if _, err := os.Stat(trace); err == nil || !strings.Contains(o.stderr, "warning: --profile "+trace+": not written") {
		t.Errorf("trace without kernels: %v, stderr %s", err, o.stderr)
	}
	if _, err := device.List(); err == nil {
		for spec, want := range map[string]string{"0/1": "name the whole, 0", "0,cpuref": "these are several: name one"} {
			o := clprop(t, "train", "--device", spec, "--epochs", "1", "--out", out, "--profile", trace)
			if o.code != exitUsage || !strings.Contains(o.stderr, "a profile is of one whole device") || !strings.Contains(o.stderr, want) {
				t.Errorf("--device %s: exit code %d, stderr %s", spec, o.code, o.stderr)
			}
		}
	}
	for path, want := range map[string]string{
		out:                              "--profile and --out are both",
		dir:                              "a directory is there",
		filepath.Join(dir, "no", "file"): "no file can be made there",
	} {
		o := clprop(t, "train", "--device", "cpuref", "--out", out, "--profile", path)
		if o.code == 0 || !strings.Contains(o.stderr, want) || strings.Contains(o.stderr, "epoch") {
			t.Errorf("--profile %s: exit code %d, stderr %s", path, o.code, o.stderr)
		}
	}
}

// What limits a kernel, worked out by hand: peaks of 100 GFLOPS, 10 GB/s, 5 µs.
func TestNewKernels(t *testing.T) {
	peaks := &device.Peaks{GFLOPS: 100, GBps: 10, Launch: 5 * time.Microsecond}
	p := &device.Profile{Kernels: []device.KernelTotal{
		{Kernel: "product", FLOPs: 1e6, Bytes: 2e4, Count: 4, Total: 80 * time.Microsecond}, // 20 µs: 50 GFLOPS, 1 GB/s
		{Kernel: "pass", FLOPs: 1e4, Bytes: 8e4, Count: 1, Total: 10 * time.Microsecond},    // 1 GFLOPS, 8 GB/s
		{Kernel: "tiny", FLOPs: 1e3, Bytes: 4e3, Count: 2, Total: 8 * time.Microsecond},     // 4 µs < 5 µs
		{Kernel: "slow", FLOPs: 1e3, Bytes: 1000, Count: 1, Total: 10 * time.Microsecond},   // 0.1 GFLOPS, 0.1 GB/s
	}}
	got := newKernels(p, peaks)
	for i, want := range []struct {
		limited              string
		gflops, gbps, ofPeak float64 // of peak −1: none
		share                float64
	}{
		{byCompute, 50, 1, 0.5, 80. / 108}, {byBandwidth, 1, 8, 0.8, 10. / 108}, {byLaunch, 0.25, 1, -1, 8. / 108}, {byLatency, 0.1, 0.1, 0.01, 10. / 108},
	} {
		k, of := got[i], -1.0
		if k.OfPeak != nil {
			of = *k.OfPeak
		}
		for _, pair := range [][2]float64{{k.GFLOPS, want.gflops}, {k.GBps, want.gbps}, {of, want.ofPeak}, {k.Share, want.share}} {
			if math.Abs(pair[0]-pair[1]) > 1e-12 {
				t.Errorf("%s: %+v, want %+v", k.Kernel, k, want)
			}
		}
		if k.Limited != want.limited {
			t.Errorf("%s: limited by %q, want %q", k.Kernel, k.Limited, want.limited)
		}
	}
	for _, k := range newKernels(p, nil) {
		if k.OfPeak != nil || k.Limited != "" {
			t.Errorf("without peaks: %+v", k)
		}
	}
}
