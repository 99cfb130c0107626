package trainer

import (
	"fmt"

	"github.com/clprop/clprop/device"
	"github.com/clprop/clprop/trainer/data"
)

// Stepper runs the steps of Fit one by one, and nothing between them: no
// validation, no sums read back, no waiting. It is for measuring a step, and
// for comparing engines after the same steps.
//
// A step is exactly one of Fit at the rate Config.Rate: the batch is gathered on the device out of a
// resident set, or uploaded when Config.Resident says no; forward, loss, deltas,
// accumulate, gradient, update. Like the engine, a Stepper is for one goroutine.
type Stepper struct {
	fit   *fit
	batch int // of the whole batches in the set
	steps int // run since NewStepper
}

// NewStepper copies net's weights to eng and prepares steps on set as Fit would
// with c: what Fit does between steps is not done, and its fields are not used, such as Epochs, Stop,
// VerifyEvery, Checkpoints, OnBatch, OnEpoch and Interval, nor is Schedule. The set must hold
// at least one batch; the steps go through its whole batches in the order of
// Fit's first epoch, again and again.
func NewStepper(net *Network, eng device.Engine, set *data.Set, c Config) (*Stepper, error) {
	c, err := c.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("stepper: %w", err)
	}
	if c.Optimizer.WholeSet() {
		return nil, fmt.Errorf("stepper: %s has no steps of one batch: use another optimizer", c.Optimizer.Name)
	}
	t, err := New(net, eng)
	if err != nil {
		return nil, err
	}
	t.ranks.compress(c.Compress)
	s := &Stepper{fit: &fit{Trainer: t, config: c, memory: memory{eng: eng, ranks: t.ranks}}}
	if err := s.prepare(set); err != nil {
		s.Close()
		return nil, fmt.Errorf("stepper: %w", err)
	}
	return s, nil
}

func (s *Stepper) prepare(set *data.Set) error {
	f := s.fit
	if err := f.checkSet("training set", set); err != nil {
		return err
	}
	if streams(set) {
		return fmt.Errorf("examples for a stepper %w: it goes over them again and again", data.ErrNoStream)
	}
	if set.Rows < f.config.BatchSize {
		return fmt.Errorf("%w: %d examples are no batch of %d", ErrData, set.Rows, f.config.BatchSize)
	}
	if err := f.settle(set, nil); err != nil {
		return err
	}
	if err := f.checkFits(set, nil); err != nil {
		return err
	}
	if err := f.prepare(set, nil); err != nil {
		return err
	}
	s.batch = set.Rows / f.config.BatchSize
	return f.train.begin(f.config, 1)
}

// Run queues the next n steps; it does not wait.
func (s *Stepper) Run(n int) error {
	for range n {
		s.fit.to.counted(s.steps, s.steps)
		if err := s.fit.train.run(s.steps % s.batch); err != nil {
			return fmt.Errorf("step %d: %w", s.steps+1, err)
		}
		s.steps++
	}
	return nil
}

// Sync waits until all steps queued are done, and returns the first error met.
func (s *Stepper) Sync() error { return s.fit.eng.Sync() }

// Launches is the number of kernels that a step launches; 0 on the CPU reference.
func (s *Stepper) Launches() int { return s.fit.train.launches() }

// Read waits, and copies the weights to the network. When one is not finite the
// error wraps ErrDiverged and the network stays as it was.
func (s *Stepper) Read() error {
	kept, err := s.fit.read()
	if err == nil && !kept {
		err = fmt.Errorf("step %d: %w: a weight is not finite", s.steps, ErrDiverged)
	}
	return err
}

// Close gives back the engine's memory. It is safe to call twice.
func (s *Stepper) Close() {
	s.fit.memory.release()
	s.fit.Trainer.Close()
}

// StepFLOPs is the number of additions and multiplications in the three matrix
// products of a training step with b = batch: 2·b·in·out each for the forward
// product, the hidden delta and the accumulation of every layer, b·6·Σ in·out,
// less the delta that the input layer does not need, b·2·s_1·s_2. The rest of a
// step grows with b·Σ s or Σ in·out only, and is not counted.
func (n *Network) StepFLOPs(batch int) float64 {
	var products float64
	for l := 1; l < len(n.Sizes); l++ {
		products += 6 * float64(n.Sizes[l-1]) * float64(n.Sizes[l])
	}
	return float64(batch) * (products - 2*float64(n.Sizes[0])*float64(n.Sizes[1]))
}
