package data

import (
	"fmt"
	"math"
	"slices"
)

// Set turns all rows into examples as p says. Columns are found by name: their
// order does not matter, nor do columns that p does not know. A table without a
// header that has just as many columns as p is taken by position. For images,
// the columns are the pixels, in file order.
//
// The label columns may be absent, and then Y is nil. A missing column, a text
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

// match finds the column of each input, −1 for one that is 0 throughout, and the
// label columns, nil if they are not there.
func (t *Table) match(p *Preprocess) (inputs, labels []int, err error) {
	position := make(map[string]int, len(t.Names))
	for j, name := range t.Names {
		position[name] = j
	}
	for _, name := range p.LabelNames() {
		if j, ok := position[name]; ok {
			labels = append(labels, j)
		}
	}
	if len(labels) < len(p.LabelNames()) {
		labels = nil
	}
	if p.Image != nil {
		return t.matchPixels(p, labels)
	}
	if labels == nil {
		labels = t.labelsAsTold(p)
	}
	if !t.header {
		for j := range t.Names {
			if !slices.Contains(labels, j) {
				inputs = append(inputs, j)
			}
		}
		switch {
		case len(inputs) == len(p.Columns):
			return inputs, labels, nil
		case len(t.Names) == len(p.Columns):
			return t.all(), nil, nil
		}
		inputs = nil
	}
	for i := range p.Columns {
		j, ok := position[p.Columns[i].Name]
		if !ok && t.sparse && p.Columns[i].Kind == Number {
			j, ok = -1, true
		}
		if !ok {
			return nil, nil, t.absent(p, i)
		}
		inputs = append(inputs, j)
	}
	return inputs, labels, nil
}

// labelsAsTold are the label columns by Options.Label, or by position for a model that names none, as one from
// another program, if there are as many as the model has; nil if not: a file to predict needs none.
func (t *Table) labelsAsTold(p *Preprocess) []int {
	names := p.LabelNames()
	unnamed := !t.header && len(names) == 1 && names[0] == "" && len(t.Names) == len(p.Columns)+1
	if t.label == "" && !unnamed {
		return nil
	}
	labels, err := t.labelColumns()
	if err != nil || len(labels) != len(names) {
		return nil
	}
	return labels
}

// all are the numbers of all columns.
func (t *Table) all() (columns []int) {
	for j := range t.Names {
		columns = append(columns, j)
	}
	return columns
}

// LabelNames are the names of the label columns.
func (p *Preprocess) LabelNames() []string {
	switch {
	case p.OneHot, p.MultiLabel:
		return p.Classes
	case len(p.Targets) > 0:
		var names []string
		for i := range p.Targets {
			names = append(names, p.Targets[i].Name)
		}
		return names
	}
	return []string{p.Label}
}

func (t *Table) absent(p *Preprocess, i int) error {
	reason := fmt.Sprintf("the model needs this column and the file does not have it: it has %s", list(t.Names))
	if !t.header {
		reason = fmt.Sprintf("the model needs this column and the file has no header: add one, or give the model's %d columns and no others, found %d", len(p.Columns), len(t.Names))
	}
	return &Error{Path: t.path, Line: t.top, Column: p.Columns[i].Name, Offset: -1, Reason: reason}
}

// matchPixels takes all columns but the label's. Where no column has the label's
// name, one column more than there are pixels means that Options.Label is it.
func (t *Table) matchPixels(p *Preprocess, labels []int) (inputs, found []int, err error) {
	if labels == nil && len(t.Names) == p.Features()+1 {
		if labels, err = t.labelColumns(); err != nil {
			return nil, nil, err
		}
	}
	for j := range t.Names {
		if !slices.Contains(labels, j) {
			inputs = append(inputs, j)
		}
	}
	if len(inputs) != p.Features() {
		return nil, nil, &Error{Path: t.path, Line: max(t.line(0), 0), Offset: -1,
			Reason: fmt.Sprintf("expected %d columns, the %d × %d pixels of an image, found %d", p.Features(), p.Image.Width, p.Image.Height, len(inputs))}
	}
	return inputs, labels, nil
}

// setWayOut is for a model that was told nothing of missing values.
const setWayOut = "fill it in, or leave the row or the column out"

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
