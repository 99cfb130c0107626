package onnx

import (
	"errors"
	"fmt"
	"io"

	"github.com/clprop/clprop/device"
	"github.com/clprop/clprop/trainer"
	"github.com/clprop/clprop/trainer/durable"
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
	f, info, err := durable.Open(path, fmt.Errorf("%w: not a regular file", ErrFormat))
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
