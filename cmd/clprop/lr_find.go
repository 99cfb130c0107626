package main

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"strings"

	"github.com/clprop/clprop/device"
	"github.com/clprop/clprop/trainer"
	"github.com/spf13/cobra"
)

const lrFindLong = `Lr-find looks for a learning rate. It trains for a few steps while the rate grows
from --from to --to, by the same factor each step, and prints the loss of each
batch. The rate to train with is one at which the loss falls fast; where it is
lowest the rate is too high already. Nothing is saved.

The flags about data, network and optimizer are those of train: give the same.`

const lrFindExample = `  clprop lr-find
  clprop lr-find --data /usr/share/datasets/fashion-mnist --hidden 256,128 --optimizer adam --to 1
  clprop lr-find --plot rates.svg
  clprop lr-find --json --quiet > rates.json`

// lrFindFlags are the flags of lr-find.
type lrFindFlags struct {
	step  trainFlags
	sweep trainer.Sweep
	plot  string
	quiet bool
	json  bool
}

func newLRFindCommand(e *env) *cobra.Command {
	var f lrFindFlags
	cmd := &cobra.Command{
		Use:     "lr-find",
		Short:   "Look for a learning rate",
		Long:    lrFindLong,
		Example: lrFindExample,
		Args:    noArguments,
	}
	f.step.addStep(cmd)
	flags := cmd.Flags()
	flags.Float64Var(&f.sweep.From, "from", 1e-6, "first learning rate")
	flags.Float64Var(&f.sweep.To, "to", 10, "last learning rate, if the loss does not rise too high before")
	flags.IntVar(&f.sweep.Steps, "steps", 100, "steps from one to the other; at least 10")
	flags.StringVar(&f.plot, "plot", "", "draw the losses to `FILE`, .svg or .png")
	flags.BoolVar(&f.quiet, "quiet", false, "print warnings and errors only, and the result of --json")
	flags.BoolVar(&f.json, "json", false, "print the result as a JSON object")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		hidden, err := f.check(cmd)
		if err != nil {
			return err
		}
		return e.lrFind(cmd, &f, hidden)
	}
	return cmd
}

func (f *lrFindFlags) check(cmd *cobra.Command) (hidden []int, err error) {
	if !(f.sweep.From >= device.MinEps && f.sweep.From < f.sweep.To && f.sweep.To <= math.MaxFloat32) { // so that NaN fails
		return nil, usage(cmd, "--from is %v and --to is %v: need two numbers from %.3g to %.3g, the first below the second", f.sweep.From, f.sweep.To, device.MinEps, math.MaxFloat32)
	}
	if f.sweep.Steps < 10 {
		return nil, usage(cmd, "--steps is %d: need at least 10", f.sweep.Steps)
	}
	if f.plot != "" {
		if ext := filepath.Ext(f.plot); ext != ".svg" && ext != ".png" {
			return nil, usage(cmd, "--plot is %q: need a name that ends in .svg or .png", f.plot)
		}
		if err := checkWritable("plot", f.plot); err != nil {
			return nil, err
		}
	}
	if hidden, err = f.step.checkStep(cmd); err == nil && f.step.config.Optimizer.WholeSet() {
		return nil, usage(cmd, "--optimizer %s chooses its own steps: there is no rate to look for", f.step.config.Optimizer.Name)
	}
	return hidden, err
}

// lrFindJSON is what lr-find --json prints.
type lrFindJSON struct {
	Schema  int         `json:"schema"`
	Version string      `json:"version"`
	Device  deviceJSON  `json:"device"`
	Network networkJSON `json:"network"`
	*trainer.Sweeping
}

func (e *env) lrFind(cmd *cobra.Command, f *lrFindFlags, hidden []int) (err error) {
	t, err := e.begin(cmd, &f.step, hidden)
	if err != nil {
		return err
	}
	defer func() { err = first(err, t.eng.Close()) }()
	if !f.quiet {
		e.describe(t)
	}
	tr, err := trainer.New(t.net, t.eng)
	if err != nil {
		return err
	}
	defer tr.Close()
	if err := e.settleSizes(t, tr); err != nil {
		return err
	}
	e.describeColumns(t)
	found, err := tr.Sweep(cmd.Context(), t.examples.train, f.step.config, f.sweep)
	if err != nil {
		return first(context.Cause(cmd.Context()), err)
	}
	if f.plot != "" {
		if err := plotSweep(f.plot, found); err != nil {
			return err
		}
	}
	switch {
	case f.json:
		return e.printJSON(lrFindJSON{schemaVersion, currentVersion().Version, newDeviceJSON(t.eng), newNetworkJSON(t.net), found})
	case f.quiet:
		return nil
	}
	return e.print(sweepText(found))
}

// sweepText is a table of the steps, and what follows from it.
func sweepText(s *trainer.Sweeping) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%10s  %10s  %10s\n", "lr", "loss", "smoothed")
	for _, p := range s.Points {
		mark := ""
		switch p.Rate {
		case s.Suggestion:
			mark = "  steepest"
		case s.Least:
			mark = "  lowest"
		}
		fmt.Fprintf(&b, "%10.3g  %10.4f  %10.4f%s\n", p.Rate, p.Loss, p.Smoothed, mark)
	}
	if s.Diverged {
		fmt.Fprintln(&b, "stopped there: the loss is too high")
	}
	if s.Suggestion == 0 {
		fmt.Fprintln(&b, "no suggestion: the loss does not fall: try a lower --from, or more --steps")
		return b.String()
	}
	fmt.Fprintf(&b, "suggestion: --lr %.2g\n", s.Suggestion)
	return b.String()
}
