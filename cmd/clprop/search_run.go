package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/clprop/clprop/device"
	"github.com/clprop/clprop/trainer"
	"github.com/spf13/cobra"
)

// trialResult is what came of a trial in a rung.
type trialResult struct {
	Trial    int      `json:"trial"` // counted from 1
	Rung     int      `json:"rung"`  // counted from 1
	Epochs   int      `json:"epochs"`
	Loss     *float64 `json:"val_loss"`     // null if it failed
	Accuracy float64  `json:"val_accuracy"` // 0 for quantities
	Seconds  float64  `json:"seconds"`
	Failed   string   `json:"failed"`   // why there is no network; "" if there is
	Diverged bool     `json:"diverged"` // that is why
	Model    string   `json:"model"`
	// Quantities says that there is no accuracy.
	Quantities bool `json:"quantities"`
}

// loss is the loss, or NaN of a trial that failed.
func (r trialResult) loss() float64 {
	if r.Loss == nil {
		return math.NaN()
	}
	return *r.Loss
}

// arguments are those of train for a trial, without where it runs and for how long.
func (s *search) arguments(i int) []string {
	all := map[string]string{}
	maps.Copy(all, s.Fixed)
	maps.Copy(all, s.settings[i])
	return asFlags(all)
}

// try looks whether train would take the flags of a trial.
func (s *search) try(ctx context.Context, i int) error {
	var f trainFlags
	cmd := &cobra.Command{Use: "train"}
	cmd.SetContext(ctx)
	f.add(cmd)
	args := append(s.arguments(i), fmt.Sprintf("--epochs=%d", s.Budget))
	if err := cmd.ParseFlags(args); err != nil {
		return err
	}
	if _, err := f.settle(cmd, nil); err != nil {
		return inner(err)
	}
	if _, err := f.check(cmd); err != nil {
		return inner(err)
	}
	if f.valSplit == 0 && f.data.learn.valData == "" {
		return errors.New("--val-split is 0 and there is no --val-data: trials are compared on a validation set")
	}
	return nil
}

// inner is an error of train's flags without the advice to ask train for help.
func inner(err error) error {
	var of *usageError
	if errors.As(err, &of) {
		return of.err
	}
	return err
}

// search runs the trials, rung by rung.
func (e *env) search(ctx context.Context, s *search) error {
	left := make([]int, len(s.settings))
	for i := range left {
		left[i] = i
	}
	best := map[int]trialResult{} // of each trial its last rung
	var all []trialResult
	for r, rung := range rungs(len(s.settings), s.Budget, s.Eta) {
		left = left[:min(len(left), rung.trials)]
		for n, i := range left {
			result, err := e.trial(ctx, s, i, rung.epochs)
			if err != nil {
				if ctx.Err() != nil {
					e.note("stopped in trial %d: go on with clprop search --resume %s", i+1, s.folder)
				}
				return err
			}
			result.Trial, result.Rung = i+1, r+1
			best[i], all = result, append(all, result)
			if !s.quiet {
				e.note("round %d  %*d/%d  trial %d, %d epochs: %s", r+1, len(fmt.Sprint(len(left))), n+1, len(left), i+1, rung.epochs, s.text(result))
			}
		}
		slices.SortStableFunc(left, func(a, b int) int { return s.compare(best[a], best[b]) })
	}
	return first(e.reportSearch(s, best, all), verdict(best))
}

// verdict is the error of a search of which every trial failed.
func verdict(last map[int]trialResult) error {
	diverged, why := true, ""
	for _, i := range slices.Sorted(maps.Keys(last)) {
		r := last[i]
		if r.Failed == "" {
			return nil
		}
		diverged, why = diverged && r.Diverged, cmp.Or(why, fmt.Sprintf("trial %d: %s", r.Trial, r.Failed))
	}
	if diverged {
		return fmt.Errorf("search: every trial failed: %w: vary other flags, or give lower rates", trainer.ErrDiverged)
	}
	return fmt.Errorf("search: every trial failed: %s", why)
}

// byLoss reports whether results are compared by their loss.
func (s *search) byLoss(r trialResult) bool {
	return s.Score == "val_loss" || s.Score == "auto" && r.Quantities
}

// compare orders results, the better first: those that did not fail, then those that went further,
// then those of a better score, and the earlier of the same.
func (s *search) compare(a, b trialResult) int {
	failed := func(r trialResult) int { return min(1, len(r.Failed)) }
	accuracy := cmp.Compare(b.Accuracy, a.Accuracy)
	if s.byLoss(a) {
		accuracy = 0
	}
	return cmp.Or(cmp.Compare(failed(a), failed(b)), cmp.Compare(b.Rung, a.Rung), accuracy,
		cmp.Compare(a.loss(), b.loss()), cmp.Compare(a.Trial, b.Trial))
}

// trialFolder is where a trial runs for so many epochs.
func (s *search) trialFolder(i, epochs int) string {
	return filepath.Join(s.folder, fmt.Sprintf("trial-%04d", i+1), fmt.Sprintf("epochs-%d", epochs))
}

// trial trains, or goes on with training, or finds that it is over. A training that diverged
// or did not fit the device is a result too.
func (e *env) trial(ctx context.Context, s *search, i, epochs int) (result trialResult, err error) {
	folder := s.trialFolder(i, epochs)
	path := filepath.Join(folder, searchResult)
	switch err := readJSON(path, &result); {
	case err == nil:
		return result, nil
	case ctx.Err() != nil:
		return result, context.Cause(ctx)
	case !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, errJSON): // which is trained again
		return result, badFile(fmt.Errorf("trial %d: %w", i+1, err))
	}
	result = trialResult{} // without what a damaged file had in it
	args := []string{"train", "--quiet", "--json"}
	has, err := trainer.HasCheckpoints(folder)
	if err == nil && has {
		args = append(args, "--resume="+folder)
	} else {
		args = append(append(args, s.arguments(i)...), fmt.Sprintf("--epochs=%d", epochs), "--run="+folder, "--keep=1")
	}
	var stdout, stderr bytes.Buffer
	train := newRootCommand(&env{stdin: strings.NewReader(""), stdout: &stdout, stderr: &stderr})
	train.SetArgs(args)
	failed := train.ExecuteContext(ctx)
	for line := range strings.Lines(stderr.String()) {
		if strings.HasPrefix(line, "warning: ") {
			e.note("trial %d: %s", i+1, line)
		}
	}
	switch {
	case failed == nil:
		result, err = newTrialResult(stdout.Bytes())
	case errors.Is(failed, trainer.ErrDiverged), outOfMemory(failed):
		result, err = trialResult{Failed: oneLine(failed.Error()), Diverged: errors.Is(failed, trainer.ErrDiverged)}, nil
	default:
		return result, fmt.Errorf("trial %d: %w", i+1, failed)
	}
	if err != nil {
		return result, fmt.Errorf("trial %d: %w", i+1, err)
	}
	result.Epochs = epochs
	// A train that ends before its first checkpoint takes its folder away.
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return result, fmt.Errorf("trial %d: %w", i+1, err)
	}
	return result, writeJSON(path, result)
}

// newTrialResult reads what train --json printed.
func newTrialResult(text []byte) (r trialResult, err error) {
	var t trainJSON
	if err := json.Unmarshal(text, &t); err != nil {
		return r, fmt.Errorf("the result of train: %w", err)
	}
	held := t.History.Held()
	return trialResult{Loss: &held.ValLoss, Accuracy: held.ValAccuracy, Seconds: t.Seconds, Model: t.Model,
		Quantities: device.Loss(t.Network.Loss).Regression()}, nil
}
