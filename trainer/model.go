package trainer

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/clprop/clprop/device"
	"github.com/clprop/clprop/trainer/data"
	"github.com/clprop/clprop/trainer/durable"
	"github.com/clprop/clprop/trainer/safetensors"
)

// Model is all that prediction needs: the network, how raw data becomes its
// inputs, and what its outputs are called.
type Model struct {
	Network *Network
	// Preprocess turns raw columns or pixels into inputs; nil if the inputs are
	// used as they are.
	Preprocess *data.Preprocess
	// Classes names the outputs, K names, or two where K is 1; empty if they have
	// no names.
	Classes []string
	Meta    Meta
}

// Meta says where a model comes from. Nothing depends on it.
type Meta struct {
	CreatedBy string `json:"created_by,omitempty"` // program and version
	Device    string `json:"device,omitempty"`     // what it was trained on
	// Training is the last epoch of its training.
	Training *Epoch `json:"training,omitempty"`
}

// ErrModel is wrapped by errors about a file that is no model of this program.
var ErrModel = errors.New("not a clprop model")

// ModelVersion is the newest version of the model file that LoadModel reads. Save writes
// version 1, 2 of a network with a Norm, and 3 of one of several labels at once, which an older
// program would not understand.
//
// A model is a safetensors file. Its tensors have the names that PyTorch gives
// those of nn.Sequential(Linear, activation, Linear, …): "0.weight" [out,in] and
// "0.bias" [out] of the first layer, "2.weight" and "2.bias" of the second, and
// so on. With a Norm they are those of Sequential(Linear, BatchNorm1d or LayerNorm,
// activation, Linear, …): "1.weight" is γ and "1.bias" β of the first hidden layer, with
// "1.running_mean" and "1.running_var" of BatchNorm, and the second layer is "3.weight".
// Its __metadata__ has the keys
//
//	clprop.version       "1", "2" or "3"
//	clprop.architecture  {"sizes":[s_1,…,s_L],"hidden":g,"loss":name}, and "norm" if there is one
//	clprop.preprocess    data.Preprocess; absent if there is none
//	clprop.classes       ["name", …]; absent if they have no names
//	clprop.meta          Meta
//
// all but the first in JSON.
const ModelVersion = 3

const (
	keyVersion      = "clprop.version"
	keyArchitecture = "clprop.architecture"
	keyPreprocess   = "clprop.preprocess"
	keyClasses      = "clprop.classes"
	keyMeta         = "clprop.meta"
)

// maxParts are the bytes that parts of the metadata may have: many short texts take
// several times their length in memory.
var maxParts = map[string]int{keyArchitecture: maxPart, keyMeta: maxPart, keyClasses: 1 << 20, keyPreprocess: 1 << 22}

// checkParts refuses parts that are too long.
func checkParts(meta map[string]string) error {
	for key, most := range maxParts {
		if n := len(meta[key]); n > most {
			return fmt.Errorf("%s has %d bytes, at most %d", key, n, most)
		}
	}
	return nil
}

type architecture struct {
	Sizes  []int             `json:"sizes"`
	Hidden device.Activation `json:"hidden"`
	Loss   device.Loss       `json:"loss"`
	Norm   Norm              `json:"norm,omitempty"`
}

func (n *Network) architecture() architecture {
	return architecture{n.Sizes, n.Hidden, n.Loss, n.Norm}
}

// network is the way back, without weights.
func (a architecture) network() *Network {
	return &Network{Sizes: a.Sizes, Hidden: a.Hidden, Loss: a.Loss, Norm: a.Norm}
}

// Check returns an error if the parts of the model do not belong together.
func (m *Model) Check() error {
	if m.Network == nil {
		return errors.New("no network")
	}
	if err := m.Network.Check(); err != nil {
		return err
	}
	if n, k := len(m.Classes), m.Network.outputs(); n != 0 && n != max(k, 2) {
		return fmt.Errorf("%d class names for %d outputs", n, k)
	}
	if m.Preprocess == nil {
		return nil
	}
	if err := m.Preprocess.Check(); err != nil {
		return err
	}
	if n, want := m.Preprocess.Features(), m.Network.Sizes[0]; n != want {
		return fmt.Errorf("preprocessing gives %d features, network %v takes %d", n, m.Network, want)
	}
	switch n, quantities := len(m.Preprocess.Targets), m.Network.Loss.Regression(); {
	case quantities && n != m.Network.outputs():
		return fmt.Errorf("preprocessing has %d quantities to predict, network %v gives %d", n, m.Network, m.Network.outputs())
	case !quantities && n > 0:
		return fmt.Errorf("preprocessing has quantities to predict, and the loss %s is for classes", m.Network.Loss)
	case m.Preprocess.MultiLabel != m.Network.Loss.MultiLabel():
		return fmt.Errorf("preprocessing of several labels at once: %t, and the loss is %s", m.Preprocess.MultiLabel, m.Network.Loss)
	}
	if len(m.Classes) > 0 && !slices.Equal(m.Classes, m.Preprocess.Classes) {
		return errors.New("class names differ between model and preprocessing")
	}
	return nil
}

// Save writes the model to path, replacing what was there as a whole or not at
// all. The same model gives the same bytes.
func (m *Model) Save(path string) error {
	if err := m.Check(); err != nil {
		return fmt.Errorf("saving model %s: %w", path, err)
	}
	file, err := m.encode()
	if err != nil {
		return fmt.Errorf("saving model %s: %w", path, err)
	}
	return durable.WriteFile(path, func(w io.Writer) error { return safetensors.Write(w, file) })
}

// encode lays the model out as tensors and metadata.
func (m *Model) encode() (*safetensors.File, error) {
	version := 1
	if m.Network.Norm != NormNone {
		version = 2
	}
	if m.Network.Loss.MultiLabel() {
		version = ModelVersion
	}
	file := &safetensors.File{Metadata: map[string]string{keyVersion: strconv.Itoa(version)}}
	parts := map[string]any{
		keyArchitecture: m.Network.architecture(),
		keyMeta:         m.Meta,
	}
	if m.Preprocess != nil {
		parts[keyPreprocess] = m.Preprocess
	}
	if len(m.Classes) > 0 {
		parts[keyClasses] = m.Classes
	}
	for key, part := range parts {
		text, err := json.Marshal(part)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
		file.Metadata[key] = string(text)
	}
	file.Tensors = m.Network.tensors()
	return file, checkParts(file.Metadata)
}

// LoadModel reads what Save wrote. The file may come from anyone: whatever is in
// it, the result is an error that names path and what is wrong, or a Model that
// passes Check.
func LoadModel(path string) (*Model, error) {
	file, err := safetensors.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("loading model: %w", err) // names path
	}
	m, err := decode(file)
	if err != nil {
		return nil, fmt.Errorf("loading model: %s: %w: %w", path, ErrModel, err)
	}
	return m, nil
}

// decode is the way back from encode.
func decode(file *safetensors.File) (*Model, error) {
	if err := checkVersion(file.Metadata); err != nil {
		return nil, err
	}
	if err := checkParts(file.Metadata); err != nil {
		return nil, err
	}
	var arch architecture
	if err := decodePart(file.Metadata, keyArchitecture, true, &arch); err != nil {
		return nil, err
	}
	m := &Model{Network: arch.network()}
	if err := m.Network.checkArchitecture(); err != nil {
		return nil, err
	}
	if err := cmp.Or(
		decodePart(file.Metadata, keyPreprocess, false, &m.Preprocess),
		decodePart(file.Metadata, keyClasses, false, &m.Classes),
		decodePart(file.Metadata, keyMeta, false, &m.Meta),
	); err != nil {
		return nil, err
	}
	if err := m.Network.takeTensors(file.Tensors); err != nil {
		return nil, err
	}
	return m, m.Check()
}

func checkVersion(meta map[string]string) error {
	text, ok := meta[keyVersion]
	if !ok {
		return fmt.Errorf("no %s in its metadata", keyVersion)
	}
	version, err := strconv.Atoi(text)
	if err != nil || version < 1 {
		return fmt.Errorf("%s is %.20q: need a number from 1", keyVersion, text)
	}
	if version > ModelVersion {
		return fmt.Errorf("model version %d, this program reads up to %d: use a newer clprop", version, ModelVersion)
	}
	return nil
}

// decodePart reads one part of the metadata, strictly: no unknown fields, nothing
// after the value.
func decodePart(meta map[string]string, key string, required bool, part any) error {
	text, ok := meta[key]
	if !ok {
		if required {
			return fmt.Errorf("no %s in its metadata", key)
		}
		return nil
	}
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(part); err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	if _, err := decoder.Token(); err != io.EOF {
		return fmt.Errorf("%s: something follows its value", key)
	}
	return nil
}
