package data

import (
	"bytes"
	"fmt"
	"unicode/utf8"
)

// fields cuts a row into cells by RFC 4180, without the spaces around them
// (between cells that blanks separate, as many as there are are one separator):
// a cell in double quotes may hold separators, line ends and, doubled, quotes. The
// cells are pieces of row, which loses its doubled quotes in place.
func fields(row []byte, comma rune, cells [][]byte) ([][]byte, error) {
	separator := utf8.AppendRune(nil, comma)
	at := 0
	if comma == ' ' {
		row = bytes.TrimRight(row, " ")
	}
	for {
		if len(cells) == maxColumns {
			return nil, fmt.Errorf("more than %d columns: is the separator right?", maxColumns)
		}
		i := at
		if comma != '\t' { // of tabs, each counts
			for i < len(row) && isSpace(row[i]) {
				i++
			}
		}
		if i < len(row) && row[i] == '"' {
			cell, n, ok := unquote(row[i:])
			if !ok {
				return nil, fmt.Errorf("byte %d of the row: a quote is opened and not closed: close it, or double it if it is part of the text", i+1)
			}
			i += n
			for i < len(row) && isSpace(row[i]) && comma != '\t' && comma != ' ' {
				i++
			}
			if i < len(row) && !bytes.HasPrefix(row[i:], separator) {
				return nil, fmt.Errorf("byte %d of the row: text after the closing quote: double a quote that is part of the text", i+1)
			}
			cells = append(cells, bytes.TrimSpace(cell))
		} else {
			n := bytes.Index(row[i:], separator)
			if n < 0 {
				n = len(row) - i
			}
			cell := row[i : i+n]
			if q := bytes.IndexByte(cell, '"'); q >= 0 {
				return nil, fmt.Errorf("byte %d of the row: a quote within a cell: put the whole cell in quotes and double the quote", i+q+1)
			}
			cells = append(cells, bytes.TrimSpace(cell))
			i += n
		}
		if i >= len(row) {
			return cells, nil
		}
		at = i + len(separator)
	}
}

// unquote reads a cell that begins with a quote. n is its length with quotes.
func unquote(b []byte) (cell []byte, n int, ok bool) {
	to := 1
	for i := 1; i < len(b); i++ {
		if b[i] == '"' {
			if i+1 == len(b) || b[i+1] != '"' {
				return b[1:to], i + 1, true
			}
			i++
		}
		b[to] = b[i]
		to++
	}
	return nil, len(b), false
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' }

// sniff finds the separator in the first line: a tab if it has one outside quotes,
// else a semicolon, else a comma, else an upright line, else a blank.
func sniff(start []byte) rune {
	if i := bytes.IndexByte(start, '\n'); i >= 0 { // a line end in quotes leaves enough
		start = start[:i]
	}
	start = bytes.TrimSpace(start)
	best, quoted := ',', false
	rank := map[byte]int{' ': 1, '|': 2, ',': 3, ';': 4, '\t': 5}
	found := 0
	for _, b := range start {
		if b == '"' {
			quoted = !quoted
		}
		if r := rank[b]; !quoted && r > found {
			found, best = r, rune(b)
		}
	}
	return best
}
