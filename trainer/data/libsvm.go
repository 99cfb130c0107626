package data

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
)

// entry is a number of a sparse row.
type entry struct {
	column int32
	value  cell
}

// readLibSVM reads the format of LIBSVM (C.-C. Chang, C.-J. Lin, "LIBSVM: a library
// for support vector machines", ACM TIST 2, 2011) and SVMlight: in each line
//
//	label index:value index:value … # comment
//
// with indices that grow. What a line leaves out is 0. The columns are called by
// their index, and the label "label".
func readLibSVM(path string, r io.Reader, opts Options) (*Table, error) {
	in := newLines(path, r, true)
	rows := &sparseRows{path: path}
	least := maxColumns
	for {
		row, line, _, err := in.next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		row, _, _ = bytes.Cut(row, []byte{'#'})
		words := bytes.Fields(row)
		if len(words) == 0 {
			continue
		}
		if err := rows.addLibSVM(line, words); err != nil {
			return nil, err
		}
		if first := rows.starts[len(rows.starts)-1]; first < len(rows.entries) {
			least = min(least, int(rows.entries[first].column))
		}
	}
	if len(rows.lines) == 0 {
		return nil, &Error{Path: path, Offset: -1, Reason: "the file is empty: expected lines of a label and index:value pairs"}
	}
	// Indices count from 1, unless there is a 0.
	least = min(least, 1)
	names := []string{"label"}
	for i := least; i <= rows.largest; i++ {
		names = append(names, strconv.Itoa(i))
	}
	t, err := rows.table(opts, names, least-1)
	if err != nil {
		return nil, err
	}
	t.labels, t.sparse, t.header = []int{0}, true, true
	return t, nil
}

// sparseRows are rows of which only what is not 0 is kept.
type sparseRows struct {
	path    string
	entries []entry
	starts  []int // first entry of each row
	lines   []int
	labels  [][]byte
	largest int // column
}

func (s *sparseRows) addLibSVM(line int, words [][]byte) error {
	fail := func(format string, args ...any) error {
		return &Error{Path: s.path, Line: line, Offset: -1, Reason: fmt.Sprintf(format, args...)}
	}
	s.starts = append(s.starts, len(s.entries))
	s.lines = append(s.lines, line)
	s.labels = append(s.labels, bytes.Clone(words[0]))
	before := -1
	for _, word := range words[1:] {
		left, right, ok := bytes.Cut(word, []byte{':'})
		if string(left) == "qid" {
			continue // of ranking
		}
		index, err := strconv.Atoi(string(left))
		if !ok || err != nil || index < 0 || index > maxColumns-2 {
			return fail("expected index:value with an index from 0 to %d, found %q", maxColumns-2, clip(string(word)))
		}
		if index <= before {
			return fail("index %d follows %d: expected indices that grow", index, before)
		}
		before = index
		x, ok := parseNumber(right)
		if !ok {
			return &Error{Path: s.path, Line: line, Column: string(left), Offset: -1, Reason: fmt.Sprintf("%q is not a finite number", clip(string(right)))}
		}
		s.entries = append(s.entries, entry{int32(index), numberCell(x)})
		s.largest = max(s.largest, index)
	}
	return nil
}

// table makes a dense table, whose first column is the label and in which index i
// is column i − shift. A few entries must not become a large one.
func (s *sparseRows) table(opts Options, names []string, shift int) (*Table, error) {
	if err := checkSpread(s.path, len(s.lines), len(names), len(s.entries)+len(s.lines)); err != nil {
		return nil, err
	}
	t, err := newTable(s.path, opts, names)
	if err != nil {
		return nil, err
	}
	for i, line := range s.lines {
		to, err := t.next(line)
		if err != nil {
			return nil, err
		}
		clear(to)
		to[0] = t.judge(0, s.labels[i])
		end := len(s.entries)
		if i+1 < len(s.starts) {
			end = s.starts[i+1]
		}
		for _, e := range s.entries[s.starts[i]:end] {
			to[int(e.column)-shift] = e.value
		}
		t.commit(line)
	}
	return t, nil
}

const (
	spreadFree  = 1 << 22 // cells that any sparse file may have
	spreadRatio = 256     // cells more for each one that is in the file
)

// checkSpread refuses a table of which hardly a cell is in the file.
func checkSpread(path string, rows, columns, given int) error {
	if rows > (spreadFree+spreadRatio*given)/columns {
		return &Error{Path: path, Offset: -1,
			Reason: fmt.Sprintf("%d rows of %d columns, of which the file gives %d cells: a table so sparse is too large here: use fewer columns", rows, columns, given)}
	}
	return nil
}
