package data

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"strconv"
)

// readFANN reads training data of FANN (S. Nissen, "Implementation of a Fast
// Artificial Neural Network Library", 2003): three whole numbers, n, inputs and
// outputs, then n times as many numbers, with blanks or line ends between. The
// columns are x0, x1, … and the labels y0, y1, ….
func readFANN(path string, r io.Reader, opts Options) (*Table, error) {
	w := &words{lines: newLines(path, r, true)}
	var head [3]int
	for i, what := range []string{"pairs", "inputs", "outputs"} {
		word, err := w.next("the number of " + what)
		if err != nil {
			return nil, err
		}
		n, err := strconv.Atoi(string(word))
		if err != nil || n < 1 || n > math.MaxInt32 {
			return nil, w.fail(fmt.Sprintf("expected the number of %s, from 1, found %q", what, clip(string(word))))
		}
		head[i] = n
	}
	t, err := newFANNTable(path, opts, head[1], head[2])
	if err != nil {
		return nil, err
	}
	for i := range head[0] {
		if err := w.readRow(t, i, head[0]); err != nil {
			return nil, err
		}
	}
	if word, err := w.next(""); err == nil {
		return nil, w.fail(fmt.Sprintf("expected the end after the %d pairs that the first line promises, found %q", head[0], clip(string(word))))
	} else if err != io.EOF {
		return nil, err
	}
	return t, nil
}

func newFANNTable(path string, opts Options, inputs, outputs int) (*Table, error) {
	if inputs+outputs > maxColumns {
		return nil, &Error{Path: path, Line: 1, Offset: -1, Reason: fmt.Sprintf("%d inputs and %d outputs: expected at most %d together", inputs, outputs, maxColumns)}
	}
	names := make([]string, inputs+outputs)
	var labels []int
	for j := range names {
		if names[j] = "x" + strconv.Itoa(j); j >= inputs {
			names[j] = "y" + strconv.Itoa(j-inputs)
			labels = append(labels, j)
		}
	}
	t, err := newTable(path, opts, names)
	if err == nil {
		t.labels, t.header = labels, true
	}
	return t, err
}

// words reads a text word by word.
type words struct {
	*lines
	rest []byte
	at   int // line of rest
}

// next returns the next word, or an error that says what was expected; io.EOF at
// the end if nothing was.
func (w *words) next(expected string) ([]byte, error) {
	for {
		if w.rest = bytes.TrimLeft(w.rest, " \t\r\v\f"); len(w.rest) > 0 {
			n := bytes.IndexAny(w.rest, " \t\r\v\f")
			if n < 0 {
				n = len(w.rest)
			}
			word := w.rest[:n]
			w.rest = w.rest[n:]
			return word, nil
		}
		row, line, _, err := w.lines.next()
		if err == io.EOF && expected != "" {
			return nil, &Error{Path: w.path, Line: w.line, Offset: -1, Reason: "truncated: expected " + expected, Err: io.ErrUnexpectedEOF}
		}
		if err != nil {
			return nil, err
		}
		w.rest, w.at = row, line
	}
}

func (w *words) fail(reason string) error {
	return &Error{Path: w.path, Line: w.at, Offset: -1, Reason: reason}
}

// readRow reads pair i of n into t.
func (w *words) readRow(t *Table, i, n int) error {
	var to []cell
	line := 0
	for j := range t.Names {
		word, err := w.next("")
		if err == io.EOF {
			return &Error{Path: w.path, Line: w.line, Offset: -1, Err: io.ErrUnexpectedEOF,
				Reason: fmt.Sprintf("truncated: the first line promises %d pairs of %d numbers, found %d pairs and %d numbers", n, len(t.Names), i, j)}
		}
		if err != nil {
			return err
		}
		if to == nil {
			line = w.at
			if to, err = t.next(line); err != nil {
				return err
			}
		}
		x, ok := parseNumber(word)
		if !ok {
			return &Error{Path: w.path, Line: w.at, Column: t.Names[j], Offset: -1, Reason: fmt.Sprintf("%q is not a finite number", clip(string(word)))}
		}
		to[j] = numberCell(x)
	}
	t.commit(line)
	return nil
}
