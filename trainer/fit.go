package trainer

import (
	"context"
	"fmt"
	"time"

	"github.com/clprop/clprop/device"
	"github.com/clprop/clprop/trainer/data"
)

// Fit trains for c.Epochs epochs and reads the weights back to the network after
// each. validation may be nil. A second Fit goes on where the first ended, with
// the next epoch number.
//
// The History holds the epochs completed, also beside an error. When ctx ends,
// Fit returns its error, wrapped, within about c.Interval, and the network holds
// the weights of the last step. When the loss or a weight is no longer finite at
// the end of an epoch, the error wraps ErrDiverged and the network keeps the
// weights of the epoch before.
func (t *Trainer) Fit(ctx context.Context, train, validation *data.Set, c Config) (*History, error) {
	history := &History{}
	c, err := c.withDefaults()
	if err != nil {
		return history, fmt.Errorf("fit: %w", err)
	}
	if err := t.checkSet("training set", train); err != nil {
		return history, fmt.Errorf("fit: %w", err)
	}
	if validation != nil {
		if err := t.checkSet("validation set", validation); err != nil {
			return history, fmt.Errorf("fit: %w", err)
		}
	}
	c.BatchSize = min(c.BatchSize, train.Rows)
	f := &fit{Trainer: t, config: c, memory: memory{eng: t.eng}}
	defer f.memory.release()
	if err := f.prepare(train, validation); err != nil {
		return history, fmt.Errorf("fit: %w", err)
	}
	history.Resident = f.train.index != nil
	if err := f.run(ctx, history); err != nil {
		return history, fmt.Errorf("fit: %w", err)
	}
	return history, nil
}

// fit is one call of Fit.
type fit struct {
	*Trainer
	config     Config
	memory     memory
	last       int // number of the last epoch
	to         descent
	penalty    device.Plan
	train      *pass
	validation *pass // nil if there is no validation set
	pace       pace
}

// prepare allocates everything and writes down the plans.
func (f *fit) prepare(train, validation *data.Set) error {
	c, m := f.config, &f.memory
	if err := f.checkFits(c.BatchSize); err != nil {
		return err
	}
	shapes := f.net.shapes()
	u := m.units(f.net, c.BatchSize, true)
	f.to = descent{
		sum:    m.parameters("Δ", shapes),
		grad:   m.parameters("D", shapes),
		lambda: c.Lambda,
		rate:   device.NewScalar(c.Rate),
		tally:  m.tally(),
	}
	f.penalty = m.plan("the penalty", device.Penalty{Theta: f.dev.theta, Tally: f.to.tally})

	resident, inputs := f.resident(train, validation), m.inputs(f.net, 1, c.BatchSize)
	if !resident {
		inputs = append(inputs, m.inputs(f.net, 1, c.BatchSize)...)
	}
	f.train = m.pass("training", train, c.BatchSize, resident, inputs,
		func(x, y device.Matrix) []device.Op { return trainingStep(f.dev, f.to, u, x, y) })
	if validation != nil {
		f.validation = m.pass("validation", validation, c.BatchSize, resident, inputs,
			func(x, y device.Matrix) []device.Op { return measure(f.dev, f.to.tally, u, x, y) })
	}
	return m.err
}

// resident decides whether the examples are kept on the device. With ResidentAuto
// they are if, with all that is there already, they fill no more than half of it.
func (f *fit) resident(sets ...*data.Set) bool {
	if f.config.Resident != ResidentAuto {
		return f.config.Resident == ResidentYes
	}
	info, total := f.eng.Info(), f.eng.Counters().Allocated
	for _, set := range sets {
		if set == nil {
			continue
		}
		x, y := 4*int64(len(set.X)), 4*int64(len(set.Y))
		if info.MaxAllocation > 0 && max(x, y) > info.MaxAllocation {
			return false
		}
		total += x + y
	}
	return info.TotalMemory == 0 || total <= info.TotalMemory/2
}

// run trains epoch by epoch.
func (f *fit) run(ctx context.Context, history *History) error {
	f.pace = newPace(f.config.Interval)
	f.last = f.epochs + f.config.Epochs
	for f.epochs < f.last {
		epoch, err := f.epoch(ctx, f.epochs+1)
		if err != nil {
			return err
		}
		f.epochs++
		history.Epochs = append(history.Epochs, epoch)
		if f.config.OnEpoch != nil {
			f.config.OnEpoch(epoch)
		}
	}
	return nil
}

// epoch trains on every example once, validates, and reads the weights back.
func (f *fit) epoch(ctx context.Context, number int) (Epoch, error) {
	c := f.config
	e := Epoch{Epoch: number, Rate: f.rate(number, f.train.steps()-1), Validated: f.validation != nil}
	began := time.Now()
	sums, err := f.descend(ctx, number)
	if err != nil {
		return e, f.stopped(ctx, err)
	}
	e.Seconds = time.Since(began).Seconds()
	e.SamplesPerSecond = float64(sums.Count) / max(e.Seconds, 1e-9)
	e.Loss = sums.Loss / float64(sums.Count)
	e.Cost = e.Loss + c.Lambda/(2*float64(c.BatchSize))*sums.Squares
	e.Accuracy = float64(sums.Correct) / float64(sums.Count)
	if f.validation != nil {
		judged, err := f.judge(ctx)
		if err != nil {
			return e, f.stopped(ctx, err)
		}
		e.ValLoss = judged.Loss / float64(judged.Count)
		e.ValAccuracy = float64(judged.Correct) / float64(judged.Count)
	}
	// The order matters: weights of an epoch that is not finite are not kept.
	if !finite(e.Loss) || !finite(e.ValLoss) || !finite(e.Cost) {
		return e, f.diverged(number, fmt.Sprintf("cost is %v, validation loss %v", e.Cost, e.ValLoss))
	}
	kept, err := f.read()
	if err == nil && !kept {
		err = f.diverged(number, "a weight is not finite")
	}
	return e, err
}

// descend runs the steps of an epoch. The device works through them without the
// host waiting, except that the host takes care not to be further ahead than
// c.Interval, and looks at the sums when it has waited anyway.
func (f *fit) descend(ctx context.Context, number int) (device.Sums, error) {
	shuffle(f.train.rows, f.config.Seed, number)
	if err := f.train.ordered(); err != nil {
		return device.Sums{}, fmt.Errorf("epoch %d: %w", number, err)
	}
	if err := f.eng.ResetTally(f.to.tally); err != nil {
		return device.Sums{}, fmt.Errorf("epoch %d: %w", number, err)
	}
	began, steps := time.Now(), f.train.steps()
	f.pace.start()
	for step := range steps {
		if err := ctx.Err(); err != nil {
			return device.Sums{}, fmt.Errorf("epoch %d, step %d of %d: %w", number, step, steps, err)
		}
		f.to.rate.Set(f.rate(number, step))
		if _, err := f.train.run(step); err != nil {
			return device.Sums{}, fmt.Errorf("epoch %d, step %d: %w", number, step+1, err)
		}
		if step+1 == steps || !f.pace.due() {
			continue
		}
		sums, err := f.eng.ReadTally(f.to.tally)
		if err != nil {
			return sums, fmt.Errorf("epoch %d, step %d: %w", number, step+1, err)
		}
		f.pace.waited()
		f.report(number, step+1, sums, time.Since(began))
	}
	if err := f.penalty.Run(); err != nil {
		return device.Sums{}, fmt.Errorf("epoch %d: %w", number, err)
	}
	sums, err := f.eng.ReadTally(f.to.tally)
	if err != nil {
		return sums, fmt.Errorf("epoch %d: %w", number, err)
	}
	f.report(number, steps, sums, time.Since(began))
	return sums, nil
}

// rate is the learning rate of a step, counted from 0, of an epoch of this Fit.
func (f *fit) rate(number, step int) float64 {
	c, steps := f.config, f.train.steps()
	done := number - 1 - (f.last - c.Epochs) // epochs of this Fit
	return c.Schedule.rate(c.Rate, done*steps+step, c.Epochs*steps)
}

// report tells the caller how far the epoch is.
func (f *fit) report(number, step int, sums device.Sums, elapsed time.Duration) {
	if f.config.OnBatch == nil {
		return
	}
	f.config.OnBatch(Progress{
		Epoch: number, Epochs: f.last,
		Step: step, Steps: f.train.steps(),
		Examples: sums.Count,
		Loss:     sums.Loss / float64(sums.Count),
		Accuracy: float64(sums.Correct) / float64(sums.Count),
		Elapsed:  elapsed,
	})
}

// judge goes through the validation set without learning from it.
func (f *fit) judge(ctx context.Context) (device.Sums, error) {
	if err := f.eng.ResetTally(f.to.tally); err != nil {
		return device.Sums{}, fmt.Errorf("validation: %w", err)
	}
	for step := range f.validation.steps() {
		if err := ctx.Err(); err != nil {
			return device.Sums{}, fmt.Errorf("validation: %w", err)
		}
		if _, err := f.validation.run(step); err != nil {
			return device.Sums{}, fmt.Errorf("validation: %w", err)
		}
	}
	sums, err := f.eng.ReadTally(f.to.tally)
	if err != nil {
		return sums, fmt.Errorf("validation: %w", err)
	}
	return sums, nil
}
