package data

import (
	"bytes"
	"fmt"
	"strings"
)

// foreign are files that people have in place of a table, by what they begin with, and the way
// out. A text that is none of a table's begins with none of these.
var foreign = []struct{ magic, reason string }{
	{"BZh", "it is packed with bzip2: unpack it, or pack it with gzip or zstd"},
	{"\xfd7zXZ\x00", "it is packed with xz: unpack it, or pack it with gzip or zstd"},
	{"7z\xbc\xaf\x27\x1c", "it is a 7z archive: unpack it"},
	{"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "it is a file of Excel or another office program: save the sheet as CSV"},
	{"%PDF-", "it is PDF: a table in it has to be saved as CSV"},
	{"SQLite format 3\x00", "it is a database of SQLite: write a query's result as CSV"},
	{"ARROW1", "it is Arrow or Feather: save it as Parquet or CSV"},
	{"\x89HDF\r\n\x1a\n", "it is HDF5: save its arrays as NPY or NPZ"},
	{"MATLAB 5.0", "it is a file of MATLAB: save its arrays as CSV, or with SciPy as NPZ"},
	{"\x80\x02", "it is a pickle of Python, which runs code when it is read: save the arrays as NPZ, or the table as CSV"},
	{"\x80\x03", "it is a pickle of Python, which runs code when it is read: save the arrays as NPZ, or the table as CSV"},
	{"\x80\x04", "it is a pickle of Python, which runs code when it is read: save the arrays as NPZ, or the table as CSV"},
	{"\x80\x05", "it is a pickle of Python, which runs code when it is read: save the arrays as NPZ, or the table as CSV"},
	{"X\n\x00\x00", "it is RDS of R: write the table with write.csv"},
	{"RDX", "it is RData of R: write the table with write.csv"},
	{"GIF8", "it is a GIF picture: save it as PNG or JPEG"},
	{"RIFF", "it is a WebP picture, or sound: pictures have to be PNG or JPEG"},
}

// markup is the same of texts, for which blanks in front and capitals make no difference.
var markup = []struct{ magic, reason string }{
	{"<!doctype", "it is a page of HTML: was the table downloaded?"},
	{"<html", "it is a page of HTML: was the table downloaded?"},
	{"<head", "it is a page of HTML: was the table downloaded?"},
	{"<body", "it is a page of HTML: was the table downloaded?"},
	{"<error", "it is an error of a server in XML: was the table downloaded?"},
	{"<?xml", "it is XML: save the table as CSV"},
	{"{", "it is JSON: save the table as CSV"},
	{"[{", "it is JSON: save the table as CSV"},
	{"[[", "it is JSON: save the table as CSV"},
}

// noTable says why a text that begins so is no table, or is "".
func noTable(start []byte) string {
	for _, f := range foreign {
		if bytes.HasPrefix(start, []byte(f.magic)) {
			return f.reason
		}
	}
	if i := bytes.IndexByte(start, 0); i >= 0 {
		return "there are bytes of 0 in it: it is no text, or one in UTF-16 without its mark, which has to be saved as UTF-8"
	}
	text := bytes.TrimPrefix(start[:min(len(start), 512)], []byte("\ufeff"))
	text = bytes.ToLower(bytes.Join(bytes.Fields(text), nil))
	for _, f := range markup {
		if bytes.HasPrefix(text, []byte(f.magic)) {
			return f.reason
		}
	}
	if cr := bytes.IndexByte(start, '\r'); cr >= 0 && cr < len(start)-1 && bytes.IndexByte(start, '\n') < 0 {
		return "its lines end with CR alone, as once on a Macintosh: save it with line ends of today"
	}
	return ""
}

// noArrays says what a zip archive without arrays of NumPy is, by the names of its files.
func noArrays(names []string) string {
	for _, name := range names {
		switch {
		case strings.HasPrefix(name, "xl/"):
			return "it is a workbook of Excel: save the sheet as CSV"
		case name == "content.xml", strings.HasPrefix(name, "Index/"):
			return "it is a file of LibreOffice or another office program: save the sheet as CSV"
		}
	}
	return fmt.Sprintf("it is a zip archive without arrays of NumPy, which has %s: unpack it", list(names))
}
