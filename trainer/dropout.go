package trainer

import (
	"fmt"

	"github.com/clprop/clprop/device"
)

// dropping is dropout in training, see Regularizers: in step t layer l reads
//
//	a(l) ⊙ mask(l, t)/(1−p),   and δ(l) := δ(l) ⊙ mask(l, t)/(1−p)
//
// A mask is addressed by (seed, layer, step, row, column), with steps counted from the first
// epoch of the Trainer on, and rows in the whole batch, so that a step has the same one on
// every engine, after a resume and in parts, and no two steps of a Fit have one.
type dropping struct {
	input, hidden float64 // p; 0 for none
	seed          uint64
	step          *device.Scalar
	first         *device.Scalar // where in the batch the part begins that is run
}

// rate is p of what layer l, counted from 0, reads.
func (d dropping) rate(l int) float64 {
	if l == 0 {
		return d.input
	}
	return d.hidden
}

// through writes down a, or δ of a, going through the mask of what layer l reads.
func (d dropping) through(l int, a, out device.Matrix) device.Op {
	return device.Dropout{A: a, Out: out, Rate: d.rate(l), Seed: d.seed, Layer: streamDropout + uint32(l), Step: d.step, First: d.first}
}

// dropped allocates what the layers read in place of x and a(l) where dropout is on. These
// stay as they were: g′ is written from a(l).
func (m *memory) dropped(net *Network, batch int, d dropping) []device.Matrix {
	list := make([]device.Matrix, len(net.Sizes)-1)
	for l := range list {
		if d.rate(l) > 0 {
			list[l] = m.stored(fmt.Sprintf("a(%d) with dropout", l+1), batch, net.Sizes[l])
		}
	}
	return list
}
