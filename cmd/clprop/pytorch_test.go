package main

import (
	"math"
	"path/filepath"
	"testing"

	"github.com/clprop/clprop/trainer/safetensors"
)

// 200 steps from a state_dict, in the order of the file, end where PyTorch's end from the
// same weights (testdata/pytorch, made by scripts/pytorch/steps.py with PyTorch 1.13.0, in
// float32), within 1e-4 relative: a step is right to 1e-5, and what it is off by grows or
// shrinks with the curvature on the way.
func TestStepsAsPyTorch(t *testing.T) {
	const from = "testdata/pytorch"
	start := tensors(t, filepath.Join(from, "start.safetensors"))
	for name, rate := range map[string]string{"sgd": "0.1", "nesterov": "0.02", "adam": "0.005"} {
		folder := t.TempDir()
		model, out := filepath.Join(folder, "model"), filepath.Join(folder, "out.safetensors")
		clprop(t, "train", "--device", "cpuref", "--quiet", "--data", filepath.Join(from, "rows.csv"), "--init", filepath.Join(from, "start.safetensors"),
			"--scale", "none", "--val-split", "0", "--shuffle-buffer", "1", "--optimizer", name, "--lr", rate,
			"--batch-size", "8", "--epochs", "10", "--out", model).succeeded(t)
		clprop(t, "export", model, "--to", "safetensors", "-o", out).succeeded(t)
		got, want := tensors(t, out), tensors(t, filepath.Join(from, name+".safetensors"))
		if len(got) != 4 || len(want) != 4 {
			t.Fatalf("%d tensors, PyTorch has %d", len(got), len(want))
		}
		for key := range want {
			if off := distance(got[key], want[key]); !(off <= 1e-4) {
				t.Errorf("%s: %s is %.1e off", name, key, off)
			}
			if moved := distance(start[key], want[key]); moved < 0.05 {
				t.Errorf("%s: %s moved by %.1e only: that shows nothing", name, key, moved)
			}
		}
	}
}

// tensors are the values of a file by name.
func tensors(t *testing.T, path string) map[string][]float32 {
	t.Helper()
	f, err := safetensors.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	values := map[string][]float32{}
	for _, tensor := range f.Tensors {
		values[tensor.Name] = tensor.Data
	}
	return values
}

// distance is ‖a − b‖/‖b‖.
func distance(a, b []float32) float64 {
	if len(a) != len(b) {
		return math.Inf(1)
	}
	var off, size float64
	for i := range b {
		d := float64(a[i]) - float64(b[i])
		off += d * d
		size += float64(b[i]) * float64(b[i])
	}
	return math.Sqrt(off / size)
}
