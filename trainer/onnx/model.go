package onnx

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"

	"github.com/clprop/clprop/trainer"
	"github.com/clprop/clprop/trainer/data"
)

// Model is a model of the network. Inputs are scaled as the graph does it, or, where it
// does not, as its metadata says; without either they are columns x0, x1, … as they are.
// names are those of the outputs; nil takes what the metadata says, or 0, 1, …, or, of
// quantities, y0, y1, …. The error wraps ErrFormat.
func (f *File) Model(names []string) (*trainer.Model, error) {
	m, err := f.model(names)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	return m, nil
}

func (f *File) model(names []string) (*trainer.Model, error) {
	if names == nil {
		if err := f.decode(keyOutputs, &names); err != nil {
			return nil, err
		}
	}
	plain := f.fill == nil && f.input.identity() && f.output.identity()
	if _, ok := f.Metadata[keyPreprocess]; ok && plain {
		return f.preprocessed(names)
	}
	m, err := f.Network.Passthrough(names)
	if err != nil {
		return nil, err
	}
	var inputs []string
	if err := f.decode(keyInputs, &inputs); err != nil {
		return nil, err
	}
	columns := m.Preprocess.Columns
	for i := range columns {
		if len(inputs) == len(columns) {
			columns[i].Name = inputs[i]
		}
		scaleColumn(&columns[i], element(f.input.scale, i, 1), element(f.input.shift, i, 0))
		if len(f.fill) > 0 {
			// One that stays NaN is for a column in which nothing may be missing.
			if x := f.fill[i%len(f.fill)]; x == x {
				columns[i].Missing, columns[i].Fill = data.Constant, x
			}
		}
	}
	for k := range m.Preprocess.Targets {
		// y = scale·h + shift is h·Std + Mean.
		target, scale := &m.Preprocess.Targets[k], element(f.output.scale, k, 1)
		scaleColumn(target, 1/scale, -element(f.output.shift, k, 0)/scale)
	}
	return m, m.Check()
}

// scaleColumn has a column scaled as x′ = scale·x + shift, which is (x − μ)/σ.
func scaleColumn(c *data.Column, scale, shift float64) {
	if scale == 1 && shift == 0 {
		return
	}
	c.Scale, c.Std, c.Mean = data.Standard, 1/scale, -shift/scale+0 // and no −0
	if math.IsNaN(c.Mean) {
		c.Mean = math.Inf(1) // which Model.Check refuses
	}
}

// preprocessed is the model with the preprocessing that the metadata has.
func (f *File) preprocessed(names []string) (*trainer.Model, error) {
	m := &trainer.Model{Network: f.Network}
	if err := f.decode(keyPreprocess, &m.Preprocess); err != nil {
		return nil, err
	}
	if m.Preprocess == nil {
		return nil, fmt.Errorf("%s is null", keyPreprocess)
	}
	if !f.Network.Loss.Regression() {
		m.Classes, m.Preprocess.Classes = names, names
	}
	for k := range m.Preprocess.Targets {
		if k < len(names) {
			m.Preprocess.Targets[k].Name = names[k]
		}
	}
	return m, m.Check()
}

// decode reads a part of the metadata, if it is there.
func (f *File) decode(key string, to any) error {
	text, ok := f.Metadata[key]
	if !ok {
		return nil
	}
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(to); err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	return nil
}
