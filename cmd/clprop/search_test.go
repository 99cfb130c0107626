package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

// searchArgs is a small search.
func searchArgs(folder string, more ...string) []string {
	return append([]string{"search", "--run", folder, "--device", "cpuref", "--hidden", "8", "--trials", "9", "--budget", "9",
		"--vary", "lr=log:1e-3..1", "--vary", "batch-size=16|64", "--vary", "optimizer=sgd|momentum"}, more...)
}

// A search goes through its rounds, prints the trials in order, and the command that it
// prints gives the model that it found. The same seed finds the same.
func TestSearch(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "found")
	var r, again searchJSON
	unpack(t, clprop(t, searchArgs(folder, "--json", "--quiet")...).succeeded(t).stdout, &r)
	if len(r.Results) != 9+3+1 || len(r.Trials) != 9 || r.Best == nil {
		t.Fatalf("%d results, %d trials, best %v", len(r.Results), len(r.Trials), r.Best)
	}
	for i, want := range []trialResult{{Rung: 3, Epochs: 9}, {Rung: 2, Epochs: 3}, {Rung: 2, Epochs: 3}, {Rung: 1, Epochs: 1}} {
		if got := r.Trials[i]; got.Rung != want.Rung || got.Epochs != want.Epochs {
			t.Errorf("rank %d has round %d of %d epochs, want %d of %d", i+1, got.Rung, got.Epochs, want.Rung, want.Epochs)
		}
	}
	// Whoever went on was among the best third of the round before.
	for round := 1; round <= 2; round++ {
		var here []trialResult
		for _, result := range r.Results {
			if result.Rung == round {
				here = append(here, result)
			}
		}
		slices.SortStableFunc(here, func(a, b trialResult) int { return int(math.Copysign(1, b.Accuracy-a.Accuracy)) })
		least := here[len(here)/3-1].Accuracy
		for _, result := range r.Results {
			if result.Rung == round+1 && !slices.ContainsFunc(here, func(h trialResult) bool { return h.Trial == result.Trial && h.Accuracy >= least }) {
				t.Errorf("trial %d is in round %d", result.Trial, round+1)
			}
		}
	}
	if text := fileBytes(t, r.Plot); !strings.Contains(text, "9 epochs") {
		t.Errorf("the picture has no legend")
	}

	out := filepath.Join(t.TempDir(), "m.safetensors")
	words := strings.Fields(r.Best.Command)[1:]
	clprop(t, append(words, "--out", out, "--quiet")...).succeeded(t)
	if a, b := fileBytes(t, out), fileBytes(t, r.Best.Model); a[len(a)-4*(8*65+10*9):] != b[len(b)-4*(8*65+10*9):] {
		t.Errorf("%s gives another model", r.Best.Command)
	}

	unpack(t, clprop(t, searchArgs(filepath.Join(t.TempDir(), "again"), "--json", "--quiet")...).succeeded(t).stdout, &again)
	for i, trial := range again.Trials {
		if want := r.Trials[i]; !maps.Equal(trial.Flags, want.Flags) || trial.Accuracy != want.Accuracy || trial.loss() != want.loss() {
			t.Errorf("rank %d is %+v, was %+v", i+1, trial, want)
		}
	}
	// What is done is not done again.
	table := clprop(t, "search", "--resume", folder).succeeded(t)
	if !strings.HasSuffix(table.stdout, "\n"+r.Best.Command+"\n") || strings.Count(table.stdout, "\n") != 9+4 {
		t.Errorf("table\n%s", table.stdout)
	}
}

// A search that a signal stops goes on in the middle of its trial, to the same results.
func TestSearchResumes(t *testing.T) {
	whole, folder := filepath.Join(t.TempDir(), "whole"), filepath.Join(t.TempDir(), "stopped")
	more := []string{"--trials", "3", "--eta", "1", "--budget", "6"}
	clprop(t, searchArgs(whole, more...)...).succeeded(t)
	ctx, cancel := context.WithCancelCause(context.Background())
	stderr := &trigger{text: "trial 1, ", act: func() { cancel(signalError{os.Interrupt}) }}
	var stdout bytes.Buffer
	if code := run(ctx, searchArgs(folder, more...), nil, &stdout, stderr); code != exitInterrupt || !strings.Contains(stderr.String(), "go on with clprop search --resume "+folder) {
		t.Fatalf("exit code %d: %s", code, stderr.String())
	}
	clprop(t, "search", "--resume", folder, "--quiet").succeeded(t)
	for trial := 1; trial <= 3; trial++ {
		at := fmt.Sprintf("trial-%04d/epochs-6", trial)
		if got, want := fileBytes(t, folder, at, "metrics.csv"), fileBytes(t, whole, at, "metrics.csv"); got != want {
			t.Errorf("trial %d:\n%s\nwant\n%s", trial, got, want)
		}
	}
}

// A trial that diverges is the last, with no loss in JSON.
func TestSearchDiverges(t *testing.T) {
	table := write(t, "prices.csv", prices(80))
	args := []string{"search", "--device", "cpuref", "--data", table, "--label", "price", "--drop", "days,trust",
		"--hidden", "8", "--trials", "5", "--budget", "2", "--eta", "1"}
	folder := filepath.Join(t.TempDir(), "s")
	o := clprop(t, append(args, "--run", folder, "--vary", "lr=1e30|0.01")...).succeeded(t)
	lines := strings.Split(o.stdout, "\n")
	if !strings.Contains(lines[1], "--lr=0.01") || !strings.Contains(lines[2], "failed") || !strings.Contains(o.stderr, "the space has 2 settings, and --trials is 5") {
		t.Errorf("%s\n%s", o.stdout, o.stderr)
	}
	var r struct {
		Trials []map[string]any `json:"trials"`
	}
	o = clprop(t, "search", "--resume", folder, "--json").succeeded(t)
	if err := json.Unmarshal([]byte(o.stdout), &r); err != nil || len(r.Trials) != 2 {
		t.Fatalf("%v in %s", err, o.stdout)
	}
	if good, bad := r.Trials[0], r.Trials[1]; good["val_loss"] == nil || good["diverged"] != false || bad["val_loss"] != nil || bad["diverged"] != true {
		t.Errorf("%v, then %v", good, bad)
	}
}

// Trials that do not fit the device, their weights or their training, so that train leaves no folder,
// come last, and are not tried again.
func TestSearchDoesNotFit(t *testing.T) {
	t.Setenv("CLPROP_DEVICE_MEMORY", "1MB")
	folder := filepath.Join(t.TempDir(), "s")
	for _, args := range [][]string{
		{"search", "--run", folder, "--device", "cpuref", "--trials", "3", "--budget", "1", "--eta", "1", "--vary", "hidden=8|1024|4096", "--json"},
		{"search", "--resume", folder, "--json"},
	} {
		var r searchJSON
		unpack(t, clprop(t, args...).succeeded(t).stdout, &r)
		if len(r.Trials) != 3 || r.Trials[0].Flags["hidden"] != "8" || r.Trials[0].Failed != "" {
			t.Fatalf("%v: %+v", args, r.Trials)
		}
		for _, trial := range r.Trials[1:] {
			want := map[string]string{"1024": "not enough device memory", "4096": "network 64-4096-10 needs "}[trial.Flags["hidden"]]
			if !strings.Contains(trial.Failed, want) || trial.Diverged {
				t.Errorf("%v: %+v", args, trial)
			}
		}
	}
}

// Where every trial failed there is nothing to go on with: the results are printed, and the exit
// code says why, also when they were read back.
func TestSearchThatFindsNothing(t *testing.T) {
	table := write(t, "prices.csv", prices(80))
	folder := filepath.Join(t.TempDir(), "s")
	for _, args := range [][]string{
		{"search", "--run", folder, "--device", "cpuref", "--data", table, "--label", "price", "--drop", "days,trust",
			"--hidden", "8", "--trials", "2", "--budget", "2", "--eta", "1", "--vary", "lr=1e30|1e31"},
		{"search", "--resume", folder, "--json"},
	} {
		o := clprop(t, args...)
		if o.code != exitDiverged || o.stdout == "" || !strings.Contains(o.stderr, "clprop: search: every trial failed: training diverged") {
			t.Errorf("%v: exit code %d, stderr %q, stdout\n%s", args, o.code, o.stderr, o.stdout)
		}
	}
	result := filepath.Join(folder, "trial-0001", "epochs-2", searchResult)
	text := strings.Replace(fileBytes(t, result), `"diverged": true`, `"diverged": false`, 1)
	if err := os.WriteFile(result, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	if o := clprop(t, "search", "--resume", folder); o.code != exitFailure || !strings.Contains(o.stderr, "clprop: search: every trial failed: ") {
		t.Errorf("one of them otherwise: exit code %d, stderr %q", o.code, o.stderr)
	}
}

func TestSearchFlags(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "s")
	for _, c := range []struct{ args, text string }{
		{"--vary lr=0.1|0.2", "a search needs a folder"},
		{"--run " + folder, "nothing to vary"},
		{"--run F --vary lr", `--vary is "lr": write NAME=VALUES`},
		{"--run F --vary lr=0.1", "nothing to choose from"},
		{"--run F --vary lr=0.2..0.1", "the first end is not below the second"},
		{"--run F --vary lr=NaN..1", "the first end is not below the second"},
		{"--run F --vary lr=log:0..1", "a logarithm begins above 0"},
		{"--run F --vary lr=a..1", "the first end is no number"},
		{"--run F --vary batch-size=1.5..2", "whole numbers"},
		{"--run F --vary epochs=1..2", `"epochs" is no flag of train that can be varied`},
		{"--run F --vary lr=0.1|0.2 --lr 1", "--lr is given, and to be varied"},
		{"--run F --vary dropout=0.5|2", "dropout=2: --dropout is 2"},
		{"--run F --vary lr=0.1|0.2 --val-split 0", "trials are compared on a validation set"},
		{"--run F --vary lr=0.1|0.2 --data -", "standard input is there once"},
		{"--run F --vary lr=0.1|0.2 --eta 0", "need at least 1 of each"},
		{"--run " + folder + " --vary lr=0.1|0.2 --budget 1 --trials 1000001", "--trials is 1000001: need at most 1000000"},
		{"--run F --vary lr=0.1|0.2 --score loss", "--score is"},
		{"--resume F --vary lr=0.1|0.2", "--vary and --resume are both given"},
		{"--run F --space none.yaml", "none.yaml"},
	} {
		o := clprop(t, append([]string{"search"}, strings.Fields(c.args)...)...)
		if o.code != exitUsage || !strings.Contains(o.stderr, c.text) {
			t.Errorf("%s: exit code %d, stderr %q, want %q", c.args, o.code, o.stderr, c.text)
		}
	}
	large := t.TempDir()
	plan := searchPlan{Schema: schemaVersion, Trials: maxTrials + 1, Budget: 1, Eta: 1, Space: map[string]string{"lr": "0.1|0.2"}}
	if err := writeJSON(filepath.Join(large, searchFile), plan); err != nil {
		t.Fatal(err)
	}
	if o := clprop(t, "search", "--resume", large); o.code != exitBadFile || !strings.Contains(o.stderr, "need at most 1000000") {
		t.Errorf("a file of too many trials: exit code %d: %s", o.code, o.stderr)
	}
	if o := clprop(t, "search", "--resume", t.TempDir()); o.code != exitBadFile {
		t.Errorf("exit code %d: %s", o.code, o.stderr)
	}
}

// The values of a space lie where they should, evenly: of n the shares of the halves are
// within 5 deviations, √n/2.
func TestSearchDraws(t *testing.T) {
	file := write(t, "space.yaml", "# a comment\nlr: log:1e-4..1e-2\ndropout: 0..0.5\nhidden: 64 | 128,64\nbatch-size: 1..4\n")
	train := newTrainCommand(&env{})
	train.SetContext(t.Context())
	lines, err := readSettings(train, "space", file)
	if err != nil {
		t.Fatal(err)
	}
	list, _, err := parseSpace([]string{"activation=relu|gelu"}, lines, func(name string) *pflag.Flag { return train.Flags().Lookup(name) })
	if err != nil {
		t.Fatal(err)
	}
	const n = 2000
	all := list.draw(n, 7)
	counts := map[string]int{}
	for _, setting := range all {
		lr, _ := strconv.ParseFloat(setting["lr"], 64)
		dropout, _ := strconv.ParseFloat(setting["dropout"], 64)
		if lr < 1e-4 || lr > 1e-2 || dropout < 0 || dropout > 0.5 || len(setting) != 5 {
			t.Fatalf("%v", setting)
		}
		for what, is := range map[string]bool{"lr": lr < 1e-3, "dropout": dropout < 0.25, "hidden": setting["hidden"] == "128,64",
			"batch": setting["batch-size"] <= "2", "activation": setting["activation"] == "gelu"} {
			if is {
				counts[what]++
			}
		}
	}
	for _, what := range []string{"lr", "dropout", "hidden", "batch", "activation"} {
		if !(math.Abs(float64(counts[what])-n/2) <= 5*math.Sqrt(n)/2) {
			t.Errorf("%s: %d of %d", what, counts[what], n)
		}
	}
	if !slices.EqualFunc(list.draw(10, 7), all[:10], maps.Equal) || slices.EqualFunc(list.draw(10, 8), all[:10], maps.Equal) {
		t.Error("other settings with the same seed, or the same with another")
	}
}

func TestRungs(t *testing.T) {
	for _, c := range []struct {
		trials, budget, eta int
		want                []rung
	}{
		{9, 9, 3, []rung{{9, 1}, {3, 3}, {1, 9}}}, {20, 20, 3, []rung{{20, 2}, {6, 6}, {2, 20}}},
		{27, 2, 3, []rung{{27, 2}}}, {2, 100, 3, []rung{{2, 100}}}, {8, 5, 1, []rung{{8, 5}}}, {1, 1, 2, []rung{{1, 1}}},
	} {
		if got := rungs(c.trials, c.budget, c.eta); !slices.Equal(got, c.want) {
			t.Errorf("%d trials, %d epochs, η %d: %v, want %v", c.trials, c.budget, c.eta, got, c.want)
		}
	}
}

// A file of --space is bounded as one of --config is, and its errors name the line.
func TestBadSpace(t *testing.T) {
	for text, want := range map[string]string{
		strings.Repeat("#", maxConfigSize+1): "--space ",
		"lr: 0.1..1\nlr: 1..2\n":             ":2: lr is there twice",
	} {
		path := write(t, "space.yaml", text)
		o := clprop(t, "search", "--run", t.TempDir(), "--space", path)
		if o.code != exitUsage || !strings.Contains(o.stderr, want) || strings.Count(o.stderr, "\n") != 1 {
			t.Errorf("exit code %d, stderr %q, want %q", o.code, o.stderr, want)
		}
	}
}
