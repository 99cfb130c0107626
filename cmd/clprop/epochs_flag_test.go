package main

import (
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/clprop/clprop/trainer"
)

// 500 steps, worked by hand: 120 examples in batches of 32 are 4 steps, 769 are 25.
func TestAutoEpochs(t *testing.T) {
	for _, c := range []struct{ rows, batch, want int }{
		{120, 32, 125}, {768, 32, 21}, {769, 32, 20}, {60000, 32, 20}, {1, 32, 500}, {100, 256, 500}, {60000, 20000, 167}, {120, math.MaxInt, 500},
	} {
		if got := autoEpochs(trainer.Config{BatchSize: c.batch}, c.rows); got != c.want {
			t.Errorf("%d examples in batches of %d: %d epochs, want %d", c.rows, c.batch, got, c.want)
		}
	}
	if got := autoEpochs(trainer.Config{Optimizer: trainer.Optimizer{Name: "lbfgs"}}, 120); got != 200 {
		t.Errorf("lbfgs: %d epochs", got)
	}
}

// On a small set auto is told, recorded, known to a schedule that falls every third of
// training, and the same when a run goes on; a number that is given is taken.
func TestEpochsOfSmallSet(t *testing.T) {
	table := write(t, "small.csv", "x,y\n"+strings.Repeat("1,up\n-1,down\n", 20))
	run := filepath.Join(t.TempDir(), "run")
	args := []string{"train", "--device", "cpuref", "--data", table, "--hidden", "4", "--val-split", "0", "--lr-schedule", "step"}
	var r trainJSON
	o := clprop(t, append(args, "--json", "--run", run, "--max-steps", "7")...).succeeded(t)
	unpack(t, o.stdout, &r)
	if r.Config.Epochs != 250 || r.Config.Schedule.Every != 84 || !strings.Contains(o.stderr, "\nepochs  250, as the set is small\n") {
		t.Errorf("%d epochs, schedule %+v, stderr %q", r.Config.Epochs, r.Config.Schedule, o.stderr)
	}
	if o := clprop(t, "train", "--device", "cpuref", "--resume", run).succeeded(t); !strings.Contains(o.stderr, "\nepochs  250,") {
		t.Errorf("stderr %q", o.stderr)
	}
	o = clprop(t, append(args, "--json", "--epochs", "3", "--out", filepath.Join(t.TempDir(), "m.safetensors"))...).succeeded(t)
	unpack(t, o.stdout, &r)
	if len(r.History.Epochs) != 3 || r.Config.Schedule.Every != 1 || strings.Contains(o.stderr, "epochs  ") {
		t.Errorf("%d epochs, schedule %+v, stderr %q", len(r.History.Epochs), r.Config.Schedule, o.stderr)
	}
}
