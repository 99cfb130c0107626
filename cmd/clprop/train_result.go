package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/clprop/clprop/trainer"
)

// trainJSON is what train --json prints.
type trainJSON struct {
	Schema      int              `json:"schema"`
	Version     string           `json:"version"`
	Device      deviceJSON       `json:"device"`
	Data        corpusJSON       `json:"data"`
	Network     networkJSON      `json:"network"`
	Config      configJSON       `json:"config"`
	History     *trainer.History `json:"history"`
	Test        *scoreJSON       `json:"test"` // null without a test set, or if interrupted
	Seconds     float64          `json:"seconds"`
	Throughput  float64          `json:"samples_per_second"`
	StepTraffic int64            `json:"step_traffic"` // bytes moved by a step of ParallelTensor; else 0
	Model       string           `json:"model"`
	Interrupted bool             `json:"interrupted"`
	Ranks       *ranksJSON       `json:"ranks"` // null of one process
}

type corpusJSON struct {
	Source     string   `json:"source"`
	TestSource string   `json:"test_source"`
	Features   int      `json:"features"`
	Classes    []string `json:"classes"`
	Targets    []string `json:"targets"`
	Train      int      `json:"train"`
	Validation int      `json:"validation"`
	Test       int      `json:"test"`
}

type networkJSON struct {
	Sizes      []int  `json:"sizes"`
	Activation string `json:"activation"`
	Output     string `json:"output"`
	Loss       string `json:"loss"`
	Norm       string `json:"norm"`
	Parameters int    `json:"parameters"`
}

type configJSON struct {
	Epochs    int `json:"epochs"`
	BatchSize int `json:"batch_size"`
	// MicroBatch is the most examples on the device at a time; 0 for the whole batch.
	MicroBatch int           `json:"micro_batch"`
	Optimizer  optimizerJSON `json:"optimizer"`
	Rate       float64       `json:"lr"`
	Schedule   scheduleJSON  `json:"lr_schedule"`
	Lambda     float64       `json:"l2"`
	lossJSON
	Stop stopJSON `json:"stop"`

	Regularizers regularizersJSON `json:"regularizers"`
	Augment      augmentJSON      `json:"augment"`

	Precision string `json:"precision"`

	Seed     uint64  `json:"seed"`
	Init     string  `json:"init"`
	Resident string  `json:"resident"`
	ValSplit float64 `json:"val_split"`
}

// optimizerJSON has 0 for what the optimizer does not have.
type optimizerJSON struct {
	Name        string  `json:"name"`
	Momentum    float64 `json:"momentum"`
	Beta1       float64 `json:"beta1"`
	Beta2       float64 `json:"beta2"`
	Eps         float64 `json:"eps"`
	WeightDecay float64 `json:"weight_decay"`
}

type scoreJSON struct {
	Loss     numberJSON `json:"loss"`
	Accuracy float64    `json:"accuracy"` // 0 for quantities
	Count    int        `json:"count"`
	scoresJSON
}

func newNetworkJSON(n *trainer.Network) networkJSON {
	return networkJSON{n.Sizes, string(n.Hidden), string(n.Loss.Output()), string(n.Loss), n.Norm.String(), n.Parameters()}
}

// report prints the result.
func (e *env) report(t *training) error {
	switch {
	case t.flags.json:
		return e.printJSON(t.result())
	case t.flags.quiet:
		return nil
	}
	return e.print(t.text())
}

// timing is the wall time of the epochs completed, validation not included, and
// the examples trained on in a second of it.
func (t *training) timing() (seconds, throughput float64) {
	for _, epoch := range t.history.Epochs {
		seconds += epoch.Seconds
	}
	if seconds > 0 {
		throughput = float64(len(t.history.Epochs)*t.examples.train.Rows) / seconds
	}
	return seconds, throughput
}

// stage says how far training came.
func (t *training) stage() string {
	if t.trained {
		return "interrupted in the test, training is over"
	}
	return fmt.Sprintf("interrupted in epoch %d of %d", len(t.history.Epochs)+1, t.flags.config.Epochs)
}

func (t *training) text() string {
	var b strings.Builder
	last := t.history.Held()
	if (t.interrupted != nil || t.test == nil && cutOff(t.history)) && len(t.history.Epochs) > 0 {
		fmt.Fprintf(&b, "at the end of epoch %d: ", last.Epoch) // the model is some steps further
	}
	switch {
	case t.test != nil:
		fmt.Fprintln(&b, t.scores().line("test"))
	case len(t.history.Epochs) == 0:
	case t.net.Loss.Regression() && last.Validated:
		fmt.Fprintf(&b, "validation loss %.4f\n", last.ValLoss)
	case t.net.Loss.Regression():
		fmt.Fprintf(&b, "training cost %.4f: nothing was held back to test on\n", last.Cost)
	case last.Validated:
		fmt.Fprintf(&b, "validation accuracy %.2f%%, loss %.4f\n", 100*last.ValAccuracy, last.ValLoss)
	default:
		fmt.Fprintf(&b, "training accuracy %.2f%%, cost %.4f: nothing was held back to test on\n", 100*last.Accuracy, last.Cost)
	}
	b.WriteString(t.speed())
	if t.flags.out != "" {
		fmt.Fprintf(&b, "model saved to %s\n", t.flags.out)
	}
	return b.String()
}

// speed says how long the epochs completed took, and the sums over ranks in them.
func (t *training) speed() string {
	seconds, throughput := t.timing()
	name := oneLine(t.eng.Info().Name)
	if seconds == 0 {
		return fmt.Sprintf("stopped in the first epoch, on %s\n", name)
	}
	line := fmt.Sprintf("trained in %s, %s samples/s, on %s\n",
		duration(time.Duration(seconds*float64(time.Second))), thousands(throughput), name)
	if r := t.joined.json(); r != nil && t.joined.sharesMemory() {
		line += fmt.Sprintf("%d ranks on one memory, %.1f%% of the time waiting for others\n", r.Count, 100*r.WaitedSeconds/seconds)
	} else if r != nil {
		line += fmt.Sprintf("%d ranks, %.0f%% of the time in sums over them, of which %.0f%% was spent computing too\n",
			r.Count, 100*r.SumSeconds/seconds, 100*(1-r.WaitedSeconds/max(r.SumSeconds, 1e-9)))
	}
	return line
}

// scores judges the test.
func (t *training) scores() scores {
	return newScores(t.model(), t.examples.test, *t.test, defaultTop, defaultThreshold)
}

func (t *training) result() trainJSON {
	f, x, history := t.flags, t.examples, *t.history
	if history.Epochs == nil { // none was completed: a list all the same
		history.Epochs = []trainer.Epoch{}
	}
	r := trainJSON{
		Schema:  schemaVersion,
		Version: currentVersion().Version,
		Device:  newDeviceJSON(t.eng),
		Data: corpusJSON{
			Source: x.source, TestSource: x.testSource, Features: x.train.Features,
			Classes: x.preprocess.Classes, Targets: x.train.Targets, Train: x.train.Rows,
		},
		Network: newNetworkJSON(t.net),
		Config: configJSON{
			f.config.Epochs, f.config.BatchSize, f.config.MicroBatch, optimizerJSON(f.config.Optimizer), f.config.Rate, scheduleJSON(f.config.Schedule), f.config.Lambda, lossJSON{f.config.LabelSmoothing, f.loss.classWeights, f.data.learn.weights}, newStopJSON(f.config.Stop), regularizersJSON(f.config.Regularizers), newAugmentJSON(f.config.Augment), f.precision, f.seed, f.init, f.resident, f.valSplit,
		},
		History:     &history,
		Model:       f.out,
		Interrupted: t.interrupted != nil,
	}
	if x.validation != nil {
		r.Data.Validation = x.validation.Rows
	}
	if x.test != nil {
		r.Data.Test = x.test.Rows
	}
	if t.test != nil {
		s := t.scores()
		r.Test = &scoreJSON{numberJSON(s.Loss), s.Accuracy, s.Count, s.json()}
	}
	r.Seconds, r.Throughput = t.timing()
	r.StepTraffic = t.stepTraffic()
	r.Ranks = t.joined.json()
	return r
}
