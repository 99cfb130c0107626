package data

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Table is what a CSV file holds, in columns, before it is decided what becomes
// an input and how.
type Table struct {
	Names []string // of the columns, in file order

	path    string
	header  bool
	label   string // CSVOptions.Label
	columns []column
	top     int   // line of the header, 0 if there is none
	lines   []int // line of each row
}

func newTable(path string, opts CSVOptions, head []record) (*Table, error) {
	t := &Table{path: path, label: opts.Label}
	var err error
	switch opts.Header {
	case WithHeader:
		t.header = true
	case NoHeader:
	default:
		if t.header, err = isHeader(path, head[0], head[1:]); err != nil {
			return nil, err
		}
	}
	if t.header {
		t.top = head[0].line
		if t.Names, err = columnNames(path, head[0]); err != nil {
			return nil, err
		}
	}
	for j := range head[0].cells {
		t.columns = append(t.columns, newColumn())
		if !t.header {
			t.Names = append(t.Names, columnName(j))
		}
	}
	return t, nil
}

func (t *Table) add(r record, limit int) error {
	if (t.Rows()+1)*len(t.columns) > limit {
		return &Error{Path: t.path, Line: r.line, Offset: -1,
			Reason: fmt.Sprintf("more than %d cells: use fewer rows or columns", limit)}
	}
	for j, cell := range r.cells {
		t.columns[j].add(cell)
	}
	t.lines = append(t.lines, r.line)
	return nil
}

// Rows is the number of examples.
func (t *Table) Rows() int { return len(t.lines) }

// Fit learns a Preprocess: which columns are numbers and which are categories,
// the categories and classes from all rows, and mean and standard deviation from
// the given training rows (nil: all). A row that is not there panics.
//
// A column is a number if at least half of its cells are; then every other cell
// is an error that names line and column. Else it is a category, with at most
// 1000 different texts. A missing cell (empty, NA, NaN, ?) is an error.
//
// Class names are sorted, as numbers if all are whole numbers, else as texts.
func (t *Table) Fit(rows []int) (*Preprocess, error) {
	if rows != nil && len(rows) == 0 {
		return nil, fmt.Errorf("%s: no training rows", t.path)
	}
	label, err := t.labelColumn()
	if err != nil {
		return nil, err
	}
	p := &Preprocess{Label: t.Names[label]}
	if p.Classes, err = t.classes(label); err != nil {
		return nil, err
	}
	for j := range t.columns {
		if j == label {
			continue
		}
		c, err := t.fitColumn(j, rows)
		if err != nil {
			return nil, err
		}
		p.Columns = append(p.Columns, c)
	}
	if len(p.Columns) == 0 {
		return nil, &Error{Path: t.path, Line: t.lines[0], Offset: -1,
			Reason: "the only column is the label: expected inputs too; is the separator right?"}
	}
	if err := p.Check(); err != nil {
		return nil, fmt.Errorf("%s: %w", t.path, err)
	}
	return p, nil
}

func (t *Table) fitColumn(j int, rows []int) (Column, error) {
	c := &t.columns[j]
	f := Column{Name: t.Names[j]}
	switch {
	case c.firstMissing >= 0:
		return f, t.missing(j)
	case c.finite == t.Rows():
		f.Kind = Number
		f.Mean, f.Std = c.moments(rows)
		if math.IsInf(f.Mean, 0) || math.IsNaN(f.Mean) || !positive(f.Std) {
			return f, t.fail(0, j, "the numbers are too large or too small to standardise: scale the column")
		}
		return f, nil
	case 2*c.finite >= t.Rows():
		return f, t.notNumber(j)
	case c.over:
		return f, t.fail(c.firstText, j, fmt.Sprintf("%q is not a number, and as a category the column has more than %d texts, or one that is not UTF-8 of at most %d bytes: leave it out",
			c.firstWords, maxCategories, maxText))
	case c.decimalComma():
		return f, t.fail(c.firstText, j, fmt.Sprintf("%q has a decimal comma: write numbers with a point", c.firstWords))
	}
	f.Kind = Category
	f.Categories = slices.Clone(c.texts)
	slices.Sort(f.Categories)
	return f, nil
}

// labelColumn resolves CSVOptions.Label.
func (t *Table) labelColumn() (int, error) {
	if t.label == "" {
		return len(t.Names) - 1, nil
	}
	if j := slices.Index(t.Names, t.label); j >= 0 {
		return j, nil
	}
	if j, err := strconv.Atoi(t.label); err == nil && j < len(t.Names) && j >= -len(t.Names) {
		if j < 0 {
			j += len(t.Names)
		}
		return j, nil
	}
	return 0, &Error{Path: t.path, Line: t.top, Offset: -1,
		Reason: fmt.Sprintf("no label column %.40q: the columns are %s, or 0 to %d by position", t.label, list(t.Names), len(t.Names)-1)}
}

// classes returns the class names in the label column, sorted.
func (t *Table) classes(j int) ([]string, error) {
	c := &t.columns[j]
	if c.firstMissing >= 0 {
		return nil, t.missing(j)
	}
	numeric := 2*c.finite >= t.Rows()
	if numeric && c.finite < t.Rows() {
		return nil, t.notNumber(j)
	}
	if numeric && (c.over || c.fractions()) {
		return nil, t.fail(-1, j, "the label looks like a quantity (regression), which this version does not train: choose a label column of classes")
	}
	if c.over {
		return nil, t.fail(c.firstText, j, fmt.Sprintf("the label has more than %d classes, or one that is not UTF-8 of at most %d bytes: choose another column", maxCategories, maxText))
	}
	names := make([]string, len(c.texts))
	whole := true
	for i, s := range c.texts {
		names[i] = className(s)
		_, err := strconv.Atoi(names[i])
		whole = whole && err == nil
	}
	slices.SortFunc(names, func(a, b string) int {
		if whole {
			x, _ := strconv.Atoi(a) // whole: every name parses
			y, _ := strconv.Atoi(b)
			return cmp.Compare(x, y)
		}
		return strings.Compare(a, b)
	})
	names = slices.Compact(names)
	if len(names) < 2 {
		return nil, t.fail(-1, j, fmt.Sprintf("the label is %.40q in every row: need at least two classes", names[0]))
	}
	return names, nil
}

// fractions reports whether the texts are numbers that look measured: more than
// 20 different ones, and not all whole.
func (c *column) fractions() bool {
	return len(c.texts) > 20 && slices.ContainsFunc(c.texts, func(s string) bool {
		x, _ := parseCell(s)
		return x != math.Trunc(x)
	})
}

// className gives labels that are the same whole number one name: 3, 3.0 and 03
// are class "3".
func className(cell string) string {
	const exact = 1 << 53 // beyond it float64 skips whole numbers
	if x, kind := parseCell(cell); kind == numberCell && x == math.Trunc(x) && math.Abs(x) < exact {
		return strconv.FormatInt(int64(x), 10)
	}
	return cell
}

// Split divides the rows at random into training and validation rows, both in
// ascending order: for Fit, and for Set.Subset. Each class of the label column
// has the same share in both, as near as whole rows allow, and at least one
// training row. fraction is the validation share, above 0 and below 1. The same
// seed gives the same rows.
func (t *Table) Split(fraction float64, seed uint64) (train, validation []int, err error) {
	label, err := t.labelColumn()
	if err != nil {
		return nil, nil, err
	}
	classes, err := t.classes(label)
	if err != nil {
		return nil, nil, err
	}
	class, err := t.classOf(label, classes)
	if err != nil {
		return nil, nil, err
	}
	return stratify(class, len(classes), fraction, seed)
}

// fail makes an error about a row (−1: no row) and column.
func (t *Table) fail(row, j int, reason string) error {
	e := &Error{Path: t.path, Column: t.Names[j], Offset: -1, Reason: reason}
	if row >= 0 {
		e.Line = t.lines[row]
	}
	return e
}

func (t *Table) missing(j int) error {
	return t.fail(t.columns[j].firstMissing, j, "the value is missing: fill it in, or leave the row or the column out")
}

func (t *Table) notNumber(j int) error {
	c := &t.columns[j]
	return t.fail(c.firstText, j, fmt.Sprintf("%q is not a finite number; %d of the column's %d cells are: mend it, or leave the row or the column out",
		c.firstWords, c.finite, t.Rows()))
}

// list shows up to eight names.
func list(names []string) string {
	const most = 8
	var b strings.Builder
	for i, s := range names[:min(most, len(names))] {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%.40q", s)
	}
	if len(names) > most {
		fmt.Fprintf(&b, " and %d more", len(names)-most)
	}
	return b.String()
}
