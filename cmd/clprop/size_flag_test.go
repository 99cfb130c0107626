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
