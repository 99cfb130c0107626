package data

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf16"
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
		"\r\n  <!doctype HTML>\n":                         "it is a page of HTML",
		"\ufeff<HTML><HEAD>\n":                            "it is a page of HTML",
		"<Error><Code>AccessDenied</Code></Error>":        "it is an error of a server",
		"\n[\n  {\"a\": 1}\n]\n":                          "it is JSON",
		"[{\"a\":1,\"b\":2}]\n":                           "it is JSON: save the table as CSV",
		"{\"a\":1,\"b\":2}\n{\"a\":1,\"b\":2}":            "it is JSON",
		"a\x00,\x00b\x00\n\x001\x00,\x002\x00":            "bytes of 0 in it: it is no text, or one in UTF-16",
		"a,b\r1,2\r3,4\r":                                 "its lines end with CR alone",
		"Sales of 2020\na,b,y\n1,2,x\n":                   "line 2: expected 3 cells, as on line 1, found 1: take out a title above the table or a note below it",
		"a,b,y\n1,2,x\n2,3,y\ntotal 5\n":                  "line 4: expected 3 cells, as on line 1, found 1: take out a title above the table or a note below it",
		"a,y\n\"1,234,567\",x\n\"2,000,000\",y\n":         `line 2, column "a": "1,234,567" has a comma within the number: write 1234.5`,
		"a;y\n1.234,5;x\n2,5;y\n":                         `line 2, column "a": "1.234,5" has a comma within the number`,
		"a,y\n1,\n2,\n":                                   `column "y": it is the label, and empty in every row: choose the label column`,
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
	if err == nil || !strings.Contains(err.Error(), `line 2, column "a": "0,000" has a comma within the number`) {
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
	plain := read(t, "a,b,y\n1,2,x\n3,4,z\n", Options{})
	for _, text := range []string{
		"# a title, of 2020; by me\n#\n\na,b,y\n1,2,x\n3,4,z\n", "# by me\n# a,b,y\n1,2,x\n3,4,z\n", "#a;b;y\r\n1;2;x\r\n3;4;z\r\n",
		"a,b,y,,\n1,2,x,,\n3,4,z,,\n", "a\tb\ty\t\n1\t2\tx\t\n3\t4\tz\t\n",
	} {
		table := read(t, text, Options{})
		want, err := plain.Fit(nil, FitOptions{})
		got, also := table.Fit(nil, FitOptions{})
		if err != nil || also != nil || !reflect.DeepEqual(got, want) || table.line(1) != table.line(0)+1 || table.line(1) != strings.Count(text, "\n") {
			t.Errorf("%q: %+v (%v), want %+v (%v); lines %d, %d", text, got, also, want, err, table.line(0), table.line(1))
		}
	}
	if table := read(t, "#1,x\n#2,y\n", Options{Header: NoHeader}); table.Rows() != 2 {
		t.Errorf("%d rows that all begin with #", table.Rows())
	}
	if names := read(t, "a b|c\n1 2|3\n", Options{Header: WithHeader}).Names; !slices.Equal(names, []string{"a b", "c"}) {
		t.Errorf("columns %q", names)
	}
}

// A text in UTF-16 with a mark is what it is in UTF-8, be it read in pieces or as a stream, and
// half of a pair is U+FFFD.
func TestUTF16(t *testing.T) {
	text := "größe,𝔘,y\n1,2,ja\n3,4,𝔫𝔢𝔦𝔫\n" + strings.Repeat("5,6,ja\n", 20000)
	want := read(t, text, Options{})
	for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
		packed := order.AppendUint16(nil, 0xfeff)
		for _, unit := range utf16.Encode([]rune(text)) {
			packed = order.AppendUint16(packed, unit)
		}
		for _, r := range []io.Reader{bytes.NewReader(packed), iotest.OneByteReader(bytes.NewReader(packed))} {
			got, err := Read("-", Options{Stdin: r})
			if err != nil {
				t.Fatal(err)
			}
			table := got.(*Table)
			if !slices.Equal(table.Names, want.Names) || !reflect.DeepEqual(table.blocks, want.blocks) || !slices.Equal(table.texts[2].known, want.texts[2].known) {
				t.Errorf("%v: columns %q, %d rows, labels %q", order, table.Names, table.Rows(), table.texts[2].known)
			}
		}
		path := filepath.Join(t.TempDir(), "x.csv")
		if err := os.WriteFile(path, packed, 0o666); err != nil {
			t.Fatal(err)
		}
		s, err := OpenStream(path, Options{}, StreamOptions{})
		if err != nil {
			t.Fatal(err)
		}
		p, err := s.Fit(t.Context(), FitOptions{})
		if err != nil || !slices.Equal(p.Classes, []string{"ja", "𝔫𝔢𝔦𝔫"}) || p.Columns[0].Name != "größe" {
			t.Errorf("%v: a stream of %+v (%v)", order, p, err)
		}
		for _, bad := range []struct {
			units []uint16
			want  string
		}{
			{[]uint16{'a', 0xd800, 'b'}, "a\ufffdb"}, {[]uint16{0xdc00, 'b'}, "\ufffdb"}, {[]uint16{0xd800, 0xd835, 0xdd18}, "\ufffd𝔘"}, {[]uint16{'a', 0xd835}, "a\ufffd"},
		} {
			packed := order.AppendUint16(nil, 0xfeff)
			for _, unit := range bad.units {
				packed = order.AppendUint16(packed, unit)
			}
			s, err := openSource("-", bytes.NewReader(packed))
			if err != nil {
				t.Fatal(err)
			}
			s.utf8Text()
			if text, err := io.ReadAll(s.r); err != nil || string(text) != "\ufeff"+bad.want {
				t.Errorf("%v %x: %q (%v), want %q", order, bad.units, text, err, bad.want)
			}
		}
		if _, err := Read("-", Options{Stdin: bytes.NewReader(packed[:len(packed)-1])}); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%v: half a character in the end: %v", order, err)
		}
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
	for format, odd := range map[string]bool{prices: true, dates: true, times: true, shares: true, "n%d": false, "%d-bit": false} {
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
	if p, err := read(t, column(func(i int) string { return fmt.Sprint(i + 1) }), Options{}).Fit(nil, FitOptions{}); err != nil {
		t.Error(err)
	} else if got := p.Doubts(AutoTask); len(got) != 1 || !strings.HasPrefix(got[0], `column "a": it counts the rows`) {
		t.Errorf("%q", got)
	}
	_, _, err := read(t, column(func(i int) string { return fmt.Sprintf("%d%%", i) }), Options{}).Split(nil, 0.1, 1)
	if err == nil || !strings.Contains(err.Error(), `line 2, column "a": its 100 categories look like numbers or dates`) {
		t.Errorf("a split of shares that are all different: %v", err)
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
