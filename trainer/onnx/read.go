package onnx

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/clprop/clprop/cpuref"
	"github.com/clprop/clprop/device"
	"github.com/clprop/clprop/trainer"
	"google.golang.org/protobuf/encoding/protowire"
)

// ErrFormat is wrapped by errors about a file that is no ONNX, or whose graph is no fully
// connected network.
var ErrFormat = errors.New("not an ONNX graph of a fully connected network")

// File is what Read makes of a graph.
type File struct {
	Network *trainer.Network
	// Producer is what the file says that it was made with.
	Producer string
	// Metadata has those of the keys in the package's description that are there.
	Metadata map[string]string

	input, output affine    // x′ = scale·x + shift before the first layer, and after the last
	fill          []float64 // what takes the place of NaN in the inputs; nil if nothing does
}

// ReadFile reads the file at path, see Read. The error names it.
func ReadFile(path string, loss device.Loss) (*File, error) {
	info, err := os.Stat(path) // before it is opened, which for a pipe may never end
	if err != nil {
		return nil, err // *fs.PathError names the path
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: %w: not a regular file", path, ErrFormat)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close() // nothing was written
	file, err := Read(f, info.Size(), loss)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return file, nil
}

// Read reads a file of size bytes. loss is what the network was trained on; "" takes
// what the file says, or the cross-entropy that belongs to the output activation. Where
// there is none, the outputs are taken for the logits of classes, unless the graph goes
// on to scale them, which makes them quantities.
//
// Errors about the file wrap ErrFormat; others are those of r.
func Read(r io.Reader, size int64, loss device.Loss) (*File, error) {
	if size > maxFile {
		return nil, fmt.Errorf("%w: %d bytes, and the format allows %d", ErrFormat, size, maxFile)
	}
	content := make([]byte, size)
	if _, err := io.ReadFull(r, content); err != nil {
		return nil, fmt.Errorf("reading %d bytes: %w", size, err)
	}
	file, err := parse(content, loss)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	return file, nil
}

// reader is a file that is being read.
type reader struct {
	File
	loss      device.Loss
	budget    int64 // bytes that may still be allocated
	opset     int64
	constants map[string]*constant
	values    map[string]*value
	current   *base // the last product, or the input
	layers    []trainer.Layer
	kind      trainer.Norm
	norms     []trainer.NormUnits
	sizes     []int
	hidden    device.Activation
}

// entryCost is more than an entry of constants or of values takes, with its part of the
// map, of which half may be garbage.
const entryCost = 288

// spend counts bytes that are about to be allocated.
func (r *reader) spend(bytes int64) error {
	if bytes > r.budget {
		return errors.New("the graph is larger than its file: constants are used many times, or there are too many nodes")
	}
	r.budget -= bytes
	return nil
}

func parse(content []byte, loss device.Loss) (*File, error) {
	// With the content itself that is three times its size and less than 1 MiB.
	r := &reader{loss: loss, budget: 2*int64(len(content)) + 3<<18, constants: map[string]*constant{}, values: map[string]*value{}}
	var graph, producer, version []byte
	err := fields(content, func(f field) (err error) {
		f.text(modelProducerName, &producer, &err)
		f.text(modelProducerVersion, &version, &err)
		switch {
		case err != nil:
		case f.is(modelGraph, protowire.BytesType, &err):
			if graph != nil {
				return errors.New("there are two graphs")
			}
			graph = f.bytes
		case f.is(modelOpsetImport, protowire.BytesType, &err):
			err = r.takeOpset(f.bytes)
		case f.is(modelMetadata, protowire.BytesType, &err):
			err = r.takeMetadata(f.bytes)
		case f.Number == modelFunctions:
			return errors.New("it defines functions, which are not supported")
		}
		return err
	})
	switch {
	case err != nil:
		return nil, err
	case graph == nil:
		return nil, errors.New("there is no graph")
	case r.opset < minOpset || r.opset > maxOpset:
		return nil, fmt.Errorf("operator set %d: need %d to %d", r.opset, minOpset, maxOpset)
	}
	r.Producer = fmt.Sprintf("%.40s %.40s", producer, version)
	if err := r.readGraph(graph); err != nil {
		return nil, err
	}
	return &r.File, nil
}

// Operator sets in which the operators that are read mean the same.
const (
	minOpset = 7
	maxOpset = 23
)

func (r *reader) takeOpset(b []byte) error {
	var domain []byte
	var version int64
	err := fields(b, func(f field) (err error) {
		f.text(opsetDomain, &domain, &err)
		f.number(opsetVersion, &version, &err)
		return err
	})
	if err == nil && isDefault(domain) {
		r.opset = version
	}
	return err // nodes of other domains are refused where there are any
}

func isDefault(domain []byte) bool { return len(domain) == 0 || string(domain) == "ai.onnx" }

func (r *reader) takeMetadata(b []byte) error {
	var key, text []byte
	err := fields(b, func(f field) (err error) {
		f.text(entryKey, &key, &err)
		f.text(entryValue, &text, &err)
		return err
	})
	if err != nil {
		return fmt.Errorf("metadata: %w", err)
	}
	switch string(key) {
	case keyLoss, keyOutputs, keyInputs, keyPreprocess:
		if err := r.spend(int64(len(text)) + entryCost); err != nil {
			return err
		}
		if r.Metadata == nil {
			r.Metadata = map[string]string{}
		}
		r.Metadata[string(key)] = string(text)
	}
	return nil
}

// readGraph reads the constants, then follows the nodes from input to output: nodes come
// in an order in which each is after those that it needs.
func (r *reader) readGraph(graph []byte) error {
	output, err := r.readConstants(graph)
	if err != nil {
		return err
	}
	input, err := r.readInput(graph)
	if err != nil {
		return err
	}
	r.current = &base{layer: -1}
	if err := r.addValue(input, &value{base: r.current, f: device.Linear}); err != nil {
		return err
	}
	if err := fields(graph, func(f field) error {
		if f.Number != graphNode {
			return nil
		}
		return r.takeNode(f.bytes)
	}); err != nil {
		return err
	}
	return r.finish(output)
}

// readConstants keeps the initializers, and returns the name of the output.
func (r *reader) readConstants(graph []byte) (output []byte, err error) {
	err = fields(graph, func(f field) (err error) {
		switch {
		case f.is(graphInitializer, protowire.BytesType, &err):
			name, c, err := parseTensor(f.bytes)
			if err != nil {
				return err
			}
			return r.addConstant(name, c)
		case f.is(graphOutput, protowire.BytesType, &err):
			if output != nil {
				return errors.New("the graph has more than one output")
			}
			output, err = valueInfoName(f.bytes)
		case f.Number == graphSparseInitializer:
			return errors.New("a sparse initializer is not supported")
		}
		return err
	})
	return output, err
}

// readInput returns the name of the input.
func (r *reader) readInput(graph []byte) (input []byte, err error) {
	inputs := 0
	err = fields(graph, func(f field) (err error) {
		if !f.is(graphInput, protowire.BytesType, &err) {
			return err
		}
		name, err := valueInfoName(f.bytes)
		if _, ok := r.constants[string(name)]; err != nil || ok {
			return err // before IR version 4 initializers are inputs too
		}
		input = name
		inputs++
		return nil
	})
	if err == nil && inputs != 1 {
		err = fmt.Errorf("the graph has %d inputs: need one", inputs)
	}
	return input, err
}

func valueInfoName(b []byte) (name []byte, err error) {
	err = fields(b, func(f field) (err error) {
		f.text(valueName, &name, &err)
		return err
	})
	return name, err
}

func (r *reader) addConstant(name []byte, c constant) error {
	if err := r.spend(int64(len(name)) + entryCost); err != nil {
		return err
	}
	if r.values[string(name)] != nil || r.constants[string(name)] != nil {
		return fmt.Errorf("%.40q is given twice", name)
	}
	r.constants[string(name)] = &c
	return nil
}

func (r *reader) addValue(name []byte, v *value) error {
	if err := r.spend(int64(len(name)) + entryCost); err != nil {
		return err
	}
	if r.values[string(name)] != nil || r.constants[string(name)] != nil {
		return fmt.Errorf("%.40q is given twice", name)
	}
	r.values[string(name)] = v
	return nil
}

// finish makes the network of the value that is the output.
func (r *reader) finish(output []byte) error {
	v := r.values[string(output)]
	if v == nil || v.base != r.current || len(r.layers) == 0 {
		return fmt.Errorf("the output %.40q is not what the last layer gives", output)
	}
	loss, err := r.outputLoss(v)
	if err != nil {
		return err
	}
	r.output = v.affine
	hidden := r.hidden
	if hidden == "" {
		hidden = device.ReLU // there are no hidden layers
	}
	r.Network = &trainer.Network{Sizes: r.sizes, Hidden: hidden, Loss: loss, Layers: r.layers}
	if err := r.takeNorms(r.Network); err != nil {
		return err
	}
	return r.Network.Check()
}

// outputLoss finds the loss that belongs to the output.
func (r *reader) outputLoss(v *value) (device.Loss, error) {
	k := r.sizes[len(r.sizes)-1]
	act := v.f
	if act != device.Linear && act != device.Sigmoid && act != device.Softmax {
		return "", fmt.Errorf("the output is %s of the last layer: networks here give z, its sigmoid or its softmax", act)
	}
	if act != device.Linear && !v.identity() {
		return "", fmt.Errorf("the output is scaled after its %s", act)
	}
	fits := func(l device.Loss) bool {
		return l.Check() == nil && (act == device.Linear || l.Output() == act) &&
			(v.identity() || l.Regression()) && (k > 1 || l != device.SoftmaxCrossEntropy)
	}
	if r.loss != "" {
		if !fits(r.loss) {
			return "", fmt.Errorf("the loss %s has no such output: %s of %d units, scaled: %t", r.loss, act, k, !v.identity())
		}
		return r.loss, nil
	}
	said := device.Loss(r.Metadata[keyLoss])
	for _, l := range append([]device.Loss{said}, cpuref.SoftmaxCrossEntropy, cpuref.SigmoidCrossEntropy, cpuref.MeanSquaredError) {
		if fits(l) {
			return l, nil
		}
	}
	return "", fmt.Errorf("no loss has such an output: %s of %d units", act, k)
}
