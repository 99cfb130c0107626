package data

import (
	"bytes"
	"fmt"
	"unicode/utf8"
)

// fields cuts a row into cells by RFC 4180, without the spaces around them:
// a cell in double quotes may hold separators, line ends and, doubled, quotes. The
// cells are pieces of row, which loses its doubled quotes in place.
func fields(row []byte, comma rune, cells [][]byte) ([][]byte, error) {
	separator := utf8.AppendRune(nil, comma)
	at := 0
	for {
		if len(cells) == maxColumns {
			return nil, fmt.Errorf("more than %d columns: is the separator right?", maxColumns)
		}
		i := at
		if !blank(comma) {
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
			for i < len(row) && isSpace(row[i]) && !blank(comma) {
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

func isSpace(c byte) bool   { return c == ' ' || c == '\t' }
func blank(comma rune) bool { return comma == ' ' || comma == '\t' }

// sniff finds the separator in the first line: a tab if it has one outside quotes,
// else a semicolon, else a comma.
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
