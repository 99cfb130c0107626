package trainer

import (
	"context"
	"fmt"
	"slices"
	"time"

	"gonum.org/v1/gonum/optimize"

	"github.com/clprop/clprop/device"
)

// evaluate finds J and D, for the point in f.whole.at, in one pass through the set.
func (f *fit) evaluate(ctx context.Context, number int) error {
	w, began := f.whole, time.Now()
	for l, spare := range unpack(f.spare, w.at.X) {
		if err := f.eng.WriteParameters(f.dev.theta, l, spare.W, spare.B); err != nil {
			return fmt.Errorf("epoch %d: writing the weights of layer %d: %w", number, l, err)
		}
	}
	f.fresh = false
	if err := f.eng.ResetTally(f.to.tally); err != nil {
		return fmt.Errorf("epoch %d: %w", number, err)
	}
	f.pace.start()
	for k := range f.train.parts(0) {
		if err := ctx.Err(); err != nil {
			f.sums = device.Sums{}
			return f.goBack(fmt.Errorf("epoch %d, part %d of %d: %w", number, k, f.train.parts(0), err))
		}
		err := f.train.runPart(0, k)
		if err == nil && f.pace.due() {
			if err = f.eng.Sync(); err == nil {
				f.pace.waited()
			}
		}
		if err != nil {
			return fmt.Errorf("epoch %d, part %d of %d: %w", number, k+1, f.train.parts(0), err)
		}
	}
	if err := f.penalty.Run(); err != nil {
		return fmt.Errorf("epoch %d: %w", number, err)
	}
	w.passes++
	return f.readPoint(number, began)
}

// readPoint reads what evaluate had computed.
func (f *fit) readPoint(number int, began time.Time) (err error) {
	w, m := f.whole, float64(f.config.BatchSize)
	if w.sums, err = f.eng.ReadTally(f.to.tally); err != nil {
		return fmt.Errorf("epoch %d: %w", number, err)
	}
	for l, spare := range f.spare {
		if err := f.eng.ReadParameters(spare.W, spare.B, f.to.grad, l); err != nil {
			return fmt.Errorf("epoch %d: reading the gradient of layer %d: %w", number, l, err)
		}
	}
	pack(w.at.Gradient, f.spare)
	w.at.F = w.sums.Loss/m + f.config.Lambda/2*w.sums.Squares/m
	w.seen = append(w.seen[:0], w.at.X...)
	f.report(number, 1, w.sums, time.Since(began))
	return nil
}

// finite reports whether J and D are.
func (w *wholeSet) finite() bool {
	return finite(w.at.F) && !slices.ContainsFunc(w.at.Gradient, func(d float64) bool { return !finite(d) })
}

// pack writes the layers one after the other, the weights of each before its biases.
func pack(x []float64, layers []Layer) {
	for _, layer := range layers {
		for _, values := range [][]float32{layer.W, layer.B} {
			for i, v := range values {
				x[i] = float64(v)
			}
			x = x[len(values):]
		}
	}
}

// unpack is the way back; it returns layers.
func unpack(layers []Layer, x []float64) []Layer {
	for _, layer := range layers {
		for _, values := range [][]float32{layer.W, layer.B} {
			for i := range values {
				values[i] = float32(x[i])
			}
			x = x[len(values):]
		}
	}
	return layers
}

// copied is from in the memory of to.
func copied(to, from optimize.Location) optimize.Location {
	copy(to.X, from.X)
	copy(to.Gradient, from.Gradient)
	to.F = from.F
	return to
}
