package data

import (
	"fmt"
	"math/bits"
)

// ReadRows makes a Table of rows that lie in memory: texts, which are judged as those of
// a CSV file are. names are those of the columns; with nil they have none, and a
// Preprocess takes them by position. Every row has as many cells as there are columns.
// Errors name source and, counted from 1, the row.
func ReadRows(source string, names []string, rows [][][]byte) (*Table, error) {
	if len(rows) == 0 {
		return nil, &Error{Path: source, Offset: -1, Reason: "there are no rows"}
	}
	header := names != nil
	if !header {
		names = make([]string, len(rows[0]))
	}
	t, err := newTable(source, Options{}, append([]string(nil), names...))
	if err != nil {
		return nil, err
	}
	t.header = header
	t.shift = min(t.shift, bits.Len(uint(len(rows)-1))) // no larger than what comes
	for i, cells := range rows {
		if len(cells) != len(names) {
			return nil, &Error{Path: source, Row: i + 1, Offset: -1, Reason: fmt.Sprintf("expected %d cells, found %d", len(names), len(cells))}
		}
		if err := t.add(0, cells); err != nil {
			return nil, err
		}
	}
	return t, nil
}
