package trainer

import (
	"fmt"
	"math"
	"time"
)

// Config says how Fit trains. The zero value trains: every field documents
// what zero means. A checkpoint holds it as JSON, to go on the same way; a field
// that does not decide the results is left out of it.
type Config struct {
	// Epochs is how often Fit goes through the training set; 0 means 10.
	Epochs int
	// BatchSize is b, the examples of one step; 0 means 32. More than there are
	// examples means all of them: every step is then the formula over the whole
	// set. The last step of an epoch takes what is left, with its own, smaller m. AutoSize
	// means the largest power of two that the device has room for.
	BatchSize int
	// MicroBatch is the most examples that the device takes at a time; 0 means the whole
	// batch. A larger batch is run in parts that add to one Δ before D and Θ are, so that
	// results are the same to rounding, and a batch that does not fit can be trained on.
	// AutoSize means the whole batch, or else the largest power of two that there is
	// room for.
	MicroBatch int `json:",omitempty"`
	// Optimizer says how Θ is changed by D; the zero value means Θ := Θ − α D. Each Fit
	// begins with moments of 0.
	Optimizer Optimizer
	// Rate is the learning rate α; 0 means 0.1, or what the optimizer is known to do
	// well with, Optimizer.DefaultRate.
	Rate float64
	// Schedule says how Rate changes from step to step; the zero value keeps it.
	Schedule Schedule
	// Lambda is λ of the penalty λ/(2m) Σ Θ², biases excepted; 0 means none.
	Lambda float64
	// Stop says what ends training early; the zero value, nothing.
	Stop Stopping `json:",omitzero"`
	// LabelSmoothing is ε: a label y becomes (1−ε)y + ε/K for softmax outputs, and
	// (1−ε)y + ε/2 for sigmoid ones, in training only; 0 means none, and less than 1.
	// C. Szegedy, V. Vanhoucke, S. Ioffe, J. Shlens and Z. Wojna, "Rethinking the
	// inception architecture for computer vision", CVPR (2016), §7.
	LabelSmoothing float64 `json:",omitempty"`
	// ClassWeights says how much the examples of each class count in training, times
	// data.Set.Weights; the zero value, all the same.
	ClassWeights ClassWeights `json:",omitzero"`
	// Regularizers bound D and Θ in other ways; the zero value, in none.
	Regularizers Regularizers `json:",omitzero"`
	// Augment changes the examples of each step; the zero value leaves them as they are.
	Augment Augment `json:",omitzero"`
	// Precision is how the numbers of a batch are stored; "" means FP32.
	Precision Precision `json:",omitempty"`
	// Seed makes the order of the examples; the weights have a seed of their own
	// in NetworkConfig. The same seed, data, device and driver give the same bits.
	Seed uint64
	// ShuffleBuffer is how many examples of the set the next one is drawn from, at random, see
	// shuffleBuffer; 1 leaves the order as it is. 0 means all, or of a data.Streamed, which
	// holds no more than these, 10000.
	ShuffleBuffer int `json:",omitempty"`
	// Resident says where the examples lie during training; "" means ResidentAuto.
	// The results are the same bits either way.
	Resident Resident `json:"-"`
	// OnBatch, if set, is called about every Interval during an epoch.
	OnBatch func(Progress) `json:"-"`
	// OnEpoch, if set, is called after every epoch, when the weights have been
	// read back to the Network: a checkpoint can be written there.
	OnEpoch func(Epoch) `json:"-"`
	// OnDivergence says what to do when the loss or a weight is not finite; "" means
	// DivergenceStop. OnReload, if set, is told of every reload.
	OnDivergence OnDivergence `json:"-"`
	OnReload     func(Reload) `json:"-"`
	// OnDeviceLoss says what to do when a device of a group is lost; "" means
	// DeviceLossStop. OnDrop, if set, is told when Fit goes on without one.
	OnDeviceLoss OnDeviceLoss  `json:"-"`
	OnDrop       func(Dropped) `json:"-"`
	// Compress says how the sums over ranks travel; "" means CompressNone. It is nothing to a
	// process that trains alone.
	Compress Compress `json:",omitempty"`
	// VerifyEvery compares every so many steps with the reference in float64, operation
	// by operation; 0 means never. A device that is further off than rounding explains
	// ends Fit with a *Disagreement. Such a step takes some hundred times as long.
	VerifyEvery int `json:"-"`
	// Interval is the longest that the host runs ahead of the device, and with
	// it the time between calls of OnBatch and the delay of a cancellation; 0
	// means 100 ms. It never changes the results.
	Interval time.Duration `json:"-"`
	// Checkpoints, if set, says where and when to keep the state of training.
	Checkpoints *Checkpoints `json:"-"`
	// Resume, if set, is the state that training goes on from; weights, history
	// and position come from it. It must be of the same architecture, data and
	// Config, else the error wraps ErrMismatch and says what differs. Epochs and Stop.Steps
	// may be others, unless the rate goes by them, as with cosine and onecycle.
	Resume *Snapshot `json:"-"`
}

// AutoSize is a BatchSize or MicroBatch that Fit chooses by the memory of the device.
const AutoSize = -1

// part is the most examples that the device takes at a time.
func (c Config) part() int {
	if c.MicroBatch > 0 {
		return min(c.MicroBatch, c.BatchSize)
	}
	return c.BatchSize
}

// Resident says where the examples lie during training.
type Resident string

// The places for the examples.
const (
	// ResidentAuto keeps the examples on the device when they take no more than
	// half of its memory, and streams them otherwise.
	ResidentAuto Resident = "auto"
	// ResidentYes keeps them on the device, or fails.
	ResidentYes Resident = "yes"
	// ResidentNo streams them: each batch is uploaded while the one before it
	// computes.
	ResidentNo Resident = "no"
)

// Check returns an error that names the first field out of range, or that does not go with
// another.
func (c Config) Check() error {
	_, err := c.withDefaults()
	return err
}

// withDefaults returns c with its zero values filled in, or an error that names
// the first field out of range.
func (c Config) withDefaults() (Config, error) {
	if c.Epochs == 0 {
		c.Epochs = 10
	}
	if c.BatchSize == 0 || c.BatchSize == AutoSize && c.Optimizer.WholeSet() {
		if c.BatchSize = 32; c.Optimizer.WholeSet() {
			c.BatchSize = math.MaxInt32 // all that there are
		}
	}
	var err error
	if c.Optimizer, err = c.Optimizer.WithDefaults(); err != nil {
		return c, err
	}
	if c.Rate == 0 {
		c.Rate = c.Optimizer.DefaultRate()
	}
	if c.Resident == "" {
		c.Resident = ResidentAuto
	}
	if c.Interval == 0 {
		c.Interval = 100 * time.Millisecond
	}
	if c.Schedule, err = c.Schedule.WithDefaults(c.Epochs); err != nil {
		return c, err
	}
	if err := c.checkParts(); err != nil {
		return c, err
	}
	if c.Precision == FP32 {
		c.Precision = "" // as in the checkpoints of programs that know no other
	}
	if err := c.checkNumbers(); err != nil {
		return c, err
	}
	return c, c.checkNames()
}

// checkParts checks the fields that have a check of their own.
func (c Config) checkParts() error {
	if err := c.Regularizers.check(); err != nil {
		return err
	}
	if err := c.Augment.check(); err != nil {
		return err
	}
	if err := c.Checkpoints.check(); err != nil {
		return err
	}
	if err := c.Stop.check(); err != nil {
		return err
	}
	if err := c.CheckPrecision(); err != nil {
		return err
	}
	if c.Optimizer.WholeSet() {
		return c.checkWholeSet()
	}
	return nil
}

// checkNumbers checks the ranges. Those of floats are written so that NaN is out of them: no
// comparison with it is true.
func (c Config) checkNumbers() error {
	switch {
	case c.Epochs < 0 || c.Epochs > maxEpochs:
		return fmt.Errorf("epochs is %d: need 1 to %d", c.Epochs, maxEpochs)
	case c.BatchSize < AutoSize:
		return fmt.Errorf("batch size is %d: need at least 1", c.BatchSize)
	case c.MicroBatch < AutoSize:
		return fmt.Errorf("micro-batch is %d: need at least 1, or 0 for the whole batch", c.MicroBatch)
	case !(c.Rate > 0 && c.Rate <= math.MaxFloat32):
		return fmt.Errorf("learning rate is %v: need a finite number above 0", c.Rate)
	case !(c.Lambda >= 0 && c.Lambda <= math.MaxFloat32):
		return fmt.Errorf("lambda is %v: need a finite number, 0 or more", c.Lambda)
	case !(c.LabelSmoothing >= 0 && c.LabelSmoothing < 1):
		return fmt.Errorf("label smoothing is %v: need 0 or more and less than 1", c.LabelSmoothing)
	case c.ShuffleBuffer < 0:
		return fmt.Errorf("shuffle buffer is %d: need at least 1, or 0 for the default", c.ShuffleBuffer)
	case c.VerifyEvery < 0:
		return fmt.Errorf("verify every is %d: need 0 or more", c.VerifyEvery)
	case c.Interval < 0:
		return fmt.Errorf("interval is %v: need 0 or more", c.Interval)
	}
	return nil
}

// checkNames checks the fields that are one of a few words.
func (c Config) checkNames() error {
	switch c.OnDivergence {
	case "", DivergenceStop, DivergenceReload:
	default:
		return fmt.Errorf("on divergence is %q: have stop, reload", string(c.OnDivergence))
	}
	switch c.OnDeviceLoss {
	case "", DeviceLossStop, DeviceLossContinue:
	default:
		return fmt.Errorf("on device loss is %q: have stop, continue", string(c.OnDeviceLoss))
	}
	switch c.Compress {
	case CompressNone, CompressFP16:
	default:
		return fmt.Errorf("compress is %q: have fp16, or nothing", string(c.Compress))
	}
	switch c.Resident {
	case ResidentAuto, ResidentYes, ResidentNo:
	default:
		return fmt.Errorf("resident is %q: have auto, yes, no", string(c.Resident))
	}
	return nil
}
