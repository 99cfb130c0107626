package trainer

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/clprop/clprop/device"
	"github.com/clprop/clprop/trainer/data"
)

// Sweep is a learning-rate range test: a few steps of training in which the rate grows
// from From to To, by the same factor each step,
//
//	α_t = From (To/From)^(t/(Steps−1))      t = 0 … Steps−1
//
// The loss falls where the rate is useful, and rises where it is too high.
//
// Source: L. N. Smith, "Cyclical learning rates for training neural networks", WACV
// (2017), section 3.3, with a rate that grows exponentially instead of linearly, as S.
// Gugger, "How do you find a good learning rate" (2018), has it.
type Sweep struct {
	From, To float64 // 0 means 1e-6 and 10
	Steps    int     // 0 means 100
}

// Sweeping is what a Sweep found.
type Sweeping struct {
	Points []SweepPoint `json:"points"`
	// Diverged says that it ended before To, since the loss was too high.
	Diverged bool `json:"diverged"`
	// Suggestion is the rate at which the smoothed loss falls the fastest, by the
	// logarithm of the rate: one to train with. Least is the rate at which it is the
	// lowest: already too high for it. Both are 0 where it never falls.
	Suggestion float64 `json:"suggestion"`
	Least      float64 `json:"least"`
}

// SweepPoint is one step.
type SweepPoint struct {
	Rate float64 `json:"lr"`
	Loss float64 `json:"loss"` // mean loss of the batch, before the step
	// Smoothed is the mean of the losses so far with weights that decay exponentially,
	// s_t = 0.9 s_(t−1) + 0.1 loss_t, divided by 1 − 0.9^(t+1): the sum of the weights.
	Smoothed float64 `json:"smoothed"`
}

// What ends a Sweep early, and how it is smoothed.
const (
	sweepDecay = 0.9
	sweepWorse = 4 // times the least smoothed loss so far
)

func (s Sweep) withDefaults() (Sweep, error) {
	s.From, s.To, s.Steps = orElse(s.From, 1e-6), orElse(s.To, 10), orElse(s.Steps, 100)
	switch {
	case !(s.From >= device.MinEps && s.From < s.To && s.To <= math.MaxFloat32): // so that NaN fails
		return s, fmt.Errorf("a sweep from %v to %v: need two rates above 0, the first below the second", s.From, s.To)
	case s.Steps < 10 || s.Steps > maxEpochs:
		return s, fmt.Errorf("a sweep of %d steps: need 10 or more", s.Steps)
	}
	return s, nil
}

// rate is α_t.
func (s Sweep) rate(t int) float64 {
	return s.From * math.Pow(s.To/s.From, float64(t)/float64(s.Steps-1))
}

// Sweep tries learning rates on the whole batches of train, in the order of Fit's first
// epochs, as c says, without its Rate, Schedule and Stop, and without a mean of Θ. The
// weights are afterwards what they were before. When ctx ends the error wraps its error.
func (t *Trainer) Sweep(ctx context.Context, train *data.Set, c Config, s Sweep) (*Sweeping, error) {
	s, err := s.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("sweep: %w", err)
	}
	if c.Optimizer.WholeSet() {
		return nil, fmt.Errorf("sweep: %s chooses its own steps: there is no rate to look for", c.Optimizer.Name)
	}
	c.Rate, c.Schedule, c.Stop, c.Regularizers.Average = s.From, Schedule{}, Stopping{}, 0
	if c, err = c.withDefaults(); err != nil {
		return nil, fmt.Errorf("sweep: %w", err)
	}
	if err := t.checkSet("training set", train); err != nil {
		return nil, fmt.Errorf("sweep: %w", err)
	}
	f := &fit{Trainer: t, config: c, memory: memory{eng: t.eng, ranks: t.ranks}}
	defer f.memory.release()
	if err := f.settle(train, nil); err != nil {
		return nil, fmt.Errorf("sweep: %w", err)
	}
	if err := f.prepare(train, nil); err != nil {
		return nil, fmt.Errorf("sweep: %w", err)
	}
	found, err := f.sweep(ctx, s)
	if writing := t.write(); writing != nil {
		err = errors.Join(err, writing)
	}
	if err != nil {
		return nil, fmt.Errorf("sweep: %w", err)
	}
	found.judge()
	return found, nil
}

// sweep takes the steps, and looks at the loss of each.
func (f *fit) sweep(ctx context.Context, s Sweep) (*Sweeping, error) {
	found := &Sweeping{}
	whole := f.train.set.Rows / f.config.BatchSize
	sum, least := 0.0, math.Inf(1)
	for t := range s.Steps {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("step %d of %d: %w", t, s.Steps, err)
		}
		p := SweepPoint{Rate: s.rate(t)}
		var err error
		if p.Loss, err = f.sweepStep(t, whole, p.Rate); err != nil {
			return nil, fmt.Errorf("step %d of %d: %w", t+1, s.Steps, err)
		}
		sum = sweepDecay*sum + (1-sweepDecay)*p.Loss
		p.Smoothed = sum / (1 - math.Pow(sweepDecay, float64(t+1)))
		if !finite(p.Loss) || p.Smoothed > sweepWorse*least {
			found.Diverged = true
			return found, nil
		}
		least = min(least, p.Smoothed)
		found.Points = append(found.Points, p)
	}
	return found, nil
}

// sweepStep takes step t, in epochs of so many whole batches, and returns the mean loss of
// its batch.
func (f *fit) sweepStep(t, whole int, rate float64) (float64, error) {
	if t%whole == 0 {
		if err := f.train.begin(f.config, 1+t/whole); err != nil {
			return 0, err
		}
	}
	f.to.by.rate.Set(rate)
	f.to.counted(t, t)
	if err := f.eng.ResetTally(f.to.tally); err != nil {
		return 0, err
	}
	if err := f.train.run(t % whole); err != nil {
		return 0, err
	}
	sums, err := f.eng.ReadTally(f.to.tally)
	return sums.Loss / float64(sums.Count), err
}

// judge finds the suggestion: the steepest point up to the least loss. A slope is that of
// the straight line through a point and its two neighbours on either side, by least
// squares; the rates are evenly spaced by their logarithm.
func (s *Sweeping) judge() {
	at := 0
	for i, p := range s.Points {
		if p.Smoothed < s.Points[at].Smoothed {
			at = i
		}
	}
	steepest := 0.0
	for i := 2; i <= min(at, len(s.Points)-3); i++ {
		y := func(k int) float64 { return s.Points[i+k].Smoothed }
		slope := (2*(y(2)-y(-2)) + y(1) - y(-1)) / 10
		if slope < steepest {
			steepest, s.Suggestion, s.Least = slope, s.Points[i].Rate, s.Points[at].Rate
		}
	}
}
