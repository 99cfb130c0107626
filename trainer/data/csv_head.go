package data

import (
	"bytes"
	"cmp"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

const headerRows = 20 // rows that AutoHeader compares the first line with

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
