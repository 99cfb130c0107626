package data

import (
	"fmt"
	"slices"
)

// match finds the column of each input, −1 for one that is 0 throughout, and the
// label columns, nil if they are not there.
func (t *Table) match(p *Preprocess) (inputs, labels []int, err error) {
	position := make(map[string]int, len(t.Names))
	for j, name := range t.Names {
		position[name] = j
	}
	if labels = t.namedLabels(p, position); p.Image != nil {
		return t.matchPixels(p, labels)
	}
	unnamed := t.unnamedLabels(p)
	if labels == nil {
		labels = t.toldLabels(p, unnamed)
	}
	if !t.header {
		if inputs, ok := t.byPosition(p, labels); ok {
			return inputs, labels, nil
		}
		for _, others := range [][]int{unnamed, nil} { // a file to predict may have labels, and need not
			if inputs, ok := t.byPosition(p, others); ok {
				return inputs, nil, nil
			}
		}
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

// namedLabels are the label columns by name: by that of Options.Label, or by those of the model. Nil
// if they are not there.
func (t *Table) namedLabels(p *Preprocess, position map[string]int) (labels []int) {
	names := p.LabelNames()
	if j, ok := position[t.label]; ok && len(names) == 1 {
		return []int{j}
	}
	for _, name := range names {
		if j, ok := position[name]; ok {
			labels = append(labels, j)
		}
	}
	if len(labels) < len(names) {
		return nil
	}
	return labels
}

// toldLabels are the label columns by the position that Options.Label gives, or, where there are labels, those of
// a model that names none. Nil if there are not as many as the model has.
func (t *Table) toldLabels(p *Preprocess, unnamed []int) []int {
	switch {
	case t.label == "" && t.labelled:
		return unnamed
	case t.label == "":
		return nil
	}
	labels, err := t.labelColumns()
	if err != nil || len(labels) != len(p.LabelNames()) {
		return nil // whoever wants them says so
	}
	return labels
}

// unnamedLabels are where the labels are, if anywhere, of a model that names no column of them, as one
// from another program: what the format says, or else the last column that is no input by its name.
func (t *Table) unnamedLabels(p *Preprocess) []int {
	if names := p.LabelNames(); len(names) != 1 || names[0] != "" {
		return nil
	}
	if t.labels != nil {
		return t.labels
	}
	for j := len(t.Names) - 1; j >= 0; j-- {
		input := slices.ContainsFunc(p.Columns, func(c Column) bool { return c.Name == t.Names[j] })
		if !input && !t.blank(j) {
			return []int{j}
		}
	}
	return nil
}

// byPosition are the inputs if they are all columns but some.
func (t *Table) byPosition(p *Preprocess, others []int) (inputs []int, ok bool) {
	inputs = t.allBut(others)
	return inputs, len(inputs) == len(p.Columns)
}

// allBut are the columns that are no labels.
func (t *Table) allBut(labels []int) (columns []int) {
	for j := range t.Names {
		if !slices.Contains(labels, j) {
			columns = append(columns, j)
		}
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
	if inputs = t.allBut(labels); len(inputs) != p.Features() {
		return nil, nil, &Error{Path: t.path, Line: max(t.line(0), 0), Offset: -1,
			Reason: fmt.Sprintf("expected %d columns, the %d × %d pixels of an image, found %d", p.Features(), p.Image.Width, p.Image.Height, len(inputs))}
	}
	return inputs, labels, nil
}

// setWayOut is for a model that was told nothing of missing values.
const setWayOut = "fill it in, or leave the row or the column out"
