package main

import (
	"context"
	"errors"
	"math"

	"github.com/clprop/clprop/device"
	"github.com/clprop/clprop/trainer"
	"github.com/spf13/cobra"
)

const trainLong = `Train trains a network, says how good it is, and saves it as a model that
'clprop evaluate' and 'clprop predict' read. Without --data it trains on 1797
handwritten digits that come with clprop, a fifth of them held back to test on.

` + dataHelp + `

The model is written when training ends, whole or not at all, over a file that
has its name. Ctrl-C stops between two steps and saves the model as it is then;
a second Ctrl-C ends at once and saves nothing.

Started by mpirun, mpiexec or srun, all processes train one network together: each
works on its share of every batch, and the first one speaks and writes the files.

With --run the state of training is kept in a folder. After Ctrl-C, a crash or a
power failure, --resume goes on from there, and ends with the same bits as if
nothing had happened.`

const trainExample = `  clprop train
  clprop train --data iris.csv --label species --hidden 16,16 --epochs 100
  clprop train --data /usr/share/datasets/fashion-mnist --hidden 256,128
  clprop train --images train-images-idx3-ubyte.gz --labels train-labels-idx1-ubyte.gz
  clprop train --data sales.csv --separator ';' --header yes --test-data held-back.csv
  clprop train --run fashion --checkpoint-every 10m --data /usr/share/datasets/fashion-mnist
  clprop train --resume fashion
  mpirun -n 4 --bind-to none clprop train --data /usr/share/datasets/fashion-mnist
  clprop train --data iris.csv --serve
  clprop train --device cpuref --json --quiet > result.json`

func newTrainCommand(e *env) *cobra.Command {
	var f trainFlags
	cmd := &cobra.Command{
		Use:        "train",
		SuggestFor: []string{"fit", "learn"},
		Short:      "Train a network and save it as a model",
		Long:       trainLong,
		Example:    trainExample,
		Args:       noArguments,
	}
	f.add(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return e.onRanks(cmd, f.mpi, func() error {
			defer f.run.end()
			from, err := f.settle(cmd, e.joined)
			if err != nil {
				return err
			}
			hidden, err := f.check(cmd)
			if err == nil {
				err = f.checkRanks(cmd, e.joined)
			}
			if err != nil {
				return err
			}
			if err := f.run.create(cmd, e.joined); err != nil {
				return err
			}
			f.run.config = asUsed(cmd, from, f.run.given)
			return e.train(cmd, &f, hidden)
		})
	}
	return cmd
}

// training is one run of train: what goes in, and what comes of it.
type training struct {
	flags    *trainFlags
	examples *corpus
	net      *trainer.Network
	eng      device.Engine
	joined   *joined // nil if this process trains alone

	history     *trainer.History
	begun       bool                // at least one step was done
	interrupted error               // why training, or the test, ended early; nil if it did not
	trained     bool                // the interruption came when training was over
	test        *trainer.Evaluation // nil if there is no test set
	gradient    []trainer.Layer     // D when training was over, for the report; nil if there is none
	page        *livePage           // of --serve; nil if there is none
}

// train is the command, once its flags are known to be good.
func (e *env) train(cmd *cobra.Command, f *trainFlags, hidden []int) (err error) {
	if e.joined.leads() {
		if err := f.checkWritten(cmd); err != nil {
			return err
		}
	}
	t, err := e.begin(cmd, f, hidden)
	if err != nil {
		return err
	}
	defer func() { err = first(err, t.eng.Close()) }()
	if !f.quiet {
		e.describe(t)
		e.describeRanks()
	}
	e.describeRun(t)
	if err := f.run.writeConfig(); err != nil {
		return err
	}
	if t.page, err = e.openPage(cmd.Context(), cmd, t); err != nil {
		return err
	}
	defer func() { e.endPage(t.page, t, err) }()
	err = e.fit(cmd.Context(), t)
	if stopped := context.Cause(cmd.Context()); stopped != nil && err != nil && !t.begun {
		return stopped // a signal may make a compiler fail, and nothing is lost
	}
	if !e.joined.leads() {
		return first(err, t.interrupted)
	}
	if err != nil {
		var full *device.MemoryError // a driver may find out late that there is no room
		if errors.Is(err, device.ErrLost) || errors.As(err, &full) {
			return e.rescued(t, err)
		}
		return err
	}
	if t.interrupted != nil && f.run.folder != "" {
		return e.suspended(t)
	}
	return e.conclude(cmd, t)
}

// conclude saves the model and says how good it is. Neither waits for the other, nor for the
// pictures: whatever of them cannot be written, the rest is not lost.
func (e *env) conclude(cmd *cobra.Command, t *training) error {
	f := t.flags
	failed := t.model().Save(f.out)
	if failed == nil && t.interrupted != nil {
		e.note("%s: the model so far is saved to %s", t.stage(), f.out)
	}
	if failed != nil {
		f.out = "" // no model was saved
	}
	if err := t.writeReport(cmd); err != nil {
		e.note("warning: the report of the run: %v", err)
	}
	if f.profile != "" {
		if err := e.writeProfile(f.profile, t); err != nil {
			e.note("warning: --profile: %v", err)
		}
	}
	return first(failed, e.report(t), t.interrupted)
}

// begin reads the examples, opens the device and makes the network.
func (e *env) begin(cmd *cobra.Command, f *trainFlags, hidden []int) (t *training, err error) {
	t = &training{flags: f, joined: e.joined}
	if f.data.streamed && !f.quiet {
		e.note("data    %s: reading it once for its columns", f.data.source())
	}
	t.examples, err = whileWanted(cmd.Context(), func() (*corpus, error) {
		return f.data.loadCorpus(cmd.Context(), e.stdin, f.testData, f.valSplit, f.seed)
	})
	if err != nil {
		return nil, err
	}
	loss, err := f.loss.of(cmd, &f.config, t.examples.preprocess)
	if err != nil {
		return nil, err
	}
	if err := f.augment.of(cmd, &f.config, loss, t.examples.preprocess); err != nil {
		return nil, err
	}
	sizes := append(append([]int{t.examples.train.Features}, hidden...), t.examples.train.Outputs)
	shares, err := parseShares(f.shares)
	if err != nil {
		return nil, usage(cmd, "--shares %w", err)
	}
	t.eng, err = e.openDeviceWith(e.joined.deviceSpec(e, f.device), "training", device.Options{
		Context: cmd.Context(), Shares: shares, Profile: f.profile != "", Workload: device.Workload{Sizes: sizes, Batch: tunedBatch(f.config)},
	})
	if err != nil {
		return nil, err
	}
	if err = checkMemory(t.eng.Info(), sizes); err == nil {
		t.net, err = f.initNetwork(cmd, sizes, loss)
	}
	if err == nil {
		err = e.arrange(cmd, t)
	}
	if err == nil {
		err = f.keepShares(cmd, t.eng.Info())
	}
	if err == nil {
		err = e.joined.shareMemory(t.eng, f.rankMemory, f.config.Compress)
	}
	if err != nil {
		return nil, first(err, t.eng.Close())
	}
	return t, nil
}

// checkMemory refuses a network whose Θ, Δ and D are more than the device holds,
// before it is made in host memory. In floating point, since the product of two
// sizes may be more than an integer holds.
func checkMemory(info device.Info, sizes []int) error {
	need := 0.0
	for l := 1; l < len(sizes); l++ {
		need += 3 * 4 * float64(sizes[l]) * (float64(sizes[l-1]) + 1)
	}
	if info.TotalMemory == 0 || need <= float64(info.TotalMemory) {
		return nil
	}
	return &device.MemoryError{
		What: "network " + (&trainer.Network{Sizes: sizes}).String(),
		Need: int64(min(need, math.MaxInt64/2)), Have: info.TotalMemory, Device: info.Name,
	}
}

// first returns the first error that is not nil: what follows from it is not
// worth a second sentence.
func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
