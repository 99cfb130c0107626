package data

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
)

// Rows turns rows of texts that lie in memory, such as those of a request, into inputs as
// a Preprocess says: what a Table of the same rows becomes by Set, without the table. All
// that takes time is done when it is made, and it may be used by several goroutines.
type Rows struct {
	source   string
	columns  []Column
	known    []map[string]int // by column; nil for numbers
	numbers  bool             // all columns are
	pixel    float64          // factor of pixels, if there are no columns
	cells    int
	features int
}

// NewRows prepares rows for p, whose columns are in its order. Errors name source.
func NewRows(source string, p *Preprocess) (*Rows, error) {
	if err := p.Check(); err != nil {
		return nil, fmt.Errorf("%s: %w", source, err)
	}
	r := &Rows{source: source, columns: p.Columns, cells: len(p.Columns), features: p.Features(), numbers: true}
	if p.Image != nil {
		r.cells, r.pixel = r.features, p.Image.Scale
	}
	r.known = make([]map[string]int, len(p.Columns))
	for j := range p.Columns {
		if c := &p.Columns[j]; c.Kind == Category {
			r.numbers, r.known[j] = false, newLookup(c.Categories).byName
		}
	}
	return r, nil
}

// Cells is how many cells a row has.
func (r *Rows) Cells() int { return r.cells }

// Append appends the inputs of a row, one text for each cell, to dst. row is its number,
// counted from 1, which errors name.
func (r *Rows) Append(dst []float32, row int, cells [][]byte) ([]float32, error) {
	if len(cells) != r.cells {
		return dst, &Error{Path: r.source, Row: row, Offset: -1, Reason: fmt.Sprintf("expected %d cells, found %d", r.cells, len(cells))}
	}
	for j, b := range cells {
		var reason string
		if r.pixel > 0 {
			dst, reason = appendNumber(dst, b, r.pixel, nil)
		} else if c := &r.columns[j]; c.Kind == Category {
			dst, reason = r.appendCategory(dst, j, b)
		} else {
			dst, reason = appendNumber(dst, b, 0, c)
		}
		if reason != "" {
			return dst, &Error{Path: r.source, Row: row, Column: r.name(j), Offset: -1, Reason: reason}
		}
	}
	return dst, nil
}

// AppendNumbers appends the inputs of the row that text begins with, if it is written as JSON
// writes an array of numbers between its brackets, with commas and at most blanks between. n
// is its length; 0 if it is anything else, or there is something wrong with it that Append tells.
// It costs a tenth of finding cells and giving them to Append.
func (r *Rows) AppendNumbers(dst []float32, text []byte) (_ []float32, n int) {
	if !r.numbers {
		return dst, 0
	}
	from := len(dst)
	dst = slices.Grow(dst, r.cells)[:from+r.cells]
	for j := range r.cells {
		if j > 0 {
			if n == len(text) || text[n] != ',' {
				return dst[:from], 0
			}
			for n++; n < len(text) && text[n] == ' '; n++ {
			}
		}
		end, m := n, uint64(0)
		for end < len(text) && text[end]-'0' < 10 { // whole numbers, such as pixels, without a call
			m = 10*m + uint64(text[end]-'0')
			end++
		}
		x := float64(m)
		if end == n || end > n+1 && text[n] == '0' || end > n+15 || end < len(text) && (text[end] == '.' || text[end]|0x20 == 'e') {
			length := 0
			if x, length = jsonNumber(text[n:]); length == 0 {
				return dst[:from], 0
			}
			end = n + length
		}
		v := r.scale(j, x)
		if v-v != 0 {
			return dst[:from], 0
		}
		n, dst[from+j] = end, v
	}
	return dst, n
}

// scale turns a number of cell j into an input.
func (r *Rows) scale(j int, x float64) float32 {
	if r.pixel > 0 {
		return scale(x, r.pixel, nil)
	}
	return scale(x, 0, &r.columns[j])
}

// AppendFloats appends the inputs of a row of float32, little-endian, one for each cell. NaN is
// a missing value. row is its number, counted from 1, which errors name.
func (r *Rows) AppendFloats(dst []float32, row int, cells []byte) ([]float32, error) {
	if len(cells) != 4*r.cells {
		return dst, &Error{Path: r.source, Row: row, Offset: -1, Reason: fmt.Sprintf("expected %d bytes, %d float32, found %d", 4*r.cells, r.cells, len(cells))}
	}
	dst = slices.Grow(dst, r.cells)
	for j := range r.cells {
		var c *Column
		if r.pixel == 0 {
			c = &r.columns[j]
		}
		var reason string
		x := math.Float32frombits(binary.LittleEndian.Uint32(cells[4*j:]))
		if c != nil && c.Kind == Category {
			reason = "the column has texts, which float32 cannot tell: send JSON"
		} else if x != x {
			dst, reason = appendNumber(dst, nil, r.pixel, c)
		} else {
			dst, reason = appendValue(dst, float64(x), r.pixel, c)
		}
		if reason != "" {
			return dst, &Error{Path: r.source, Row: row, Column: r.name(j), Offset: -1, Reason: reason}
		}
	}
	return dst, nil
}

func (r *Rows) name(j int) string {
	if r.pixel > 0 {
		return columnName(j)
	}
	return r.columns[j].Name
}

// appendNumber appends the input of a pixel, or of a number of column c. If that cannot be,
// reason says why.
func appendNumber(dst []float32, b []byte, pixel float64, c *Column) (_ []float32, reason string) {
	x, ok := parseNumber(b)
	if !ok {
		switch {
		case !isMissing(b):
			return dst, fmt.Sprintf("%q is not a finite number, as the model needs", clip(string(b)))
		case c == nil || c.Missing == "":
			return dst, "the value is missing: " + setWayOut
		}
		x = c.Fill
	}
	return appendValue(dst, x, pixel, c)
}

// appendValue appends the input that x is as a pixel, or as a number of column c.
func appendValue(dst []float32, x, pixel float64, c *Column) (_ []float32, reason string) {
	v := scale(x, pixel, c)
	if v-v != 0 { // ±Inf or NaN
		return dst, fmt.Sprintf("%v is beyond float32 once scaled as in training: is it a mistake?", x)
	}
	return append(dst, v), ""
}

// appendCategory appends the inputs of category column j.
func (r *Rows) appendCategory(dst []float32, j int, b []byte) (_ []float32, reason string) {
	c, at := &r.columns[j], len(dst)
	dst = slices.Grow(dst, len(c.Categories))[:at+len(c.Categories)]
	clear(dst[at:])
	name := string(b)
	if x, ok := parseNumber(b); ok {
		name = spell(x)
	}
	k, found := r.known[j][name]
	switch {
	case isMissing(b):
		if c.Missing == "" {
			return dst, "the value is missing: " + setWayOut
		}
	case found:
		dst[at+k] = 1
	case c.Unseen == "":
		return dst, unknown("category", clip(name), c.Categories)
	}
	return dst, ""
}
