package data

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

const headerRows = 20 // rows that AutoHeader compares the first line with

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

// comments tells how many bytes and lines a text has before its table: lines that begin with #, if
// one follows that does not. The last of them, if it has as many cells as that, is the header, as
// NumPy's savetxt writes it, and counts up to its first name.
func comments(start []byte, comma rune) (n, lines int) {
	last, before := []byte(nil), 0 // the last comment, and the bytes before it
	at := 0
	for line := range bytes.Lines(start) {
		text := bytes.TrimSpace(line)
		switch {
		case len(text) > 0 && text[0] == '#':
			last, before, n = text, at, at+len(line)
		case len(text) > 0 && last != nil:
			comma = cmp.Or(comma, sniff(text))
			header, _ := fields(bytes.Clone(last), comma, nil)
			row, _ := fields(bytes.Clone(text), comma, nil)
			if len(row) > 1 && len(header) == len(row) {
				n = before + bytes.IndexFunc(start[before:], func(r rune) bool { return !strings.ContainsRune("# \t", r) })
			}
			return n, bytes.Count(start[:n], []byte{'\n'})
		case len(text) > 0:
			return 0, 0
		}
		at += len(line)
	}
	return 0, 0
}

// sepLine reads the line "sep=;", with which some programs tell Excel what separates cells. n
// is its length, 0 if the text does not begin with one.
func sepLine(start []byte) (comma rune, n int) {
	line, _, ok := bytes.Cut(start, []byte{'\n'})
	rest, isSep := bytes.CutPrefix(bytes.TrimSuffix(line, []byte{'\r'}), []byte("sep="))
	if !ok || !isSep || utf8.RuneCount(rest) != 1 {
		return 0, 0
	}
	comma, _ = utf8.DecodeRune(rest)
	return comma, len(line) + 1
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

// takeHead returns the rows that the file begins with. The first line of a file of
// scikit-learn's is none of them: it has the number of rows, the number of columns
// but for the label, and the names of the classes that the label numbers.
func (r *csvReader) takeHead(header Header) (head []record, classes []string, err error) {
	first, err := r.take(1)
	if err != nil || len(first) == 0 {
		return nil, nil, err
	}
	classes = classNames(first[0].cells)
	if header != AutoHeader || classes == nil {
		head, err := r.take(headerRows)
		return append(first, head...), nil, err
	}
	width := r.width
	r.width = 0
	head, err = r.take(1)
	if err != nil {
		return nil, nil, err
	}
	columns, _ := strconv.Atoi(string(first[0].cells[1]))
	if len(head) == 0 || len(head[0].cells) != columns+1 || slices.ContainsFunc(head[0].cells, notNumber) {
		classes, head = nil, append(first, head...)
		r.width, r.first = width, first[0].line
		if last := head[len(head)-1]; len(last.cells) != width {
			return nil, nil, r.checkWidth(last.line, len(last.cells))
		}
	}
	rest, err := r.take(headerRows)
	return append(head, rest...), classes, err
}

func notNumber(b []byte) bool { _, ok := parseNumber(b); return !ok }

// classNames returns the texts that follow two whole numbers, or nil.
func classNames(cells [][]byte) []string {
	if len(cells) < 4 || !wholeNumbers(cells[:2]) {
		return nil
	}
	var names []string
	for _, cell := range cells[2:] {
		if !notNumber(cell) || isMissing(cell) || len(cell) > maxText {
			return nil
		}
		names = append(names, string(cell))
	}
	return names
}

// take returns up to n rows to keep, or fewer if they are long.
func (r *csvReader) take(n int) ([]record, error) {
	var rows []record
	for cells := 0; len(rows) < n && cells < firstRead; cells += r.width {
		rec, err := r.next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		kept := record{line: rec.line}
		for _, cell := range rec.cells {
			kept.cells = append(kept.cells, bytes.Clone(cell))
		}
		rows = append(rows, kept)
	}
	return rows, nil
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
