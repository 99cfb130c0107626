package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/clprop/clprop/device"
)

const tuneLong = `Tune looks for the shapes of kernels that make training steps of a network fastest
on a device: how many rows and vectors a block has, how wide a tile is, from where on
copies into panels pay. What it finds is kept in the user's cache folder, and train
and bench take it from there for networks and batches of about that size, until the
driver or clprop's kernels change. It changes how fast, and of what is learned the last
bits at most: every candidate is checked against the CPU reference on sizes that do not
divide evenly.

It measures the three matrix products of each layer as a step runs them, with the
copies that they read and the update behind them, and minimises the time of all of
them together. The time of --budget is for the search of one network; opening the
device, and the finals between the default and the winner, come on top. A net so
narrow that its step runs in a launch or two is as fast with any shapes.

CLPROP_TUNE=off makes train and bench take the defaults, and so does CLPROP_CACHE=off,
with which nothing is kept either.`

const tuneExample = `  clprop tune
  clprop tune --net 784-2048-2048-10 --batch-size 256 --budget 1m
  clprop tune --net 64-128-10,617-1531-977-26 --device 0 --json
  clprop tune --show
  clprop tune --clear`

// tuneFlags is the command line of tune, as given.
type tuneFlags struct {
	nets, batches     []string
	device            string
	budget            time.Duration
	show, clear, json bool
}

func newTuneCommand(e *env) *cobra.Command {
	var f tuneFlags
	cmd := &cobra.Command{
		Use:     "tune",
		Short:   "Find the fastest kernels for a network on a device",
		Long:    tuneLong,
		Example: tuneExample,
		Args:    noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			err := e.runTune(cmd, f)
			if errors.Is(err, device.ErrNoTuning) {
				return usage(cmd, "%w", err)
			}
			return err
		},
	}
	flags := cmd.Flags()
	flags.StringSliceVar(&f.nets, "net", []string{"784-512-512-10"}, "layer sizes, features first; several with commas between")
	flags.StringSliceVar(&f.batches, "batch-size", []string{"128"}, "examples a step; several with commas between")
	flags.StringVar(&f.device, "device", "", "device to tune for, as 'clprop devices' lists them; with --show and --clear, default all (default $CLPROP_DEVICE, or auto)")
	flags.DurationVar(&f.budget, "budget", device.DefaultTuneBudget, "time to search for one network, such as 20s or 2m")
	flags.BoolVar(&f.show, "show", false, "list what is kept")
	flags.BoolVar(&f.clear, "clear", false, "remove what is kept")
	flags.BoolVar(&f.json, "json", false, "print a JSON object")
	return cmd
}

func (e *env) runTune(cmd *cobra.Command, f tuneFlags) error {
	if err := device.CheckEnvironment(); err != nil {
		return err
	}
	switch {
	case f.show && f.clear:
		return usage(cmd, "--show with --clear: give one of them")
	case f.show:
		return e.showTuned(f)
	case f.clear:
		return e.clearTuned(f)
	}
	loads, err := f.workloads()
	if err != nil {
		return usage(cmd, "%w", err)
	}
	if err = e.tune(cmd.Context(), f, loads); err != nil {
		err = first(context.Cause(cmd.Context()), err)
	}
	return err
}

// maxBudget is more than anyone waits for.
const maxBudget = 24 * time.Hour

// workloads checks the flags and returns every net with every batch size. What bench
// takes, tune takes.
func (f *tuneFlags) workloads() ([]device.Workload, error) {
	if f.budget <= 0 || f.budget > maxBudget {
		return nil, fmt.Errorf("--budget %v: need more than 0, up to %v", f.budget, maxBudget)
	}
	like := benchFlags{
		nets: f.nets, batches: f.batches, repeat: 1, seconds: 1,
		activation: string(device.Linear), output: string(device.Sigmoid), batchFlag: "--batch-size",
	}
	cases, err := like.cases()
	if err != nil {
		return nil, err
	}
	var loads []device.Workload
	for _, c := range cases {
		loads = append(loads, c.workload())
	}
	return loads, nil
}

// tune tunes one workload after the other. What went before is printed when one fails.
func (e *env) tune(ctx context.Context, f tuneFlags, loads []device.Workload) error {
	var results []*device.TuneResult
	var failed error
	for _, load := range loads {
		r, err := device.Tune(ctx, f.device, load, device.TuneOptions{Budget: f.budget, Progress: e.tuneProgress(load)})
		if err != nil {
			failed = fmt.Errorf("%v: %w", load, err)
			break
		}
		if r.NotKept != nil {
			e.note("warning: %v: %v", load, r.NotKept)
		}
		results = append(results, r)
	}
	switch {
	case len(results) == 0:
		return failed
	case f.json:
		return errors.Join(failed, e.printJSON(newTuneJSON(f.budget, results)))
	}
	return errors.Join(failed, e.print(tuneText(results)))
}

// tuneProgress returns what says on stderr, once a second, how far Tune is.
func (e *env) tuneProgress(load device.Workload) func(device.TuneProgress) {
	const every = time.Second
	next := time.Duration(0)
	return func(p device.TuneProgress) {
		if p.Elapsed < next {
			return
		}
		next = p.Elapsed + every
		e.note("%v: %.0f of %.0f s, %d tried, %.2f× the default's speed; trying %v",
			load, p.Elapsed.Seconds(), p.Budget.Seconds(), p.Tried, ratio(p.Default, p.Best), p.Tuning)
	}
}

// ratio is a by b, 1 if one of them is nothing.
func ratio(a, b time.Duration) float64 {
	if a <= 0 || b <= 0 {
		return 1
	}
	return float64(a) / float64(b)
}
