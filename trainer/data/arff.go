package data

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// attribute is a column of an ARFF file.
type attribute struct {
	name    string
	kind    declared
	nominal []string
}

// declared is what a format says that a column holds.
type declared byte

const (
	undeclared       declared = iota
	declaredNumber            // of which a label is a quantity
	declaredCategory          // though its texts may be numbers
)

// arffReader reads the attribute-relation file format of Weka (I. H. Witten,
// E. Frank, "Data Mining", 2000, section 2.4): @relation, @attribute NAME TYPE with
// a type of numeric, real, integer, string, date or {a, b, …}, then after @data rows
// with commas between, or sparse ones as {index value, …}. % begins a comment and ?
// is a missing value.
type arffReader struct {
	*lines
	attributes []attribute
	given      int // cells of sparse rows
	cells      [][]byte
}

// readARFF reads an ARFF file. The label is the last column, as in Weka.
func readARFF(path string, r io.Reader, opts Options) (*Table, error) {
	a := &arffReader{lines: newLines(path, r, true)}
	if err := a.readHeader(); err != nil {
		return nil, err
	}
	var names []string
	seen := map[string]bool{}
	for _, at := range a.attributes {
		if seen[at.name] {
			return nil, &Error{Path: path, Column: at.name, Offset: -1, Reason: "the attribute is declared twice: rename one"}
		}
		seen[at.name] = true
		names = append(names, at.name)
	}
	t, err := newTable(path, opts, names)
	if err != nil {
		return nil, err
	}
	t.header = true
	t.declared = make([]declared, len(names))
	for j, at := range a.attributes {
		t.declared[j] = at.kind
	}
	for {
		row, line, _, err := a.next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		if row = bytes.TrimSpace(row); len(row) == 0 || row[0] == '%' {
			continue
		}
		if err := a.addRow(t, line, row); err != nil {
			return nil, err
		}
	}
	if t.Rows() == 0 {
		return nil, &Error{Path: path, Line: a.line, Offset: -1, Reason: "no rows after @data"}
	}
	return t, nil
}

func (a *arffReader) readHeader() error {
	for {
		row, line, _, err := a.next()
		if err == io.EOF {
			return &Error{Path: a.path, Line: line, Offset: -1, Reason: "truncated: expected @data", Err: io.ErrUnexpectedEOF}
		}
		if err != nil {
			return err
		}
		row = bytes.TrimSpace(bytes.TrimPrefix(row, []byte("\ufeff")))
		if len(row) == 0 || row[0] == '%' {
			continue
		}
		word, rest := arffWord(row)
		switch strings.ToLower(word) {
		case "@relation":
		case "@attribute":
			if err := a.addAttribute(line, rest); err != nil {
				return err
			}
		case "@data":
			if len(a.attributes) == 0 {
				return &Error{Path: a.path, Line: line, Offset: -1, Reason: "@data without an @attribute before it"}
			}
			return nil
		default:
			return &Error{Path: a.path, Line: line, Offset: -1, Reason: fmt.Sprintf("expected @relation, @attribute or @data, found %q", clip(word))}
		}
	}
}

func (a *arffReader) addAttribute(line int, rest []byte) error {
	fail := func(format string, args ...any) error {
		return &Error{Path: a.path, Line: line, Offset: -1, Reason: fmt.Sprintf(format, args...)}
	}
	name, rest := arffWord(rest)
	if name == "" || len(name) > maxText {
		return fail("expected @attribute NAME TYPE with a name of 1 to %d bytes", maxText)
	}
	if len(a.attributes) == maxColumns {
		return fail("more than %d attributes", maxColumns)
	}
	at := attribute{name: name}
	if rest = bytes.TrimSpace(rest); len(rest) > 0 && rest[0] == '{' {
		end := bytes.LastIndexByte(rest, '}')
		if end < 0 {
			return fail("the list of values of attribute %q has no }", clip(name))
		}
		cells, err := arffCells(rest[1:end], nil)
		if err != nil {
			return fail("values of attribute %q: %v", clip(name), err)
		}
		at.kind = declaredCategory
		for _, cell := range cells {
			at.nominal = append(at.nominal, string(cell))
		}
	} else {
		kind, _ := arffWord(rest)
		switch strings.ToLower(kind) {
		case "numeric", "real", "integer":
			at.kind = declaredNumber
		case "string", "date":
			at.kind = declaredCategory
		default:
			return fail("attribute %q has type %q: have numeric, real, integer, string, date and {a, b, …}", clip(name), clip(kind))
		}
	}
	a.attributes = append(a.attributes, at)
	return nil
}

// addRow adds a row of @data.
func (a *arffReader) addRow(t *Table, line int, row []byte) error {
	fail := func(format string, args ...any) error {
		return &Error{Path: a.path, Line: line, Offset: -1, Reason: fmt.Sprintf(format, args...)}
	}
	if row[0] == '{' {
		return a.addSparse(t, line, row)
	}
	var err error
	if a.cells, err = arffCells(row, a.cells[:0]); err != nil {
		return fail("%v", err)
	}
	if n := len(a.cells); n == len(t.Names)+1 && bytes.HasPrefix(a.cells[n-1], []byte{'{'}) {
		a.cells = a.cells[:n-1] // the weight of the row
	}
	if len(a.cells) != len(t.Names) {
		return fail("expected %d values, one for each attribute, found %d", len(t.Names), len(a.cells))
	}
	return t.add(line, a.cells)
}

// addSparse adds a row {index value, …}: what it leaves out is 0, or the first
// value of a list.
func (a *arffReader) addSparse(t *Table, line int, row []byte) error {
	fail := func(format string, args ...any) error {
		return &Error{Path: a.path, Line: line, Offset: -1, Reason: fmt.Sprintf(format, args...)}
	}
	end := bytes.IndexByte(row, '}')
	if end < 0 {
		return fail("the sparse row has no }")
	}
	pairs, err := arffCells(row[1:end], nil)
	if err != nil {
		return fail("%v", err)
	}
	if end == 1 || len(bytes.TrimSpace(row[1:end])) == 0 {
		pairs = nil
	}
	a.given += len(pairs) + 1
	if err := checkSpread(a.path, t.rows+1, len(t.Names), a.given); err != nil {
		return err
	}
	given := make(map[int]string, len(pairs))
	for _, pair := range pairs {
		word, rest := arffWord(pair)
		j, err := strconv.Atoi(word)
		if _, twice := given[j]; err != nil || j < 0 || j >= len(t.Names) || twice {
			return fail("expected an index from 0 to %d, each once, found %q", len(t.Names)-1, clip(word))
		}
		given[j], _ = arffWord(rest)
	}
	to, err := t.next(line)
	if err != nil {
		return err
	}
	for j := range to {
		if value, ok := given[j]; ok {
			to[j] = t.judge(j, []byte(value))
		} else if nominal := a.attributes[j].nominal; len(nominal) > 0 {
			to[j] = t.judge(j, []byte(nominal[0]))
		} else {
			to[j] = numberCell(0)
		}
	}
	t.commit(line)
	return nil
}

// arffWord cuts off the first word, which may be in quotes.
func arffWord(b []byte) (word string, rest []byte) {
	b = bytes.TrimLeft(b, " \t")
	if len(b) > 0 && (b[0] == '\'' || b[0] == '"') {
		if cell, n, ok := arffUnquote(b); ok {
			return string(cell), b[n:]
		}
	}
	n := bytes.IndexAny(b, " \t{")
	if n < 0 {
		n = len(b)
	}
	return string(b[:n]), b[n:]
}

// arffCells cuts at commas that are not in quotes.
func arffCells(row []byte, cells [][]byte) ([][]byte, error) {
	for i := 0; ; {
		for i < len(row) && isSpace(row[i]) {
			i++
		}
		start := i
		if i < len(row) && (row[i] == '\'' || row[i] == '"') {
			cell, n, ok := arffUnquote(row[i:])
			if !ok {
				return nil, fmt.Errorf("byte %d: a quote is opened and not closed", i+1)
			}
			i += n
			for i < len(row) && isSpace(row[i]) {
				i++
			}
			if i < len(row) && row[i] != ',' {
				return nil, fmt.Errorf("byte %d: text after the closing quote", i+1)
			}
			cells = append(cells, cell)
		} else {
			for i < len(row) && row[i] != ',' {
				if row[i] == '\'' || row[i] == '"' {
					_, n, ok := arffUnquote(row[i:])
					if !ok {
						return nil, fmt.Errorf("byte %d: a quote is opened and not closed", i+1)
					}
					i += n
					continue
				}
				i++
			}
			cells = append(cells, bytes.TrimSpace(row[start:i]))
		}
		if i >= len(row) {
			return cells, nil
		}
		if len(cells) > maxColumns {
			return nil, fmt.Errorf("more than %d values", maxColumns)
		}
		i++
	}
}

// arffUnquote reads a text in quotes of either kind, in which a backslash takes the
// meaning from what follows. n is its length with quotes.
func arffUnquote(b []byte) (cell []byte, n int, ok bool) {
	for i := 1; i < len(b); i++ {
		switch b[i] {
		case '\\':
			if i++; i < len(b) {
				cell = append(cell, b[i])
			}
		case b[0]:
			return cell, i + 1, true
		default:
			cell = append(cell, b[i])
		}
	}
	return nil, len(b), false
}
