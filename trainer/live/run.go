package live

import (
	"slices"
	"sync"
	"time"

	"github.com/clprop/clprop/trainer"
	"github.com/clprop/clprop/trainer/report"
)

// Schema is the schema of State's JSON: it goes up when a field changes its meaning.
const Schema = 1

// What a training is doing.
const (
	Starting    = "starting"
	Training    = "training"
	Finished    = "finished"
	Interrupted = "interrupted"
	Failed      = "failed"
)

// State is how far a training is. Its JSON is a contract.
type State struct {
	Schema int    `json:"schema"`
	Name   string `json:"name"`
	Phase  string `json:"state"`   // Starting, Training, Finished, Interrupted, Failed
	Result string `json:"message"` // when it is over: the score of the test, or why it ended
	Epoch  int    `json:"epoch"`   // under way, counted from 1; 0 before the first
	Epochs int    `json:"epochs"`  // the last one
	Step   int    `json:"step"`    // done in this epoch, of Steps
	Steps  int    `json:"steps"`
	// Loss, Accuracy and Rate are of this epoch so far. Accuracy is 0 of quantities.
	Loss     float64 `json:"loss"`
	Accuracy float64 `json:"accuracy"`
	Rate     float64 `json:"rate"`
	// SamplesPerSecond is the speed of this epoch, SecondsLeft the time to the last epoch as
	// though what is left took as long as what is done; 0 where nothing is known.
	SamplesPerSecond float64 `json:"samples_per_second"`
	SecondsLeft      float64 `json:"seconds_left"`

	Settings []report.Setting `json:"settings"`
	History  []trainer.Epoch  `json:"history"`
	// Classes and Confusion are those of the examples that Set names, as of a report; null
	// where there are none.
	Classes   []string `json:"classes"`
	Confusion [][]int  `json:"confusion"`
	Set       string   `json:"set"`
}

// Run is a training under way. It is safe for use by several goroutines.
type Run struct {
	quantities bool

	mu      sync.Mutex
	state   State // its slices are never changed, only replaced or appended to
	version int   // of History, Confusion and Settings
	began   time.Time
	from    float64 // epochs done when it began

	over chan struct{} // closed when the training is
	seen chan struct{} // holds a value for each who looks
}

// most who may look at a time.
const maxWatchers = 8

// New begins a run of that name, whose last epoch is epochs, 0 if that is not known yet. done are the epochs before it,
// of a run that goes on; quantities says that there are no classes.
func New(name string, epochs int, done []trainer.Epoch, quantities bool, settings []report.Setting) *Run {
	return &Run{
		quantities: quantities,
		state: State{
			Schema: Schema, Name: name, Phase: Starting, Epochs: epochs, Epoch: len(done),
			Settings: settings, History: slices.Clip(slices.Clone(done)),
		},
		over: make(chan struct{}), seen: make(chan struct{}, maxWatchers),
	}
}

// Batch notes a look into an epoch.
func (r *Run) Batch(p trainer.Progress) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := &r.state
	done := float64(p.Epoch-1) + float64(p.Step)/float64(max(1, p.Steps))
	if r.began.IsZero() {
		r.began, r.from = time.Now().Add(-p.Elapsed), float64(p.Epoch-1)
	}
	s.Phase, s.Epoch, s.Epochs, s.Step, s.Steps = Training, p.Epoch, p.Epochs, p.Step, p.Steps
	if p.Loss-p.Loss == 0 { // JSON has neither infinity nor NaN, with which training ends soon
		s.Loss = p.Loss
	}
	s.Accuracy, s.Rate = p.Accuracy, p.Rate
	if r.quantities {
		s.Accuracy = 0
	}
	s.SamplesPerSecond = float64(p.Examples) / max(p.Elapsed.Seconds(), 1e-9)
	s.SecondsLeft = Left(time.Since(r.began), r.from, done, float64(p.Epochs)).Seconds()
}

// Left is the time to epoch last, as though what is left took as long an epoch as what was
// done from epoch from on; 0 if nothing was.
func Left(took time.Duration, from, done, last float64) time.Duration {
	if !(done > from) {
		return 0
	}
	return time.Duration(float64(took) * (last - done) / (done - from))
}

// Epoch notes what an epoch came to. One of a number that is there already takes its place,
// and that of all after it: training went back.
func (r *Run) Epoch(e trainer.Epoch) {
	r.mu.Lock()
	defer r.mu.Unlock()
	kept := r.state.History
	for len(kept) > 0 && kept[len(kept)-1].Epoch >= e.Epoch {
		kept = slices.Clip(kept[:len(kept)-1])
	}
	r.state.History = append(kept, e)
	r.version++
}

// Confusion notes the newest confusion matrix, of the examples that set names.
func (r *Run) Confusion(set string, classes []string, counts [][]int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.state.Set, r.state.Classes, r.state.Confusion = set, classes, counts
	r.version++
}

// End notes that training is over; phase is Finished, Interrupted or Failed. Who looks gets
// it as the last event.
func (r *Run) End(phase, message string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ended() {
		return
	}
	r.state.Phase, r.state.Result, r.state.SecondsLeft = phase, message, 0
	close(r.over)
}

func (r *Run) ended() bool {
	select {
	case <-r.over:
		return true
	default:
		return false
	}
}

// Watched reports whether somebody looks.
func (r *Run) Watched() bool { return len(r.seen) > 0 }

// State returns how far the training is.
func (r *Run) State() State {
	s, _ := r.now()
	return s
}

func (r *Run) now() (s State, version int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.state, r.version
}
