package data

import (
	"compress/gzip"
	"errors"
	"io"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

// badFiles are all files testdata/*.bad.* with the text that their error must
// hold after the path.
var badFiles = map[string]string{
	"empty.bad.idx":           `offset 0: header: expected 4 bytes of magic: unexpected EOF`,
	"magic.bad.idx":           `offset 0: not an IDX file: expected bytes 00 00 08, found 89 50 4e`,
	"short-magic.bad.idx":     `offset 3: header: expected 4 bytes of magic: unexpected EOF`,
	"float.bad.idx":           `offset 2: expected type 0x08 (unsigned byte), found 0x0d (float32): convert the file to bytes`,
	"unknown-type.bad.idx":    `offset 2: expected type 0x08 (unsigned byte), found 0x42:`,
	"no-dimensions.bad.idx":   `offset 3: expected 1 to 4 dimensions, found 0`,
	"five-dimensions.bad.idx": `offset 3: expected 1 to 4 dimensions, found 5`,
	"short-header.bad.idx":    `offset 10: header: expected 3 dimensions of 4 bytes: unexpected EOF`,
	"zero.bad.idx":            `offset 8: dimension 1 is 0: expected at least 1`,
	"truncated.bad.idx":       `offset 23: truncated: dimensions [3 2 2] promise 12 bytes of data, found 7: unexpected EOF`,
	"trailing.bad.idx":        `offset 28: expected the end after 12 bytes of data, which dimensions [3 2 2] promise, found more`,
	"lying.bad.idx":           `offset 20: truncated: dimensions [2147483648] promise 2147483648 bytes of data, found 12`,
	"overflow.bad.idx":        `offset 8: dimensions [4294967295 4294967295 4294967295 4294967295] promise more than 1099511627776 bytes`,
	"cut-gzip.bad.idx":        `unexpected EOF`,
	"checksum.bad.idx":        `gzip: invalid checksum`,
	"gzip-header.bad.idx":     `offset 0: gzip header: unexpected EOF`,

	"empty.bad.csv":          `the file is empty`,
	"blank.bad.csv":          `the file is empty`,
	"header-only.bad.csv":    `line 1: there is a header and no row below it`,
	"ragged.bad.csv":         `line 3: expected 3 cells, as on line 1, found 2`,
	"not-a-number.bad.csv":   `line 3, column "age": "abc" is not a finite number; 3 of the column's 4 cells are: mend it`,
	"infinite.bad.csv":       `line 3, column "age": "Inf" is not a finite number`,
	"beyond-float64.bad.csv": `line 3, column "age": "1e999" is not a finite number`,
	"missing.bad.csv":        `line 3, column "age": the value is missing`,
	"question-mark.bad.csv":  `line 4, column "colour": the value is missing`,
	"missing-label.bad.csv":  `line 3, column "label": the value is missing`,
	"duplicate-name.bad.csv": `line 1, column "a": the name is that of columns 0 and 2`,
	"one-class.bad.csv":      `column "label": the label is "x" in every row: need at least two classes`,
	"one-column.bad.csv":     `the only column is the label`,
	"quote.bad.csv":          `line 2: byte 3 of the row: a quote is opened and not closed`,
	"bare-quote.bad.csv":     `line 2: byte 4 of the row: a quote within a cell: put the whole cell in quotes and double the quote`,
	"first-line.bad.csv":     `line 1, column "c1": "abc" is above numbers and beside numbers`,
	"decimal-comma.bad.csv":  `line 2, column "a": "1,5" has a comma within the number: write 1234.5`,
	"latin1.bad.csv":         `line 2, column "a": "caf\xe9" is no number, and as a category it is not UTF-8: save the file as UTF-8`,
	"latin1-header.bad.csv":  `line 1, column "c0": the name is not UTF-8`,
	"too-large.bad.csv":      `column "a": the numbers are too large or too small to standardise`,
	"many-texts.bad.csv":     `line 1002, column "name": "n1000" is no number, and as a category it is one text more than the 1000 that a column may have`,
	"many-classes.bad.csv":   `column "label": the label has more than 1000 classes`,
	"bad-label-cell.bad.csv": `line 4, column "label": "x" is not a finite number; 2 of the column's 3 cells are`,
	"cut-gzip.bad.csv":       `unexpected EOF`,
}

// readAny takes a file as far as training would.
func readAny(path string) error {
	if filepath.Ext(path) == ".idx" {
		_, err := ReadIDX(path)
		return err
	}
	t, err := ReadCSV(path, Options{})
	if err == nil {
		_, err = t.Fit(nil, FitOptions{})
	}
	return err
}

func TestBadFiles(t *testing.T) {
	paths, err := filepath.Glob("testdata/*.bad.*")
	if err != nil || len(paths) != len(badFiles) {
		t.Fatalf("%d files for %d messages (%v)", len(paths), len(badFiles), err)
	}
	for _, path := range paths {
		want, ok := badFiles[filepath.Base(path)]
		err := readAny(path)
		var e *Error
		switch {
		case !ok:
			t.Errorf("%s: no message is given for it", path)
		case err == nil:
			t.Errorf("%s: no error, want %q", path, want)
		case !errors.As(err, &e):
			t.Errorf("%s: %T is no *Error: %v", path, err, err)
		case !strings.HasPrefix(err.Error(), path+": ") || !strings.Contains(err.Error(), want):
			t.Errorf("%s: error\n %v\nwant\n %s", path, err, want)
		case strings.Contains(err.Error(), "\n"):
			t.Errorf("%s: an error of several lines: %q", path, err)
		}
	}
}

func TestErrorsKeepTheirCause(t *testing.T) {
	for path, cause := range map[string]error{
		"testdata/truncated.bad.idx": io.ErrUnexpectedEOF,
		"testdata/checksum.bad.idx":  gzip.ErrChecksum,
		"testdata/cut-gzip.bad.csv":  io.ErrUnexpectedEOF,
		"testdata/ragged.bad.csv":    ErrFormat,
		"testdata/trailing.bad.idx":  ErrFormat,
		"testdata/nothing.idx":       fs.ErrNotExist,
		"testdata/nothing.csv":       fs.ErrNotExist,
	} {
		if err := readAny(path); !errors.Is(err, cause) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v, want a cause %v and the path", path, err, cause)
		}
	}
	var e *Error
	if err := readAny("testdata/not-a-number.bad.csv"); !errors.As(err, &e) || e.Line != 3 || e.Column != "age" {
		t.Errorf("line %d, column %q, want 3, age", e.Line, e.Column)
	}
}
