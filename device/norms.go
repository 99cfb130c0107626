package device

import (
	"errors"
	"fmt"
)

// ErrOneDevice is wrapped by the error of Prepare about a batch normalisation that several
// devices cannot share as it is.
var ErrOneDevice = errors.New("batch normalisation is not shared in this way: use one device, one for each rank, or layer normalisation, which is of each example by itself")

// BatchNorm is batch normalisation of z and then g, Out = g(γ ẑ + β). With Saved, in
// training, ẑ is by the mean and variance of the rows of Z, and the running ones move
// towards these; without, ẑ is by the running ones. See cpuref.BatchNorm and
// cpuref.BatchNormRunning.
//
// γ is layer Layer of Theta, and β, running mean and running variance are the next three:
// layers of biases alone, In 0. Z, Out and Y are b × s, and Out may be Z; Saved is 2 × s.
type BatchNorm struct {
	Act   Activation // elementwise
	Z     Matrix
	Theta Parameters
	Layer int
	Saved Matrix // may be nil
	Out   Matrix
	Y     Matrix // keeps γ ẑ + β, which HiddenDelta wants where Act.NeedsZ; may be nil
}

// BatchNormDelta carries δ back through a BatchNorm in training: Delta is δ of y = γ ẑ + β,
// Back that of z, and may be Delta. Δγ and Δβ are added to layers Layer and Layer+1 of Sum;
// with Fresh they are set. Z and Saved are those of the BatchNorm. See
// cpuref.BatchNormDelta.
type BatchNormDelta struct {
	Delta, Z, Saved Matrix
	Theta           Parameters
	Layer           int
	Sum             Parameters
	Fresh           bool
	Back            Matrix
}

// LayerNorm is layer normalisation of z and then g, Out = g(γ ẑ + β). See
// cpuref.LayerNorm.
//
// γ is layer Layer of Theta and β the next, layers of biases alone, In 0. Z, Out and Y are b
// × s, and Out may be Z; Saved is b × 2.
type LayerNorm struct {
	Act   Activation // elementwise
	Z     Matrix
	Theta Parameters
	Layer int
	Saved Matrix // what LayerNormDelta wants; may be nil
	Out   Matrix
	Y     Matrix // as of BatchNorm; may be nil
}

// LayerNormDelta carries δ back through a LayerNorm, as BatchNormDelta does through a
// BatchNorm. See cpuref.LayerNormDelta.
type LayerNormDelta struct {
	Delta, Z, Saved Matrix
	Theta           Parameters
	Layer           int
	Sum             Parameters
	Fresh           bool
	Back            Matrix
}

// Layers of Theta that the normalisation of a layer of units has: γ, β, and of batch
// normalisation the running mean and variance.
const (
	BatchNormLayers = 4
	LayerNormLayers = 2
)

// unitLayers validates n layers of biases alone, from layer on, one number for each unit.
func unitLayers(op string, p Parameters, layer, n, units int) error {
	for l := layer; l < layer+n; l++ {
		s, err := layerShape(op, p, l)
		if err != nil {
			return err
		}
		if s.In != 0 || s.Out != units {
			return mismatch(op, "layer %d is %v, need {0 %d}: numbers for %d units", l, s, units, units)
		}
	}
	return nil
}

// checkNorm validates the way forward; saved and y may be nil.
func checkNorm(op string, act Activation, z, out, y, saved Matrix, theta Parameters, layer, layers int) error {
	if err := present(op, z, theta, out); err != nil {
		return err
	}
	if err := elementwise(op, act); err != nil {
		return err
	}
	if err := unitLayers(op, theta, layer, layers, z.Cols()); err != nil {
		return err
	}
	if y != nil {
		if err := sameShape(op, z, y); err != nil {
			return err
		}
	}
	if saved != nil {
		if err := checkSaved(op, saved, z, layers == BatchNormLayers); err != nil {
			return err
		}
	}
	return sameShape(op, z, out)
}

// checkSaved validates what a mean and a scale are kept in: of each column, or of each row.
func checkSaved(op string, saved, z Matrix, columns bool) error {
	rows, cols := z.Rows(), 2
	if columns {
		rows, cols = 2, z.Cols()
	}
	if saved.Rows() != rows || saved.Cols() != cols {
		return mismatch(op, "saved %d×%d for z %d×%d", saved.Rows(), saved.Cols(), z.Rows(), z.Cols())
	}
	return nil
}

// checkNormDelta validates the way back.
func checkNormDelta(op string, o BatchNormDelta, columns bool) error {
	if err := present(op, o.Delta, o.Z, o.Saved, o.Theta, o.Sum, o.Back); err != nil {
		return err
	}
	if err := unitLayers(op, o.Theta, o.Layer, 1, o.Z.Cols()); err != nil {
		return err
	}
	if err := unitLayers(op, o.Sum, o.Layer, 2, o.Z.Cols()); err != nil {
		return err
	}
	if err := checkSaved(op, o.Saved, o.Z, columns); err != nil {
		return err
	}
	return sameShape(op, o.Z, o.Delta, o.Back)
}

func (o BatchNorm) check() error {
	return checkNorm("batch norm", o.Act, o.Z, o.Out, o.Y, o.Saved, o.Theta, o.Layer, BatchNormLayers)
}

func (o LayerNorm) check() error {
	return checkNorm("layer norm", o.Act, o.Z, o.Out, o.Y, o.Saved, o.Theta, o.Layer, LayerNormLayers)
}

func (o BatchNormDelta) check() error { return checkNormDelta("batch norm delta", o, true) }
func (o LayerNormDelta) check() error {
	return checkNormDelta("layer norm delta", BatchNormDelta(o), false)
}

// unscaled refuses a loss scale, which would have to be the same on all of several devices.
func unscaled(ops []Op) error {
	for _, op := range ops {
		switch o := op.(type) {
		case OutputDelta:
			if o.Scale != nil {
				return fmt.Errorf("prepare: a scaled %T on several devices: %w", op, ErrHalf)
			}
		case Unscale:
			return fmt.Errorf("prepare: a %T on several devices: %w", op, ErrHalf)
		}
	}
	return nil
}
