package main

import (
	"math"
	"path/filepath"
	"strings"
	"testing"
)

// A batch in parts comes to what it does whole, and what auto chose is said, recorded, and
// gone on with.
func TestMicroBatch(t *testing.T) {
	folder := t.TempDir()
	train := func(name string, args ...string) trainJSON {
		var r trainJSON
		args = append([]string{"train", "--device", "cpuref", "--hidden", "8", "--epochs", "3", "--batch-size", "500", "--json",
			"--out", filepath.Join(folder, name)}, args...)
		o := clprop(t, args...).succeeded(t)
		unpack(t, o.stdout, &r)
		if said := strings.Contains(o.stderr, "\nbatch   500 examples, whole, as fits the device\n"); said != (name == "auto") {
			t.Errorf("%s: stderr %q", name, o.stderr)
		}
		return r
	}
	whole, parts, auto := train("whole"), train("parts", "--micro-batch", "64"), train("auto", "--micro-batch", "auto")
	if whole.History.MicroBatch != 500 || parts.Config.MicroBatch != 64 || parts.History.MicroBatch != 64 || auto.Config.MicroBatch != 0 {
		t.Errorf("micro-batches %+v, %+v, %+v", whole.Config, parts.Config, auto.Config)
	}
	// 9 steps, each within 1e-5 of float64 either way
	if a, b := whole.History.Last().Cost, parts.History.Last().Cost; !(math.Abs(a-b) <= 9*2e-5*a) || whole.Test.Accuracy != parts.Test.Accuracy {
		t.Errorf("cost %v in parts, %v whole", b, a)
	}

	run := filepath.Join(folder, "run")
	clprop(t, "train", "--device", "cpuref", "--epochs", "4", "--batch-size", "auto", "--max-steps", "3", "--run", run).succeeded(t)
	o := clprop(t, "train", "--device", "cpuref", "--resume", run).succeeded(t)
	if !strings.Contains(o.stderr, "batch   1024 examples, whole") { // of 1294
		t.Errorf("stderr %q", o.stderr)
	}
}

// An optimizer of the whole set ends where it has converged, and is not given what it has
// no use for.
func TestWholeSetOptimizers(t *testing.T) {
	out := filepath.Join(t.TempDir(), "m.safetensors")
	for _, name := range []string{"lbfgs", "cg"} {
		var r trainJSON
		o := clprop(t, "train", "--device", "cpuref", "--hidden", "8", "--epochs", "500", "--val-split", "0", "--l2", "50",
			"--optimizer", name, "--micro-batch", "400", "--out", out, "--json").succeeded(t)
		unpack(t, o.stdout, &r)
		if r.History.Stopped == nil || r.History.Stopped.Reason != "converged" || r.Config.BatchSize != 1438 || r.Config.MicroBatch != 400 || r.Test.Accuracy < 0.85 {
			t.Errorf("%s: %+v, config %+v, test %+v", name, r.History.Stopped, r.Config, r.Test)
		}
		if !strings.Contains(o.stderr, "\nstopped (converged): cost is ") {
			t.Errorf("%s: stderr %q", name, o.stderr)
		}
	}
	for args, want := range map[string]string{
		"--lr 0.1":          "cannot be used with a learning rate",
		"--dropout 0.5":     "cannot be used with dropout",
		"--run " + out:      "cannot be used with checkpoints",
		"--verify-every 10": "cannot be used with verifying steps",
	} {
		o := clprop(t, append([]string{"train", "--optimizer", "lbfgs", "--out", out}, strings.Fields(args)...)...)
		if o.code != exitUsage || !strings.Contains(o.stderr, want) {
			t.Errorf("%s: exit %d, stderr %q", args, o.code, o.stderr)
		}
	}
	o := clprop(t, "train", "--device", "cpuref", "--optimizer", "lbfgs", "--batch-size", "64", "--out", out)
	if o.code != exitUsage || !strings.Contains(o.stderr, "lbfgs takes all 1294 examples a step") {
		t.Errorf("exit %d, stderr %q", o.code, o.stderr)
	}
	if o := clprop(t, "lr-find", "--optimizer", "cg"); o.code != exitUsage {
		t.Errorf("lr-find: exit %d, stderr %q", o.code, o.stderr)
	}
}
