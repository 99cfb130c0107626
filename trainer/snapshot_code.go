package trainer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/clprop/clprop/trainer/checkpoint"
)

// encode lays the snapshot out in sections, see save.
func (s *Snapshot) encode(await func() error) ([]checkpoint.Section, error) {
	var sections []checkpoint.Section
	for _, part := range []struct {
		name  string
		value any
	}{
		{sectionNetwork, s.Network.architecture()},
		{sectionConfig, s.Config},
		{sectionState, state{s.Before, s.Step, s.Sums, s.Elapsed, s.Reloads, s.LossScale, s.Train, s.Validation, s.Machine}},
	} {
		text, err := json.Marshal(part.value)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", part.name, err)
		}
		if len(text) > maxPart { // which decodeSection would refuse
			return nil, fmt.Errorf("section %q has %d bytes, at most %d: a checkpoint cannot hold it", part.name, len(text), maxPart)
		}
		sections = append(sections, checkpoint.Section{Name: part.name, Bytes: text})
	}
	var history bytes.Buffer
	for _, epoch := range s.Epochs {
		text, err := json.Marshal(epoch)
		if err != nil {
			return nil, fmt.Errorf("%s: epoch %d: %w", sectionHistory, epoch.Epoch, err)
		}
		history.Write(append(text, '\n'))
	}
	sections = append(sections, checkpoint.Section{Name: sectionHistory, Bytes: history.Bytes()})
	for _, p := range s.parameters() {
		section := checkpoint.Section{Name: sectionParameters + p.name, Floats: layerValues(p.layers)}
		if await != nil {
			section.Await = func(i int) error {
				if i%2 != 0 { // the biases, which come with the weights
					return nil
				}
				return await()
			}
		}
		sections = append(sections, section)
	}
	for _, name := range slices.Sorted(maps.Keys(s.Extra)) {
		sections = append(sections, checkpoint.Section{Name: name, Bytes: s.Extra[name]})
	}
	return sections, nil
}

// namedLayers are Parameters of a snapshot.
type namedLayers struct {
	name   string
	layers []Layer
}

// parameters lists Θ and what else is shaped as it, in the order of the file.
func (s *Snapshot) parameters() []namedLayers {
	list := []namedLayers{{nameTheta, s.Network.all()}}
	for _, name := range slices.Sorted(maps.Keys(s.Moments)) {
		list = append(list, namedLayers{name, s.Moments[name]})
	}
	return list
}

// layerValues lists the slices of layers in the order of a file.
func layerValues(layers []Layer) [][]float32 {
	var values [][]float32
	for _, layer := range layers {
		values = append(values, layer.W, layer.B)
	}
	return values
}

// What bounds memory: a short text in JSON can take many times its length.
const (
	maxPart      = 128 << 10 // bytes of a part in JSON
	leastHistory = 100       // bytes of a line of the history: its names alone are more
)

// decodeSnapshot is the way back from encode.
func decodeSnapshot(file *checkpoint.File) (*Snapshot, error) {
	var (
		arch architecture
		st   state
		s    = &Snapshot{}
	)
	for _, part := range []struct {
		name string
		into any
	}{{sectionNetwork, &arch}, {sectionConfig, &s.Config}, {sectionState, &st}} {
		if err := decodeSection(file, part.name, part.into); err != nil {
			return nil, err
		}
	}
	s.Before, s.Step, s.Sums, s.Elapsed, s.Reloads = st.Before, st.Step, st.Sums, st.Elapsed, st.Reloads
	s.LossScale = st.LossScale
	s.Train, s.Validation, s.Machine = st.Train, st.Validation, st.Machine
	var err error
	if s.Epochs, err = decodeHistory(file); err != nil {
		return nil, err
	}
	s.Network = arch.network()
	if err := s.Network.checkArchitecture(); err != nil {
		return nil, err
	}
	if err := s.takeSections(file); err != nil {
		return nil, err
	}
	return s, s.check()
}

// takeSections takes what is not in JSON.
func (s *Snapshot) takeSections(file *checkpoint.File) error {
	for _, section := range file.Names() {
		name, ok := isParameters(section)
		if !ok {
			if section != sectionConfig && section != sectionNetwork && section != sectionState && section != sectionHistory {
				if s.Extra == nil {
					s.Extra = map[string][]byte{}
				}
				s.Extra[section], _ = file.Section(section)
			}
			continue
		}
		// Before anything is allocated: the sizes are a stranger's.
		if content, _ := file.Section(section); len(content)/4 != s.Network.values() {
			return fmt.Errorf("section %q has %d bytes, network %v has %d parameters", section, len(content), s.Network, s.Network.values())
		}
		layers := newLayers(s.Network)
		if err := file.Floats(section, layerValues(layers)...); err != nil {
			return err
		}
		if name == nameTheta {
			s.Network.setAll(layers)
			continue
		}
		if s.Moments == nil {
			s.Moments = map[string][]Layer{}
		}
		s.Moments[name] = layers
	}
	if s.Network.Layers == nil {
		return fmt.Errorf("no section %q", sectionParameters+nameTheta)
	}
	return nil
}

// newLayers allocates layers as those of net.all.
func newLayers(net *Network) []Layer {
	shapes := net.shapes()
	layers := make([]Layer, len(shapes))
	for l, s := range shapes {
		layers[l] = Layer{W: make([]float32, s.Out*s.In), B: make([]float32, s.Out)}
	}
	return layers
}

func decodeSection(file *checkpoint.File, name string, into any) error {
	content, ok := file.Section(name)
	if ok && len(content) > maxPart {
		return fmt.Errorf("section %q has %d bytes, at most %d", name, len(content), maxPart)
	}
	meta := map[string]string{}
	if ok {
		meta[name] = string(content)
	}
	return decodePart(meta, name, true, into)
}

func decodeHistory(file *checkpoint.File) ([]Epoch, error) {
	text, ok := file.Section(sectionHistory)
	if !ok {
		return nil, fmt.Errorf("no section %q", sectionHistory)
	}
	epochs := make([]Epoch, 0, len(text)/leastHistory)
	for len(text) > 0 {
		line, after, ok := bytes.Cut(text, []byte{'\n'})
		if !ok || len(line) < leastHistory {
			return nil, fmt.Errorf("history: entry %d is cut", len(epochs)+1)
		}
		var epoch Epoch
		if err := json.Unmarshal(line, &epoch); err != nil {
			return nil, fmt.Errorf("history: entry %d: %w", len(epochs)+1, err)
		}
		epochs = append(epochs, epoch)
		text = after
	}
	return epochs, nil
}

// check refuses a state that no Fit was in.
func (s *Snapshot) check() error {
	c, err := s.Config.withDefaults()
	if err != nil {
		return fmt.Errorf("config: %w", err)
	}
	rows := s.Train.Rows
	switch {
	case rows < 1 || c.BatchSize < 1 || c.BatchSize > rows || c.MicroBatch < 0:
		return fmt.Errorf("%d examples in batches of %d, parts of %d", rows, c.BatchSize, c.MicroBatch)
	case s.Before < 0 || s.Before > maxEpochs || c.Epochs > maxEpochs || len(s.Epochs) > c.Epochs:
		return fmt.Errorf("%d epochs of %d, after %d", len(s.Epochs), c.Epochs, s.Before)
	case s.Step < 0 || s.Step > (rows-1)/c.BatchSize+1 || (s.Step > 0 && len(s.Epochs) == c.Epochs):
		return fmt.Errorf("step %d of %d examples in batches of %d", s.Step, rows, c.BatchSize)
	case s.Sums.Count != min(rows, s.Step*c.BatchSize):
		return fmt.Errorf("sums of %d examples after %d steps", s.Sums.Count, s.Step)
	case s.Reloads < 0 || s.Reloads > maxReloads:
		return fmt.Errorf("the rate was halved %d times, at most %d", s.Reloads, maxReloads)
	case s.Elapsed < 0:
		return errors.New("the time of the epoch is below 0")
	}
	if err := s.checkScale(); err != nil {
		return err
	}
	for i, epoch := range s.Epochs {
		if epoch.Epoch != s.Before+i+1 {
			return fmt.Errorf("history: entry %d is of epoch %d", i+1, epoch.Epoch)
		}
	}
	return s.Network.Check()
}

// maxEpochs is a bound that no training reaches, so that sums of epochs stay in an int.
const maxEpochs = 1 << 30
