package data

import (
	"bytes"
	"fmt"
	"io"
)

const (
	maxRecord = 1 << 22 // bytes of a row
	firstRead = 1 << 16 // bytes taken on trust
)

// lines cuts a text into its rows, which end at a line end that is not within
// double quotes. A row is a piece of the one buffer, which grows up to maxRecord.
type lines struct {
	path       string
	r          io.Reader
	buf        []byte
	start, end int // what is read and not yet given out
	line       int // line on which the next row begins
	plain      bool
	err        error // what ended the reading, io.EOF at the end
}

// newLines reads rows from r. plain means that quotes have no meaning.
func newLines(path string, r io.Reader, plain bool) *lines {
	return &lines{path: path, r: r, buf: make([]byte, firstRead), line: 1, plain: plain}
}

// peek returns what the text begins with, a buffer full if there is so much.
func (l *lines) peek() []byte {
	for l.err == nil && l.end < len(l.buf) {
		l.read()
	}
	return l.buf[l.start:l.end]
}

func (l *lines) read() {
	n, err := l.r.Read(l.buf[l.end:])
	l.end += n
	l.err = err
}

// next returns the next row that is not blank, without its line end, and its
// line. It is valid until the call after it. quoted tells whether it has quotes.
// At the end the error is io.EOF.
func (l *lines) next() (row []byte, line int, quoted bool, err error) {
	for {
		n, breaks, quotes, err := l.find()
		if err != nil {
			return nil, l.line, false, err
		}
		row, line = l.buf[l.start:l.start+n], l.line
		l.start += n
		l.line += breaks
		if n := len(row); n > 0 && row[n-1] == '\n' {
			row = row[:n-1]
		}
		if n := len(row); n > 0 && row[n-1] == '\r' {
			row = row[:n-1]
		}
		if len(row) > 0 {
			return row, line, quotes > 0, nil
		}
	}
}

// find returns the length of the next row with its line end, and how many line
// ends and quotes it has.
func (l *lines) find() (n, breaks, quotes int, err error) {
	searched := 0
	for {
		rest := l.buf[l.start+n : l.end]
		i := bytes.IndexByte(rest[searched:], '\n')
		if i < 0 && l.err == nil {
			searched = len(rest)
			if err := l.more(); err != nil {
				return 0, 0, 0, err
			}
			continue
		}
		ended := i >= 0
		if ended {
			rest = rest[:searched+i+1]
			breaks++
		}
		searched = 0
		n += len(rest)
		if !l.plain {
			quotes += bytes.Count(rest, []byte{'"'})
		}
		switch {
		case ended && quotes%2 == 0:
			return n, breaks, quotes, nil
		case ended: // within quotes
		case l.err != io.EOF:
			return 0, 0, 0, &Error{Path: l.path, Line: l.line + breaks, Offset: -1, Err: l.err}
		case n == 0:
			return 0, 0, 0, io.EOF
		default: // the last line; of a quote left open, fields says where it is
			return n, breaks, quotes, nil
		}
	}
}

// more reads on, in a larger buffer if this one is full of one row.
func (l *lines) more() error {
	if l.start > 0 {
		l.end = copy(l.buf, l.buf[l.start:l.end])
		l.start = 0
	}
	if l.end == len(l.buf) {
		if len(l.buf) >= maxRecord {
			return &Error{Path: l.path, Line: l.line, Offset: -1,
				Reason: fmt.Sprintf("a row of more than %d bytes: is a quote left open?", maxRecord)}
		}
		grown := make([]byte, 2*len(l.buf))
		copy(grown, l.buf[:l.end])
		l.buf = grown
	}
	l.read()
	return nil
}
