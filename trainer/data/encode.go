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
// The label column may be absent, and then Y is nil. A missing column, a missing
// value, a text where a number is due, a category or class that p does not know
// are errors with line and column.
func (t *Table) Set(p *Preprocess) (*Set, error) {
	if err := p.Check(); err != nil {
		return nil, err
	}
	inputs, label, err := t.match(p)
	if err != nil {
		return nil, err
	}
	s, err := newSet(t.Rows(), p, label >= 0)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", t.path, err)
	}
	if err := t.encodeInputs(p, inputs, s); err != nil {
		return nil, err
	}
	if label < 0 {
		return s, nil
	}
	if s.Regression() {
		return nil, fmt.Errorf("%s: targets of a table are not read yet", t.path)
	}
	class, err := t.classOf(label, p.Classes)
	if err != nil {
		return nil, err
	}
	for i, c := range class {
		s.Y[i*s.Outputs+c] = 1
	}
	return s, nil
}

// match finds the column of each input and of the label, −1 if it is not there.
func (t *Table) match(p *Preprocess) (inputs []int, label int, err error) {
	label = slices.Index(t.Names, p.Label)
	if p.Image != nil {
		return t.matchPixels(p, label)
	}
	if !t.header && len(t.Names) == len(p.Columns) {
		for j := range t.Names {
			inputs = append(inputs, j)
		}
		return inputs, -1, nil
	}
	position := make(map[string]int, len(t.Names))
	for j, name := range t.Names {
		position[name] = j
	}
	for i := range p.Columns {
		j, ok := position[p.Columns[i].Name]
		if !ok {
			return nil, 0, t.absent(p, i)
		}
		inputs = append(inputs, j)
	}
	return inputs, label, nil
}

func (t *Table) absent(p *Preprocess, i int) error {
	reason := fmt.Sprintf("the model needs this column and the file does not have it: it has %s", list(t.Names))
	if !t.header {
		reason = fmt.Sprintf("the model needs this column and the file has no header: add one, or give the model's %d columns and no others, found %d", len(p.Columns), len(t.Names))
	}
	return &Error{Path: t.path, Line: t.top, Column: p.Columns[i].Name, Offset: -1, Reason: reason}
}

// matchPixels takes all columns but the label's. Where no column has the label's
// name, one column more than there are pixels means that CSVOptions.Label is it.
func (t *Table) matchPixels(p *Preprocess, label int) ([]int, int, error) {
	if label < 0 && len(t.Names) == p.Features()+1 {
		var err error
		if label, err = t.labelColumn(); err != nil {
			return nil, 0, err
		}
	}
	var inputs []int
	for j := range t.Names {
		if j != label {
			inputs = append(inputs, j)
		}
	}
	if len(inputs) != p.Features() {
		return nil, 0, &Error{Path: t.path, Line: t.lines[0], Offset: -1,
			Reason: fmt.Sprintf("expected %d columns, the %d × %d pixels of an image, found %d", p.Features(), p.Image.Width, p.Image.Height, len(inputs))}
	}
	return inputs, label, nil
}

// encodeInputs fills s.X, column after column.
func (t *Table) encodeInputs(p *Preprocess, inputs []int, s *Set) error {
	at := 0
	for i, j := range inputs {
		n, err := 1, error(nil)
		switch {
		case t.columns[j].firstMissing >= 0:
			err = t.missing(j)
		case p.Image != nil:
			err = t.encodeNumbers(j, s, at, func(x float64) float64 { return x * p.Image.Scale })
		case p.Columns[i].Kind == Number:
			f := &p.Columns[i]
			err = t.encodeNumbers(j, s, at, func(x float64) float64 { return (x - f.Mean) / f.Std })
		default:
			n = len(p.Columns[i].Categories)
			err = t.encodeCategories(j, s, at, p.Columns[i].Categories)
		}
		if err != nil {
			return err
		}
		at += n
	}
	return nil
}

func (t *Table) encodeCategories(j int, s *Set, at int, known []string) error {
	codes, err := t.lookUp(j, known, "category", func(s string) string { return s })
	if err != nil {
		return err
	}
	for i, k := range codes {
		s.X[i*s.Features+at+k] = 1
	}
	return nil
}

func (t *Table) encodeNumbers(j int, s *Set, at int, scaled func(float64) float64) error {
	c := &t.columns[j]
	if c.firstText >= 0 {
		return t.fail(c.firstText, j, fmt.Sprintf("%q is not a finite number, as the model needs", c.firstWords))
	}
	for i, x := range c.numbers {
		v := float32(scaled(x))
		if math.IsInf(float64(v), 0) || v != v {
			return t.fail(i, j, fmt.Sprintf("%v is beyond float32 once scaled as in training: is it a mistake?", x))
		}
		s.X[i*s.Features+at] = v
	}
	return nil
}

// classOf returns the class of each row.
func (t *Table) classOf(j int, classes []string) ([]int, error) {
	if t.columns[j].firstMissing >= 0 {
		return nil, t.missing(j)
	}
	return t.lookUp(j, classes, "class", className)
}

// lookUp returns the position in known of the name of each cell of column j.
func (t *Table) lookUp(j int, known []string, what string, name func(string) string) ([]int, error) {
	index := make(map[string]int, len(known))
	for k, s := range known {
		index[s] = k
	}
	c := &t.columns[j]
	place := make([]int, len(c.texts))
	for code, s := range c.texts {
		k, ok := index[name(s)]
		if !ok {
			row := slices.Index(c.codes, int32(code))
			return nil, t.fail(row, j, fmt.Sprintf("%s %q is not one that the model knows: %s", what, clip(s), list(known)))
		}
		place[code] = k
	}
	if c.over { // codes ends early; 1001 spellings of known classes: 1, 1.0, 1.00, …
		return nil, t.fail(len(c.codes)-1, j, fmt.Sprintf("more than %d spellings of a %s", maxCategories, what))
	}
	out := make([]int, t.Rows())
	for i, code := range c.codes {
		out[i] = place[code]
	}
	return out, nil
}
