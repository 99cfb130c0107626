package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/clprop/clprop/cl/cltest"
	"github.com/clprop/clprop/device"
)

// Two devices without room for all of the network each split its layers, say so, and move as
// many bytes as was said; with --parallel data that is refused. One that is larger, and
// --resume with the layers whole, have the same weights to rounding.
func TestParallel(t *testing.T) {
	if _, err := device.List(); err != nil {
		cltest.Missing(t, err)
	}
	folder := filepath.Join(t.TempDir(), "run")
	base := []string{"train", "--device", "pthread/1,pthread/1", "--hidden", "512,512", "--epochs", "1", "--val-split", "0", "--resident", "no", "--json"}
	with := func(args ...string) []string { return append(slices.Clone(base), args...) }
	// Θ, Δ and D take 12·(64·512 + 512·512 + 512·10 + 1034) = 3.61e6 bytes; what the test
	// takes is less than the half of it that each has.
	t.Setenv(device.EnvMemory, "3.5MB")
	o := clprop(t, with("--run", folder)...).succeeded(t)
	var r trainJSON
	unpack(t, o.stdout, &r)
	if r.Device.Parallel != device.ParallelTensor || len(r.Device.Members) != 2 || len(r.Device.Shares) != 0 {
		t.Errorf("%+v", r.Device)
	}
	// 32 examples, 512 units cut, 10 not: forward 3·512 + 3·512 + 2·10 values, hidden 3·512 + 2·512.
	if want := int64(4 * 32 * (11*512 + 20)); r.StepTraffic != want || !strings.Contains(o.stderr, "moves 706.5 KiB") {
		t.Errorf("a step moves %d bytes, want %d: %s", r.StepTraffic, want, o.stderr)
	}
	// 1438 examples are 44 batches and 30 examples; testing moves some more, and the report's
	// gradient, of 1024 examples or as many as there is room for.
	if least := 4 * int64(1438) * (11*512 + 20); r.Device.Moved < least || r.Device.Moved > least+4*359*(6*512+20)+4*1024*(11*512+20) {
		t.Errorf("%d bytes moved, training alone %d", r.Device.Moved, least)
	}
	if o := clprop(t, with("--parallel", "data", "--out", filepath.Join(t.TempDir(), "m"))...); o.code != exitMemory {
		t.Errorf("--parallel data: %+v", o)
	}
	model := filepath.Join(folder, "model.safetensors")
	if o := clprop(t, "evaluate", "--model", model, "--device", "pthread/1,pthread/1").succeeded(t); strings.Contains(o.stderr, "by columns") {
		t.Errorf("the weights fit each: %s", o.stderr)
	}
	if err := os.Unsetenv(device.EnvMemory); err != nil {
		t.Fatal(err)
	}
	var again trainJSON
	unpack(t, clprop(t, "train", "--resume", folder, "--device", "cpuref", "--epochs", "2", "--json").succeeded(t).stdout, &again)
	if len(again.History.Epochs) != 2 || again.Device.Parallel != "" || again.History.Epochs[0].Loss != r.History.Epochs[0].Loss {
		t.Errorf("%+v", again.History)
	}
}

// --parallel chooses whatever fits, and is refused where it cannot be meant.
func TestParallelIsAsked(t *testing.T) {
	if _, err := device.List(); err != nil {
		cltest.Missing(t, err)
	}
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"--parallel", "tensor"}, exitOK, "as asked"},
		{[]string{"--parallel", "data"}, exitOK, `"parallel": "data"`},
		{nil, exitOK, `"parallel": "data"`},
		{[]string{"--parallel", "tensor", "--shares", "1,1"}, exitUsage, "leave one of them out"},
		{[]string{"--parallel", "tensor", "--on-device-loss", "continue"}, exitUsage, "leave one of them out"},
		{[]string{"--parallel", "tensor", "--precision", "fp16"}, exitUsage, "precision fp16 is for one device"},
		{[]string{"--parallel", "rows"}, exitUsage, "have auto, data, tensor"},
		{[]string{"--parallel", "tensor", "--device", "cpuref"}, exitUsage, "names one"},
	} {
		args := append([]string{"train", "--device", "pthread/1,cpuref", "--hidden", "8", "--epochs", "1", "--json", "--out", filepath.Join(t.TempDir(), "m")}, c.args...)
		o := clprop(t, args...)
		if o.code != c.code || !strings.Contains(o.stdout+o.stderr, c.says) {
			t.Errorf("%v: exit code %d, want %d, %q: %s%s", c.args, o.code, c.code, c.says, o.stdout, o.stderr)
		}
		if c.code == exitOK && !json.Valid([]byte(o.stdout)) {
			t.Errorf("%v: %s", c.args, o.stdout)
		}
	}
}
