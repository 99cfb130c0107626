package trainer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/clprop/clprop/device"
	"github.com/clprop/clprop/trainer/checkpoint"
	"github.com/clprop/clprop/trainer/durable"
)

// ErrNoCheckpoint: there is no checkpoint in a folder, or none that is whole.
var ErrNoCheckpoint = errors.New("no checkpoint")

// Recover returns the newest checkpoint in a folder that is whole, and its path.
// Newer ones that are not are set aside, renamed to end in .damaged, and notes
// says so, one text each. What an ended process left half-written is removed.
// A checkpoint of a newer program is an error: to go on from an older one would
// lose what that program did.
func Recover(folder string) (s *Snapshot, path string, notes []string, err error) {
	list, err := places(folder)
	if err != nil {
		return nil, "", nil, err
	}
	if err := durable.Sweep(folder); err != nil {
		return nil, "", nil, err
	}
	for _, p := range list {
		path = filepath.Join(folder, p.name())
		s, err = LoadSnapshot(path)
		if err == nil {
			return s, path, notes, nil
		}
		if !errors.Is(err, checkpoint.ErrDamaged) && !errors.Is(err, ErrSnapshot) {
			return nil, "", notes, err
		}
		if renaming := os.Rename(path, path+damagedSuffix); renaming != nil {
			return nil, "", notes, also(err, renaming)
		}
		notes = append(notes, fmt.Sprintf("%v: set aside as %s", err, p.name()+damagedSuffix))
	}
	return nil, "", notes, fmt.Errorf("%s: %w to go on from", folder, ErrNoCheckpoint)
}

// HasCheckpoints reports whether a folder holds any, whole or not.
func HasCheckpoints(folder string) (bool, error) {
	list, err := places(folder)
	return len(list) > 0, err
}

// stateful is Parameters that change from step to step.
type stateful struct {
	name string
	of   device.Parameters
}

// stateful lists what a checkpoint holds beside the position: Θ and the moments of
// the optimizer.
func (f *fit) stateful() []stateful {
	list := append([]stateful{{nameTheta, f.dev.theta}}, f.to.by.state...)
	if mean := f.to.average.mean; mean != nil {
		list = append(list, stateful{nameMean, mean})
	}
	return list
}

// begin goes to where training starts: before the first step, or where the
// checkpoint was made.
func (f *fit) begin(history *History) error {
	f.before, f.kept = f.epochs, "that training began with"
	if f.epochs > 0 {
		f.kept = fmt.Sprintf("of epoch %d", f.epochs)
	}
	f.keeper = newKeeper(f.config, f.net)
	now := Snapshot{Network: f.net, Config: f.config, Train: f.sets[0], Validation: f.sets[1]}
	if f.config.Resume != nil {
		if err := f.resume(&now, history); err != nil {
			return err
		}
	}
	moments, err := f.readMoments(f.epochs + 1)
	if err != nil {
		return err
	}
	if f.remember(moments, f.step, f.sums, f.elapsed); f.keeper == nil {
		return nil
	}
	s := &f.keeper.snapshot
	s.Before, s.Train, s.Validation = f.before, now.Train, now.Validation
	s.Machine = NewMachine(f.eng.Info()).Of(f.ranks.summing())
	f.keeper.steps = f.train.steps()
	if err := f.keeper.tabulate(history.Epochs); err != nil { // without rows that the checkpoint does not know
		return err
	}
	if f.config.Resume != nil {
		f.keeper.at = place{f.epochs, f.step}
		return nil
	}
	if err := f.save(history, 0, device.Sums{}, 0); err != nil {
		return err
	}
	return f.keeper.wait()
}

// resume takes over the state of c.Resume, if it is one of this training.
func (f *fit) resume(now *Snapshot, history *History) error {
	s := f.config.Resume
	if err := s.check(); err != nil {
		return fmt.Errorf("%w: %w", ErrSnapshot, err)
	}
	if err := s.matches(now); err != nil {
		return err
	}
	layers := map[string][]Layer{nameTheta: s.Network.all()}
	maps.Copy(layers, s.Moments)
	for _, p := range f.stateful() {
		if layers[p.name] == nil {
			return fmt.Errorf("%w: it has no %s", ErrSnapshot, p.name)
		}
		for l, layer := range layers[p.name] {
			if err := f.eng.WriteParameters(p.of, l, layer.W, layer.B); err != nil {
				return fmt.Errorf("writing %s of layer %d: %w", p.name, l, err)
			}
		}
	}
	if err := f.writeScale(s.LossScale); err != nil {
		return err
	}
	copyLayers(f.net.all(), s.Network.all())
	if f.to.average.mean != nil {
		copyLayers(f.net.all(), layers[nameMean])
	}
	if f.bestLayers != nil && len(s.Epochs) > 0 {
		if layers[nameBest] == nil {
			return fmt.Errorf("%w: it has no %s", ErrSnapshot, nameBest)
		}
		copyLayers(f.bestLayers, layers[nameBest])
	}
	history.Epochs = slices.Clone(s.Epochs)
	f.before, f.epochs, f.kept, f.reloads = s.Before, s.Before+len(s.Epochs), "of the checkpoint", s.Reloads
	f.step, f.sums, f.elapsed = s.Step, s.Sums, s.Elapsed
	return nil
}

// matches says what of now is not as it was.
func (s *Snapshot) matches(now *Snapshot) error {
	var list []string
	if was, is := s.Network, now.Network; !equalJSON(was.architecture(), is.architecture()) {
		kind := func(net *Network) string {
			text := fmt.Sprintf("%v (%s, %s", net, net.Hidden, net.Loss)
			if was.Norm != is.Norm {
				text += fmt.Sprintf(", norm %v", net.Norm)
			}
			return text + ")"
		}
		list = append(list, fmt.Sprintf("network was %s, is %s", kind(was), kind(is)))
	}
	for _, text := range []string{s.Train.differs("training set", now.Train), s.Validation.differs("validation set", now.Validation)} {
		if text != "" {
			list = append(list, text)
		}
	}
	was, err := s.Config.withDefaults()
	if err != nil {
		return fmt.Errorf("%w: %w", ErrSnapshot, err)
	}
	if was, err = s.until(was, now.Config); err != nil {
		list = append(list, err.Error())
	} else if !equalJSON(was, now.Config) {
		list = append(list, "config: "+differingFields(was, now.Config))
	}
	if len(list) == 0 {
		return nil
	}
	return fmt.Errorf("%w: %s", ErrMismatch, strings.Join(list, "; "))
}

// until is the Config of a training that is to end where another says: after more epochs or
// steps, or fewer, unless the rate goes by their number.
func (s *Snapshot) until(was, is Config) (Config, error) {
	switch name := was.Schedule.Name; {
	case was.Epochs == is.Epochs && was.Stop.Steps == is.Stop.Steps:
		return was, nil
	case name == ScheduleCosine || name == ScheduleOneCycle:
		return was, fmt.Errorf("config: the end was %s, is %s, and the rate of schedule %s goes by it", was.end(), is.end(), name)
	case is.Epochs < len(s.Epochs):
		return was, fmt.Errorf("config: Epochs is %d, and %d are done", is.Epochs, len(s.Epochs))
	case is.Epochs == len(s.Epochs) && s.Step > 0:
		return was, fmt.Errorf("config: Epochs is %d, and %d are done, and %d steps of the next", is.Epochs, len(s.Epochs), s.Step)
	}
	was.Epochs, was.Stop.Steps = is.Epochs, is.Stop.Steps
	return was, nil
}

// end says where training ends if nothing else ends it.
func (c Config) end() string {
	if c.Stop.Steps > 0 {
		return fmt.Sprintf("%d epochs or %d steps", c.Epochs, c.Stop.Steps)
	}
	return fmt.Sprintf("%d epochs", c.Epochs)
}

// equalJSON compares what would be saved of two values.
func equalJSON(a, b any) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && bytes.Equal(x, y)
}

// differingFields names the fields that are saved with other values.
func differingFields(was, is Config) string {
	fields := func(c Config) map[string]any {
		text, err := json.Marshal(c)
		m := map[string]any{}
		if err != nil || json.Unmarshal(text, &m) != nil {
			return nil // such a Config cannot be saved either
		}
		return m
	}
	a, b := fields(was), fields(is)
	all := maps.Clone(a) // a field that is 0 may be left out
	maps.Copy(all, b)
	var list []string
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if !equalJSON(a[name], b[name]) {
			list = append(list, fmt.Sprintf("%s was %v, is %v", name, a[name], b[name]))
		}
	}
	return strings.Join(list, ", ")
}
