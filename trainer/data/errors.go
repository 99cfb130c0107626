package data

import (
	"errors"
	"strconv"
	"strings"
)

// ErrFormat is wrapped by every error about what a file holds, as against
// whether it could be opened and read.
var ErrFormat = errors.New("bad data")

// Error says where in a file something is wrong. Its text is one line: path,
// then line and column or offset as far as known, then the reason.
type Error struct {
	Path   string
	Line   int    // counted from 1; 0 if unknown
	Row    int    // of a file without lines, counted from 1; 0 if unknown
	Column string // column name; "" if not about one column
	Offset int64  // bytes from the start of the uncompressed file; −1 if not of use
	Reason string // what was found, what was expected, the way out
	Err    error  // the cause; nil means ErrFormat
}

func (e *Error) Error() string {
	var where []string
	if e.Line > 0 {
		where = append(where, "line "+strconv.Itoa(e.Line))
	}
	if e.Row > 0 {
		where = append(where, "row "+strconv.Itoa(e.Row))
	}
	if e.Column != "" {
		where = append(where, "column "+strconv.Quote(e.Column))
	}
	if e.Offset >= 0 {
		where = append(where, "offset "+strconv.FormatInt(e.Offset, 10))
	}
	parts := []string{e.Path}
	if len(where) > 0 {
		parts = append(parts, strings.Join(where, ", "))
	}
	if e.Reason != "" {
		parts = append(parts, e.Reason)
	}
	if e.Err != nil && (e.Reason == "" || !errors.Is(e.Err, ErrFormat)) {
		parts = append(parts, e.Err.Error())
	}
	return strings.Join(parts, ": ")
}

// Unwrap gives the cause, so that errors.Is finds fs.ErrNotExist,
// io.ErrUnexpectedEOF, gzip.ErrChecksum, ErrFormat and so on.
func (e *Error) Unwrap() error {
	if e.Err == nil {
		return ErrFormat
	}
	return e.Err
}

// formatError is a cause that is an ErrFormat.
type formatError string

func (e formatError) Error() string        { return string(e) }
func (e formatError) Is(target error) bool { return target == ErrFormat }
