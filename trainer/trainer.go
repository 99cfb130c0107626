package trainer

import (
	"errors"
	"fmt"
	"math"

	"github.com/clprop/clprop/device"
	"github.com/clprop/clprop/trainer/data"
)

// Errors that Fit wraps, for errors.Is.
var (
	// ErrDiverged: the loss or a weight is no longer a finite number, or the squares of the
	// weights add up to more than float32 holds. A smaller rate, or inputs scaled to about
	// ±1, help.
	ErrDiverged = errors.New("training diverged")
	// ErrMemory: the device has too little memory for the network and batch.
	ErrMemory = errors.New("not enough device memory")
	// ErrData: a set does not fit the network, or not itself.
	ErrData = errors.New("examples do not fit")
	// ErrConfig: settings that are good by themselves do not go together, with each other,
	// with the network or with the number of examples. The text says which.
	ErrConfig = errors.New("settings do not go together")
)

// conflictError is an ErrConfig that speaks for itself.
type conflictError struct{ text string }

func (e conflictError) Error() string { return e.text }
func (conflictError) Unwrap() error   { return ErrConfig }

func conflict(format string, args ...any) error { return conflictError{fmt.Sprintf(format, args...)} }

// Trainer trains one network on one engine. The weights live in the engine's
// memory from New to Close. Like the engine, it is for one goroutine at a time.
type Trainer struct {
	net    *Network
	eng    device.Engine
	memory memory
	dev    onDevice
	epochs int     // completed since New
	spare  []Layer // where weights are read to before they are known to be finite
	ranks  ranks
}

// New checks net and copies its weights to eng. The Trainer changes net.Layers
// and net.Norms when Fit reads the weights back. eng remains the caller's to close, after
// Close of the Trainer.
func New(net *Network, eng device.Engine) (*Trainer, error) {
	if net == nil || eng == nil {
		return nil, errors.New("trainer: network or engine is nil")
	}
	if err := net.Check(); err != nil {
		return nil, fmt.Errorf("trainer: %w", err)
	}
	t := &Trainer{net: net, eng: eng, memory: memory{eng: eng}, ranks: ranksOf(eng)}
	err := t.allocate()
	if err == nil {
		err = t.write()
	}
	if err != nil {
		t.Close()
		return nil, fmt.Errorf("trainer: %w", err)
	}
	t.spare = newLayers(net)
	return t, nil
}

// allocate makes Θ on the engine.
func (t *Trainer) allocate() error {
	theta := t.memory.parameters(fmt.Sprintf("the weights of %v", t.net), t.net.shapes())
	t.dev = onDevice{hidden: t.net.Hidden, loss: t.net.Loss, theta: theta, norm: t.net.Norm, dense: len(t.net.Layers)}
	return t.memory.err
}

// Close gives back the engine's memory. It is safe to call twice.
func (t *Trainer) Close() { t.memory.release() }

// write copies net's weights to the engine.
func (t *Trainer) write() error { return t.writeTo(t.dev.theta) }

func (t *Trainer) writeTo(p device.Parameters) error {
	for l, layer := range t.net.all() {
		if err := t.eng.WriteParameters(p, l, layer.W, layer.B); err != nil {
			return fmt.Errorf("writing the weights of layer %d: %w", l, err)
		}
	}
	return nil
}

// read waits, and copies the engine's weights to net if all are finite.
func (t *Trainer) read() (finite bool, err error) { return t.readFrom(t.dev.theta) }

// readFrom waits, and copies the engine's weights, or their mean, to net if all are finite.
func (t *Trainer) readFrom(p device.Parameters) (finite bool, err error) {
	for l, layer := range t.spare {
		if err := t.eng.ReadParameters(layer.W, layer.B, p, l); err != nil {
			return false, fmt.Errorf("reading the weights of layer %d: %w", l, err)
		}
		if firstNonFinite(layer.W) >= 0 || firstNonFinite(layer.B) >= 0 {
			return false, nil
		}
	}
	copyLayers(t.net.all(), t.spare)
	return true, nil
}

// checkSet says why the network cannot be trained or judged on a set.
func (t *Trainer) checkSet(name string, set *data.Set) error {
	fail := func(format string, args ...any) error {
		return fmt.Errorf("%s: %w: %s", name, ErrData, fmt.Sprintf(format, args...))
	}
	switch {
	case set == nil || set.Rows < 1:
		return fail("no examples")
	case set.Rows > math.MaxInt32:
		return fail("%d examples, at most %d", set.Rows, math.MaxInt32)
	case set.Features != t.net.Sizes[0]:
		return fail("%d features, network %v takes %d", set.Features, t.net, t.net.Sizes[0])
	case len(set.Y) == 0 && !streams(set):
		return fail("no labels")
	case set.Regression() && !t.net.Loss.Regression():
		return fail("labels are quantities, the loss %s is for classes: use mse, mae or huber", t.net.Loss)
	case set.MultiLabel && !t.net.Loss.MultiLabel():
		return fail("labels are several at once, the loss %s is not for them: use %s", t.net.Loss, device.MultiLabelCrossEntropy)
	case len(set.Classes) > 0 && t.net.Loss.Regression():
		return fail("labels are classes, the loss %s is for quantities: use a cross-entropy or hinge", t.net.Loss)
	case set.Weights != nil && len(set.Weights) != set.Rows:
		return fail("%d weights for %d examples", len(set.Weights), set.Rows)
	case set.Outputs != t.net.outputs():
		return fail("%d outputs, network %v gives %d", set.Outputs, t.net, t.net.outputs())
	case streams(set):
		return nil
	case set.Inputs == nil && len(set.X) != set.Rows*set.Features || len(set.Y) != set.Rows*set.Outputs:
		return fail("%d inputs and %d labels for %d rows of %d features and %d outputs",
			len(set.X), len(set.Y), set.Rows, set.Features, set.Outputs)
	}
	return nil
}
