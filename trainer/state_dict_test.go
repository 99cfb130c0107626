package trainer

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/clprop/clprop/device"
	"github.com/clprop/clprop/trainer/durable"
	"github.com/clprop/clprop/trainer/safetensors"
)

func writeTensors(t *testing.T, tensors ...safetensors.Tensor) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "weights.safetensors")
	if err := durable.WriteFile(path, func(w io.Writer) error {
		return safetensors.Write(w, &safetensors.File{Tensors: tensors})
	}); err != nil {
		t.Fatal(err)
	}
	return path
}

func tensor(name string, shape ...int) safetensors.Tensor {
	n := 1
	for _, d := range shape {
		n *= d
	}
	t := safetensors.Tensor{Name: name, Shape: shape, Data: make([]float32, n)}
	for i := range t.Data {
		t.Data[i] = float32(len(name)*100 + i)
	}
	return t
}

// Weights go out and come in with the same bits, by the names of a state_dict.
func TestWeightsThereAndBack(t *testing.T) {
	net := newNetwork(t, NetworkConfig{Sizes: []int{5, 4, 3, 2}, Hidden: device.Tanh})
	path := filepath.Join(t.TempDir(), "w.safetensors")
	if err := net.SaveWeights(path); err != nil {
		t.Fatal(err)
	}
	file, err := safetensors.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, tensor := range file.Tensors {
		names = append(names, tensor.Name)
	}
	if want := []string{"0.bias", "0.weight", "2.bias", "2.weight", "4.bias", "4.weight"}; !slices.Equal(names, want) || len(file.Metadata) != 1 {
		t.Errorf("%v, %v", names, file.Metadata)
	}
	got, err := LoadWeights(path, device.Tanh, "")
	if err != nil {
		t.Fatal(err)
	}
	if got.Loss != device.SoftmaxCrossEntropy || got.Hidden != device.Tanh || !slices.Equal(got.Sizes, net.Sizes) {
		t.Errorf("%+v", got)
	}
	for l := range net.Layers {
		if !slices.Equal(got.Layers[l].W, net.Layers[l].W) || !slices.Equal(got.Layers[l].B, net.Layers[l].B) {
			t.Errorf("layer %d differs", l)
		}
	}
	// A model's own activation counts.
	model := filepath.Join(t.TempDir(), "m.safetensors")
	if err := (&Model{Network: net}).Save(model); err != nil {
		t.Fatal(err)
	}
	if got, err := LoadWeights(model, device.ReLU, ""); err != nil || got.Hidden != device.Tanh {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestLoadWeightsByNames(t *testing.T) {
	got, err := LoadWeights(writeTensors(t,
		tensor("net.10.weight", 1, 3), tensor("net.2.weight", 3, 4), tensor("net.2.bias", 3), tensor("net.0.weight", 4, 2)), device.ReLU, "")
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got.Sizes, []int{2, 4, 3, 1}) || got.Loss != device.SigmoidCrossEntropy ||
		got.Layers[0].B[3] != 0 || got.Layers[1].B[2] != 1002 || got.Layers[2].W[2] != 1302 {
		t.Errorf("%+v", got)
	}
	for name, c := range map[string]struct {
		tensors []safetensors.Tensor
		want    string
	}{
		"none":        {nil, "no tensor NAME.weight"},
		"convolution": {[]safetensors.Tensor{tensor("0.weight", 2, 2, 3)}, `"0.weight" has shape [2 2 3]`},
		"norm":        {[]safetensors.Tensor{tensor("0.weight", 2, 2), tensor("1.running_mean", 2)}, `"1.running_mean"`},
		"chain":       {[]safetensors.Tensor{tensor("a.weight", 2, 2), tensor("b.weight", 2, 3)}, `"b.weight" takes 3 units, and "a.weight" before it gives 2`},
		"bias":        {[]safetensors.Tensor{tensor("0.weight", 2, 2), tensor("0.bias", 3)}, `"0.bias" has shape [3]`},
		"lone bias":   {[]safetensors.Tensor{tensor("0.weight", 2, 2), tensor("1.bias", 2)}, `"1.bias" has no weights`},
		"empty":       {[]safetensors.Tensor{tensor("0.weight", 0, 2)}, "0 units"},
	} {
		_, err := LoadWeights(writeTensors(t, c.tensors...), device.ReLU, "")
		if !errors.Is(err, ErrWeights) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	if _, err := LoadWeights(filepath.Join(t.TempDir(), "none"), device.ReLU, ""); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
}

func TestPassthrough(t *testing.T) {
	net := newNetwork(t, NetworkConfig{Sizes: []int{2, 3}})
	m, err := net.Passthrough([]string{"a", "b", "c"})
	if err != nil || m.Preprocess.Columns[1].Name != "x1" || m.Classes[2] != "c" {
		t.Errorf("%+v, %v", m, err)
	}
	if _, err := net.Passthrough([]string{"a"}); err == nil {
		t.Error("one name for three outputs was taken")
	}
	quantities := newNetwork(t, NetworkConfig{Sizes: []int{2, 1}, Loss: device.MeanSquaredError})
	if m, err := quantities.Passthrough(nil); err != nil || m.Preprocess.Targets[0].Name != "y0" || m.Classes != nil {
		t.Errorf("%+v, %v", m, err)
	}
}
