package onnx

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/clprop/clprop/device"
	"github.com/clprop/clprop/trainer"
	"github.com/clprop/clprop/trainer/durable"
	"google.golang.org/protobuf/encoding/protowire"
)

// ErrExport is wrapped by errors about a model that has no graph of the kind asked for.
var ErrExport = errors.New("cannot be an ONNX graph")

// Options say what goes into a graph. The zero value takes inputs scaled as in
// training, and gives probabilities, or quantities scaled as in training.
type Options struct {
	// Logits leaves out the output activation: the output is z(L).
	Logits bool
	// Preprocess has the graph take numbers, or pixels, as they are in raw data, NaN
	// where a value is missing, and give quantities in the units of the data.
	Preprocess bool
	// Input and Output are the names of what goes in and comes out; "" means "input"
	// and "output".
	Input, Output string
	// Version is that of the program, for the file to say.
	Version string
}

// Keys of metadata_props, see the package's description.
const (
	keyLoss       = "clprop.loss"
	keyOutputs    = "clprop.outputs"
	keyInputs     = "clprop.inputs"
	keyPreprocess = "clprop.preprocess"
)

// maxFile bounds a message of Protocol Buffers.
const maxFile = math.MaxInt32

// Write writes m to w. The same model and options give the same bytes. An error of w is
// returned as it is; one about the model comes before anything is written, and wraps
// ErrExport where the model has no such graph.
func Write(w io.Writer, m *trainer.Model, opts Options) error {
	if err := m.Check(); err != nil {
		return err
	}
	g, err := newGraph(m, opts)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrExport, err)
	}
	head, err := modelHead(m, opts)
	if err != nil {
		return err
	}
	size := g.size()
	head = protowire.AppendTag(head, modelGraph, protowire.BytesType)
	head = protowire.AppendVarint(head, uint64(size))
	if total := int64(len(head)) + size; total > maxFile {
		return fmt.Errorf("%w: %d bytes, and the format allows %d: export the weights as safetensors", ErrExport, total, maxFile)
	}
	if _, err := w.Write(head); err != nil {
		return err
	}
	return g.write(w)
}

// modelHead is the model without its graph.
func modelHead(m *trainer.Model, opts Options) (head message, err error) {
	var set message
	set.text(opsetDomain, "")
	set.integer(opsetVersion, opset)
	head.integer(modelIRVersion, irVersion)
	head.text(modelProducerName, "clprop")
	head.text(modelProducerVersion, opts.Version)
	head.message(modelOpsetImport, set)
	head.message(modelMetadata, pair(keyLoss, string(m.Network.Loss)))
	parts := []struct {
		key   string
		value any
		there bool
	}{
		{keyOutputs, outputNames(m), outputNames(m) != nil},
		{keyInputs, inputNames(m), inputNames(m) != nil},
		{keyPreprocess, m.Preprocess, m.Preprocess != nil && !opts.Preprocess},
	}
	for _, part := range parts {
		if !part.there {
			continue
		}
		text, err := json.Marshal(part.value)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", part.key, err)
		}
		head.message(modelMetadata, pair(part.key, string(text)))
	}
	return head, nil
}

// outputNames are the names of the outputs; nil if they have none.
func outputNames(m *trainer.Model) []string {
	if m.Preprocess != nil && len(m.Preprocess.Targets) > 0 {
		return m.Preprocess.LabelNames()
	}
	return m.Classes
}

// inputNames are the names of the inputs, of a category its column's and its own; nil
// if they have none.
func inputNames(m *trainer.Model) (names []string) {
	if m.Preprocess == nil {
		return nil
	}
	for _, c := range m.Preprocess.Columns {
		for _, category := range c.Categories {
			names = append(names, c.Name+"="+category)
		}
		if c.Categories == nil {
			names = append(names, c.Name)
		}
	}
	return names
}

// graph is a graph that is being written: everything but the weights, which stay where
// they are.
type graph struct {
	head    message // name, nodes
	tail    message // inputs and outputs
	tensors []tensor
	named   map[string]bool // initializers that there are
}

// tensor is an initializer.
type tensor struct {
	head   message // with the tag and length that it has in the graph
	values []float32
}

// newGraph makes the graph of m.
func newGraph(m *trainer.Model, opts Options) (*graph, error) {
	n, g := m.Network, &graph{named: map[string]bool{}}
	input, output := cmp.Or(opts.Input, "input"), cmp.Or(opts.Output, "output")
	g.head.text(graphName, "clprop "+n.String())
	a, err := input, error(nil)
	if opts.Preprocess {
		if a, err = g.scaleInputs(m, input); err != nil {
			return nil, err
		}
	}
	module := 0 // of nn.Sequential
	for l, layer := range n.Layers {
		act, name := n.Hidden, strconv.Itoa(module)
		if l == len(n.Layers)-1 {
			act = n.Loss.Output()
			if opts.Logits {
				act = device.Linear
			}
		}
		g.initializer(name+".weight", layer.W, n.Sizes[l+1], n.Sizes[l])
		g.initializer(name+".bias", layer.B, n.Sizes[l+1])
		g.node("Gemm", []string{a, name + ".weight", name + ".bias"}, name+".z", attribute{"transB", 1})
		z := name + ".z"
		if l < len(n.Norms) {
			module++
			z = g.normalise(n.Norm, &n.Norms[l], strconv.Itoa(module), z)
		}
		module += 2
		a = g.activate(act, z, name+".a")
	}
	if opts.Preprocess {
		if a, err = g.restoreOutputs(m, a); err != nil {
			return nil, err
		}
	}
	for _, name := range []string{input, output} {
		if g.named[name] || input == output || !utf8.ValidString(name) {
			return nil, fmt.Errorf("%q cannot be the name of input or output: it is that of something else, or no UTF-8", name)
		}
	}
	g.node("Identity", []string{a}, output)
	g.tail.message(graphInput, batchOf(input, n.Sizes[0]))
	g.tail.message(graphOutput, batchOf(output, n.Sizes[len(n.Sizes)-1]))
	return g, nil
}

func (g *graph) node(op string, inputs []string, output string, attributes ...attribute) {
	g.named[output] = true
	g.head.message(graphNode, node(op, inputs, output, attributes...))
}

// initializer adds a constant.
func (g *graph) initializer(name string, values []float32, shape ...int) {
	g.named[name] = true
	inner := tensorHead(name, shape)
	head := protowire.AppendTag(nil, graphInitializer, protowire.BytesType)
	head = protowire.AppendVarint(head, uint64(len(inner)+4*len(values)))
	g.tensors = append(g.tensors, tensor{slices.Concat(head, inner), values})
}

// scalar is a constant of one value; the same name is the same constant.
func (g *graph) scalar(name string, value float32) string {
	if !g.named[name] {
		g.initializer(name, []float32{value})
	}
	return name
}

// size is the number of bytes that write writes.
func (g *graph) size() int64 {
	size := int64(len(g.head) + len(g.tail))
	for _, t := range g.tensors {
		size += int64(len(t.head)) + 4*int64(len(t.values))
	}
	return size
}

func (g *graph) write(w io.Writer) error {
	if _, err := w.Write(g.head); err != nil {
		return err
	}
	for _, t := range g.tensors {
		if _, err := w.Write(t.head); err != nil {
			return err
		}
		if err := durable.WriteFloats(w, t.values); err != nil {
			return err
		}
	}
	_, err := w.Write(g.tail)
	return err
}
