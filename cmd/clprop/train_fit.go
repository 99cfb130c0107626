package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/clprop/clprop/device"
	"github.com/clprop/clprop/trainer"
)

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
	e.describeColumns(t)
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
