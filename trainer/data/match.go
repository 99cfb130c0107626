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
	labels = t.labelsAsTold(p, labels)
	if !t.header {
		if inputs := t.allBut(labels); len(inputs) == len(p.Columns) {
			return inputs, labels, nil
		}
		if inputs := t.allBut(nil); len(inputs) == len(p.Columns) {
			return inputs, nil, nil
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

// labelsAsTold are the label columns by Options where Label is the name of one, or found, those that have the
// model's names, are nil: a model from another program has no name for them. Nil is for a file without
// labels, which is good enough to predict.
func (t *Table) labelsAsTold(p *Preprocess, found []int) []int {
	names := p.LabelNames()
	switch {
	case len(names) == 1 && slices.Contains(t.Names, t.label):
	case found != nil:
		return found
	case t.label != "", t.labelled && len(names) == 1 && names[0] == "":
	default:
		return nil
	}
	labels, err := t.labelColumns()
	if err != nil || len(labels) != len(names) {
		return found
	}
	return labels
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
