package trainer

import (
	"context"
	"errors"
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
// the weights of the last step. Other ranks stop after the same step, with an error that
// wraps context.Canceled. When the device fails or does not answer, the error
// wraps device.ErrLost and the network holds the weights of the last epoch
// completed; checkpoints made before are on the disk. When the loss or a weight is
// no longer finite, the error wraps ErrDiverged and the network keeps the weights of
// the epoch before; or Fit goes back there, see Config.OnDivergence.
func (t *Trainer) Fit(ctx context.Context, train, validation *data.Set, c Config) (*History, error) {
	history := &History{}
	c, err := c.withDefaults()
	if err == nil {
		err = t.checkFit(train, validation, c)
	}
	if err == nil {
		err = t.fit(ctx, history, train, validation, c)
	}
	if err != nil {
		return history, fmt.Errorf("fit: %w", err)
	}
	return history, nil
}

// checkFit is what can be wrong with the sets and with c before anything is made for them.
func (t *Trainer) checkFit(train, validation *data.Set, c Config) error {
	if err := t.checkSet("training set", train); err != nil {
		return err
	}
	if validation != nil {
		if err := t.checkSet("validation set", validation); err != nil {
			return err
		}
	}
	if err := c.Stop.checkMonitors(validation != nil); err != nil {
		return err
	}
	if n := len(t.eng.Info().Members); n > 0 && c.Precision == FP16 {
		return conflict("precision fp16 is for one device, and there are %d: use one, or precision fp32", n)
	}
	for _, m := range []Monitor{c.Stop.Monitor, c.Stop.Target.Monitor} {
		if m.rises() && t.net.Loss.Regression() {
			return fmt.Errorf("monitor %s is of classes, the loss %s of quantities: use one of a loss", m, t.net.Loss)
		}
	}
	return t.ranks.check(c)
}

// fit is Fit with all that c has no value for filled in.
func (t *Trainer) fit(ctx context.Context, history *History, train, validation *data.Set, c Config) error {
	f := &fit{Trainer: t, config: c, memory: memory{eng: t.eng, ranks: t.ranks}, began: time.Now()}
	defer f.memory.release()
	f.outer = ctx
	t.ranks.compress(c.Compress)
	ctx, f.stop = t.ranks.joint(ctx)
	defer f.stop(nil)
	if err := f.ready(history, train, validation); err != nil {
		return err
	}
	err := f.run(ctx, history)
	if f.to.average.mean != nil && (err == nil || ctx.Err() != nil) {
		if writing := f.write(); writing != nil { // what the network holds is what is evaluated
			err = errors.Join(err, writing)
		}
	}
	return err
}

// ready does all that comes before the first step: sizes, memory, plans, and the state of
// the training that this one goes on with, which all ranks must have alike.
func (f *fit) ready(history *History, train, validation *data.Set) error {
	if err := f.config.checkStreams(train, validation); err != nil {
		return err
	}
	if err := f.settle(train, validation); err != nil {
		return err
	}
	if err := f.checkFits(train, validation); err != nil {
		return err
	}
	if err := f.prepare(train, validation); err != nil {
		return err
	}
	// All of the memory has been written to by now: a driver that finds none only at the
	// first use says so here.
	if err := f.eng.Sync(); err != nil {
		return err
	}
	history.Resident = f.train.index != nil
	history.BatchSize, history.MicroBatch = f.config.BatchSize, f.config.part()
	if f.config.Optimizer.WholeSet() {
		f.whole = newWholeSet(f.net, f.config.Optimizer)
	}
	if f.ranks.several() || f.config.Checkpoints != nil || f.config.Resume != nil {
		if err := f.identify(train, validation); err != nil {
			return err
		}
	}
	if err := f.begin(history); err != nil {
		return err
	}
	return f.compare()
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
	validation *pass          // nil if there is no validation set
	whole      *wholeSet      // nil but with WholeSetOptimizers
	pace       pace           // of steps
	judging    pace           // of validation, whose parts take a fraction of a step
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

// run trains epoch by epoch.
func (f *fit) run(ctx context.Context, history *History) error {
	f.pace, f.judging = newPace(f.config.Interval), newPace(f.config.Interval)
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
			return also(err, f.keeper.wait())
		}
		history.Stopped = f.enough(history.Epochs)
		if f.config.OnEpoch != nil {
			f.config.OnEpoch(epoch)
		}
		if err := f.keep(history); err != nil {
			return also(err, f.keeper.wait())
		}
	}
	if err := f.keeper.wait(); err != nil {
		return err
	}
	return f.restoreBest(history)
}

// keep writes what an epoch has come to where a run is kept: its row, and a checkpoint if
// it is time for one.
func (f *fit) keep(history *History) error {
	if f.keeper == nil {
		return nil
	}
	if err := f.keeper.addRow(history.Epochs); err != nil {
		return fmt.Errorf("epoch %d: %s: %w", f.epochs, MetricsFile, err)
	}
	if f.epochs != f.last && history.Stopped == nil && !f.keeper.due(f.epochs-f.before, 0) {
		return nil
	}
	err := f.save(history, 0, device.Sums{}, 0)
	if err != nil && f.drop(err) == nil {
		err = f.save(history, 0, device.Sums{}, 0)
	}
	return err
}
