package trainer

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/clprop/clprop/trainer/safetensors"
)

// named goes through the numbers of a network under the names of a model file, with the
// shapes that the sizes ask for. Layers and Norms must have their lengths.
func (n *Network) named(each func(name string, values *[]float32, shape ...int)) {
	modules := 2 // of a layer: Linear and g
	if n.Norm != NormNone {
		modules = 3
	}
	for l := range n.Layers {
		in, out := n.Sizes[l], n.Sizes[l+1]
		module := strconv.Itoa(modules * l)
		each(module+".weight", &n.Layers[l].W, out, in)
		each(module+".bias", &n.Layers[l].B, out)
	}
	for l := range n.Norms {
		module := strconv.Itoa(modules*l + 1)
		for i, values := range n.Norms[l].values(n.Norm) {
			each(module+"."+normTensors[i], values, n.Sizes[l+1])
		}
	}
}

// normTensors are what PyTorch calls γ, β, running mean and variance.
var normTensors = []string{"weight", "bias", "running_mean", "running_var"}

// NormTensors lists what PyTorch calls γ, β, the running mean and the running variance of a
// normalisation, which follows its module in the names of tensors.
func NormTensors() []string { return slices.Clone(normTensors) }

// tensors are the numbers under the names of a model file.
func (n *Network) tensors() (tensors []safetensors.Tensor) {
	n.named(func(name string, values *[]float32, shape ...int) {
		tensors = append(tensors, safetensors.Tensor{Name: name, Shape: shape, Data: *values})
	})
	return tensors
}

// takeTensors makes the layers of tensors, which must be exactly those that the
// sizes ask for.
func (n *Network) takeTensors(tensors []safetensors.Tensor) (err error) {
	byName := make(map[string]safetensors.Tensor, len(tensors))
	for _, t := range tensors {
		byName[t.Name] = t
	}
	n.Layers = make([]Layer, len(n.Sizes)-1)
	if n.Norm != NormNone {
		n.Norms = make([]NormUnits, len(n.Sizes)-2)
	}
	want := 0
	n.named(func(name string, values *[]float32, shape ...int) {
		t, ok := byName[name]
		switch want++; {
		case err != nil:
		case !ok:
			err = fmt.Errorf("tensor %q is missing", name)
		case !slices.Equal(t.Shape, shape):
			err = fmt.Errorf("tensor %q has shape %v, the architecture asks for %v", name, t.Shape, shape)
		}
		*values = t.Data
	})
	if err == nil && len(tensors) != want {
		err = fmt.Errorf("%d tensors, the architecture asks for %d", len(tensors), want)
	}
	return err
}
