package data

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// labelling is what the label columns of a table are: of classes with their
// names, or of quantities.
type labelling struct {
	columns []int
	classes []string // nil for quantities
	oneHot  bool     // columns are the classes: 1 for the one that it is, else 0 or −1
	several bool     // columns are labels: 1 for each that it has, else 0
}

// labelling decides what the labels are, see Task. Class names are those of all
// rows, since Split leaves none without a training row.
func (t *Table) labelling() (labelling, error) {
	columns, err := t.labelColumns()
	if err != nil {
		return labelling{}, err
	}
	l := labelling{columns: columns}
	switch {
	case t.task == Regression:
		return l, t.checkQuantities(columns)
	case len(columns) == 1 && t.task == MultiLabel:
		return l, t.fail(-1, columns[0], "one column is no several labels: name all of them, with commas between, or choose classification")
	case len(columns) == 1:
		l.classes, err = t.classes(columns[0])
		return l, err
	}
	notHot := t.notOneHot(columns)
	notLabels, j := t.notLabels(columns)
	switch {
	case notHot < 0 && t.task != MultiLabel:
		l.oneHot = true
	case t.task == Classification:
		return l, t.fail(notHot, columns[0], "several label columns of classes must have 1 in one of them and 0 or -1 in the others: choose one label column, multilabel, or regression")
	case notLabels < 0:
		l.several = true
	case t.task == MultiLabel:
		return l, t.noLabel(notLabels, j)
	default:
		return l, t.checkQuantities(columns)
	}
	for _, j := range columns {
		l.classes = append(l.classes, t.Names[j])
	}
	return l, nil
}

func (t *Table) checkQuantities(columns []int) error {
	for _, j := range columns {
		if err := t.checkLabel(j); err != nil {
			return err
		}
		if c := t.texts[j]; c != nil {
			return t.fail(c.firstText, j, fmt.Sprintf("%q is not a finite number, as a quantity to predict must be: mend it, or choose classification", t.shown(c.firstText, j)))
		}
	}
	return nil
}

// checkLabel demands that no label is missing.
func (t *Table) checkLabel(j int) error {
	switch c := t.texts[j]; {
	case c == nil || c.missing == 0:
		return nil
	case c.missing == t.rows:
		return t.fail(-1, j, "it is the label, and empty in every row: choose the label column (--label); a separator at the end of lines makes an empty column")
	default:
		return t.missing(c.firstMissing, j, labelWayOut)
	}
}

// notClasses says why column j cannot be classes.
func (t *Table) notClasses(j int) error {
	if c := t.texts[j]; c != nil && c.over && len(c.known) < maxCategories {
		return t.fail(c.overRow, j, fmt.Sprintf("%q as a class %s", c.overText, c.overWhy))
	}
	return t.fail(t.firstText(j), j, fmt.Sprintf("the label has more than %d classes: choose another column", maxCategories))
}

const labelWayOut = "fill it in, or leave the row out"

// notOneHot returns the first row whose cells in the columns are not one 1 and for
// the rest all 0 or all −1, or −1.
func (t *Table) notOneHot(columns []int) int {
	if t.seen != nil {
		return t.seen.notHot
	}
	for i := range t.rows {
		if t.hot(i, columns) < 0 {
			return i
		}
	}
	return -1
}

// hot returns which of the columns of a row has the 1, or −1 if they are not one-hot.
func (t *Table) hot(row int, columns []int) int {
	one, cold := -1, 0
	for k, j := range columns {
		switch c := t.labelCell(row, j); {
		case c == numberCell(1) && one < 0:
			one = k
		case c == numberCell(0) && cold >= 0:
			cold = 1
		case c == numberCell(-1) && cold <= 0:
			cold = -1
		default:
			return -1
		}
	}
	return one
}

// classes returns the class names in label column j, sorted as numbers if all are
// whole numbers, else as texts; nil if it has quantities.
func (t *Table) classes(j int) ([]string, error) {
	if err := t.checkLabel(j); err != nil {
		return nil, err
	}
	_, _, texts := t.counts(j)
	numeric := !t.isCategory(j)
	if numeric && texts > 0 {
		return nil, t.notNumber(j)
	}
	names, ok := t.names(j, nil)
	declared := t.declared != nil && t.declared[j] == declaredNumber && t.task == AutoTask
	if numeric && (!ok || declared || fractions(names)) {
		if t.task == Classification {
			return nil, t.fail(-1, j, "the label looks like a quantity: choose regression, or a label column of classes")
		}
		return nil, nil
	}
	if !ok {
		return nil, t.notClasses(j)
	}
	sortNames(names)
	names = slices.Compact(names) // a number may be spelled like a text
	if len(names) < 2 {
		return nil, t.fail(-1, j, fmt.Sprintf("the label is %.40q in every row: need at least two classes", names[0]))
	}
	return names, nil
}

// fractions reports whether names are numbers that look measured: more than 20
// different ones, and not all whole.
func fractions(names []string) bool {
	return len(names) > 20 && slices.ContainsFunc(names, func(s string) bool {
		x, _ := strconv.ParseFloat(s, 64)
		return x != math.Trunc(x)
	})
}

// sortNames sorts as numbers if all are whole numbers, else as texts.
func sortNames(names []string) {
	whole := !slices.ContainsFunc(names, func(s string) bool { _, err := strconv.Atoi(s); return err != nil })
	slices.SortFunc(names, func(a, b string) int {
		if whole {
			x, _ := strconv.Atoi(a) // whole: every name parses
			y, _ := strconv.Atoi(b)
			return cmp.Compare(x, y)
		}
		return strings.Compare(a, b)
	})
}

// Split divides the given rows (nil: all) at random into training and validation
// rows, both in ascending order: for Fit, and for Set.Subset. Each class of the label column
// has the same share in both, as near as whole rows allow, and at least one
// training row; so has each category of an input, if need be at the cost of a
// validation row. fraction is the validation share, above 0 and below 1. The same
// seed gives the same rows.
func (t *Table) Split(rows []int, fraction float64, seed uint64) (train, validation []int, err error) {
	defer faults(t.path, &err)()
	l, err := t.labelling()
	if err != nil {
		return nil, nil, err
	}
	class, classes := make([]int, t.rows), 1 // of regression and of several labels, all rows are one class
	if l.classes != nil && !l.several {
		classes = len(l.classes)
		if class, err = t.classOf(l); err != nil {
			return nil, nil, err
		}
	}
	if train, validation, err = stratifyRows(rows, class, classes, fraction, seed); err != nil {
		return nil, nil, err
	}
	return t.keepCategories(l, train, validation)
}

// keepCategories moves the first validation row of each text that no training row
// has into training: what no training row has cannot be learned.
func (t *Table) keepCategories(l labelling, train, validation []int) ([]int, []int, error) {
	inputs, err := t.inputColumns(l.columns)
	if err != nil {
		return nil, nil, err
	}
	// The categories of a column without texts are numbers: the format says that they are.
	inputs = slices.DeleteFunc(inputs, func(j int) bool { return !t.isCategory(j) || t.texts[j] != nil && t.texts[j].over })
	for _, j := range inputs {
		if c := t.texts[j]; c != nil && c.decimalComma() { // each cell is another text, of which no row can be held back
			return nil, nil, t.decimalComma(j)
		}
	}
	seen := make([]map[cell]bool, len(inputs))
	note := func(i int) (fresh bool) {
		for k, j := range inputs {
			if c := t.at(i, j); c != missingCell && !seen[k][c] {
				seen[k][c], fresh = true, true
			}
		}
		return fresh
	}
	for k := range inputs {
		seen[k] = map[cell]bool{}
	}
	for _, i := range train {
		note(i)
	}
	moved := len(train)
	validation = slices.DeleteFunc(validation, func(i int) bool {
		if !note(i) {
			return false
		}
		train = append(train, i)
		return true
	})
	if len(validation) == 0 {
		most := 0
		for k := range inputs {
			if len(seen[k]) > len(seen[most]) {
				most = k
			}
		}
		j := inputs[most]
		if c := t.texts[j]; c != nil && disguised(c.known) {
			return nil, nil, t.fail(c.firstText, j, looksLike(c.known))
		}
		return nil, nil, fmt.Errorf("split: no example for validation has only categories that another one has: drop a column of categories, such as %.40q, which has %d different ones",
			t.Names[j], len(seen[most]))
	}
	if len(train) > moved {
		slices.Sort(train)
	}
	return train, validation, nil
}

// classOf returns the class of each row.
func (t *Table) classOf(l labelling) ([]int, error) {
	class := make([]int, t.rows)
	if l.oneHot {
		for i := range class {
			if class[i] = t.hot(i, l.columns); class[i] < 0 {
				return nil, t.fail(i, l.columns[0], fmt.Sprintf("expected 1 in one of the %d label columns and 0 or -1 in the others", len(l.columns)))
			}
		}
		return class, nil
	}
	j := l.columns[0]
	known := newLookup(l.classes)
	for i := range class {
		c := t.at(i, j)
		if c == missingCell {
			return nil, t.missing(i, j, labelWayOut)
		}
		k := known.find(t, c, j)
		if k < 0 {
			return nil, t.fail(i, j, unknown("class", t.shown(i, j), l.classes))
		}
		class[i] = k
	}
	return class, nil
}
