package main

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/plotutil"
)

// searchJSON is what search --json prints.
type searchJSON struct {
	Schema  int           `json:"schema"`
	Version string        `json:"version"`
	Plan    searchPlan    `json:"plan"`
	Trials  []trialJSON   `json:"trials"`  // the best first
	Results []trialResult `json:"results"` // of every trial in every round, as they were run
	Best    *bestJSON     `json:"best"`    // null if every trial failed
	Plot    string        `json:"plot"`
}

type trialJSON struct {
	Flags map[string]string `json:"flags"`
	trialResult
}

type bestJSON struct {
	Trial   int    `json:"trial"`
	Model   string `json:"model"`
	Command string `json:"command"`
}

// reportSearch prints what came of the trials, and draws it.
func (e *env) reportSearch(s *search, last map[int]trialResult, all []trialResult) error {
	order := slices.SortedFunc(maps.Keys(last), func(a, b int) int { return s.compare(last[a], last[b]) })
	r := searchJSON{Schema: schemaVersion, Version: currentVersion().Version, Plan: s.searchPlan, Results: all, Plot: filepath.Join(s.folder, searchPlot)}
	for _, i := range order {
		r.Trials = append(r.Trials, trialJSON{s.settings[i], last[i]})
	}
	if winner := last[order[0]]; winner.Failed == "" {
		args := append(s.arguments(order[0]), fmt.Sprintf("--epochs=%d", winner.Epochs))
		r.Best = &bestJSON{winner.Trial, winner.Model, "clprop train " + shellWords(args)}
	}
	if err := draw(r.Plot, s.picture(all)); err != nil {
		return err
	}
	switch {
	case s.json:
		return e.printJSON(r)
	case s.quiet:
		return nil
	}
	return e.print(s.table(r))
}

// text is the result of a trial in a few words.
func (s *search) text(r trialResult) string {
	switch {
	case r.Failed != "":
		return r.Failed
	case r.Quantities:
		return fmt.Sprintf("validation loss %.4f", r.loss())
	}
	return fmt.Sprintf("validation accuracy %.2f%%, loss %.4f", 100*r.Accuracy, r.loss())
}

// table has a line for each trial, the best first, and then the best as a command.
func (s *search) table(r searchJSON) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%4s  %5s  %6s  %8s  %8s  %s\n", "rank", "trial", "epochs", "accuracy", "loss", "flags")
	for rank, t := range r.Trials {
		accuracy, loss := fmt.Sprintf("%.2f%%", 100*t.Accuracy), fmt.Sprintf("%.4f", t.loss())
		if t.Quantities {
			accuracy = "-"
		}
		if t.Failed != "" {
			accuracy, loss = "failed", "-"
		}
		fmt.Fprintf(&b, "%4d  %5d  %6d  %8s  %8s  %s\n", rank+1, t.Trial, t.Epochs, accuracy, loss, commandLine(t.Flags))
	}
	if r.Best == nil {
		fmt.Fprintln(&b, "every trial failed:", r.Trials[0].Failed)
		return b.String()
	}
	fmt.Fprintf(&b, "best: trial %d, %s\nmodel %s, picture %s\n%s\n", r.Best.Trial, s.text(r.Trials[0].trialResult), r.Best.Model, r.Plot, r.Best.Command)
	return b.String()
}

// asFlags is a setting as arguments, in the order of their names.
func asFlags(setting map[string]string) (args []string) {
	for _, name := range slices.Sorted(maps.Keys(setting)) {
		args = append(args, "--"+name+"="+setting[name])
	}
	return args
}

// commandLine is asFlags for a shell.
func commandLine(setting map[string]string) string { return shellWords(asFlags(setting)) }

// shellWords joins arguments so that a POSIX shell takes them apart again.
func shellWords(args []string) string {
	words := make([]string, len(args))
	for i, a := range args {
		words[i] = a
		if strings.Trim(a, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_=,./:+%@") != "" || a == "" {
			words[i] = "'" + strings.ReplaceAll(a, "'", `'\''`) + "'"
		}
	}
	return strings.Join(words, " ")
}

// picture has the score of every trial in every round.
func (s *search) picture(all []trialResult) *plot.Plot {
	p := plot.New()
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = "score by trial and round", "trial", "validation accuracy"
	rounds := map[int]plotter.XYs{}
	epochs := map[int]int{}
	for _, r := range all {
		y := r.Accuracy
		if s.byLoss(r) {
			p.Y.Label.Text, y = "validation loss", r.loss()
		}
		if r.Failed == "" {
			rounds[r.Rung], epochs[r.Rung] = append(rounds[r.Rung], plotter.XY{X: float64(r.Trial), Y: y}), r.Epochs
		}
	}
	for _, round := range slices.Sorted(maps.Keys(rounds)) {
		points, err := plotter.NewScatter(rounds[round])
		if err != nil { // a loss that is not finite has failed before
			continue
		}
		points.Color, points.Shape = plotutil.Color(round-1), plotutil.Shape(round-1)
		p.Add(points)
		p.Legend.Add(fmt.Sprintf("%d epochs", epochs[round]), points)
	}
	return p
}
