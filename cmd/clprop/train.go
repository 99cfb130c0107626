package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

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
		Use:     "train",
		Short:   "Train a network and save it as a model",
		Long:    trainLong,
		Example: trainExample,
		Args:    noArguments,
	}
	f.add(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return e.onRanks(cmd, f.mpi, func() error {
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
			if err := f.run.create(cmd); err != nil {
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
	if err := t.model().Save(f.out); err != nil {
		return err
	}
	if err := t.writeReport(cmd); err != nil {
		return err
	}
	if f.profile != "" {
		if err := e.writeProfile(f.profile, t); err != nil {
			return err
		}
	}
	if t.interrupted != nil {
		e.note("%s: the model so far is saved to %s", t.stage(), f.out)
	}
	return first(e.report(t), t.interrupted)
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
	if err = f.keepShares(cmd, t.eng.Info()); err == nil {
		err = checkMemory(t.eng.Info(), sizes)
	}
	if err == nil {
		t.net, err = f.initNetwork(cmd, sizes, loss)
	}
	if err != nil {
		return nil, first(err, t.eng.Close())
	}
	return t, nil
}

// fit trains and tests. An interruption is kept in t; it is an error only if
// there is nothing to save yet.
func (e *env) fit(ctx context.Context, t *training) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	tr, err := trainer.New(t.net, e.joined.ranked(t.eng))
	if err != nil {
		return err
	}
	defer tr.Close()
	if err := e.settleSizes(t, tr); err != nil {
		return err
	}
	if err := e.settleEpochs(t); err != nil {
		return err
	}

	c := t.flags.config
	t.flags.run.configure(&c)
	p, endEvents, err := e.watch(ctx, t, tr, &c)
	if err != nil {
		return err
	}
	if t.flags.profile != "" { // of training, without what opening the device took
		if _, err := device.TakeProfile(t.eng); err != nil && !errors.Is(err, device.ErrNoProfile) {
			return err
		}
	}
	before, began := t.eng.Counters().Launches, time.Now()
	t.history, err = tr.Fit(ctx, t.examples.train, t.examples.validation, c)
	took := time.Since(began)
	p.clear()
	if failed := endEvents(); failed != nil { // the model is worth more than its pictures
		e.note("warning: %v", failed)
	}
	if err != nil {
		stopped := ctx.Err() != nil && errors.Is(err, ctx.Err()) ||
			e.joined.count() > 1 && errors.Is(err, context.Canceled) // another rank was
		if !stopped || errors.Is(err, device.ErrLost) || (!t.begun && c.Checkpoints == nil) {
			return err
		}
		t.interrupted = first(context.Cause(ctx), err)
		return nil
	}
	if !t.flags.quiet {
		e.describeStop(t.history)
		e.describeLaunches(t.eng, t.eng.Counters().Launches-before, took)
	}
	if !e.joined.leads() {
		return nil
	}
	return e.judge(ctx, t, tr, c.Lambda)
}

// watch has those who follow a training told of it: the progress on stderr, the event files, whose
// end is returned, and the page.
func (e *env) watch(ctx context.Context, t *training, tr *trainer.Trainer, c *trainer.Config) (p *progress, endEvents func() error, err error) {
	mode := t.flags.progress
	if t.flags.quiet {
		mode = "none"
	}
	p = newProgress(e.stderr, mode, c.Epochs)
	p.quantities = t.net.Loss.Regression()
	c.OnBatch = func(b trainer.Progress) { t.begun = true; p.batch(b); t.page.batch(b) }
	event, endEvents, err := t.openEvents()
	if err != nil {
		return nil, nil, err
	}
	c.OnEpoch = func(epoch trainer.Epoch) { p.epoch(epoch); event(epoch); t.page.epoch(ctx, epoch, t, tr) }
	c.OnReload = func(r trainer.Reload) {
		p.clear()
		e.note("warning: %v; going on with epoch %d from there at --lr %v (%d of 3)", r.Cause, r.Epoch, r.Rate, r.Number)
	}
	c.OnDrop = func(d trainer.Dropped) {
		p.clear()
		for _, lost := range d.Lost {
			e.note("warning: %s is lost: %v; going on with epoch %d, step %d on %s", lost.Name, d.Cause, d.Epoch, d.Step, d.Now.Name)
		}
	}
	return p, endEvents, nil
}

// judge tests what was trained, and takes the gradient that the report of a run shows.
func (e *env) judge(ctx context.Context, t *training, tr *trainer.Trainer, lambda float64) (err error) {
	if t.flags.run.folder != "" {
		if t.gradient, err = tr.Gradient(t.examples.train, lambda); err != nil {
			e.note("warning: the report will be without gradients: %v", err)
		}
	}
	if t.examples.test == nil {
		return nil
	}
	test, err := tr.Evaluate(ctx, t.examples.test)
	switch {
	case err == nil:
		t.test = &test
	case ctx.Err() != nil:
		t.trained, t.interrupted = true, context.Cause(ctx)
	default:
		return err
	}
	return nil
}

// rescued keeps what is left when the device is lost, or full, in the middle of training:
// the newest checkpoint of a run, or else the weights that were read back last.
func (e *env) rescued(t *training, lost error) error {
	if !t.begun {
		return lost
	}
	if folder := t.flags.run.folder; folder != "" {
		e.note("the device gave up: what was saved is whole: go on with clprop train --resume %s", folder)
		return lost
	}
	if t.history == nil || len(t.history.Epochs) == 0 {
		return lost
	}
	if err := t.model().Save(t.flags.out); err != nil {
		return fmt.Errorf("%w; then %w", lost, err)
	}
	e.note("the device gave up: the model as of epoch %d is saved to %s", t.history.Last().Epoch, t.flags.out)
	return lost
}

// model is what is saved.
func (t *training) model() *trainer.Model {
	m := &trainer.Model{
		Network:    t.net,
		Preprocess: t.examples.preprocess,
		Classes:    t.examples.preprocess.Classes,
		Meta:       trainer.Meta{CreatedBy: "clprop " + currentVersion().Version, Device: t.eng.Info().Name},
	}
	if len(t.history.Epochs) > 0 {
		last := t.history.Held()
		m.Meta.Training = &last
	}
	return m
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
