package trainer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/clprop/clprop/device"
)

// epoch trains on every example once, validates, and reads the weights back.
func (f *fit) epoch(ctx context.Context, number int, history *History) (Epoch, error) {
	c := f.config
	e := Epoch{Epoch: number, Rate: f.rate(number, f.train.steps()-1), Validated: f.validation != nil}
	descend, seen := f.descend, 1
	if f.whole != nil {
		descend = f.minimize
	}
	sums, err := descend(ctx, number, history)
	if err != nil {
		return e, f.stopped(ctx, err)
	}
	if f.whole != nil {
		seen = f.whole.passes
	}
	e.Seconds, e.DataSeconds = f.elapsed.Seconds(), f.train.gathering().Seconds()
	e.SamplesPerSecond = float64(sums.Count*seen) / max(e.Seconds, 1e-9)
	e.Loss = sums.Loss / float64(sums.Count)
	e.Cost = e.Loss + (c.Lambda/2*sums.Squares+c.Regularizers.L1*sums.Magnitudes)/float64(c.BatchSize)
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
	if what := unsound(e, sums); what != "" {
		return e, f.diverged(number, fmt.Sprintf("%s after its %d steps; %s", what, f.train.steps(), f.culprit()))
	}
	moments, err := f.readMoments(number)
	if err != nil {
		return e, err
	}
	kept, err := f.read()
	if err != nil {
		return e, fmt.Errorf("epoch %d: %w", number, err)
	}
	if !kept {
		return e, f.diverged(number, fmt.Sprintf("a weight is not finite after its %d steps; %s", f.train.steps(), f.culprit()))
	}
	if err := f.compareWeights(fmt.Sprintf("after epoch %d", number)); err != nil {
		return e, err
	}
	f.fresh = true
	f.remember(moments, 0, device.Sums{}, 0)
	return e, nil
}

// descend runs the steps of an epoch, from f.step on. The device works through
// them without the host waiting, except that the host takes care not to be further
// ahead than c.Interval, and looks at the sums when it has waited anyway.
func (f *fit) descend(ctx context.Context, number int, history *History) (device.Sums, error) {
	began, steps := time.Now().Add(-f.elapsed), f.train.steps()
	f.train.gathering() // of validation
	if err := f.train.begin(f.config, number); err != nil {
		return device.Sums{}, fmt.Errorf("epoch %d: %w", number, err)
	}
	if err := f.eng.WriteTally(f.to.tally, f.sums); err != nil {
		return device.Sums{}, fmt.Errorf("epoch %d: %w", number, err)
	}
	f.pace.start()
	for step := f.step; step < steps; step++ {
		if err := f.ending(ctx); err != nil {
			err = fmt.Errorf("epoch %d, step %d of %d: %w", number, step, steps, err)
			_, reading := f.look(number, step, began)
			return device.Sums{}, also(err, reading)
		}
		f.fresh = false
		f.to.by.rate.Set(f.rate(number, step))
		f.to.counted(f.taken(number, step), (number-1)*steps+step)
		if err := f.advance(number, step); err != nil {
			return device.Sums{}, err
		}
		if step+1 == steps {
			break
		}
		if err := f.agreeAfter(step + 1); err != nil {
			return device.Sums{}, fmt.Errorf("epoch %d, step %d: %w", number, step+1, err)
		}
		if f.lastStep(number, step+1) {
			if _, err := f.look(number, step+1, began); err != nil {
				return device.Sums{}, err
			}
			return device.Sums{}, errEnough
		}
		if err := f.pause(number, step+1, began, history); err != nil {
			return device.Sums{}, err
		}
	}
	if err := f.penalty.Run(); err != nil {
		return device.Sums{}, fmt.Errorf("epoch %d: %w", number, err)
	}
	return f.look(number, steps, began)
}

// advance takes one step, and now and then verifies it.
func (f *fit) advance(number, step int) error {
	var err error
	if every := f.config.VerifyEvery; every > 0 && (f.taken(number, step)+1)%every == 0 {
		err = f.verified(number, step)
	} else {
		err = f.train.run(step)
	}
	if err == nil {
		err = f.place(step + 1)
	}
	if err != nil && !errors.Is(err, ErrDisagree) && !errors.Is(err, ErrDiverged) { // which say so themselves
		err = fmt.Errorf("epoch %d, step %d: %w", number, step+1, err)
	}
	return err
}

// pause is what is done between two steps, when it is time for it: a look at the
// sums, and a checkpoint.
func (f *fit) pause(number, step int, began time.Time, history *History) error {
	look, save := f.agreed.look, f.agreed.save
	if !look && !save {
		return nil
	}
	sums, err := f.look(number, step, began)
	if err != nil {
		return err
	}
	f.pace.waited()
	if !finite(sums.Loss) {
		return f.diverged(number, fmt.Sprintf("loss is %v by step %d of %d; %s", sums.Loss, step, f.train.steps(), f.culprit()))
	}
	if f.late() {
		return errEnough
	}
	if !save || f.keeper == nil {
		return nil
	}
	defer f.pace.start() // a checkpoint says nothing about the speed of steps
	return f.save(history, step, sums, f.elapsed)
}

// look waits for the device, and says how far the epoch is.
func (f *fit) look(number, step int, began time.Time) (device.Sums, error) {
	sums, err := f.eng.ReadTally(f.to.tally)
	if err != nil {
		return sums, fmt.Errorf("epoch %d, step %d: %w", number, step, err)
	}
	f.step, f.sums, f.elapsed = step, sums, time.Since(began)
	f.report(number, step, sums, f.elapsed)
	return sums, nil
}

// rate is the learning rate of a step, counted from 0, of an epoch of this Fit.
func (f *fit) rate(number, step int) float64 {
	c := f.config
	return c.Schedule.rate(f.scaledRate(), moment{f.taken(number, step), f.end(), f.train.steps(), f.falls})
}

// end is how many steps this Fit takes if nothing but Stop.Steps ends it early.
func (f *fit) end() int {
	end := f.config.Epochs * f.train.steps()
	if most := f.config.Stop.Steps; most > 0 {
		end = min(end, most)
	}
	return end
}

// taken is how many steps this Fit took before a step, counted from 0, of an epoch.
func (f *fit) taken(number, step int) int {
	return (number-1-f.before)*f.train.steps() + step
}

// report tells the caller how far the epoch is.
func (f *fit) report(number, step int, sums device.Sums, elapsed time.Duration) {
	if f.config.OnBatch == nil || sums.Count == 0 {
		return
	}
	f.config.OnBatch(Progress{
		Epoch: number, Epochs: f.last,
		Step: step, Steps: f.train.steps(),
		Examples: sums.Count,
		Loss:     sums.Loss / float64(sums.Count),
		Accuracy: float64(sums.Correct) / float64(sums.Count),
		Rate:     f.to.by.rate.Value(),
		Elapsed:  elapsed,
	})
}

// judge goes through the validation set without learning from it.
func (f *fit) judge(ctx context.Context) (device.Sums, error) {
	if err := f.eng.ResetTally(f.to.tally); err != nil {
		return device.Sums{}, fmt.Errorf("validation: %w", err)
	}
	if err := f.validation.again(); err != nil {
		return device.Sums{}, fmt.Errorf("validation: %w", err)
	}
	f.judging.start()
	for step := range f.validation.steps() {
		if err := f.ending(ctx); err != nil {
			return device.Sums{}, fmt.Errorf("validation: %w", err)
		}
		if err := f.validation.run(step); err != nil {
			return device.Sums{}, fmt.Errorf("validation: %w", err)
		}
		if f.judging.due() {
			if err := f.eng.Sync(); err != nil {
				return device.Sums{}, fmt.Errorf("validation: %w", err)
			}
			f.judging.waited()
		}
	}
	sums, err := f.eng.ReadTally(f.to.tally)
	if err != nil {
		return sums, fmt.Errorf("validation: %w", err)
	}
	return sums, nil
}
