package data

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"unicode/utf8"
)

// ReadCSV reads a CSV file (RFC 4180; also with a byte order mark, in UTF-16
// if it has one, with CRLF line ends, blank lines, lines that begin with # before the first row,
// spaces around cells, tabs or semicolons between them, packed with gzip or zstd). Every row must have as many cells as the first. What the
// cells hold is judged when a column is used, by Fit and Set: extra columns may
// hold anything.
func ReadCSV(path string, opts Options) (*Table, error) {
	opts.Format = CSV
	raw, err := Read(path, opts)
	if err != nil {
		return nil, err
	}
	return raw.(*Table), nil
}

// csvReader reads rows, all of one width.
type csvReader struct {
	*lines
	comma rune
	first int // line of the first row
	width int // cells of a row, 0 before the first
	cells [][]byte
	forms []form // by column
}

// form is how numbers of a column are spelled. It goes from one to the next when a number is not
// what it takes, and never back, so that columns of several forms do not change it in each row.
type form uint8

const (
	plain   form = iota // as plainNumber takes them, such as pixels
	integer             // as wholeNumber takes them
	short               // as shortNumber takes them
	long                // as longNumber takes them, and all else
)

// next is the form after f for a column that has number, which f does not take.
func (f form) next(number []byte) form {
	switch {
	case f != plain || len(number) > 1+8:
		return long
	case bytes.IndexByte(number, '.') >= 0:
		return short
	}
	return integer
}

func readCSV(path string, r io.Reader, opts Options) (*Table, error) {
	rows, err := newCSVReader(path, r, opts)
	if err != nil {
		return nil, err
	}
	head, classes, err := rows.takeHead(opts.Header)
	if err != nil {
		return nil, err
	}
	if len(head) == 0 {
		return nil, &Error{Path: path, Offset: -1, Reason: "the file is empty: expected rows of cells"}
	}
	t, rest, err := newCSVTable(path, opts, head)
	if err != nil {
		return nil, err
	}
	for _, rec := range rest {
		if err := t.add(rec.line, rec.cells); err != nil {
			return nil, err
		}
	}
	for {
		if err := rows.readRow(t); err == io.EOF {
			break
		} else if err != nil {
			return nil, err
		}
	}
	if t.Rows() == 0 {
		return nil, &Error{Path: path, Line: t.top, Offset: -1, Reason: "there is a header and no row below it"}
	}
	if classes != nil {
		t.rename(len(t.Names)-1, classes)
	}
	return t, nil
}

func newCSVReader(path string, r io.Reader, opts Options) (*csvReader, error) {
	in := newLines(path, r, false)
	start := in.peek()
	if reason := noTable(start); reason != "" {
		return nil, &Error{Path: path, Offset: -1, Reason: reason}
	}
	if bom := []byte("\ufeff"); bytes.HasPrefix(start, bom) {
		in.start += len(bom)
		start = start[len(bom):]
	}
	comma := opts.Comma
	if separator, n := sepLine(start); n > 0 {
		in.start, in.line = in.start+n, 2
		start, comma = start[n:], cmp.Or(comma, separator)
	}
	n, lines := comments(start, comma)
	in.start, in.line = in.start+n, in.line+lines
	if comma == 0 {
		comma = sniff(start[n:])
	}
	if comma == '"' || comma == '\r' || comma == '\n' || !utf8.ValidRune(comma) || comma == utf8.RuneError {
		return nil, fmt.Errorf("%s: %q cannot separate cells: choose another character", path, comma)
	}
	return &csvReader{lines: in, comma: comma}, nil
}

// newCSVTable makes a Table for the rows that begin with head, and returns those
// of head that are rows of it.
func newCSVTable(path string, opts Options, head []record) (*Table, []record, error) {
	header := opts.Header == WithHeader
	if opts.Header == AutoHeader {
		var err error
		if header, err = isHeader(path, head[0], head[1:]); err != nil {
			return nil, nil, err
		}
	}
	if !header {
		t, err := newTable(path, opts, make([]string, len(head[0].cells)))
		return t, head, err
	}
	names, err := columnNames(path, head[0])
	if err != nil {
		return nil, nil, err
	}
	t, err := newTable(path, opts, names)
	if err == nil {
		t.header, t.top = true, head[0].line
	}
	return t, head[1:], err
}

// record is one row of a file: its cells without the spaces around them.
type record struct {
	line  int
	cells [][]byte
}

// next returns the next row, valid until the call after it, or io.EOF.
func (r *csvReader) next() (record, error) {
	row, line, _, err := r.lines.next()
	if err != nil {
		return record{}, err
	}
	if r.cells, err = fields(row, r.comma, r.cells[:0]); err != nil {
		return record{}, &Error{Path: r.path, Line: line, Offset: -1, Reason: err.Error()}
	}
	if r.width == 0 {
		r.first, r.width = line, len(r.cells)
	}
	return record{line, r.cells}, r.checkWidth(line, len(r.cells))
}

func (r *csvReader) checkWidth(line, n int) error {
	if n == r.width {
		return nil
	}
	return &Error{Path: r.path, Line: line, Offset: -1,
		Reason: fmt.Sprintf("expected %d cells, as on line %d, found %d: take out a title above the table or a note below it, and put a cell that has the separator in quotes", r.width, r.first, n)}
}

// readRow reads the next row into t.
func (r *csvReader) readRow(t *Table) error {
	row, line, quoted, err := r.lines.next()
	if err != nil {
		return err
	}
	return r.parse(t, row, line, quoted)
}

// parse adds a row to t: straight from the buffer where it has no quotes.
func (r *csvReader) parse(t *Table, row []byte, line int, quoted bool) (err error) {
	if quoted || r.comma >= utf8.RuneSelf {
		if r.cells, err = fields(row, r.comma, r.cells[:0]); err != nil {
			return &Error{Path: r.path, Line: line, Offset: -1, Reason: err.Error()}
		}
		if err := r.checkWidth(line, len(r.cells)); err != nil {
			return err
		}
		return t.add(line, r.cells)
	}
	to, err := t.next(line)
	if err != nil {
		return err
	}
	if r.forms == nil {
		r.forms = make([]form, len(to))
	}
	if ok := r.fill(t, to, row); !ok {
		r.cells, err = fields(row, r.comma, r.cells[:0])
		return cmp.Or(err, r.checkWidth(line, len(r.cells)))
	}
	t.commit(line)
	return nil
}

// fill reads a row without quotes into to. ok is false if it has more cells, or fewer.
func (r *csvReader) fill(t *Table, to []cell, row []byte) (ok bool) {
	comma, spaces := byte(r.comma), r.comma != '\t'
	if comma == ' ' {
		row = bytes.TrimRight(row, " ")
	}
	i, text := 0, row[:cap(row)] // what is behind the row is read and not used
	forms := r.forms[:len(to)]
	for j := 0; j < len(to); {
		n, x := 0, 0.0
		switch forms[j] {
		case plain:
			x, n = plainNumber(text[i:])
		case integer:
			x, n = wholeNumber(text[i:])
		case short:
			x, n = shortNumber(text[i:])
		case long:
			x, n = longNumber(text[i:])
		}
		end := i + n
		switch {
		case n > 0 && end < len(row) && row[end] == comma && j+1 < len(to):
			to[j] = numberCell(x)
			i, j = end+1, j+1
			continue
		case n > 0 && end == len(row):
			to[j] = numberCell(x)
		case spaces && i < len(row) && isSpace(row[i]):
			i++
			continue
		default:
			to[j], end = r.cell(t, j, row, i)
		}
		if j++; (end == len(row)) != (j == len(to)) {
			return false
		}
		i = end + 1
	}
	return true
}

// cell reads the cell of column j that begins at byte i of a row without quotes, whatever it
// is, and tells where it ends.
func (r *csvReader) cell(t *Table, j int, row []byte, i int) (c cell, end int) {
	comma := byte(r.comma)
	x, n, exact := scanNumber(row[i:])
	if exact {
		r.forms[j] = r.forms[j].next(row[i : i+n])
	}
	end = i + n
	for comma != '\t' && comma != ' ' && end < len(row) && isSpace(row[end]) {
		end++
	}
	if exact && (end == len(row) || row[end] == comma) {
		return numberCell(x), end
	}
	end = len(row)
	if n := bytes.IndexByte(row[i:], comma); n >= 0 {
		end = i + n
	}
	return t.judge(j, bytes.TrimSpace(row[i:end])), end
}
