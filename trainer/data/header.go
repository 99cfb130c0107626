package data

import (
	"fmt"
	"strconv"
	"unicode/utf8"
)

// Header says whether the first line of a CSV file names the columns.
type Header int

const (
	// AutoHeader looks at the first line and up to 20 below it. The line is a
	// header if it has a text above a column of numbers and its numbers, if it
	// has any, count up by one (as in label,0,1,2,…); or if all its cells are
	// texts, all different. A line with a text above numbers that is neither
	// header nor plain row is an error.
	AutoHeader Header = iota
	WithHeader        // the first line is a header
	NoHeader          // the first line is an example; columns are named c0, c1, …
)

// isHeader decides for AutoHeader, see there.
func isHeader(path string, first record, below []record) (bool, error) {
	above := -1 // a column with a text above numbers
	texts := map[string]bool{}
	var numbers []float64
	for j, cell := range first.cells {
		if x, ok := parseNumber(cell); ok {
			numbers = append(numbers, x)
			continue
		}
		texts[string(cell)] = true
		if !isMissing(cell) && above < 0 && numbersBelow(below, j) {
			above = j
		}
	}
	if above < 0 {
		return len(texts) == len(first.cells), nil
	}
	for i := 1; i < len(numbers); i++ {
		if numbers[i] != numbers[i-1]+1 {
			return false, &Error{Path: path, Line: first.line, Column: columnName(above), Offset: -1,
				Reason: fmt.Sprintf("%.40q is above numbers and beside numbers: mend it, or say whether the file has a header", first.cells[above])}
		}
	}
	return true, nil
}

func numbersBelow(rows []record, j int) bool {
	found := false
	for _, r := range rows {
		if _, ok := parseNumber(r.cells[j]); ok {
			found = true
		} else if !isMissing(r.cells[j]) {
			return false
		}
	}
	return found
}

// columnName is the name of column j of a file without a header.
func columnName(j int) string { return "c" + strconv.Itoa(j) }

// columnNames takes the names from a header. A column without a name gets one as
// if there were no header.
func columnNames(path string, first record) ([]string, error) {
	names := make([]string, len(first.cells))
	seen := make(map[string]int, len(names))
	for j, cell := range first.cells {
		name := string(cell)
		if name == "" {
			name = columnName(j)
		}
		if len(name) > maxText || !utf8.ValidString(name) {
			return nil, &Error{Path: path, Line: first.line, Column: columnName(j), Offset: -1,
				Reason: fmt.Sprintf("the name is not UTF-8 text of at most %d bytes: save the file as UTF-8", maxText)}
		}
		if before, ok := seen[name]; ok {
			return nil, &Error{Path: path, Line: first.line, Column: name, Offset: -1,
				Reason: fmt.Sprintf("the name is that of columns %d and %d: rename one, or say that the file has no header", before, j)}
		}
		seen[name], names[j] = j, name
	}
	return names, nil
}
