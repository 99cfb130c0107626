package main

import (
	"io"
	"os"
)

// defaultWidth is the width of a terminal that does not tell.
const defaultWidth = 80

// terminal reports whether w is one, and how wide.
func terminal(w io.Writer) (width int, ok bool) {
	f, isFile := w.(*os.File)
	if !isFile {
		return 0, false
	}
	info, err := f.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return 0, false
	}
	return defaultWidth, true
}
