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

// bad is an error about a row (counted from 1, 0: none) and column.
func bad(row int, column, format string, args ...any) error {
	return &data.Error{Path: source, Row: row, Column: column, Offset: -1, Reason: fmt.Sprintf(format, args...)}
}

// errTooMany is wrapped by the error about too many rows.
var errTooMany = errors.New("too many rows")

// decode reads the rows of a request as a table for p.
func decode(body io.Reader, p *data.Preprocess, maxRows int) (*data.Table, error) {
	var request struct {
		Rows []json.RawMessage `json:"rows"`
	}
	in := &latch{r: body}
	d := json.NewDecoder(in)
	d.DisallowUnknownFields()
	if err := d.Decode(&request); err != nil {
		return nil, jsonError(err, in.err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, bad(0, "", "something follows the object")
	}
	if len(request.Rows) == 0 {
		return nil, bad(0, "", `no rows: need {"rows": [{"column": value, …}, …]}`)
	}
	if len(request.Rows) > maxRows {
		return nil, fmt.Errorf("%s: %w: %d, at most %d: send them in parts", source, errTooMany, len(request.Rows), maxRows)
	}
	var names []string // of the columns; an image has none
	for i := range p.Columns {
		names = append(names, p.Columns[i].Name)
	}
	named := names != nil && request.Rows[0][0] == '{'
	rows := make([][][]byte, len(request.Rows))
	for i, raw := range request.Rows {
		var err error
		switch {
		case named:
			rows[i], err = object(raw, i+1, names)
		case p.Image != nil:
			rows[i], err = array(raw, i+1, p.Features())
		default:
			rows[i], err = array(raw, i+1, len(names))
		}
		if err != nil {
			return nil, err
		}
	}
	return data.ReadRows(source, names, rows)
}

// latch keeps the error that reading a body ended with.
type latch struct {
	r   io.Reader
	err error
}

func (l *latch) Read(p []byte) (int, error) {
	n, err := l.r.Read(p)
	if err != nil && err != io.EOF {
		l.err = err
	}
	return n, err
}

// jsonError says in one line what is wrong with a body, or with reading it.
func jsonError(err, reading error) error {
	const need = `need {"rows": [{"column": value, …}, …]}`
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case reading != nil && !errors.Is(reading, io.ErrUnexpectedEOF):
		return fmt.Errorf("%s: %w", source, reading)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return bad(0, "", "the body ends early: %s", need)
	case errors.As(err, &syntax):
		return &data.Error{Path: source, Offset: syntax.Offset, Reason: "not JSON: " + syntax.Error()}
	case errors.As(err, &kind):
		return &data.Error{Path: source, Offset: kind.Offset, Reason: fmt.Sprintf("%s is not what is due here: %s", kind.Value, need)}
	}
	return bad(0, "", "%v: %s", err, need)
}

// object returns the cells of a row that names them.
func object(raw json.RawMessage, row int, names []string) ([][]byte, error) {
	var members map[string]json.RawMessage
	if raw[0] != '{' || json.Unmarshal(raw, &members) != nil {
		return nil, bad(row, "", "not an object of columns, as the first row is")
	}
	cells := make([][]byte, len(names))
	for k, name := range names {
		value, ok := members[name]
		if !ok {
			return nil, bad(row, name, "the model needs this column and the row does not have it: give null where a value is missing")
		}
		var err error
		if cells[k], err = cell(value); err != nil {
			return nil, bad(row, name, "%v", err)
		}
	}
	return cells, nil
}

// array returns the cells of a row in the order of the model.
func array(raw json.RawMessage, row, width int) ([][]byte, error) {
	var values []json.RawMessage
	if raw[0] != '[' || json.Unmarshal(raw, &values) != nil {
		return nil, bad(row, "", "not an array of %d values", width)
	}
	if len(values) != width {
		return nil, bad(row, "", "%d values: the model takes %d", len(values), width)
	}
	cells := make([][]byte, width)
	for k, value := range values {
		var err error
		if cells[k], err = cell(value); err != nil {
			return nil, bad(row, "", "value %d: %v", k+1, err)
		}
	}
	return cells, nil
}

// cell is a JSON value as a CSV file would have it.
func cell(value json.RawMessage) ([]byte, error) {
	switch value[0] {
	case '{', '[':
		return nil, errors.New("an object or array is no value")
	case 'n': // null
		return nil, nil
	case '"':
		if plain := value[1 : len(value)-1]; bytes.IndexByte(plain, '\\') < 0 {
			return bytes.TrimSpace(plain), nil
		}
		var text string
		if err := json.Unmarshal(value, &text); err != nil {
			return nil, err
		}
		return bytes.TrimSpace([]byte(text)), nil
	}
	return value, nil // a number, true, false
}
