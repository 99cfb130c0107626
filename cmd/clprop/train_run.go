package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/clprop/clprop/trainer"
	"github.com/clprop/clprop/trainer/durable"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// runModel is the name of the model in a run's folder.
const runModel = "model.safetensors"

// runConfig is the name of the flags in a run's folder, as --config takes them.
const runConfig = "config.yaml"

// sectionFlags is the section of a checkpoint with the flags of its run, a JSON
// object of texts.
const sectionFlags = "clprop.flags"

// runFlags are the flags about the folder of a run.
type runFlags struct {
	folder string // --run, or --resume
	resume string
	every  string
	keep   int

	cadence  trainer.Every
	snapshot *trainer.Snapshot // what --resume goes on from
	from     string            // its file
	given    map[string]string // the flags that are not as by default
	flags    []byte            // what the next checkpoint holds of them
	config   string            // the same for people, see runConfig
	release  func()            // ends the hold on the folder; nil if there is none
	made     []string          // the folders that create made, the outer first
}

func (r *runFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&r.folder, "run", "", "`FOLDER` for checkpoints, metrics.csv and the model")
	flags.StringVar(&r.resume, "resume", "", "go on with the run in `FOLDER`, with its flags")
	flags.StringVar(&r.every, "checkpoint-every", "1e", "1e, 500s or 10m: epochs, steps or minutes between checkpoints")
	flags.IntVar(&r.keep, "keep", 3, "newest checkpoints to keep, beside the best")
}

// Of the flags of a run, unsaved are for one process only and changeable may be
// given anew with --resume; all others must stay as they were.
var (
	unsaved    = []string{"run", "config", "resume", "serve", "progress", "quiet", "json", "profile", "mpi", "help"}
	changeable = []string{"data", "images", "labels", "test-data", "val-data", "follow-links", "device", "rank-memory", "out", "resident", "map", "on-divergence", "on-device-loss", "shares", "parallel", "verify-every", "checkpoint-every", "keep", "epochs", "max-steps", "max-time", "tensorboard"}
	paths      = []string{"data", "images", "labels", "test-data", "val-data", "out", "tensorboard"}
)

// restore finds where --resume goes on, and sets the flags as they were.
func (r *runFlags) restore(cmd *cobra.Command, j *joined) (err error) {
	if r.resume == "" {
		if cmd.Flags().Changed("resume") {
			return usage(cmd, "--resume is empty: name the folder of a run")
		}
		return nil
	}
	if r.folder != "" {
		return usage(cmd, "--run and --resume are both given: --resume goes on in its own folder")
	}
	r.folder = r.resume
	if err := r.hold(j, "resume"); err != nil {
		return err
	}
	var notes []string
	r.snapshot, r.from, notes, err = j.recover(r.resume)
	for _, note := range notes { // at once: what is set aside is not there to be said about next time
		fmt.Fprintln(cmd.ErrOrStderr(), oneLine("warning: "+note))
	}
	if err != nil {
		return badFile(fmt.Errorf("--resume: %w", err))
	}
	saved := map[string]string{}
	if err := json.Unmarshal(r.snapshot.Extra[sectionFlags], &saved); err != nil {
		return badFile(fmt.Errorf("--resume: %s: the flags of its run: %w", r.from, err))
	}
	cmd.Flags().Visit(func(f *pflag.Flag) {
		if was := r.was(f, saved); err == nil && !slices.Contains(unsaved, f.Name) && !slices.Contains(changeable, f.Name) && was != f.Value.String() {
			err = usage(cmd, "--%s %s with --resume: the run has %q, and it cannot change", f.Name, f.Value, was)
		}
	})
	if err != nil {
		return err
	}
	if s := r.snapshot.Config.Schedule; s.Name == trainer.ScheduleStep { // it was to fall by the number of epochs as it was
		saved["lr-every"] = strconv.Itoa(s.Every)
	}
	moved := cmd.Flags().Changed("device") || cmd.Flags().Changed("parallel")
	for name, value := range saved {
		if name == "shares" && moved { // those of other devices, or of none
			continue
		}
		f := cmd.Flags().Lookup(name)
		if f == nil {
			return badFile(fmt.Errorf("--resume: %s: the run was begun with --%s, which is not known here: use a newer clprop", r.from, name))
		}
		if f.Changed {
			continue
		}
		if err := cmd.Flags().Set(name, value); err != nil {
			return badFile(fmt.Errorf("--resume: %s: the flags of its run: %w", r.from, err))
		}
	}
	return nil
}

// was is the value that a flag has in the run that goes on: as given, or as the optimizer
// or the data decided where it was not.
func (r *runFlags) was(f *pflag.Flag, saved map[string]string) string {
	if value, ok := saved[f.Name]; ok {
		return value
	}
	c, o := r.snapshot.Config, r.snapshot.Config.Optimizer
	decided := map[string]float64{
		"lr": c.Rate, "momentum": o.Momentum, "beta1": o.Beta1, "beta2": o.Beta2, "eps": o.Eps, "weight-decay": o.WeightDecay,
	}
	if value, ok := decided[f.Name]; ok {
		return strconv.FormatFloat(value, 'g', -1, 64)
	}
	return f.DefValue
}

// check refuses what cannot be meant. It moves the model to the folder of the run,
// and keeps the flags for its checkpoints.
func (r *runFlags) check(cmd *cobra.Command, out *string) error {
	var err error
	if r.cadence, err = trainer.ParseEvery(r.every); err != nil {
		return usage(cmd, "--checkpoint-every %w", err)
	}
	if r.keep < 1 {
		return usage(cmd, "--keep is %d: need at least 1", r.keep)
	}
	if r.folder == "" {
		for _, name := range []string{"run", "checkpoint-every", "keep"} {
			if cmd.Flags().Changed(name) {
				return usage(cmd, "--%s needs a folder for the run: give --run FOLDER", name)
			}
		}
		return nil
	}
	if !cmd.Flags().Changed("out") {
		*out = filepath.Join(r.folder, runModel)
	}
	saved := map[string]string{}
	cmd.Flags().Visit(func(f *pflag.Flag) {
		if slices.Contains(unsaved, f.Name) {
			return
		}
		value := f.Value.String()
		if slices.Contains(paths, f.Name) && value != "" && value != "-" {
			if whole, failed := filepath.Abs(value); failed == nil {
				value = whole
			}
		}
		saved[f.Name] = value
	})
	r.given = saved
	r.flags, err = json.Marshal(saved)
	return err
}

// hold keeps other processes from training in the folder: they would mix up their files.
func (r *runFlags) hold(j *joined, flag string) (err error) {
	if !j.leads() {
		return nil
	}
	r.release, err = durable.Hold(r.folder)
	switch {
	case errors.Is(err, durable.ErrHeld):
		return fmt.Errorf("--%s %w: wait for it, or name another folder", flag, err)
	case flag == "resume":
		return nil // what is wrong with the folder, reading it says
	case err != nil:
		return fmt.Errorf("--%s: %w", flag, err)
	}
	return nil
}

// end lets others have the folder. What create made goes again if it holds no checkpoint, with the
// files that a run begins with: of data that cannot be read, or on a full disk, nothing is left.
// The folder stays if there is anything else in it.
func (r *runFlags) end() {
	if len(r.made) > 0 {
		if has, err := trainer.HasCheckpoints(r.folder); err == nil && !has {
			os.Remove(filepath.Join(r.folder, runConfig)) // what cannot be removed keeps the folder
			os.Remove(filepath.Join(r.folder, trainer.MetricsFile))
		}
	}
	for _, folder := range slices.Backward(r.made) {
		if os.Remove(folder) != nil { // it holds the run
			break
		}
	}
	r.made = nil
	if r.release != nil {
		r.release()
		r.release = nil
	}
}

// missing lists the folders on the way to one that are not there, the outer first.
func missing(folder string) (list []string) {
	for {
		if _, err := os.Lstat(folder); !errors.Is(err, fs.ErrNotExist) || folder == filepath.Dir(folder) {
			return list
		}
		list = slices.Insert(list, 0, folder)
		folder = filepath.Dir(folder)
	}
}

// create makes the folder of a new run.
func (r *runFlags) create(cmd *cobra.Command, j *joined) error {
	if r.folder == "" || r.snapshot != nil {
		return nil
	}
	r.made = missing(filepath.Clean(r.folder))
	if err := os.MkdirAll(r.folder, 0o777); err != nil {
		return fmt.Errorf("--run: %w", err)
	}
	if err := r.hold(j, "run"); err != nil {
		return err
	}
	has, err := trainer.HasCheckpoints(r.folder)
	if err != nil {
		return fmt.Errorf("--run: %w", err)
	}
	if has {
		return usage(cmd, "--run %s holds a run already: go on with it by --resume %s, or name another folder", r.folder, r.folder)
	}
	return nil
}

// writeConfig writes the flags beside the checkpoints.
func (r *runFlags) writeConfig() error {
	if r.folder == "" {
		return nil
	}
	return durable.WriteFile(filepath.Join(r.folder, runConfig), func(w io.Writer) error {
		_, err := io.WriteString(w, r.config)
		return err
	})
}

// configure adds checkpoints to how Fit trains.
func (r *runFlags) configure(c *trainer.Config) {
	c.Resume = r.snapshot
	if r.folder == "" {
		return
	}
	c.Checkpoints = &trainer.Checkpoints{
		Folder: r.folder, Every: r.cadence, Keep: r.keep,
		Extra: map[string][]byte{sectionFlags: r.flags},
	}
}

// describe says what is gone on from, and what is not as it was.
func (e *env) describeRun(t *training) {
	r := &t.flags.run
	if r.snapshot == nil {
		return
	}
	if list := r.snapshot.Machine.Differences(trainer.NewMachine(t.eng.Info()).Of(e.joined.summing())); len(list) > 0 {
		e.note("warning: results will not be the same to the last bit: %s", strings.Join(list, ", "))
	}
	if !t.flags.quiet {
		e.note("run     going on from %s, %s", r.from, r.snapshot.Position())
	}
}

// suspended ends a run that a signal stopped: its state is in a checkpoint.
func (e *env) suspended(t *training) error {
	e.note("%s: go on with clprop train --resume %s", t.stage(), t.flags.run.folder)
	t.flags.out = "" // no model was saved
	if t.flags.json {
		return first(e.report(t), t.interrupted)
	}
	return t.interrupted
}
