package trainer

import (
	"errors"
	"fmt"
	"time"
)

// Stopping says what ends a Fit before its last epoch; the zero value, nothing. What is
// first, ends it. It is no error: History.Stopped says which it was.
type Stopping struct {
	// Patience ends it after so many epochs in a row without a better Monitor; 0 means
	// never. Better is lower, or with an accuracy higher, by more than MinDelta than the
	// best so far. The network then gets the weights of the best epoch back, also where
	// something else ended it, unless KeepLast.
	//
	// Source: I. Goodfellow, Y. Bengio and A. Courville, "Deep Learning" (2016),
	// algorithm 7.1, with one epoch between evaluations.
	Patience int     `json:",omitempty"`
	MinDelta float64 `json:",omitempty"` // 0 or more
	// Monitor is what is to get better, for SchedulePlateau too; "" means MonitorValLoss,
	// or MonitorCost where there is no validation set.
	Monitor  Monitor `json:",omitempty"`
	KeepLast bool    `json:",omitempty"` // keep the weights of the last step
	// Target ends it at the end of the epoch in which a Monitor is as good as a value.
	Target Target `json:",omitzero"`
	// Steps ends it after so many steps, in the middle of an epoch too; 0 means never.
	// A Schedule that knows its end then ends there.
	Steps int `json:",omitempty"`
	// Time ends it, after the step under way, when it has taken so long; 0 means never.
	// One that was resumed has as much again.
	Time time.Duration `json:"-"`
}

// IsZero reports whether nothing of it is in a checkpoint.
func (s Stopping) IsZero() bool {
	s.Time = 0
	return s == Stopping{}
}

// Stop is why a Fit ended early.
type Stop struct {
	Reason string `json:"reason"` // one of the reasons below
	Text   string `json:"text"`   // the same for a person, with numbers
}

// The reasons.
const (
	StopPatience = "early-stop"
	StopTarget   = "target"
	StopSteps    = "max-steps"
	StopTime     = "max-time"
	// StopConverged is of WholeSetOptimizers.
	StopConverged = "converged"
)

// errEnough ends an epoch before its last step, because enough says so.
var errEnough = errors.New("enough")

// check names the first field out of range.
func (s Stopping) check() error {
	switch {
	case s.Patience < 0:
		return fmt.Errorf("patience is %d epochs: need 0 or more", s.Patience)
	case !(s.MinDelta >= 0 && finite(s.MinDelta)): // so that NaN fails
		return fmt.Errorf("min-delta is %v: need a finite number, 0 or more", s.MinDelta)
	case s.Steps < 0:
		return fmt.Errorf("the most steps are %d: need 0 or more", s.Steps)
	case s.Time < 0:
		return fmt.Errorf("the most time is %v: need 0 or more", s.Time)
	case !finite(s.Target.Value):
		return fmt.Errorf("the target is %v: need a finite number", s.Target)
	}
	return s.checkMonitors(true)
}

// checkMonitors refuses unknown ones, and those that need a validation set, if there is
// none.
func (s Stopping) checkMonitors(validated bool) error {
	for _, m := range []Monitor{s.Monitor, s.Target.Monitor} {
		if m != "" {
			if err := m.Check(validated); err != nil {
				return err
			}
		}
	}
	return nil
}

// bestEpoch is the position of the best of epochs by a monitor, where a later one is
// better only by more than delta; −1 if there are none. What it says of the first n
// does not depend on the others: so a Fit that goes on needs no other state than its
// history.
func bestEpoch(epochs []Epoch, m Monitor, delta float64) int {
	best := -1
	for i, e := range epochs {
		if best < 0 || m.better(m.Of(e), m.Of(epochs[best]), delta) {
			best = i
		}
	}
	return best
}

// monitor is what is to get better in this Fit.
func (f *fit) monitor() Monitor { return f.config.Stop.Monitor.orDefault(f.validation != nil) }

// best is bestEpoch of this Fit.
func (f *fit) best(epochs []Epoch) int { return bestEpoch(epochs, f.monitor(), f.config.Stop.MinDelta) }

// enough says why the Fit ends here, between two epochs or after f.step steps of one;
// nil if it does not.
func (f *fit) enough(epochs []Epoch) *Stop {
	s := f.config.Stop
	if n := len(epochs); n > 0 && f.step == 0 && s.Target.reached(epochs[n-1]) {
		return &Stop{StopTarget, fmt.Sprintf("%s is %.6g after epoch %d: the target is %v",
			s.Target.Monitor, s.Target.Monitor.Of(epochs[n-1]), epochs[n-1].Epoch, s.Target.Value)}
	}
	if f.whole != nil && f.whole.converged != "" {
		return &Stop{StopConverged, f.whole.converged}
	}
	if f.epochs == f.last {
		return nil
	}
	if s.Patience > 0 && f.step == 0 {
		if best := f.best(epochs); len(epochs)-1-best >= s.Patience && best >= 0 {
			m := f.monitor()
			return &Stop{StopPatience, fmt.Sprintf("%s is no better for %d epochs than %.6g of epoch %d",
				m, len(epochs)-1-best, m.Of(epochs[best]), epochs[best].Epoch)}
		}
	}
	if taken := f.taken(f.epochs+1, f.step); s.Steps > 0 && taken >= s.Steps {
		return &Stop{StopSteps, fmt.Sprintf("%d steps are done, %s", taken, f.where())}
	}
	if f.late() {
		return &Stop{StopTime, fmt.Sprintf("%v are over, %s", s.Time, f.where())}
	}
	return nil
}

// where is how far training is, in words.
func (f *fit) where() string {
	if f.step == 0 {
		return fmt.Sprintf("at the end of epoch %d", f.epochs)
	}
	return fmt.Sprintf("at step %d of epoch %d", f.step, f.epochs+1)
}

// late reports whether the time is over.
func (f *fit) late() bool {
	if f.ranks.several() {
		return f.agreed.late
	}
	return f.overdue()
}

// overdue is late by the clock of this process.
func (f *fit) overdue() bool {
	return f.config.Stop.Time > 0 && time.Since(f.began) >= f.config.Stop.Time
}

// lastStep reports whether no step may be taken after so many of an epoch.
func (f *fit) lastStep(number, step int) bool {
	most := f.config.Stop.Steps
	return most > 0 && f.taken(number, step) >= most
}

// cut keeps what an epoch came to that is cut off after f.step steps.
func (f *fit) cut(history *History) error {
	if !finite(f.sums.Loss) {
		return f.diverged(f.epochs+1, fmt.Sprintf("loss is %v by step %d; %s", f.sums.Loss, f.step, f.culprit()))
	}
	kept, err := f.read()
	if err == nil && !kept {
		err = f.diverged(f.epochs+1, fmt.Sprintf("a weight is not finite after step %d; %s", f.step, f.culprit()))
	}
	if err != nil {
		return err
	}
	f.kept = fmt.Sprintf("of step %d of epoch %d", f.step, f.epochs+1)
	if f.keeper == nil {
		return nil
	}
	return f.save(history, f.step, f.sums, f.elapsed)
}

// keepBest copies the network's weights, if its last epoch is the best.
func (f *fit) keepBest(epochs []Epoch) {
	if f.bestLayers != nil && f.best(epochs) == len(epochs)-1 {
		copyLayers(f.bestLayers, f.net.all())
	}
}

// restoreBest gives the network the weights of the best epoch back.
func (f *fit) restoreBest(history *History) error {
	best := f.best(history.Epochs)
	if f.bestLayers == nil || best < 0 {
		return nil
	}
	copyLayers(f.net.all(), f.bestLayers)
	history.Best = history.Epochs[best].Epoch
	return f.write()
}

func copyLayers(dst, src []Layer) {
	for l := range src {
		copy(dst[l].W, src[l].W)
		copy(dst[l].B, src[l].B)
	}
}
