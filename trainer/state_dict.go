package trainer

import (
	"cmp"
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

// ErrWeights is wrapped by errors about tensors that are no fully connected network.
var ErrWeights = errors.New("not the weights of a fully connected network")

// SaveWeights writes the weights alone, as safetensors with the names that PyTorch
// gives those of nn.Sequential(Linear, g, Linear, …), which load_state_dict takes.
// The file at path is replaced as a whole or not at all.
func (n *Network) SaveWeights(path string) error {
	if err := n.Check(); err != nil {
		return fmt.Errorf("saving weights %s: %w", path, err)
	}
	// "pt" says that a matrix lies as PyTorch has it, [out,in].
	file := &safetensors.File{Metadata: map[string]string{"format": "pt"}, Tensors: n.tensors()}
	return durable.WriteFile(path, func(w io.Writer) error { return safetensors.Write(w, file) })
}

// LoadWeights reads a network from safetensors: a model that Save wrote, whose
// activation and loss count, or a state_dict of PyTorch, which has neither and gets
// hidden and loss; loss "" is the default of NewNetwork.
//
// A state_dict must have, for every layer and nothing else, NAME.weight [out,in]
// and maybe NAME.bias [out]; without it the bias is 0. Layers are in the order of
// their names, numbers in them by value: 0, 2, 10, or fc1, fc2. Of modules with other
// names, register them in the order of the alphabet, or rename.
func LoadWeights(path string, hidden device.Activation, loss device.Loss) (*Network, error) {
	file, err := safetensors.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("loading weights: %w", err) // names path
	}
	if _, ok := file.Metadata[keyVersion]; ok {
		m, err := decode(file)
		if err != nil {
			return nil, fmt.Errorf("loading weights: %s: %w: %w", path, ErrModel, err)
		}
		return m.Network, nil
	}
	layers, sizes, err := stateDict(file.Tensors)
	if err != nil {
		return nil, fmt.Errorf("loading weights: %s: %w: %w", path, ErrWeights, err)
	}
	n := &Network{Sizes: sizes, Hidden: hidden, Loss: cmp.Or(loss, defaultLoss(sizes)), Layers: layers}
	if err := n.Check(); err != nil {
		return nil, fmt.Errorf("loading weights: %s: %w: %w", path, ErrWeights, err)
	}
	return n, nil
}

// stateDict makes layers of tensors, and tells s_1 … s_L.
func stateDict(tensors []safetensors.Tensor) (layers []Layer, sizes []int, err error) {
	biases := map[string]safetensors.Tensor{}
	var weights []safetensors.Tensor
	for _, t := range tensors {
		switch layer, kind := cutLast(t.Name); {
		case kind == "weight" && len(t.Shape) == 2:
			weights = append(weights, t)
		case kind == "bias" && len(t.Shape) == 1:
			biases[layer] = t
		default:
			return nil, nil, fmt.Errorf("tensor %.40q has shape %v: need NAME.weight of two dimensions and NAME.bias of one", t.Name, t.Shape)
		}
	}
	if len(weights) == 0 {
		return nil, nil, errors.New("no tensor NAME.weight")
	}
	if len(weights) > maxLayers {
		return nil, nil, fmt.Errorf("%d layers, at most %d", len(weights), maxLayers)
	}
	slices.SortFunc(weights, func(a, b safetensors.Tensor) int { return naturally(a.Name, b.Name) })
	sizes = []int{weights[0].Shape[1]}
	for l, w := range weights {
		out, in := w.Shape[0], w.Shape[1]
		if in != sizes[l] {
			return nil, nil, fmt.Errorf("tensor %.40q takes %d units, and %.40q before it gives %d: layers go in the order of their names",
				w.Name, in, weights[l-1].Name, sizes[l])
		}
		name, _ := cutLast(w.Name)
		b, ok := biases[name]
		delete(biases, name)
		switch {
		case !ok:
			b.Data = make([]float32, out)
		case b.Shape[0] != out:
			return nil, nil, fmt.Errorf("tensor %.40q has shape %v, and %.40q %v", b.Name, b.Shape, w.Name, w.Shape)
		}
		layers, sizes = append(layers, Layer{W: w.Data, B: b.Data}), append(sizes, out)
	}
	for _, b := range biases {
		return nil, nil, fmt.Errorf("tensor %.40q has no weights beside it", b.Name)
	}
	return layers, sizes, nil
}

// cutLast cuts at the last point.
func cutLast(name string) (before, after string) {
	at := strings.LastIndexByte(name, '.')
	return name[:max(at, 0)], name[at+1:]
}

// naturally compares texts with the numbers in them by value.
func naturally(a, b string) int {
	for len(a) > 0 && len(b) > 0 {
		m, n := digits(a), digits(b)
		if m == 0 || n == 0 {
			if a[0] != b[0] {
				return cmp.Compare(a[0], b[0])
			}
			a, b = a[1:], b[1:]
			continue
		}
		x, y := strings.TrimLeft(a[:m], "0"), strings.TrimLeft(b[:n], "0")
		if c := cmp.Or(cmp.Compare(len(x), len(y)), strings.Compare(x, y)); c != 0 {
			return c
		}
		a, b = a[m:], b[n:]
	}
	return cmp.Compare(len(a), len(b))
}

// digits is the number of digits that s begins with.
func digits(s string) int {
	return len(s) - len(strings.TrimLeft(s, "0123456789"))
}

// Passthrough is a model of a network that comes without preprocessing: its inputs
// are columns x0, x1, … as they are, its outputs classes 0, 1, …, or, of a network of
// quantities, y0, y1, …. names, if there are any, are the names of the outputs. The
// error is that of Model.Check.
func (n *Network) Passthrough(names []string) (*Model, error) {
	k := n.outputs()
	prefix := "y"
	if !n.Loss.Regression() {
		k, prefix = max(k, 2), ""
	}
	if len(names) == 0 {
		names = numbered(prefix, k)
	}
	if len(names) != k {
		return nil, fmt.Errorf("%d names for %d outputs", len(names), k)
	}
	p := &data.Preprocess{Columns: plainColumns(numbered("x", n.Sizes[0]))}
	m := &Model{Network: n, Preprocess: p}
	if n.Loss.Regression() {
		p.Targets = plainColumns(names)
	} else {
		p.Classes, m.Classes = names, names
	}
	return m, m.Check()
}

func numbered(prefix string, n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = prefix + strconv.Itoa(i)
	}
	return names
}

// plainColumns are numbers that are taken as they are.
func plainColumns(names []string) []data.Column {
	columns := make([]data.Column, len(names))
	for i, name := range names {
		columns[i] = data.Column{Name: name, Kind: data.Number, Scale: data.NoScale, Std: 1}
	}
	return columns
}
