package main

import (
	"io"
	"os"
)

// terminal reports whether w is one, and how many columns it has.
func terminal(w io.Writer) (columns int, ok bool) {
	f, isFile := w.(*os.File)
	if !isFile {
		return 0, false
	}
	columns, err := terminalColumns(f)
	if err != nil {
		return 0, false
	}
	if columns < 1 { // a terminal that does not tell, such as a serial line
		columns = defaultColumns
	}
	return columns, true
}

// defaultColumns is the width of a terminal where it is not known.
const defaultColumns = 80
