package main

import (
	"io"
	"os"
	"strings"
	"unicode/utf8"
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

// foldIndent is how far the words at the beginning of a note, such as data and net, reach.
const foldIndent = 8

// fold breaks a line between words, so that none is longer than columns unless a word is, and
// indents what is broken off.
func fold(line string, columns int) string {
	var b strings.Builder
	width, blanks := 0, ""
	for word := range strings.SplitSeq(line, " ") {
		n := utf8.RuneCountInString(word)
		if n > 0 && width > foldIndent && width+len(blanks)+n > columns {
			b.WriteString("\n")
			width, blanks = 0, strings.Repeat(" ", foldIndent)
		}
		if n > 0 {
			b.WriteString(blanks + word)
			width += len(blanks) + n
			blanks = ""
		}
		blanks += " "
	}
	return b.String()
}
