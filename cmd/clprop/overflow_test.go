package main

import (
	"encoding/json"
	"path/filepath"
	"testing"
)

// nulls are the fields of a JSON object that are null, an object within it as "outer.inner".
// That the text is JSON is part of what is tested: it has neither NaN nor infinity.
func nulls(t *testing.T, text string) map[string]bool {
	t.Helper()
	var top map[string]any
	if err := json.Unmarshal([]byte(text), &top); err != nil {
		t.Fatalf("%v in %q", err, text)
	}
	found := map[string]bool{}
	for name, v := range top {
		found[name] = v == nil
		if inner, ok := v.(map[string]any); ok {
			for field, v := range inner {
				found[name+"."+field] = v == nil
			}
		}
	}
	return found
}

// The square of an error of 1e20 is more than float32 holds, in which a device adds up the loss;
// outputs that overflow leave no score at all. Either way the result is JSON, with null for what
// is not finite.
func TestScoresThatOverflow(t *testing.T) {
	sums := write(t, "sums.csv", "a,y\n1,1.5\n2,2.5\n3,3.5\n4,4.7\n")
	m := model(t, "--data", sums, "--task", "regression", "--scale-targets", "none", "--scale", "none", "--hidden", "64", "--val-split", "0", "--lr", "0.001", "--epochs", "5")
	far := write(t, "far.csv", "a,y\n1,1.5\n2,1e20\n3,3.5\n4,4.7\n")
	got := nulls(t, clprop(t, "evaluate", "--model", m, "--data", far, "--json").succeeded(t).stdout)
	if got["mean.rmse"] {
		t.Errorf("the root of the mean square is 5e19, and is null")
	}
	beyond := write(t, "beyond.csv", "a,y\n3e38,1\n-3e38,2\n")
	got = nulls(t, clprop(t, "evaluate", "--device", "cpuref", "--model", m, "--data", beyond, "--json").succeeded(t).stdout)
	if !got["loss"] || !got["mean.rmse"] || !got["mean.r2"] || got["count"] {
		t.Errorf("of outputs that overflow these are null: %v", got)
	}
}

// Outputs that are not numbers are of no class: predict says in which row, and writes nothing.
func TestPredictionsThatOverflow(t *testing.T) {
	kinds := write(t, "kinds.csv", "x0,x1,y\n1,2,a\n2,1,b\n1,3,a\n3,1,b\n")
	marks := write(t, "marks.csv", "x0,x1,u,v\n1,2,0,1\n2,1,1,1\n1,3,1,0\n3,1,1,1\n")
	beyond := write(t, "beyond.csv", "x0,x1\n1,2\n3e38,-3e38\n")
	for _, args := range [][]string{{"--data", kinds}, {"--data", kinds, "--output", "sigmoid"}, {"--data", marks, "--label", "u,v"}} {
		m := model(t, append(args, "--val-split", "0", "--scale", "none", "--activation", "linear", "--hidden", "64,64,64", "--init", "he", "--epochs", "1", "--lr", "0.0001")...)
		clprop(t, "predict", "--device", "cpuref", "--model", m, "--data", beyond).failed(t, exitBadFile,
			beyond+": row 2: the outputs of the model are not numbers: a value is too large for it")
	}
}

// A training whose test overflows is not lost: its result and its report are written.
func TestTrainingWhoseTestOverflows(t *testing.T) {
	kinds := write(t, "kinds.csv", "x0,x1,y\n1,2,a\n2,1,b\n1,3,a\n3,1,b\n")
	beyond := write(t, "beyond.csv", "x0,x1,y\n3e38,-3e38,a\n-3e38,3e38,b\n")
	run := filepath.Join(t.TempDir(), "run")
	o := clprop(t, "train", "--device", "cpuref", "--data", kinds, "--test-data", beyond, "--val-split", "0", "--scale", "none", "--activation", "linear",
		"--hidden", "3", "--lr", "1", "--epochs", "2", "--run", run, "--json").succeeded(t)
	if got := nulls(t, o.stdout); !got["test.loss"] || got["test.accuracy"] {
		t.Errorf("of a test that overflows these are null: %v", got)
	}
}
