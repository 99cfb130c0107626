package trainer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/clprop/clprop/device"
	"github.com/clprop/clprop/trainer/data"
	"github.com/clprop/clprop/trainer/durable"
	"github.com/clprop/clprop/trainer/safetensors"
)

// smallModel is trained for one epoch, so that no weight is special.
func smallModel(t *testing.T) *Model {
	t.Helper()
	net, history := fitted(t, NetworkConfig{Sizes: []int{3, 2, 2}, Hidden: device.Tanh, Seed: 1}, randomSet(1, 9, 3, 2), nil, Config{Epochs: 1})
	last := history.Last()
	return &Model{
		Network: net,
		Preprocess: &data.Preprocess{
			Columns: []data.Column{
				{Name: "size", Kind: data.Number, Mean: 1.25, Std: 0.1},
				{Name: "colour", Kind: data.Category, Categories: []string{"blau", "grün"}},
			},
			Label:   "kind",
			Classes: []string{"cat", "dog"},
		},
		Classes: []string{"cat", "dog"},
		Meta:    Meta{CreatedBy: "a test", Device: "cpuref", Training: &last},
	}
}

func saved(t *testing.T, m *Model) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "model.safetensors")
	if err := m.Save(path); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestModelRoundTrip(t *testing.T) {
	m := smallModel(t)
	path := saved(t, m)
	loaded, err := LoadModel(path)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(loaded, m) {
		t.Errorf("loaded %+v\nsaved  %+v", loaded, m)
	}
	x := randomSet(5, 50, 3, 2).X
	want, err := open(t, m.Network, device.OpenReference()).Predict(t.Context(), x, 7)
	if err != nil {
		t.Fatal(err)
	}
	got, err := open(t, loaded.Network, device.OpenReference()).Predict(t.Context(), x, 7)
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("the loaded network predicts otherwise (%v)", err)
	}
	again := saved(t, loaded)
	a, errA := os.ReadFile(path)
	b, errB := os.ReadFile(again)
	if errA != nil || errB != nil || !bytes.Equal(a, b) {
		t.Errorf("saved again the file differs (%v, %v)", errA, errB)
	}
	if _, err := (&Model{Network: m.Network}).encode(); err != nil {
		t.Errorf("a bare network: %v", err)
	}
}

// The names are those of PyTorch's nn.Sequential(Linear, Tanh, Linear).
func TestModelTensors(t *testing.T) {
	m := smallModel(t)
	file, err := safetensors.ReadFile(saved(t, m))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, tensor := range file.Tensors {
		got = append(got, fmt.Sprint(tensor.Name, tensor.Shape))
	}
	if want := []string{"0.bias[2]", "0.weight[2 3]", "2.bias[2]", "2.weight[2 2]"}; !slices.Equal(got, want) {
		t.Errorf("tensors %v, want %v", got, want)
	}
	if got := file.Metadata["clprop.architecture"]; got != `{"sizes":[3,2,2],"hidden":"tanh","loss":"softmax-cross-entropy"}` {
		t.Errorf("architecture %s", got)
	}
}

func TestSaveRefuses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "model")
	for want, spoil := range map[string]func(*Model){
		"no network":                           func(m *Model) { m.Network = nil },
		"is NaN":                               func(m *Model) { m.Network.Layers[0].W[0] = float32(math.NaN()) },
		"1 class names for 2 outputs":          func(m *Model) { m.Classes = m.Classes[:1] },
		"gives 1 features, network 3-2-2 take": func(m *Model) { m.Preprocess.Columns = m.Preprocess.Columns[:1] },
		"preprocessing: ":                      func(m *Model) { m.Preprocess.Columns[0].Std = 0 },
		"class names differ":                   func(m *Model) { m.Classes = []string{"cat", "cow"} },
	} {
		m := smallModel(t)
		spoil(m)
		err := m.Save(path)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
			t.Errorf("error %v, want %s", err, want)
		}
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: a file is there", want)
		}
	}
}

// A file whose parts do not fit is refused in one line that names it and what.
func TestLoadModelRefuses(t *testing.T) {
	for want, spoil := range map[string]func(*safetensors.File){
		"no clprop.version in its metadata":   func(f *safetensors.File) { f.Metadata = nil },
		"model version 4, this program reads": func(f *safetensors.File) { f.Metadata[keyVersion] = "4" },
		`clprop.version is "0"`:               func(f *safetensors.File) { f.Metadata[keyVersion] = "0" },
		`clprop.version is "one"`:             func(f *safetensors.File) { f.Metadata[keyVersion] = "one" },
		"no clprop.architecture":              func(f *safetensors.File) { delete(f.Metadata, keyArchitecture) },
		"clprop.architecture: invalid":        func(f *safetensors.File) { f.Metadata[keyArchitecture] = "relu" },
		"clprop.architecture: something":      func(f *safetensors.File) { f.Metadata[keyArchitecture] += "{}" },
		"at least two layer sizes":            func(f *safetensors.File) { f.Metadata[keyArchitecture] = "null" },
		`clprop.architecture: json: unknown`:  func(f *safetensors.File) { f.Metadata[keyArchitecture] = `{"dropout":1}` },
		`unknown activation "swish"`: func(f *safetensors.File) {
			f.Metadata[keyArchitecture] = `{"sizes":[3,2,2],"hidden":"swish","loss":"softmax-cross-entropy"}`
		},
		"parameters by layer 2": func(f *safetensors.File) {
			f.Metadata[keyArchitecture] = `{"sizes":[2000000000,2000000000],"hidden":"relu","loss":"softmax-cross-entropy"}`
		},
		`"0.weight" has shape [2 3], the architecture asks for [2 4]`: func(f *safetensors.File) {
			f.Metadata[keyArchitecture] = `{"sizes":[4,2,2],"hidden":"relu","loss":"softmax-cross-entropy"}`
		},
		`"4.weight" is missing`: func(f *safetensors.File) {
			f.Metadata[keyArchitecture] = `{"sizes":[3,2,2,2],"hidden":"relu","loss":"softmax-cross-entropy"}`
		},
		"5 tensors, the architecture asks for 4": func(f *safetensors.File) {
			f.Tensors = append(f.Tensors, safetensors.Tensor{Name: "x"})
			f.Tensors[4].Data = []float32{1}
		},
		`tensor "2.bias" is missing`:                func(f *safetensors.File) { f.Tensors[3].Name = "3.bias" },
		"layer 0: weight [0,0] is NaN":              func(f *safetensors.File) { f.Tensors[0].Data[0] = float32(math.NaN()) },
		"clprop.preprocess: ":                       func(f *safetensors.File) { f.Metadata[keyPreprocess] = `{"columns":3}` },
		"preprocessing: ":                           func(f *safetensors.File) { f.Metadata[keyPreprocess] = `{"classes":["a","b"]}` },
		"class names differ":                        func(f *safetensors.File) { f.Metadata[keyClasses] = `["dog","cat"]` },
		"clprop.classes: json: cannot unmarshal":    func(f *safetensors.File) { f.Metadata[keyClasses] = `{}` },
		"clprop.meta: json: unknown field \"mood\"": func(f *safetensors.File) { f.Metadata[keyMeta] = `{"mood":"good"}` },
	} {
		file, err := smallModel(t).encode()
		if err != nil {
			t.Fatal(err)
		}
		spoil(file)
		path := filepath.Join(t.TempDir(), "model")
		if err := durable.WriteFile(path, func(w io.Writer) error { return safetensors.Write(w, file) }); err != nil {
			t.Fatal(err)
		}
		_, err = LoadModel(path)
		if !errors.Is(err, ErrModel) || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) || strings.Contains(err.Error(), "\n") {
			t.Errorf("error %v\nwant one line with %s", err, want)
		}
	}
	if _, err := LoadModel(filepath.Join(t.TempDir(), "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: error %v", err)
	}
}

// Every byte of a model changed in several ways, and the file cut off at each:
// an error, or a model that passes Check, and never a panic.
func TestCorruptedModels(t *testing.T) {
	whole, err := os.ReadFile(saved(t, smallModel(t)))
	if err != nil {
		t.Fatal(err)
	}
	load := func(content []byte) (*Model, error) {
		file, err := safetensors.Read(bytes.NewReader(content), int64(len(content)))
		if err != nil {
			return nil, err
		}
		return decode(file)
	}
	accepted := 0
	for i := range whole {
		if _, err := load(whole[:i]); err == nil {
			t.Errorf("cut off at %d of %d: no error", i, len(whole))
		}
		for _, flip := range []byte{1, 2, 0x20, 0x80, 0xff} {
			content := slices.Clone(whole)
			content[i] ^= flip
			m, err := load(content)
			if err != nil {
				continue
			}
			accepted++
			if err := m.Check(); err != nil {
				t.Errorf("byte %d ^ %#x: loaded, but %v", i, flip, err)
			}
		}
	}
	if accepted == 0 {
		t.Error("nothing was accepted: changed weights should be")
	}
}

func ExampleModel_Save() {
	folder, err := os.MkdirTemp("", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(folder)
	net, err := NewNetwork(NetworkConfig{Sizes: []int{2, 4, 1}, Seed: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	path := filepath.Join(folder, "xor.safetensors")
	if err := (&Model{Network: net, Classes: []string{"same", "different"}}).Save(path); err != nil {
		fmt.Println(err)
		return
	}
	m, err := LoadModel(path)
	fmt.Println(m.Network, m.Classes, err)
	// Output: 2-4-1 [same different] <nil>
}

func ExampleTrainer_Predict() {
	net, err := NewNetwork(NetworkConfig{Sizes: []int{2, 8, 1}, Hidden: device.Tanh, Seed: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	t, err := New(net, device.OpenReference())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer t.Close()
	set := &data.Set{Rows: 4, Features: 2, Outputs: 1, X: []float32{0, 0, 0, 1, 1, 0, 1, 1}, Y: []float32{0, 1, 1, 0}}
	if _, err := t.Fit(context.Background(), set, nil, Config{Epochs: 500, Rate: 1}); err != nil {
		fmt.Println(err)
		return
	}
	h, err := t.Predict(context.Background(), []float32{1, 0, 1, 1}, 0)
	fmt.Println(h[0] > 0.9, h[1] < 0.1, err)
	// Output: true true <nil>
}
