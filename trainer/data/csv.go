package data

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// CSVOptions say how to read a CSV file. The zero value suits most files.
type CSVOptions struct {
	// Comma separates cells. 0 looks at the first line: a tab if it has one
	// outside quotes, else a semicolon if it has one, else a comma.
	Comma rune
	// Header says whether there is a header; default AutoHeader.
	Header Header
	// Label is the label column: its name or, if no column has that name, its
	// position counted from 0, or from the end if negative. Default -1, the last.
	Label string
	// Stdin is what path "-" reads.
	Stdin io.Reader

	maxCells int // for tests; 0 means the constant maxCells
}

const (
	maxCells   = 1 << 29 // cells of a table, 12 bytes of memory each
	maxRecord  = 1 << 22 // bytes of a row
	headerRows = 20      // rows that AutoHeader compares the first line with
)

// ReadCSV reads a CSV file (RFC 4180; also with a byte order mark, CRLF line
// ends, blank lines, spaces around cells, gzip). Every row must have as many
// cells as the first. What the cells hold is judged when a column is used, by
// Fit and Set: extra columns may hold anything.
func ReadCSV(path string, opts CSVOptions) (*Table, error) {
	r, done, err := open(path, opts.Stdin)
	if err != nil {
		return nil, err
	}
	t, err := readCSV(path, r, opts)
	if err := errors.Join(err, done()); err != nil {
		return nil, err
	}
	return t, nil
}

func readCSV(path string, r io.Reader, opts CSVOptions) (*Table, error) {
	rows, err := newRecords(path, r, opts)
	if err != nil {
		return nil, err
	}
	head, err := rows.take(1 + headerRows)
	if err != nil {
		return nil, err
	}
	if len(head) == 0 {
		return nil, &Error{Path: path, Offset: -1, Reason: "the file is empty: expected rows of cells"}
	}
	t, err := newTable(path, opts, head)
	if err != nil {
		return nil, err
	}
	if t.header {
		head = head[1:]
	}
	limit := opts.maxCells
	if limit == 0 {
		limit = maxCells
	}
	for _, rec := range head {
		if err := t.add(rec, limit); err != nil {
			return nil, err
		}
	}
	for {
		rec, err := rows.next()
		if err == io.EOF {
			break
		}
		if err == nil {
			err = t.add(rec, limit)
		}
		if err != nil {
			return nil, err
		}
	}
	if t.Rows() == 0 {
		return nil, &Error{Path: path, Line: t.top, Offset: -1, Reason: "there is a header and no row below it"}
	}
	return t, nil
}

// record is one row of a file: its cells without the spaces around them.
type record struct {
	line  int
	cells []string
}

// records reads rows, all of one width.
type records struct {
	path  string
	csv   *csv.Reader
	bound *bound
	first int // line of the first row
	last  int // line of the row read last
	width int // cells of a row, 0 before the first
}

func newRecords(path string, r io.Reader, opts CSVOptions) (*records, error) {
	b := bufio.NewReaderSize(r, 1<<16)
	start, err := b.Peek(1 << 16)
	if err != nil && err != io.EOF {
		return nil, &Error{Path: path, Offset: int64(len(start)), Err: err}
	}
	if bytes.HasPrefix(start, []byte{0xff, 0xfe}) || bytes.HasPrefix(start, []byte{0xfe, 0xff}) {
		return nil, &Error{Path: path, Offset: 0, Reason: "the text is UTF-16: save it as UTF-8"}
	}
	if bom := []byte("\ufeff"); bytes.HasPrefix(start, bom) {
		start = start[len(bom):]
		if _, err := b.Discard(len(bom)); err != nil {
			return nil, &Error{Path: path, Offset: 0, Err: err}
		}
	}
	comma := opts.Comma
	if comma == 0 {
		comma = sniff(start)
	}
	in := &bound{r: b, limit: maxRecord}
	c := csv.NewReader(in)
	c.Comma = comma
	c.FieldsPerRecord = -1 // next says it better
	c.ReuseRecord = true
	c.TrimLeadingSpace = comma != '\t' && comma != ' ' // it would eat empty cells
	return &records{path: path, csv: c, bound: in}, nil
}

// sniff finds the separator in the first line.
func sniff(start []byte) rune {
	quoted, semicolon := false, false
	for _, b := range start {
		switch {
		case b == '"':
			quoted = !quoted
		case quoted:
		case b == '\t':
			return '\t'
		case b == ';':
			semicolon = true
		case b == '\n':
			if semicolon {
				return ';'
			}
			return ','
		}
	}
	if semicolon {
		return ';'
	}
	return ','
}

// next returns the next row, valid until the call after it, or io.EOF.
func (r *records) next() (record, error) {
	cells, err := r.csv.Read()
	if err == io.EOF {
		return record{}, io.EOF
	}
	if err != nil {
		return record{}, r.fail(err)
	}
	line, _ := r.csv.FieldPos(0)
	if r.width == 0 {
		r.first, r.width = line, len(cells)
		if r.width > maxColumns {
			return record{}, &Error{Path: r.path, Line: line, Offset: -1, Reason: fmt.Sprintf("%d columns: expected at most %d", r.width, maxColumns)}
		}
	}
	if len(cells) != r.width {
		return record{}, &Error{Path: r.path, Line: line, Offset: -1,
			Reason: fmt.Sprintf("expected %d cells, as on line %d, found %d", r.width, r.first, len(cells))}
	}
	for i := range cells {
		cells[i] = strings.TrimSpace(cells[i])
	}
	r.last = line
	r.bound.limit = r.csv.InputOffset() + maxRecord
	return record{line, cells}, nil
}

func (r *records) fail(err error) error {
	e := &Error{Path: r.path, Line: r.last + 1, Offset: -1, Err: err}
	var parse *csv.ParseError
	if errors.As(err, &parse) {
		e.Line, e.Err = parse.Line, nil
		e.Reason = fmt.Sprintf("byte %d of the line: %v", parse.Column, parse.Err)
		if parse.StartLine != parse.Line {
			e.Reason += fmt.Sprintf(", in the row that begins on line %d", parse.StartLine)
		}
	} else if errors.Is(err, errLongRow) {
		e.Reason, e.Err = err.Error(), nil
	}
	return e
}

// take returns up to n rows to keep.
func (r *records) take(n int) ([]record, error) {
	var rows []record
	for len(rows) < n {
		rec, err := r.next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		rows = append(rows, record{rec.line, slices.Clone(rec.cells)})
	}
	return rows, nil
}

var errLongRow = fmt.Errorf("a row of more than %d bytes: is a quote left open?", maxRecord)

// bound stops reading at limit, which moves on with every row: a file that is
// one endless row must not fill the memory.
type bound struct {
	r        io.Reader
	n, limit int64
}

func (b *bound) Read(p []byte) (int, error) {
	if b.n >= b.limit {
		return 0, errLongRow
	}
	n, err := b.r.Read(p[:min(int64(len(p)), b.limit-b.n)])
	b.n += int64(n)
	return n, err
}
