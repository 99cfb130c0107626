package serve

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/clprop/clprop/trainer/data"
)

// source is what errors about a request begin with.
const source = "request"

// need is what a request looks like.
const need = `need {"rows": [{"column": value, …}, …]}`

// bad is an error about a row (counted from 1, 0: none) and column.
func bad(row int, column, format string, args ...any) error {
	return &data.Error{Path: source, Row: row, Column: column, Offset: -1, Reason: fmt.Sprintf(format, args...)}
}

// errTooMany is wrapped by the error about too many rows.
var errTooMany = errors.New("too many rows")

// decoder makes inputs of requests for one model. It may be used by several goroutines.
type decoder struct {
	rows    *data.Rows
	at      map[string]int // position of a column by its name; nil for an image
	names   []string
	maxRows int
}

func newDecoder(p *data.Preprocess, maxRows int) (*decoder, error) {
	rows, err := data.NewRows(source, p)
	if err != nil {
		return nil, err
	}
	d := &decoder{rows: rows, maxRows: maxRows}
	for i := range p.Columns {
		if d.at == nil {
			d.at = map[string]int{}
		}
		d.at[p.Columns[i].Name] = i
		d.names = append(d.names, p.Columns[i].Name)
	}
	return d, nil
}

// decode reads a request and returns the inputs of its rows, one after the other. size is
// what the body is said to have, −1 if nothing is said; binary says that it is no JSON but rows
// of float32, little-endian.
func (d *decoder) decode(body io.Reader, size int64, binary bool) (x []float32, rows int, err error) {
	var text bytes.Buffer
	if size > 0 && size < 1<<16 { // more on seeing it
		text.Grow(int(size) + bytes.MinRead)
	}
	switch _, err := text.ReadFrom(body); {
	case errors.Is(err, io.ErrUnexpectedEOF):
		if binary { // JSON shows by itself that its end is missing, rows of float32 do not
			return nil, 0, bad(0, "", "the body ends early, after %d bytes: send all that its header says", text.Len())
		}
	case err != nil:
		return nil, 0, fmt.Errorf("%s: %w", source, err)
	}
	if binary {
		return d.floats(text.Bytes())
	}
	if x, rows, ok := d.numbers(text.Bytes()); ok {
		return x, rows, nil
	}
	if !json.Valid(text.Bytes()) {
		return nil, 0, jsonError(text.Bytes())
	}
	s := scanner{text: text.Bytes()}
	list, err := s.rows()
	if err != nil {
		return nil, 0, err
	}
	return d.inputs(list)
}

// floats reads rows of float32.
func (d *decoder) floats(body []byte) (x []float32, rows int, err error) {
	width := 4 * d.rows.Cells()
	switch rows = len(body) / width; {
	case rows == 0 || len(body)%width != 0:
		return nil, 0, bad(0, "", "%d bytes: a row is %d float32, %d bytes", len(body), d.rows.Cells(), width)
	case rows > d.maxRows:
		return nil, 0, d.tooMany()
	}
	for row := range rows {
		if x, err = d.rows.AppendFloats(x, row+1, body[row*width:(row+1)*width]); err != nil {
			return nil, 0, err
		}
	}
	return x, rows, nil
}

// numbers reads a request of arrays of numbers, as they are for images, in one go. ok is false
// if it is anything else, or there is something wrong with it: then it is read with more care.
func (d *decoder) numbers(text []byte) (x []float32, rows int, ok bool) {
	s := scanner{text: text}
	ok = s.pass("{") && s.pass(`"rows"`) && s.pass(":") && s.pass("[")
	for more := true; ok && more; more = s.pass(",") {
		if rows++; rows > d.maxRows || !s.pass("[") {
			return nil, 0, false
		}
		s.peek()
		n := 0
		x, n = d.rows.AppendNumbers(x, text[s.at:])
		s.at += n
		ok = n > 0 && s.pass("]")
	}
	return x, rows, ok && s.pass("]") && s.pass("}") && s.peek() == 0 && s.at == len(text)
}

func (d *decoder) tooMany() error {
	return fmt.Errorf("%s: %w: more than %d: send them in parts", source, errTooMany, d.maxRows)
}

// inputs reads the rows that follow a [.
func (d *decoder) inputs(s *scanner) (x []float32, rows int, err error) {
	cells := make([][]byte, 0, d.rows.Cells())
	named := false
	for s.more(']') {
		if rows++; rows > d.maxRows {
			return nil, 0, d.tooMany()
		}
		if rows == 1 {
			named = d.at != nil && s.peek() == '{'
		}
		if named {
			cells, err = d.object(s, rows, cells)
		} else {
			cells, err = d.array(s, rows, cells)
		}
		if err == nil {
			x, err = d.rows.Append(x, rows, cells)
		}
		if err != nil {
			return nil, 0, err
		}
	}
	if rows == 0 {
		return nil, 0, bad(0, "", "no rows: %s", need)
	}
	return x, rows, nil
}

// jsonError says in one line why a body is not JSON.
func jsonError(text []byte) error {
	var any json.RawMessage
	err := json.Unmarshal(text, &any)
	var syntax *json.SyntaxError
	switch {
	case !errors.As(err, &syntax):
		return bad(0, "", "%v: %s", err, need)
	case syntax.Error() == "unexpected end of JSON input":
		return bad(0, "", "the body ends early: %s", need)
	}
	return &data.Error{Path: source, Offset: syntax.Offset, Reason: "not JSON: " + syntax.Error()}
}

// absent marks a cell of a row whose column it has not named yet.
var absent = []byte("absent")

// object returns the cells of a row that names them.
func (d *decoder) object(s *scanner, row int, cells [][]byte) ([][]byte, error) {
	if s.peek() != '{' {
		return nil, bad(row, "", "not an object of columns, as the first row is")
	}
	s.at++
	cells = cells[:0]
	for range d.names {
		cells = append(cells, absent)
	}
	for s.more('}') {
		name, value := s.member()
		k, ok := d.at[string(name)]
		if !ok {
			continue
		}
		var err error
		if cells[k], err = cell(value); err != nil {
			return nil, bad(row, d.names[k], "%v", err)
		}
	}
	for k, name := range d.names {
		if len(cells[k]) > 0 && &cells[k][0] == &absent[0] {
			return nil, bad(row, name, "the model needs this column and the row does not have it: give null where a value is missing")
		}
	}
	return cells, nil
}

// array returns the cells of a row in the order of the model.
func (d *decoder) array(s *scanner, row int, cells [][]byte) ([][]byte, error) {
	width := d.rows.Cells()
	if s.peek() != '[' {
		return nil, bad(row, "", "not an array of %d values", width)
	}
	s.at++
	cells = cells[:0]
	n := 0
	for ; s.more(']'); n++ {
		value := s.value()
		if n >= width {
			continue // only to be counted
		}
		c, err := cell(value)
		if err != nil {
			return nil, bad(row, "", "value %d: %v", n+1, err)
		}
		cells = append(cells, c)
	}
	if n != width {
		return nil, bad(row, "", "%d values: the model takes %d", n, width)
	}
	return cells, nil
}

// cell is a JSON value as a CSV file would have it.
func cell(value []byte) ([]byte, error) {
	switch value[0] {
	case '{', '[':
		return nil, errors.New("an object or array is no value")
	case 'n': // null
		return nil, nil
	case '"':
		return bytes.TrimSpace(unquote(value)), nil
	}
	return value, nil // a number, true, false
}
