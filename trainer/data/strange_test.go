package data

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// Files that are no tables, and tables that cannot be used, say so in one line.
func TestStrangeFiles(t *testing.T) {
	for text, want := range map[string]string{
		"BZh91AY&SY\x01\x02":                              "it is packed with bzip2: unpack it",
		"\xfd7zXZ\x00\x00":                                "it is packed with xz",
		"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\x00":            "it is a file of Excel",
		"%PDF-1.4\n":                                      "it is PDF",
		"\x80\x04\x95\x10":                                "it is a pickle of Python",
		"<!DOCTYPE html>\n<html>\n":                       "it is a page of HTML",
		"[{\"a\":1,\"b\":2}]\n":                           "it is JSON: save the table as CSV",
		"{\"a\":1,\"b\":2}\n{\"a\":1,\"b\":2}":            "it is JSON",
		"a\x00,\x00b\x00\n\x001\x00,\x002\x00":            "bytes of 0 in it: it is no text, or one in UTF-16",
		"a,b\r1,2\r3,4\r":                                 "its lines end with CR alone",
		"a,y\n1,\n2,\n":                                   `column "y": it is the label, and empty in every row: choose the label column`,
		"a,b,\n1,x,\n2,y,\n":                              `column "c2": it is the label, and empty in every row`,
		"a,y\n" + strings.Repeat("n", 1025) + ",1\nb,2\n": `line 2, column "a": "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn…" is no number, and as a category it has 1025 bytes`,
		"a,y\n1,gr\xfcn\n2,rot\n":                         `line 2, column "y": "gr\xfcn" as a class is not UTF-8: save the file as UTF-8`,
	} {
		table, err := ReadCSV("-", Options{Stdin: strings.NewReader(text)})
		if err == nil {
			_, err = table.Fit(nil, FitOptions{})
		}
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%.30q: %v, want %s", text, err, want)
		}
	}
	var b bytes.Buffer
	for i := range 50 {
		fmt.Fprintf(&b, "%d,%03d;%s\n", i%7, i, []string{"x", "y"}[i%2])
	}
	_, _, err := read(t, "a;y\n"+b.String(), Options{}).Split(nil, 0.1, 1)
	if err == nil || !strings.Contains(err.Error(), `line 2, column "a": "0,000" has a decimal comma`) {
		t.Errorf("a split of a decimal comma: %v", err)
	}
}

// Forms that other programs write.
func TestFormsOfOthers(t *testing.T) {
	for text, line := range map[string]int{
		"a|b|y\n1|2|x\n3|4|z\n":             2,
		"sep=;\na;b;y\n1;2;x\n3;4;z\n":      3,
		"sep=|\r\na|b|y\r\n1|2|x\r\n3|4|z":  3,
		"sep=\t\na\tb\ty\n1\t2\tx\n3\t4\tz": 3,
	} {
		table := read(t, text, Options{})
		if !slices.Equal(table.Names, []string{"a", "b", "y"}) || table.Rows() != 2 || table.line(0) != line {
			t.Errorf("%q: columns %q, %d rows, the first on line %d", text, table.Names, table.Rows(), table.line(0))
		}
	}
	if names := read(t, "a b|c\n1 2|3\n", Options{Header: WithHeader}).Names; !slices.Equal(names, []string{"a b", "c"}) {
		t.Errorf("columns %q", names)
	}
}

func TestDoubts(t *testing.T) {
	column := func(value func(i int) string) string {
		var b strings.Builder
		b.WriteString("a;y\n")
		for i := range 100 {
			fmt.Fprintf(&b, "%s;%s\n", value(i), []string{"x", "y"}[i%2])
		}
		return b.String()
	}
	prices, dates, times, shares := "$1%d.50", "2020-01-%02d", "10:%02d", "%d%%"
	for format, odd := range map[string]bool{prices: true, dates: true, times: true, shares: true, "1,%03d,000": true, "n%d": false, "%d-bit": false} {
		p, err := read(t, column(func(i int) string { return fmt.Sprintf(format, i%28) }), Options{}).Fit(nil, FitOptions{})
		if err != nil {
			t.Fatal(err)
		}
		got := p.Doubts(AutoTask)
		if odd != (len(got) == 1 && strings.HasPrefix(got[0], `column "a": its 28 categories look like numbers or dates`)) || !odd && len(got) > 0 {
			t.Errorf("%s: %q", format, got)
		}
	}
	p := &Preprocess{Label: "y", Classes: []string{"No", "Yes", "no"}, Columns: []Column{{Name: "ok", Kind: Category, Categories: []string{"TRUE", "true"}}, {Name: "age", Kind: Category, Categories: []string{"0-9", "10-19"}}}}
	want := []string{`column "ok": "TRUE" and "true" differ in case alone, and are two categories`, `column "y": "No" and "no" differ in case alone, and are two classes`}
	if got := p.Doubts(AutoTask); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	numbers := &Preprocess{Label: "y"}
	for i := range 30 {
		numbers.Classes = append(numbers.Classes, fmt.Sprint(i))
	}
	if got := numbers.Doubts(AutoTask); len(got) != 1 || !strings.Contains(got[0], "its 30 classes are all numbers") {
		t.Errorf("%q", got)
	}
	if got := numbers.Doubts(Classification); got != nil {
		t.Errorf("classes that are meant: %q", got)
	}
}
