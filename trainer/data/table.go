package data

import (
	"cmp"
	"fmt"
	"math"
	"math/bits"
	"slices"
	"sort"
	"strconv"
	"strings"
)

const (
	maxCells   = 1 << 29 // cells of a table, 8 bytes of memory each
	blockCells = 1 << 14 // cells of a block, or one row if that has more
)

// Table is what a file of rows and columns holds, before it is decided what
// becomes an input and how.
type Table struct {
	Names []string // of the columns, in file order

	path        string
	header      bool // the file names its columns
	sparse      bool // a column that is not there is 0 in every row
	label, drop string
	labelled    bool   // Options.Labelled
	weights     string // Options.Weights
	task        Task
	labels      []int      // label columns by the format; nil: the last column
	declared    []declared // by column; nil if the format does not say

	// Cells lie row after row in blocks of 2^shift rows, so that a table grows
	// without being copied.
	blocks [][]cell
	shift  int
	rows   int
	texts  []*texts // by column; nil where all cells are numbers
	top    int      // line of the header, 0 if there is none
	marks  []mark
	limit  int
	array  *arrayCells // where rows are in a mapped array and in no block
	seen   *survey     // what is known of rows that are in no block; nil where all are
}

// mark says that from row on, lines count up by one from line. Formats without
// lines have one mark, whose line is noLines.
type mark struct{ row, line int }

const noLines = math.MinInt / 2

// newTable makes a Table without rows. A column whose name is "" is called by its
// position.
func newTable(path string, opts Options, names []string) (*Table, error) {
	for j, name := range names {
		if name == "" {
			names[j] = columnName(j)
		}
	}
	t := &Table{Names: names, path: path, label: opts.Label, labelled: opts.Labelled, drop: opts.Drop, weights: opts.Weights, task: opts.Task, limit: opts.maxCells}
	if len(names) == 0 || len(names) > maxColumns {
		return nil, &Error{Path: path, Offset: -1, Reason: fmt.Sprintf("%d columns: expected 1 to %d", len(names), maxColumns)}
	}
	if t.limit == 0 {
		t.limit = maxCells
	}
	t.shift = max(0, bits.Len(uint(blockCells/len(names)))-1)
	t.texts = make([]*texts, len(names))
	return t, nil
}

// next returns room for the cells of a row that begins on line, 0 in a file
// without lines. commit adds it.
func (t *Table) next(line int) ([]cell, error) {
	w := len(t.Names)
	if (t.rows+1)*w > t.limit {
		return nil, &Error{Path: t.path, Line: line, Offset: -1, Reason: fmt.Sprintf("more than %d cells: use fewer rows or columns", t.limit)}
	}
	at := t.rows & (1<<t.shift - 1)
	if at == 0 && t.rows>>t.shift == len(t.blocks) {
		t.blocks = append(t.blocks, make([]cell, w<<t.shift))
	}
	return t.blocks[t.rows>>t.shift][at*w : (at+1)*w], nil
}

func (t *Table) commit(line int) {
	if line == 0 && t.rows == 0 {
		t.marks = []mark{{0, noLines}}
	}
	if n := len(t.marks); n == 0 || line != 0 && line != t.marks[n-1].line+t.rows-t.marks[n-1].row {
		t.marks = append(t.marks, mark{t.rows, line})
	}
	t.rows++
}

// add appends a row of texts, as many as there are columns.
func (t *Table) add(line int, cells [][]byte) error {
	to, err := t.next(line)
	if err != nil {
		return err
	}
	for j, b := range cells {
		to[j] = t.judge(j, b)
	}
	t.commit(line)
	return nil
}

// row returns the cells of row i.
func (t *Table) row(i int) []cell {
	w := len(t.Names)
	at := (i & (1<<t.shift - 1)) * w
	return t.blocks[i>>t.shift][at : at+w]
}

func (t *Table) at(i, j int) cell {
	if c := t.array; c != nil {
		x, k := c.x, i*c.columns+j
		if j >= c.columns {
			x, k = c.y, i*c.labels+j-c.columns
		}
		return t.known(j, x.at(x.data[k*x.size:]))
	}
	return t.row(i)[j]
}

// line is the line of row i.
func (t *Table) line(i int) int {
	k := sort.Search(len(t.marks), func(k int) bool { return t.marks[k].row > i }) - 1
	return t.marks[k].line + i - t.marks[k].row
}

// Rows is the number of examples.
func (t *Table) Rows() int { return t.rows }

// find resolves what names a column: its name, or its position.
func (t *Table) find(text string) (int, bool) {
	if j := slices.Index(t.Names, text); j >= 0 {
		return j, true
	}
	j, err := strconv.Atoi(text)
	if err != nil || j >= len(t.Names) || j < -len(t.Names) {
		return 0, false
	}
	if j < 0 {
		j += len(t.Names)
	}
	return j, true
}

// findAll resolves what names a column, or several with commas between.
func (t *Table) findAll(what, text string) ([]int, error) {
	if j, ok := t.find(text); ok {
		return []int{j}, nil
	}
	var found []int
	for name := range strings.SplitSeq(text, ",") {
		j, ok := t.find(strings.TrimSpace(name))
		if !ok {
			return nil, &Error{Path: t.path, Line: t.top, Offset: -1,
				Reason: fmt.Sprintf("no %s column %.40q: the columns are %s, or 0 to %d by position", what, name, list(t.Names), len(t.Names)-1)}
		}
		if slices.Contains(found, j) {
			return nil, fmt.Errorf("%s: the %s column %q is named twice: name it once", t.path, what, t.Names[j])
		}
		found = append(found, j)
	}
	return found, nil
}

// labelColumns resolves Options.Label.
func (t *Table) labelColumns() ([]int, error) {
	switch {
	case t.label != "":
		return t.findAll("label", t.label)
	case t.labels != nil:
		return t.labels, nil
	}
	for j := len(t.Names) - 1; j > 0; j-- {
		if !t.blank(j) {
			return []int{j}, nil
		}
	}
	return []int{0}, nil
}

// blank reports whether column j of a table that is held has neither name nor values, as one
// that a separator at the end of each line makes.
func (t *Table) blank(j int) bool {
	numbers, _, texts := t.counts(j)
	return t.seen == nil && t.rows > 0 && numbers+texts == 0 && t.Names[j] == columnName(j)
}

// inputColumns are the columns that are neither labels nor dropped, nor weights, nor blank.
func (t *Table) inputColumns(labels []int) ([]int, error) {
	var dropped, inputs []int
	if t.drop != "" {
		var err error
		if dropped, err = t.findAll("dropped", t.drop); err != nil {
			return nil, err
		}
	}
	if t.weights != "" {
		j, ok := t.find(t.weights)
		if !ok {
			_, err := t.findAll("weight", t.weights)
			return nil, cmp.Or(err, fmt.Errorf("%s: weights are one column: name one", t.path))
		}
		if slices.Contains(labels, j) {
			return nil, fmt.Errorf("%s: column %q is label and weight: name another one", t.path, t.Names[j])
		}
		dropped = append(dropped, j)
	}
	for j := range t.Names {
		if !slices.Contains(labels, j) && !slices.Contains(dropped, j) && !t.blank(j) {
			inputs = append(inputs, j)
		}
	}
	if len(inputs) == 0 {
		return nil, &Error{Path: t.path, Line: max(t.line(0), 0), Offset: -1,
			Reason: "the only column is the label: expected inputs too; is the separator right?"}
	}
	return inputs, nil
}

// fail makes an error about a row (−1: no row) and column.
func (t *Table) fail(row, j int, reason string) error {
	e := &Error{Path: t.path, Column: t.Names[j], Offset: -1, Reason: reason}
	if row >= 0 && t.line(row) > 0 {
		e.Line = t.line(row)
	} else if row >= 0 {
		e.Row = t.line(row) - noLines + 1
	}
	return e
}

func (t *Table) missing(row, j int, wayOut string) error {
	return t.fail(row, j, "the value is missing: "+wayOut)
}

func (t *Table) notNumber(j int) error {
	numbers, missing, _ := t.counts(j)
	return t.fail(t.texts[j].firstText, j, fmt.Sprintf("%q is not a finite number; %d of the column's %d cells are: mend it, or leave the row or the column out",
		t.shown(t.texts[j].firstText, j), numbers, t.rows-missing))
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
