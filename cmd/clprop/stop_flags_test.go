package main

import (
	"path/filepath"
	"strings"
	"testing"
)

// Each way to stop early ends a training that would take 60 epochs, and says so.
func TestTrainStops(t *testing.T) {
	for _, c := range []struct {
		args []string
		want stopJSON
		text string
	}{
		{[]string{"--target", "val_accuracy=0.8"}, stopJSON{Target: "val_accuracy=0.8"}, "stopped (target): val_accuracy is 0."},
		{[]string{"--early-stop", "2", "--min-delta", "0.5", "--monitor", "loss"},
			stopJSON{Patience: 2, MinDelta: 0.5, Monitor: "loss"}, "stopped (early-stop): loss is no better for 2 epochs than "},
		{[]string{"--max-steps", "50"}, stopJSON{Steps: 50}, "stopped (max-steps): 50 steps are done, at step 9 of epoch 2"},
		{[]string{"--max-time", "1ns"}, stopJSON{Seconds: 1e-9}, "stopped (max-time): 1ns are over, at the end of epoch 0"},
	} {
		o := clprop(t, append([]string{"train", "--device", "cpuref", "--json", "--epochs", "60", "--hidden", "8",
			"--out", filepath.Join(t.TempDir(), "m.safetensors")}, c.args...)...).succeeded(t)
		var r trainJSON
		unpack(t, o.stdout, &r)
		if r.Config.Stop != c.want || r.History.Stopped == nil || r.History.Epochs == nil || len(r.History.Epochs) > 50 || r.Test == nil {
			t.Errorf("%v: %+v, %+v after %d epochs", c.args, r.Config.Stop, r.History.Stopped, len(r.History.Epochs))
		}
		if !strings.Contains(o.stderr, c.text) {
			t.Errorf("%v: stderr lacks %q:\n%s", c.args, c.text, o.stderr)
		}
	}
}

// Speed is that of epochs: where none is completed there is none to tell.
func TestTrainStopsInFirstEpoch(t *testing.T) {
	o := clprop(t, "train", "--device", "cpuref", "--max-steps", "5", "--out", filepath.Join(t.TempDir(), "m.safetensors")).succeeded(t)
	if !strings.Contains(o.stdout, "stopped in the first epoch, on cpuref") || strings.Contains(o.stdout, "samples/s") {
		t.Errorf("%s", o.stdout)
	}
}

func TestStopFlags(t *testing.T) {
	for _, c := range []struct{ args, text string }{
		{"--early-stop -1", "--early-stop is -1"},
		{"--early-stop 1 --min-delta NaN", "--min-delta is NaN"},
		{"--min-delta 1", "--min-delta without --early-stop"},
		{"--early-stop 1 --monitor speed", `--monitor is "speed": have loss, `},
		{"--target 0.9", `"0.9" is not a target: write val_accuracy=0.9`},
		{"--target species", "what is to be predicted is the column of --label"},
		{"--target val_accuracy=0.9 --val-split 0", "--target: monitor val_accuracy needs a validation set: give --val-split a share"},
		{"--max-steps -5", "--max-steps is -5"},
		{"--max-time -5s", "--max-time is -5s"},
	} {
		o := clprop(t, append([]string{"train", "--device", "cpuref"}, strings.Fields(c.args)...)...)
		if o.code != exitUsage || !strings.Contains(o.stderr, c.text) {
			t.Errorf("%s: exit %d, %q, want %q", c.args, o.code, o.stderr, c.text)
		}
	}
}

func TestRegularizerFlags(t *testing.T) {
	o := clprop(t, "train", "--device", "cpuref", "--json", "--quiet", "--epochs", "4", "--hidden", "8", "--l1", "0.01", "--clip-norm", "1",
		"--clip-value", "0.5", "--max-norm", "3", "--ema", "0.9", "--dropout", "0.1", "--input-dropout", "0.05", "--out", filepath.Join(t.TempDir(), "m.safetensors")).succeeded(t)
	var r trainJSON
	unpack(t, o.stdout, &r)
	if want := (regularizersJSON{0.01, 0.5, 1, 3, 0.9, 0.1, 0.05}); r.Config.Regularizers != want {
		t.Errorf("regularizers %+v, want %+v", r.Config.Regularizers, want)
	}
	if first, last := r.History.Epochs[0], r.History.Epochs[3]; !(last.ValLoss < first.ValLoss) {
		t.Errorf("validation loss %v, then %v", first.ValLoss, last.ValLoss)
	}
	for _, c := range []struct{ args, text string }{
		{"--l1 -1", "--l1 is -1: need 0 or more"},
		{"--clip-norm NaN", "--clip-norm is NaN"},
		{"--ema 1", "--ema is 1: need 0 or more, and below 1"},
		{"--clip-norm 1e-50", "--clip-norm is 1e-50: need 0 for none, or 1.18e-38 or more, and below 3.4e+38"},
		{"--clip-value 1e-50", "--clip-value is 1e-50: need 0 for none, or 1.18e-38 or more, and below 3.4e+38"},
		{"--max-norm 1e-50", "--max-norm is 1e-50: need 0 for none, or 1.18e-38 or more, and below 3.4e+38"},
		{"--lr 1e39", "--lr is 1e+39: need a number above 0, up to 3.4e+38"},
		{"--l2 1e39", "--l2 is 1e+39: need 0 or more, up to 3.4e+38"},
		{"--loss huber:1e39", "the threshold is not a number from 1.18e-38 to 3.4e+38: write huber:0.5"},
		{"--class-weights 1=1e39", `"1=1e39" is not CLASS=WEIGHT with a weight from 0 to 3.4e+38`},
		{"--data x.f32 --columns 99999999999", "--columns is 99999999999: need 1 to 65536"},
		{"--norm group", `--norm is "group": have none, batch, layer`},
	} {
		o := clprop(t, append([]string{"train", "--device", "cpuref"}, strings.Fields(c.args)...)...)
		if o.code != exitUsage || !strings.Contains(o.stderr, c.text) {
			t.Errorf("%s: exit %d, %q, want %q", c.args, o.code, o.stderr, c.text)
		}
	}
}

func TestScheduleFlags(t *testing.T) {
	o := clprop(t, "train", "--device", "cpuref", "--json", "--quiet", "--epochs", "6", "--hidden", "8", "--lr-schedule", "step", "--lr-factor", "0.5",
		"--warmup-epochs", "1", "--out", filepath.Join(t.TempDir(), "m.safetensors")).succeeded(t)
	var r trainJSON
	unpack(t, o.stdout, &r)
	if want := (scheduleJSON{Name: "step", Warmup: 1, Factor: 0.5, Every: 2}); r.Config.Schedule != want {
		t.Errorf("schedule %+v, want %+v", r.Config.Schedule, want)
	}
	for i, want := range []float64{0.1, 0.1, 0.05, 0.05, 0.025, 0.025} {
		if got := r.History.Epochs[i].Rate; got != want {
			t.Errorf("epoch %d: rate %v, want %v", i+1, got, want)
		}
	}
	for _, c := range []struct{ args, text string }{
		{"--lr-schedule zigzag", `--lr-schedule is "zigzag": have constant, step, `},
		{"--lr-factor 0.5", "--lr-schedule: schedule constant has no factor, which is 0.5"},
		{"--lr-schedule step --lr-every 0", "--lr-every is 0"},
		{"--lr-schedule plateau --keep-last", "--keep-last without --early-stop"},
		{"--warmup-epochs -1", "warm-up of schedule constant is -1"},
	} {
		o := clprop(t, append([]string{"train", "--device", "cpuref"}, strings.Fields(c.args)...)...)
		if o.code != exitUsage || !strings.Contains(o.stderr, c.text) {
			t.Errorf("%s: exit %d, %q, want %q", c.args, o.code, o.stderr, c.text)
		}
	}
}
