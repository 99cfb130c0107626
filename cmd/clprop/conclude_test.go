package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/clprop/clprop/trainer/report"
)

// trainMeanwhile trains for an epoch, in which meanwhile is called once, and returns what came of it.
func trainMeanwhile(t *testing.T, meanwhile func() error, args ...string) (o outcome, r trainJSON) {
	t.Helper()
	var failed error
	stderr := &trigger{text: "epoch 1/1 ", act: func() { failed = meanwhile() }}
	var stdout bytes.Buffer
	args = append([]string{"train", "--epochs", "1", "--hidden", "4", "--progress", "plain", "--json"}, args...)
	code := run(t.Context(), args, nil, &stdout, stderr)
	if failed != nil {
		t.Fatal(failed)
	}
	unpack(t, stdout.String(), &r)
	if r.Test == nil || len(r.History.Epochs) != 1 {
		t.Errorf("the result lacks the test or the epoch: %s", stdout.String())
	}
	return outcome{code: code, stdout: stdout.String(), stderr: stderr.String()}, r
}

// block makes a folder at a place that is to be written.
func block(place string) func() error { return func() error { return os.Mkdir(place, 0o777) } }

// A trace that cannot be written costs neither the model nor the result.
func TestTraceThatCannotBeWritten(t *testing.T) {
	dir := t.TempDir()
	out, trace := filepath.Join(dir, "m.safetensors"), filepath.Join(dir, "trace.json")
	o, r := trainMeanwhile(t, block(trace), "--device", fastDevice(t).Name, "--out", out, "--profile", trace)
	if _, err := os.Stat(out); o.code != exitOK || err != nil || r.Model != out {
		t.Errorf("exit code %d, model %q: %v", o.code, r.Model, err)
	}
	if !strings.Contains(o.stderr, "warning: --profile: writing "+trace) || !strings.Contains(o.stderr, "device busy") && !strings.Contains(o.stderr, "are of no use") || strings.Contains(o.stderr, "kernels written to") {
		t.Errorf("stderr %s", o.stderr)
	}
}

// Nor does the report of a run.
func TestReportThatCannotBeWritten(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "run")
	o, r := trainMeanwhile(t, block(filepath.Join(folder, report.File)), "--device", "cpuref", "--run", folder)
	if _, err := os.Stat(r.Model); o.code != exitOK || err != nil || !strings.Contains(o.stderr, "warning: the report of the run: writing ") {
		t.Errorf("exit code %d, %v, stderr %s", o.code, err, o.stderr)
	}
}

// Where the model cannot be written the result is said all the same, without it.
func TestModelThatCannotBeWritten(t *testing.T) {
	out := filepath.Join(t.TempDir(), "m.safetensors")
	o, r := trainMeanwhile(t, block(out), "--device", "cpuref", "--out", out)
	if o.code != exitFailure || r.Model != "" || !strings.Contains(o.stderr, "clprop: writing "+out) {
		t.Errorf("exit code %d, model %q, stderr %s", o.code, r.Model, o.stderr)
	}
}

// Standard output has the result: no model and no trace goes there, nor to a file of that name.
func TestTrainToStandardOutput(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, flag := range []string{"--out", "--profile"} {
		o := clprop(t, "train", "--device", "cpuref", flag, "-")
		if _, err := os.Stat("-"); o.code != exitUsage || !errors.Is(err, os.ErrNotExist) || !strings.Contains(o.stderr, flag+" is -: ") {
			t.Errorf("%s: exit code %d, %v, stderr %s", flag, o.code, err, o.stderr)
		}
	}
}
