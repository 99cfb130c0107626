package trainer

import (
	"context"
	"errors"
	"fmt"
	"slices"
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
// the weights of the last step. When the device fails or does not answer, the error
// wraps device.ErrLost and the network holds the weights of the last epoch
// completed; checkpoints made before are on the disk. When the loss or a weight is
// no longer finite, the error wraps ErrDiverged and the network keeps the weights of
// the epoch before; or Fit goes back there, see Config.OnDivergence.
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
	if err := c.Stop.checkMonitors(validation != nil); err != nil {
		return history, fmt.Errorf("fit: %w", err)
	}
	for _, m := range []Monitor{c.Stop.Monitor, c.Stop.Target.Monitor} {
		if m.rises() && t.net.Loss.Regression() {
			return history, fmt.Errorf("fit: monitor %s is of classes, the loss %s of quantities: use one of a loss", m, t.net.Loss)
		}
	}
	if err := t.ranks.check(c); err != nil {
		return history, fmt.Errorf("fit: %w", err)
	}
	f := &fit{Trainer: t, config: c, memory: memory{eng: t.eng, ranks: t.ranks}, began: time.Now()}
	defer f.memory.release()
	f.outer = ctx
	t.ranks.compress(c.Compress)
	ctx, f.stop = t.ranks.joint(ctx)
	defer f.stop(nil)
	if err := c.checkStreams(train, validation); err != nil {
		return history, fmt.Errorf("fit: %w", err)
	}
	if err := f.settle(train, validation); err != nil {
		return history, fmt.Errorf("fit: %w", err)
	}
	if err := f.checkFits(train, validation); err != nil {
		return history, fmt.Errorf("fit: %w", err)
	}
	err = f.prepare(train, validation)
	if err == nil {
		// All of the memory has been written to by then: a driver that finds none only at
		// the first use says so now.
		err = f.eng.Sync()
	}
	if err != nil {
		return history, fmt.Errorf("fit: %w", err)
	}
	history.Resident = f.train.index != nil
	history.BatchSize, history.MicroBatch = f.config.BatchSize, f.config.part()
	if f.config.Optimizer.WholeSet() {
		f.whole = newWholeSet(f.net, f.config.Optimizer)
	}
	if f.ranks.several() || c.Checkpoints != nil || c.Resume != nil {
		if err := f.identify(train, validation); err != nil {
			return history, fmt.Errorf("fit: %w", err)
		}
	}
	if err := f.begin(history); err != nil {
		return history, fmt.Errorf("fit: %w", err)
	}
	if err := f.compare(); err != nil {
		return history, fmt.Errorf("fit: %w", err)
	}
	err = f.run(ctx, history)
	if f.to.average.mean != nil && (err == nil || ctx.Err() != nil) {
		if writing := f.write(); writing != nil { // what the network holds is what is evaluated
			err = errors.Join(err, writing)
		}
	}
	if err != nil {
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
	units      units
	penalty    device.Plan
	train      *pass
	validation *pass     // nil if there is no validation set
	whole      *wholeSet // nil but with WholeSetOptimizers
	pace       pace
	sets       [2]Fingerprint // of both sets, where something asks which they are

	before int    // epochs trained before this Fit
	kept   string // which weights the network holds
	keeper *keeper
	began  time.Time // of this Fit
	// What ranks agreed on after the last step. outer is the context of this process, stop
	// ends the one that Fit goes by, and zero is a Δ of no examples, made when needed.
	agreed agreement
	outer  context.Context
	stop   context.CancelCauseFunc
	zero   []Layer
	// bestLayers are the weights of the best epoch; nil if they will not be asked for.
	bestLayers []Layer
	// How far the epoch under way is, where it is known: when it begins, when it
	// was stopped, and when its steps are done.
	step    int
	sums    device.Sums
	elapsed time.Duration
	falls   int // of SchedulePlateau, before that epoch

	fresh   bool // the network holds the weights that the device does
	good    good
	reloads int // times that the rate was halved
}

// prepare allocates everything and writes down the plans.
func (f *fit) prepare(train, validation *data.Set) error {
	c, m, size := f.config, &f.memory, f.part()
	m.half = c.Precision == FP16
	shaped, err := c.examples(train, f.net.Loss)
	if err != nil {
		return err
	}
	shapes := f.net.shapes()
	drop := dropping{c.Regularizers.InputDropout, c.Regularizers.Dropout, c.Seed, device.NewScalar(0), device.NewScalar(0)}
	u := m.units(f.net, size, true)
	u.dropped = m.dropped(f.net, size, drop)
	f.units = u
	f.to = descent{
		sum:    m.parameters("Δ", shapes),
		grad:   m.parameters("D", shapes),
		lambda: c.Lambda,
		by:     m.optimizing(c.Optimizer, c.Rate, shapes),
		tally:  m.tally(),
		scale:  m.lossScale(),

		regularizers: c.Regularizers,
		average:      f.averaging(shapes),
		drop:         drop,
		augment:      m.augmenting(f.net, c, drop, shaped.weighted()),
	}
	if c.Stop.Patience > 0 && !c.Stop.KeepLast {
		f.bestLayers = newLayers(f.net)
	}
	f.penalty = m.plan("the penalty", device.Penalty{Theta: f.dev.theta, Tally: f.to.tally})

	resident, inputs := f.resident(train, validation), m.inputs(f.net, 1, size)
	if !resident {
		inputs = append(inputs, m.inputs(f.net, 1, size)...)
	}
	f.train = m.pass("training", shaped, c.BatchSize, resident, inputs,
		func(b batch, of part) []device.Op { return trainingStep(f.dev, f.to, u, b, of) })
	f.train.first, f.train.none = drop.first, f.noDelta
	m.reads(f.train)
	if validation != nil {
		judged := f.dev
		judged.theta = f.held()
		f.validation = m.pass("validation", examples{Set: unweighted(validation)}, size, resident, inputs,
			func(b batch, of part) []device.Op {
				if of.rows == 0 {
					return nil
				}
				return measure(judged, f.to.tally, u, b)
			})
		m.reads(f.validation)
	}
	return m.err
}

// resident decides whether the examples are kept on the device. With ResidentAuto
// they are if, with all that is there already, they fill no more than half of it.
func (f *fit) resident(sets ...*data.Set) bool {
	if slices.ContainsFunc(sets, streams) {
		return false
	}
	if f.config.Resident != ResidentAuto {
		return f.config.Resident == ResidentYes
	}
	info, total := f.eng.Info(), f.eng.Counters().Allocated
	for _, set := range sets {
		if set == nil {
			continue
		}
		x, y := 4*int64(set.Rows)*int64(set.Features), 4*int64(len(set.Y))
		if f.config.Precision == FP16 && info.OpenCL() {
			x /= 2
		}
		if info.MaxAllocation > 0 && max(x, y) > info.MaxAllocation {
			return false
		}
		total += (x + y) * int64(1+len(info.Members)) // on each device of a group, and each its share
	}
	return info.TotalMemory == 0 || total <= info.TotalMemory/2
}

// run trains epoch by epoch.
func (f *fit) run(ctx context.Context, history *History) error {
	f.pace = newPace(f.config.Interval)
	f.last = f.before + f.config.Epochs
	history.Stopped = f.enough(history.Epochs) // going on from its end
	for f.epochs < f.last && history.Stopped == nil {
		f.falls = f.config.Schedule.falls(history.Epochs, f.monitor(), f.config.Stop.MinDelta)
		epoch, err := f.epoch(ctx, f.epochs+1, history)
		if errors.Is(err, errEnough) {
			if err = f.cut(history); err == nil {
				history.Stopped = f.enough(history.Epochs)
				continue
			}
		}
		if err != nil {
			if err = f.drop(err); err == nil {
				continue
			}
			if err = f.reload(history, err); err == nil {
				continue
			}
			return f.ended(ctx, history, err)
		}
		f.epochs++
		f.step, f.sums, f.elapsed = 0, device.Sums{}, 0
		f.kept = fmt.Sprintf("of epoch %d", f.epochs)
		history.Epochs = append(history.Epochs, epoch)
		f.keepBest(history.Epochs)
		if err := f.agree(agreement{}); err != nil {
			return err
		}
		history.Stopped = f.enough(history.Epochs)
		if f.config.OnEpoch != nil {
			f.config.OnEpoch(epoch)
		}
		if f.keeper != nil {
			if err := f.keeper.addRow(history.Epochs); err != nil {
				return fmt.Errorf("epoch %d: %s: %w", f.epochs, MetricsFile, err)
			}
		}
		if f.keeper != nil && (f.epochs == f.last || history.Stopped != nil || f.keeper.due(f.epochs-f.before, 0)) {
			err := f.save(history, 0, device.Sums{}, 0)
			if err != nil && f.drop(err) == nil {
				err = f.save(history, 0, device.Sums{}, 0)
			}
			if err != nil {
				return err
			}
		}
	}
	if err := f.keeper.wait(); err != nil {
		return err
	}
	return f.restoreBest(history)
}

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
	if !finite(e.Loss) || !finite(e.ValLoss) || !finite(e.Cost) {
		what := fmt.Sprintf("cost is %v", e.Cost)
		if f.validation != nil {
			what += fmt.Sprintf(", validation loss %v", e.ValLoss)
		}
		return e, f.diverged(number, fmt.Sprintf("%s after its %d steps; %s", what, f.train.steps(), f.culprit()))
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
	return e, f.remember(number, 0, device.Sums{}, 0)
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
		if err := ctx.Err(); err != nil {
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
	if err != nil && !errors.Is(err, ErrDisagree) { // which says so itself
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
	f.pace.start()
	for step := range f.validation.steps() {
		if err := ctx.Err(); err != nil {
			return device.Sums{}, fmt.Errorf("validation: %w", err)
		}
		if err := f.validation.run(step); err != nil {
			return device.Sums{}, fmt.Errorf("validation: %w", err)
		}
		if f.pace.due() {
			if err := f.eng.Sync(); err != nil {
				return device.Sums{}, fmt.Errorf("validation: %w", err)
			}
			f.pace.waited()
		}
	}
	sums, err := f.eng.ReadTally(f.to.tally)
	if err != nil {
		return sums, fmt.Errorf("validation: %w", err)
	}
	return sums, nil
}
