package data

import (
	"fmt"
	"math"
)

// Set turns all rows into examples as p says. Columns are found by name: their
// order does not matter, nor do columns that p does not know. A table without a
// header that has just as many columns as p, with the labels or without, is taken by
// position. For images,
// the columns are the pixels, in file order.
//
// The label columns may be absent, and then Y is nil; Options.Label may name another. A missing column, a text
// where a number is due, a class that p does not know are errors with line and
// column; a missing value and an unknown category are what p's columns say.
func (t *Table) Set(p *Preprocess) (_ *Set, err error) {
	defer faults(t.path, &err)()
	if err := p.Check(); err != nil {
		return nil, err
	}
	inputs, labels, err := t.match(p)
	if err != nil {
		return nil, err
	}
	features := t.features(p, inputs)
	var mapped Inputs
	if t.array != nil {
		mapped = newTableInputs(t, features, p.Features())
	}
	s, err := newSet(t.rows, p, labels != nil, mapped)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", t.path, err)
	}
	if mapped == nil {
		if err := t.encode(features, s.X); err != nil {
			return nil, err
		}
	}
	switch {
	case labels == nil:
	case s.Regression():
		err = t.encode(targets(p, labels), s.Y)
	case s.MultiLabel:
		err = t.encodeLabels(labels, s)
	default:
		err = t.encodeClasses(labelling{columns: labels, classes: p.Classes, oneHot: p.OneHot}, s)
	}
	if err == nil {
		err = t.encodeWeights(s)
	}
	if err != nil {
		return nil, err
	}
	return s, nil
}

// encodeWeights fills s.Weights if the table was read with a column of them that it
// has: a file to test on needs none.
func (t *Table) encodeWeights(s *Set) error {
	j, ok := t.find(t.weights)
	if t.weights == "" || !ok {
		return nil
	}
	s.Weights = make([]float32, t.rows)
	for i := range s.Weights {
		var err error
		if s.Weights[i], err = t.weight(i, j); err != nil {
			return err
		}
	}
	return nil
}

// weight is what column j says of row i.
func (t *Table) weight(i, j int) (float32, error) {
	w := float32(-1)
	if c := t.at(i, j); c.isNumber() {
		w = float32(c.number())
	}
	if !(w >= 0 && w <= math.MaxFloat32) {
		return 0, t.fail(i, j, fmt.Sprintf("%q is no weight: need a number, 0 or more", t.shown(i, j)))
	}
	return w, nil
}

func (t *Table) encodeClasses(l labelling, s *Set) error {
	class, err := t.classOf(l)
	for i, k := range class {
		s.Y[i*s.Outputs+k] = 1
	}
	return err
}

// feature is how one column becomes values.
type feature struct {
	*Column
	from    int     // column of the table, −1 if it is 0 throughout
	to      int     // first of its values in a row
	known   *lookup // of categories
	pixel   float64 // factor of a pixel, else 0
	wayOut  string  // where a missing value is an error
	missing bool    // whether it is
}

// features are the inputs.
func (t *Table) features(p *Preprocess, inputs []int) []feature {
	fs := make([]feature, len(inputs))
	to := 0
	for i, j := range inputs {
		if p.Image != nil {
			fs[i] = feature{Column: &Column{Kind: Number, Std: 1}, from: j, to: i, pixel: p.Image.Scale, wayOut: setWayOut, missing: true}
			continue
		}
		fs[i] = newFeature(&p.Columns[i], j, to, setWayOut)
		to += p.Columns[i].inputs()
	}
	return fs
}

// targets are the quantities to predict.
func targets(p *Preprocess, labels []int) []feature {
	fs := make([]feature, len(labels))
	for k, j := range labels {
		fs[k] = newFeature(&p.Targets[k], j, k, labelWayOut)
	}
	return fs
}

func newFeature(c *Column, from, to int, wayOut string) feature {
	f := feature{Column: c, from: from, to: to, wayOut: wayOut, missing: c.Missing == ""}
	if c.Kind == Category {
		f.known = newLookup(c.Categories)
	}
	return f
}

// encode fills values, which has as many in a row as the features have together
// and is all zero.
func (t *Table) encode(fs []feature, values []float32) error {
	width, buf := len(values)/t.rows, t.buffer()
	for i := range t.rows {
		if err := t.encodeRow(fs, i, t.cells(i, buf), values[i*width:(i+1)*width]); err != nil {
			return err
		}
	}
	return nil
}

// encodeRow fills out, which is all zero, from the cells of row i.
func (t *Table) encodeRow(fs []feature, i int, cells []cell, out []float32) error {
	for k := range fs {
		f := &fs[k]
		c := numberCell(0)
		if f.from >= 0 {
			c = cells[f.from]
		}
		if c == missingCell && f.missing {
			return t.missing(i, f.from, f.wayOut)
		}
		if f.known != nil {
			if c == missingCell {
				continue
			}
			if n := f.known.find(t, c, f.from); n >= 0 {
				out[f.to+n] = 1
			} else if f.Unseen == "" {
				return t.fail(i, f.from, unknown("category", t.shown(i, f.from), f.Categories))
			}
			continue
		}
		x := f.Fill
		if c.isNumber() {
			x = c.number()
		} else if c.isText() {
			return t.fail(i, f.from, fmt.Sprintf("%q is not a finite number, as the model needs", t.shown(i, f.from)))
		}
		v := f.scale(x)
		if v-v != 0 { // ±Inf or NaN
			return t.fail(i, max(f.from, 0), fmt.Sprintf("%v is beyond float32 once scaled as in training: is it a mistake?", x))
		}
		out[f.to] = v
	}
	return nil
}

// scale turns a raw number into a value.
func (f *feature) scale(x float64) float32 { return scale(x, f.pixel, f.Column) }

// scale turns a number of column c, or a pixel if its factor is not 0, into a value.
func scale(x, pixel float64, c *Column) float32 {
	if pixel != 0 {
		return float32(x * pixel)
	}
	return float32((x - c.Mean) / c.Std)
}
