package onnx

import (
	"errors"
	"fmt"

	"github.com/clprop/clprop/device"
	"google.golang.org/protobuf/encoding/protowire"
)

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
