package trainer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/clprop/clprop/device"
)

// save begins a checkpoint of the state after step steps of the epoch under way. A layer is
// written while the next ones are read: a training that was stopped waits for both.
func (f *fit) save(history *History, step int, sums device.Sums, elapsed time.Duration) error {
	k := f.keeper
	if err := k.wait(); err != nil {
		return err
	}
	scale, err := f.readScale()
	if err != nil {
		return err
	}
	s := &k.snapshot
	s.LossScale, s.Epochs = scale, slices.Clone(history.Epochs)
	s.Step, s.Sums, s.Elapsed, s.Reloads = step, sums, elapsed, f.reloads
	from := map[string]device.Parameters{}
	for _, p := range f.stateful() {
		if from[p.name] = p.of; p.name != nameTheta {
			s.moment(p.name)
		}
	}
	if f.bestLayers != nil && len(history.Epochs) > 0 {
		copyLayers(s.moment(nameBest), f.bestLayers)
	}
	arrived := k.write()
	for _, p := range s.parameters() {
		for l := range p.layers {
			if err := f.readLayer(p, l, from[p.name]); err != nil {
				k.abandon(arrived)
				return err
			}
			arrived <- struct{}{}
		}
	}
	k.at, k.last = s.place(), time.Now()
	return nil
}

// readLayer reads a layer of Parameters for a checkpoint, which holds finite values only; of
// is nil if it is there already.
func (f *fit) readLayer(p namedLayers, l int, of device.Parameters) error {
	layer := p.layers[l]
	switch {
	case of == nil:
		return nil
	case p.name == nameTheta && f.fresh && f.to.average.mean == nil:
		copyLayers(p.layers[l:][:1], f.net.all()[l:][:1]) // read once, and finite
		return nil
	}
	if err := f.eng.ReadParameters(layer.W, layer.B, of, l); err != nil {
		return fmt.Errorf("reading %s of layer %d: %w", p.name, l, err)
	}
	if firstNonFinite(layer.W) >= 0 || firstNonFinite(layer.B) >= 0 {
		return f.diverged(f.epochs+1, fmt.Sprintf("a value of %s is not finite by step %d of %d, first in %s",
			p.name, f.keeper.snapshot.Step, f.train.steps(), f.layerName(l)))
	}
	return nil
}

// moment returns the layers of a name, made if there are none.
func (s *Snapshot) moment(name string) []Layer {
	if s.Moments == nil {
		s.Moments = map[string][]Layer{}
	}
	if s.Moments[name] == nil {
		s.Moments[name] = newLayers(s.Network)
	}
	return s.Moments[name]
}

// layerName is a layer in words, counted as in the formulas.
func (f *fit) layerName(l int) string {
	if l >= f.dev.dense {
		at := l - f.dev.dense
		return fmt.Sprintf("%s of layer %d", normNames[at%f.net.Norm.layers()], at/f.net.Norm.layers()+2)
	}
	return fmt.Sprintf("Θ(%d), %d to %d units", l+1, f.net.Sizes[l], f.net.Sizes[l+1])
}

// ended is called with the error that ended run. If ctx did, and the steps so far
// are not in a checkpoint yet, they get one. The writing under way is waited for.
func (f *fit) ended(ctx context.Context, history *History, cause error) error {
	if f.keeper == nil {
		return cause
	}
	if why := f.ending(ctx); why != nil && errors.Is(cause, why) && f.keeper.at != f.position() {
		if err := f.saveLast(history); err != nil {
			return fmt.Errorf("%w; stopped there: %v", err, cause)
		}
	}
	// What could not be saved is the worse of the two: it must not look as if
	// training had been stopped and all was well.
	if err := f.keeper.wait(); err != nil {
		return fmt.Errorf("%w; stopped there: %v", err, cause)
	}
	return cause
}

// position is how far training is.
func (f *fit) position() place { return place{f.epochs, f.step} }

// saveLast begins the checkpoint of a training that was stopped, and gives the network the
// weights in it. Somebody waits for the end, so that all that can is done while the disk
// writes: also giving back the memory of the device, of which the process otherwise has the
// more to clear away when it exits.
func (f *fit) saveLast(history *History) error {
	if err := f.save(history, f.step, f.sums, f.elapsed); err != nil {
		if errors.Is(err, ErrDiverged) {
			return err
		}
		_, reading := f.read()
		return also(err, reading)
	}
	s := &f.keeper.snapshot
	held := s.Network.all()
	if f.to.average.mean != nil {
		held = s.Moments[nameMean]
	}
	copyLayers(f.net.all(), held)
	f.memory.release()
	return nil
}
