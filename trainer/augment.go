package trainer

import (
	"fmt"
	"math"

	"github.com/clprop/clprop/cpuref"
	"github.com/clprop/clprop/device"
	"gonum.org/v1/gonum/stat/distuv"
)

// Augment changes the examples that a step of training sees, others each time; what is
// validated, evaluated or predicted stays as it is. The zero value changes nothing. In this
// order:
//
//	images moved, and some mirrored: see cpuref.Shift
//	x := x + Noise·n, n normal: see cpuref.Noise
//	x_i := λ x_i + (1−λ) x_j, y_i := λ y_i + (1−λ) y_j: see cpuref.Mixup
type Augment struct {
	Shift int     `json:",omitempty"` // the most pixels, each way; what comes in from outside is 0
	Flip  bool    `json:",omitempty"` // mirror images left to right, with probability ½
	Noise float64 `json:",omitempty"` // standard deviation of what is added to the inputs as scaled
	// Mixup is α of λ ~ Beta(α, α), drawn anew for each step, such as 0.2. The accuracy of
	// an epoch then counts the mixtures whose larger part was named.
	Mixup float64 `json:",omitempty"`
	// Image is the shape that Shift and Flip need.
	Image device.ImageShape `json:",omitzero"`
}

// MinMixup is the least α of Mixup: below it the two numbers that λ is made of are often both 0.
const MinMixup = 0.01

// check names the first field out of range.
func (a Augment) check() error {
	switch {
	case !(a.Noise >= 0 && a.Noise <= math.MaxFloat32): // so that NaN fails
		return fmt.Errorf("augment noise is %v: need 0 for none, or more, up to %.3g", a.Noise, math.MaxFloat32)
	case a.Mixup != 0 && !(a.Mixup >= MinMixup && a.Mixup <= math.MaxFloat32):
		return fmt.Errorf("mixup is %v: need 0 for none, or %v or more, up to %.3g", a.Mixup, MinMixup, math.MaxFloat32)
	case a.Shift < 0:
		return fmt.Errorf("augment shift is %d: need 0 for none, or more", a.Shift)
	case !a.moves():
		return nil
	}
	if err := a.Image.Check(); err != nil {
		return fmt.Errorf("augment: %w", err)
	}
	if a.Shift >= min(a.Image.Height, a.Image.Width) {
		return conflict("augment shift is %d: images of %v leave nothing to see", a.Shift, a.Image)
	}
	return nil
}

// moves reports whether images are moved or mirrored.
func (a Augment) moves() bool { return a.Shift > 0 || a.Flip }

// fits says why examples of a network cannot be changed so, in parts of a size.
func (a Augment) fits(net *Network, c Config) error {
	switch part := c.part(); {
	case a.moves() && a.Image.Size() != net.Sizes[0]:
		return fmt.Errorf("%w: images of %v have %d values, network %v takes %d", ErrData, a.Image, a.Image.Size(), net, net.Sizes[0])
	case a.Mixup > 0 && net.Loss.Kind() == device.Hinge:
		return conflict("mixup is for losses of shares, and %s knows only classes: use a cross-entropy", net.Loss)
	case a.Mixup > 0 && part < c.BatchSize && part%2 == 1:
		return conflict("micro-batch is %d: mixup needs an even number, so that parts have the pairs of the whole", part)
	}
	return nil
}

// augmenting is Augment on a device. What is drawn is addressed by (seed, step, row in the
// batch), as the masks of dropping are.
type augmenting struct {
	Augment
	seed        uint64
	step, first *device.Scalar // those of dropping
	share       *device.Scalar // λ

	moved, noisy device.Matrix // nil where there is none
	mixed        batch
}

// augmenting allocates what the operations write: the examples themselves stay.
func (m *memory) augmenting(net *Network, c Config, d dropping, weighted bool) augmenting {
	a := augmenting{Augment: c.Augment, seed: c.Seed, step: d.step, first: d.first, share: device.NewScalar(1)}
	if err := a.fits(net, c); err != nil && m.err == nil {
		m.err = err
	}
	rows, in := c.part(), net.Sizes[0]
	if a.moves() {
		a.moved = m.stored("moved images", rows, in)
	}
	if a.Noise > 0 {
		a.noisy = m.stored("noisy inputs", rows, in)
	}
	if a.Mixup > 0 {
		a.mixed.x, a.mixed.y = m.stored("mixed inputs", rows, in), m.matrix("mixed labels", rows, net.outputs())
		if weighted {
			a.mixed.weight = m.matrix("mixed weights", rows, 1)
		}
	}
	return a
}

// of writes down how a batch is changed, and says where it then is.
func (a augmenting) of(b batch) (ops []device.Op, changed batch) {
	rows := b.x.Rows()
	if a.moves() {
		out := a.moved.Head(rows)
		ops = append(ops, device.Shift{A: b.x, Out: out, Image: a.Image, By: a.Shift, Flip: a.Flip,
			Seed: a.seed, Layer: streamShift, Step: a.step, First: a.first})
		b.x = out
	}
	if a.Noise > 0 {
		out := a.noisy.Head(rows)
		ops = append(ops, device.Noise{A: b.x, Out: out, Deviation: a.Noise,
			Seed: a.seed, Layer: streamNoise, Step: a.step, First: a.first})
		b.x = out
	}
	if a.Mixup > 0 {
		mixed := a.mixed.head(rows, b.weight != nil)
		ops = append(ops, device.Mixup{A: b.x, Out: mixed.x, Share: a.share}, device.Mixup{A: b.y, Out: mixed.y, Share: a.share})
		if b.weight != nil {
			ops = append(ops, device.Mixup{A: b.weight, Out: mixed.weight, Share: a.share})
		}
		b = mixed
	}
	return ops, b
}

// draw sets λ of a step, of those ever taken.
func (a augmenting) draw(step int) {
	if a.Mixup == 0 {
		return
	}
	words := &words{stream: cpuref.NewStream(a.seed, streamMixup, uint32(step))}
	share := distuv.Beta{Alpha: a.Mixup, Beta: a.Mixup, Src: words}.Rand()
	if math.IsNaN(share) { // two numbers so near 0 that both are 0
		share = 1
	}
	a.share.Set(share)
}

// words is the numbers of a stream one after the other, for what draws until it is content.
type words struct {
	stream cpuref.Stream
	next   uint64
}

// Uint64 makes it a rand.Source.
func (w *words) Uint64() uint64 {
	w.next += 2
	return uint64(w.stream.Uint32(w.next-2))<<32 | uint64(w.stream.Uint32(w.next-1))
}
