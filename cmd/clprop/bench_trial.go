package main

import (
	"context"
	"errors"
	"time"

	"github.com/clprop/clprop/device"
	"github.com/clprop/clprop/trainer"
)

// trial is one case on one device while it is measured.
type trial struct {
	*bench
	of     benchCase
	spec   string
	result benchResult
	err    error

	eng    device.Engine
	step   *trainer.Stepper
	before device.Counters // of the first timed run
	spent  time.Duration   // in the timed runs
}

// measure measures one case on devices, and says on stderr what it does. The timed runs of the
// devices take turns: what other work, and a clock that follows the heat, do to one they do to
// all.
func (b *bench) measure(ctx context.Context, c benchCase, specs []string) (results []benchResult) {
	var trials []*trial
	for _, spec := range specs {
		t := &trial{bench: b, of: c, spec: spec, result: benchResult{
			Net: c.String(), Batch: c.batch, Activation: string(c.hidden), Output: string(c.loss.Output()),
			Runs: []int64{}, Device: deviceJSON{Name: spec, Index: -1},
		}}
		trials = append(trials, t)
		defer t.close()
		if t.err = ctx.Err(); t.err == nil {
			t.err = t.begin(ctx)
		}
	}
	for range b.repeat {
		for _, t := range trials {
			if t.err == nil {
				t.err = t.run(ctx)
			}
		}
	}
	for _, t := range trials {
		if t.err == nil {
			t.err = t.end()
		}
		results = append(results, t.report(ctx))
	}
	return results
}

// report is the result, with how it ended.
func (t *trial) report(ctx context.Context) benchResult {
	r := &t.result
	if t.eng != nil {
		r.Device = newDeviceJSON(t.eng)
	}
	switch {
	case t.err == nil:
		r.Status = measured
	case errors.Is(t.err, errTooSlow):
		r.Status, r.Why = skipped, oneLine(t.err.Error())
	default:
		r.Status, r.Why, r.err = failed, oneLine(t.err.Error()), t.err
	}
	if t.err != nil && ctx.Err() == nil {
		t.env.note("%s, batch %d: %s %s: %s", r.Net, r.Batch, r.Device.Name, r.Status, r.Why)
	}
	return *r
}

// begin opens the device, and goes on until steps take as long as ever after.
func (t *trial) begin(ctx context.Context) error {
	r, began := &t.result, time.Now()
	var err error
	t.eng, err = t.open(t.spec, device.Options{Context: ctx, Workload: t.of.workload(), Eager: true})
	if err != nil {
		t.eng = nil
		return err
	}
	r.Cold.Open = time.Since(began).Nanoseconds()
	if fallback := t.eng.Info().Fallback; fallback != nil {
		t.env.note("warning: no OpenCL device: %v; measuring the CPU reference instead", fallback)
	}
	t.env.note("%s, batch %d: measuring %s ...", r.Net, r.Batch, deviceText(t.eng.Info()))
	build, err := t.probe(ctx, t.eng, t.of)
	r.Cold.Build = build.Nanoseconds()
	if err != nil {
		return err
	}
	began = time.Now()
	net, step, err := t.of.stepper(t.eng)
	if err != nil {
		return err
	}
	t.step = step
	r.FLOPs, r.Launches = net.StepFLOPs(t.of.batch), step.Launches()
	if _, err := timed(step, 1); err != nil {
		return err
	}
	r.Cold.First = time.Since(began).Nanoseconds()
	took, err := timed(step, agreementSteps-1)
	if err != nil {
		return err
	}
	if err := step.Read(); err != nil {
		return err
	}
	r.weights = copyLayers(net.Layers)
	return t.warm(ctx, took/(agreementSteps-1))
}

func (t *trial) steps(n int) (time.Duration, error) { return timed(t.step, n) }

// warm finds out how many steps make a run. each is a first guess of what a step takes.
func (t *trial) warm(ctx context.Context, each time.Duration) error {
	length := t.budget / time.Duration(t.repeat)
	for n := 1; each < length; n *= 2 { // the first steps are slower than the rest
		took, err := queue(ctx, t.steps, n, each)
		if err != nil {
			return err
		}
		if each = max(took/time.Duration(n), 1); took >= length/2 {
			break
		}
	}
	t.result.StepsPerRun = int(max(length/each, 1))
	t.before = t.eng.Counters()
	var err error
	t.result.turns, err = newTurns(t.eng)
	return err
}

// run is a timed run. Of a slow device there are fewer, so as to keep to the time.
func (t *trial) run(ctx context.Context) error {
	r := &t.result
	done := time.Duration(len(r.Runs))
	if done > 0 && t.spent+t.spent/done > t.budget+t.budget/2 {
		return nil
	}
	each := t.budget / time.Duration(t.repeat*r.StepsPerRun)
	if done > 0 {
		each = t.spent / (done * time.Duration(r.StepsPerRun))
	}
	took, err := queue(ctx, t.steps, r.StepsPerRun, each)
	if err != nil {
		return err
	}
	t.spent += took
	r.Runs = append(r.Runs, took.Nanoseconds())
	return r.turns.ran(float64(r.StepsPerRun) * r.FLOPs / max(float64(took), 1))
}

// end is what comes after the last run.
func (t *trial) end() error {
	r, after := &t.result, t.eng.Counters()
	r.grew = device.Counters{Launches: after.Launches - t.before.Launches, Calls: after.Calls - t.before.Calls}
	r.summarise()
	if err := t.step.Read(); err != nil { // says so if the net has diverged meanwhile
		return err
	}
	return t.explain(t.of, t.spec, t.eng, r)
}

func (t *trial) close() {
	if t.step != nil {
		t.step.Close()
	}
	if t.eng != nil {
		_ = t.eng.Close() // what it would say, a run has said
	}
}

// compareFirst fills in the speed by that of the first device, over the runs that both have.
func (r *benchResult) compareFirst(first benchResult) {
	n := min(len(r.Runs), len(first.Runs))
	if r.Status != measured || first.Status != measured || n == 0 {
		return
	}
	ratios := make([]float64, n)
	for i := range ratios {
		ratios[i] = max(float64(first.Runs[i]), 1) / float64(first.StepsPerRun) / (max(float64(r.Runs[i]), 1) / float64(r.StepsPerRun))
	}
	ratio := median(ratios)
	r.ToFirst = &ratio
}
