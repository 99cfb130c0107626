package data

import (
	"fmt"
	"slices"
)

// Rows turns rows of texts that lie in memory, such as those of a request, into inputs as
// a Preprocess says: what a Table of the same rows becomes by Set, without the table. All
// that takes time is done when it is made, and it may be used by several goroutines.
type Rows struct {
	source   string
	columns  []Column
	known    []map[string]int // by column; nil for numbers
	pixel    float64          // factor of pixels, if there are no columns
	cells    int
	features int
}

// NewRows prepares rows for p, whose columns are in its order. Errors name source.
func NewRows(source string, p *Preprocess) (*Rows, error) {
	if err := p.Check(); err != nil {
		return nil, fmt.Errorf("%s: %w", source, err)
	}
	r := &Rows{source: source, columns: p.Columns, cells: len(p.Columns), features: p.Features()}
	if p.Image != nil {
		r.cells, r.pixel = r.features, p.Image.Scale
	}
	r.known = make([]map[string]int, len(p.Columns))
	for j := range p.Columns {
		if c := &p.Columns[j]; c.Kind == Category {
			r.known[j] = newLookup(c.Categories).byName
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
	f := feature{Column: c, pixel: pixel}
	v := f.scale(x)
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
