package main

import (
	"path/filepath"
	"strings"
	"testing"
)

// Images know their shape, a table is told it; what is saved of a run goes on with it, and
// the same seed gives the same model.
func TestTrainAugmented(t *testing.T) {
	args := []string{"--augment-shift", "1", "--augment-flip", "--augment-noise", "0.1", "--mixup", "0.2"}
	want := uninterrupted(t, args...)
	if again := uninterrupted(t, append(args, "--micro-batch", "32")...); again != want {
		t.Error("other results of the same seed")
	}
	if plain := uninterrupted(t); plain == want {
		t.Error("the same results without augmentation")
	}
	var r trainJSON
	o := clprop(t, append([]string{"train", "--device", "cpuref", "--epochs", "1", "--json", "--quiet", "--out", filepath.Join(t.TempDir(), "m.safetensors")}, args...)...).succeeded(t)
	unpack(t, o.stdout, &r)
	if want := (augmentJSON{1, true, 0.1, 0.2, "8x8x1"}); r.Config.Augment != want {
		t.Errorf("config has %+v, want %+v", r.Config.Augment, want)
	}
}

// Half precision is saved of a run, has other results, which repeat, and is in the JSON; what
// it does not go with is a mistake of the command line.
func TestTrainPrecision(t *testing.T) {
	want := uninterrupted(t, "--precision", "fp16")
	if again := uninterrupted(t, "--precision", "fp16", "--resident", "no"); again != want {
		t.Error("other results of the same seed")
	}
	if plain := uninterrupted(t); plain == want {
		t.Error("the same results as in float32")
	}
	var r trainJSON
	o := clprop(t, "train", "--device", "cpuref", "--epochs", "1", "--json", "--quiet", "--precision", "fp16", "--out", filepath.Join(t.TempDir(), "m.safetensors")).succeeded(t)
	if unpack(t, o.stdout, &r); r.Config.Precision != "fp16" {
		t.Errorf("config has %q", r.Config.Precision)
	}
	for _, c := range []struct{ args, text string }{
		{"--precision fp8", `--precision is "fp8": have fp32, fp16`},
		{"--precision fp16 --optimizer lbfgs", "precision fp16 does not go with optimizer lbfgs, which works on float32: leave it out, or use precision fp32"},
		{"--precision fp16 --verify-every 3", "verifying steps"},
	} {
		o := clprop(t, append([]string{"train", "--device", "cpuref"}, strings.Fields(c.args)...)...)
		if o.code != exitUsage || !strings.Contains(o.stderr, c.text) {
			t.Errorf("%s: exit code %d, stderr %q, want %q", c.args, o.code, o.stderr, c.text)
		}
	}
}

func TestAugmentFlags(t *testing.T) {
	table := write(t, "flowers.csv", flowers(30))
	for _, c := range []struct{ args, text string }{
		{"--augment-shift -1", "--augment-shift is -1: need 0 for none, or more"},
		{"--augment-noise NaN", "--augment-noise is NaN"},
		{"--mixup -0.5", "--mixup is -0.5"},
		{"--mixup 0.001", "--mixup is 0.001: need 0 for none, or 0.01 or more, up to 3.4e+38"},
		{"--mixup 1e39", "--mixup is 1e+39: need 0 for none, or 0.01 or more, up to 3.4e+38"},
		{"--mixup Inf", "--mixup is +Inf"},
		{"--augment-noise Inf", "--augment-noise is +Inf: need 0 for none, or more, up to 3.4e+38"},
		{"--augment-noise 1e39", "--augment-noise is 1e+39"},
		{"--augment-shift 8", "--augment-shift is 8, and the images are 8x8x1: nothing would be left to see"},
		{"--augment-flip --image-shape 8x8", `--image-shape is "8x8": write height, width and channels`},
		{"--augment-flip --image-shape 8x8x1x1", `--image-shape is "8x8x1x1"`},
		{"--augment-flip --image-shape 8x0x1", "an image of 8x0x1"},
		{"--augment-flip --image-shape 3x3x7", "--image-shape 3x3x7 has 63 values, and an example 64"},
		{"--image-shape 8x8x1", "--image-shape is for --augment-shift and --augment-flip"},
		{"--mixup 1 --loss hinge", "--mixup is for losses that know shares"},
		{"--augment-flip --data " + table, "the data is a table: say what images its rows are with --image-shape"},
	} {
		o := clprop(t, append([]string{"train", "--device", "cpuref"}, strings.Fields(c.args)...)...)
		if o.code != exitUsage || !strings.Contains(o.stderr, c.text) {
			t.Errorf("%s: exit code %d, stderr %q, want %q", c.args, o.code, o.stderr, c.text)
		}
	}
}
