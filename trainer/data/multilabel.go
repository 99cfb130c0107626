package data

import (
	"fmt"
	"strings"
)

// labelCell is a cell of one of several label columns: true and false, as programs write columns
// that are made for nothing else, are 1 and 0.
func (t *Table) labelCell(row, j int) cell {
	c := t.at(row, j)
	if !c.isText() {
		return c
	}
	switch name := t.nameOf(c, j); {
	case strings.EqualFold(name, "true"):
		return numberCell(1)
	case strings.EqualFold(name, "false"):
		return numberCell(0)
	}
	return c
}

// yes counts the rows that have the label of column j.
func (t *Table) yes(j int) int {
	n := 0
	for i := range t.rows {
		if t.labelCell(i, j) == numberCell(1) {
			n++
		}
	}
	return n
}

// notLabels returns the first row with a cell in the columns that is neither 0 nor 1, and its
// column; −1 if there is none.
func (t *Table) notLabels(columns []int) (row, j int) {
	if t.seen != nil {
		return t.seen.notLabels, t.seen.notLabel
	}
	for i := range t.rows {
		for _, j := range columns {
			if c := t.labelCell(i, j); c != numberCell(0) && c != numberCell(1) {
				return i, j
			}
		}
	}
	return -1, -1
}

// noLabel says what is wrong with a cell that notLabels found.
func (t *Table) noLabel(row, j int) error {
	var text string
	if t.seen != nil {
		text = t.seen.notLabelText
	} else {
		text = t.shown(row, j)
	}
	if text == "" {
		return t.missing(row, j, labelWayOut)
	}
	return t.fail(row, j, fmt.Sprintf("%q is neither 0 nor 1, as each of several labels must be: mend it, or choose regression", text))
}

// encodeLabels takes the columns of several labels as they are: 0 or 1, see labelCell.
func (t *Table) encodeLabels(columns []int, s *Set) error {
	if row, j := t.notLabels(columns); row >= 0 {
		return t.noLabel(row, j)
	}
	for i := range t.rows {
		for k, j := range columns {
			s.Y[i*s.Outputs+k] = float32(t.labelCell(i, j).number())
		}
	}
	return nil
}
