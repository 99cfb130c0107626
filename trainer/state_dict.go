package trainer

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
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
// gives those of nn.Sequential(Linear, g, Linear, …), or with a Norm of (Linear,
// BatchNorm1d or LayerNorm, g, Linear, …), which load_state_dict takes.
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
// and maybe NAME.bias [out]; without it the bias is 0. After each hidden layer, or after
// none, may come a BatchNorm1d or a LayerNorm, with NAME.weight [out], NAME.bias and for
// the one NAME.running_mean and NAME.running_var; its ε is taken to be 1e-5. Layers are in
// the order of their names, numbers in them by value: 0, 2, 10, or fc1, fc2. Of modules
// with other names, register them in the order of the alphabet, or rename.
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
	n, err := stateDict(file.Tensors)
	if err != nil {
		return nil, fmt.Errorf("loading weights: %s: %w: %w", path, ErrWeights, err)
	}
	n.Hidden, n.Loss = hidden, cmp.Or(loss, defaultLoss(n.Sizes))
	if err := n.Check(); err != nil {
		return nil, fmt.Errorf("loading weights: %s: %w: %w", path, ErrWeights, err)
	}
	return n, nil
}

// stateDict makes the layers and normalisations of a network of tensors.
func stateDict(tensors []safetensors.Tensor) (*Network, error) {
	d := dictionary{beside: map[string]safetensors.Tensor{}}
	for _, t := range tensors {
		switch _, kind := cutLast(t.Name); {
		case kind == "weight" && (len(t.Shape) == 1 || len(t.Shape) == 2):
			d.weights = append(d.weights, t)
		case slices.Contains(normTensors[1:], kind) && len(t.Shape) == 1:
			d.beside[t.Name] = t
		case kind == "num_batches_tracked" && len(t.Shape) == 0: // for a momentum that PyTorch may have
		default:
			return nil, fmt.Errorf("tensor %.40q has shape %v: need NAME.weight of two dimensions and NAME.bias of one", t.Name, t.Shape)
		}
	}
	slices.SortFunc(d.weights, func(a, b safetensors.Tensor) int { return naturally(a.Name, b.Name) })
	for i, w := range d.weights {
		take := d.linear
		if len(w.Shape) == 1 {
			take = d.norm
		}
		if err := take(i, w); err != nil {
			return nil, err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(d.beside)) {
		return nil, fmt.Errorf("tensor %.40q has no weights beside it", name)
	}
	return &d.net, d.check()
}

// dictionary is a state_dict on its way to a network.
type dictionary struct {
	weights []safetensors.Tensor          // in the order of their names
	beside  map[string]safetensors.Tensor // what is not yet taken of the others
	net     Network
	last    safetensors.Tensor // of two dimensions
}

// take takes what lies beside w, of as many numbers.
func (d *dictionary) take(w safetensors.Tensor, kind string) (values []float32, ok bool, err error) {
	module, _ := cutLast(w.Name)
	t, ok := d.beside[module+"."+kind]
	delete(d.beside, module+"."+kind)
	if ok && t.Shape[0] != w.Shape[0] {
		err = fmt.Errorf("tensor %.40q has shape %v, and %.40q %v", t.Name, t.Shape, w.Name, w.Shape)
	}
	return t.Data, ok, err
}

// linear takes the weights of a layer and their biases.
func (d *dictionary) linear(_ int, w safetensors.Tensor) error {
	n, out, in := &d.net, w.Shape[0], w.Shape[1]
	switch {
	case len(n.Layers) == 0:
		n.Sizes = []int{in}
	case len(n.Layers) == maxLayers:
		return fmt.Errorf("more than %d layers", maxLayers)
	case in != n.Sizes[len(n.Layers)]:
		return fmt.Errorf("tensor %.40q takes %d units, and %.40q before it gives %d: layers go in the order of their names",
			w.Name, in, d.last.Name, n.Sizes[len(n.Layers)])
	}
	bias, ok, err := d.take(w, "bias")
	if err != nil {
		return err
	}
	if !ok {
		bias = make([]float32, out)
	}
	n.Layers, n.Sizes, d.last = append(n.Layers, Layer{W: w.Data, B: bias}), append(n.Sizes, out), w
	return nil
}

// norm takes a normalisation, which must come right after a layer, and before another.
func (d *dictionary) norm(i int, w safetensors.Tensor) error {
	n := &d.net
	switch {
	case i == 0 || len(d.weights[i-1].Shape) == 1:
		return fmt.Errorf("tensor %.40q normalises, and no layer is before it", w.Name)
	case i == len(d.weights)-1:
		return fmt.Errorf("tensor %.40q normalises the last layer: need a normalisation of hidden layers only", w.Name)
	case w.Shape[0] != d.last.Shape[0]:
		return fmt.Errorf("tensor %.40q has shape %v, the layer before it gives %d", w.Name, w.Shape, d.last.Shape[0])
	}
	module, _ := cutLast(w.Name)
	kind := LayerNorm
	for _, name := range normTensors[2:] {
		if _, ok := d.beside[module+"."+name]; ok {
			kind = BatchNorm
		}
	}
	if n.Norm != NormNone && n.Norm != kind {
		return errors.New("batch and layer normalisation in one network: need one of them")
	}
	n.Norm = kind
	u := NormUnits{Gamma: w.Data}
	for i, values := range u.values(kind)[1:] {
		var ok bool
		var err error
		if *values, ok, err = d.take(w, normTensors[i+1]); err != nil {
			return err
		}
		if !ok {
			return fmt.Errorf("tensor %.40q has no %.40s beside it", w.Name, module+"."+normTensors[i+1])
		}
	}
	n.Norms = append(n.Norms, u)
	return nil
}

// check says what is not a network yet.
func (d *dictionary) check() error {
	switch norms, hidden := len(d.net.Norms), len(d.net.Layers)-1; {
	case hidden < 0:
		return errors.New("no tensor NAME.weight")
	case norms != 0 && norms != hidden:
		return fmt.Errorf("%d of %d hidden layers are normalised: need all of them, or none", norms, hidden)
	}
	return nil
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
		p.MultiLabel = n.Loss.MultiLabel()
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
