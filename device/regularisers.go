package device

import (
	"errors"
	"fmt"
	"math"
)

// L1 is D := D + (λ1/m) sign(Θ) for weights, all layers. See cpuref.L1.
type L1 struct {
	Theta, Grad Parameters
	Lambda      float64 // λ1, at least 0
	M           int     // m, the examples summed into Δ
}

// ClipValue cuts every element of D, biases too, to −Limit … Limit. See
// cpuref.ClipValue.
type ClipValue struct {
	Grad  Parameters
	Limit float64 // above 0
}

// ClipNorm is D := D · min(1, Limit/‖D‖), with the norm over all layers, biases too. See
// cpuref.ClipNorm.
type ClipNorm struct {
	Grad  Parameters
	Limit float64 // above 0
}

// MaxNorm scales the weights into each unit so that their norm is at most Limit, all
// layers; biases stay. See cpuref.MaxNorm.
type MaxNorm struct {
	Theta Parameters
	Limit float64 // above 0
}

// Average is E := E + s (Θ − E), all layers. See cpuref.Average.
type Average struct {
	Theta Parameters
	Mean  Parameters // E
	Share *Scalar    // s
}

// Dropout is Out_ij = A_ij/(1−p) where a mask keeps (i, j), else 0. The mask is the same on
// every engine, and addressed by (Seed, Layer, Step, First+i, j): nothing of it is stored, and
// the same Dropout of δ(l) as of a(l) is the way back. Out may be A. See cpuref.Dropout.
type Dropout struct {
	A, Out Matrix
	Rate   float64 // p, the share that is dropped: 0 or more, and below 1
	Seed   uint64
	Layer  uint32
	Step   *Scalar // a whole number, 0 or more; modulo 2³²
	// First is the number of A's first row in its batch, so that the parts of a batch have
	// the masks of the whole; a whole number, 0 or more; nil means 0.
	First *Scalar
}

// limit says why a bound is none.
func limit(op string, v float64) error {
	if !(v >= MinEps && v <= math.MaxFloat32) { // so that NaN fails
		return fmt.Errorf("%s: the limit is %v: need a number above 0", op, v)
	}
	return nil
}

func (o L1) check() error {
	if err := present("l1", o.Theta, o.Grad); err != nil {
		return err
	}
	if o.M < 1 {
		return fmt.Errorf("l1: m is %d: need at least one example", o.M)
	}
	if !(o.Lambda >= 0 && o.Lambda <= math.MaxFloat32) {
		return fmt.Errorf("l1: λ1 is %v: need 0 or more", o.Lambda)
	}
	return sameLayers("l1", o.Theta, o.Grad)
}

func (o ClipValue) check() error {
	if err := present("clip value", o.Grad); err != nil {
		return err
	}
	return limit("clip value", o.Limit)
}

func (o ClipNorm) check() error {
	if err := present("clip norm", o.Grad); err != nil {
		return err
	}
	return limit("clip norm", o.Limit)
}

func (o MaxNorm) check() error {
	if err := present("max-norm", o.Theta); err != nil {
		return err
	}
	return limit("max-norm", o.Limit)
}

func (o Average) check() error {
	if err := present("average", o.Theta, o.Mean); err != nil {
		return err
	}
	if o.Share == nil {
		return errors.New("average: Share is missing")
	}
	if o.Theta == o.Mean {
		return errors.New("average: Theta is Mean too: each needs memory of its own")
	}
	return sameLayers("average", o.Theta, o.Mean)
}

func (o Dropout) check() error {
	if err := present("dropout", o.A, o.Out); err != nil {
		return err
	}
	if o.Step == nil {
		return errors.New("dropout: Step is missing")
	}
	if !(o.Rate >= 0 && o.Rate < 1) { // so that NaN fails
		return fmt.Errorf("dropout: the rate is %v: need 0 or more, and below 1", o.Rate)
	}
	return sameShape("dropout", o.A, o.Out)
}
