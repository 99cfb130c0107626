package main

import "github.com/clprop/clprop/trainer"

// What --epochs auto comes to. 20 epochs of 120 examples in batches of 32 are 80 steps,
// after which Adam at its default rate has learned next to nothing: few examples need more
// epochs, and they cost little.
const (
	leastEpochs    = 20
	leastSteps     = 500
	wholeSetEpochs = 200 // the most: lbfgs and cg end where they have converged
)

// autoEpochs is leastEpochs, or as many as give leastSteps.
func autoEpochs(c trainer.Config, rows int) int {
	if c.Optimizer.WholeSet() {
		return wholeSetEpochs
	}
	batch := min(c.BatchSize, rows)
	steps := (rows + batch - 1) / batch // of an epoch
	return max(leastEpochs, (leastSteps+steps-1)/steps)
}

// settleEpochs chooses the number of epochs if it is auto, and says it where it is not
// leastEpochs. The batch size is settled, or larger than the set.
func (e *env) settleEpochs(t *training) (err error) {
	c := &t.flags.config
	if c.Epochs != trainer.AutoSize {
		return nil
	}
	c.Epochs = autoEpochs(*c, t.examples.train.Rows)
	if c.Epochs != leastEpochs && !t.flags.quiet {
		e.note("epochs  %d, as the set is small", c.Epochs)
	}
	c.Schedule, err = c.Schedule.WithDefaults(c.Epochs)
	return err
}
