package data

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
)

// readRaw reads a text in whatever format it has.
func readRaw(t *testing.T, text string, opts Options) Raw {
	t.Helper()
	opts.Stdin = strings.NewReader(text)
	raw, err := Read("-", opts)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// cells are all cells of a table as an error message shows them, "" for a missing
// one.
func cells(t *Table) [][]string {
	var rows [][]string
	for i := range t.rows {
		var row []string
		for j := range t.Names {
			row = append(row, t.shown(i, j))
		}
		rows = append(rows, row)
	}
	return rows
}

func wantCells(t *testing.T, raw Raw, names string, want ...string) {
	t.Helper()
	table, ok := raw.(*Table)
	if !ok {
		t.Fatalf("%T, want a table", raw)
	}
	var got []string
	for _, row := range cells(table) {
		got = append(got, strings.Join(row, " "))
	}
	if strings.Join(table.Names, " ") != names || !slices.Equal(got, want) {
		t.Errorf("columns %q, rows\n %q\nwant %q\n %q", table.Names, got, names, want)
	}
}

const (
	arffText = `% birds
@RELATION 'of a coast'

@attribute mass   numeric
@attribute 'ring no' {1, 2, 'none at all'}
@attribute name string
@attribute kind {auk,owl}
@data
10.5,1,"Anne",auk
?, 'none at all', 'O\'Hara, J.', owl
% a comment
{0 3, 3 owl}
7,2,x,auk,{0.5}
`
	libsvmText = "+1 1:0.5 3:2 # first\n\n-1 qid:7 2:1e-3\n+1\n"
	fannText   = "3 2 1\n0.5 1\n1\n-1 2\n\n0\n3 4 1\n"
)

func TestReadARFF(t *testing.T) {
	raw := readRaw(t, arffText, Options{})
	wantCells(t, raw, "mass ring no name kind", "10.5 1 Anne auk", " none at all O'Hara, J. owl", "3 1 0 owl", "7 2 x auk")
	p, err := raw.Fit(nil, FitOptions{Missing: Mean})
	if err != nil {
		t.Fatal(err)
	}
	if ring := p.Columns[1]; ring.Kind != Category || !slices.Equal(ring.Categories, []string{"1", "2", "none at all"}) {
		t.Errorf("a nominal attribute of numbers is %+v", ring)
	}
	if p.Label != "kind" || !slices.Equal(p.Classes, []string{"auk", "owl"}) {
		t.Errorf("label %q, classes %q", p.Label, p.Classes)
	}
	// A numeric label is a quantity, as in Weka, unless classes are asked for.
	numeric := "@relation r\n@attribute a numeric\n@attribute b numeric\n@data\n1,0\n2,1\n"
	if p, err = readRaw(t, numeric, Options{}).Fit(nil, FitOptions{}); err != nil || len(p.Targets) != 1 {
		t.Errorf("%+v, %v: want a target", p, err)
	}
	if p, err = readRaw(t, numeric, Options{Task: Classification}).Fit(nil, FitOptions{}); err != nil || len(p.Classes) != 2 {
		t.Errorf("%+v, %v: want two classes", p, err)
	}
}

func TestReadLibSVM(t *testing.T) {
	raw := readRaw(t, libsvmText, Options{})
	wantCells(t, raw, "label 1 2 3", "1 0.5 0 2", "-1 0 0.001 0", "1 0 0 0")
	wantCells(t, readRaw(t, "b 0:1\na 1:2\n", Options{}), "label 0 1", "b 1 0", "a 0 2")
	p, err := raw.Fit(nil, FitOptions{Scale: NoScale})
	if err != nil {
		t.Fatal(err)
	}
	// A file with fewer columns lacks zeros, one with more has extra columns.
	s, err := readRaw(t, "-1 2:5 9:1\n", Options{}).Set(p)
	if err != nil || !slices.Equal(s.X, []float32{0, 5, 0}) || s.Classes[s.Label(0)] != "-1" {
		t.Errorf("%+v, %v", s, err)
	}
	if s, err = readRaw(t, "1 1:4\n", Options{}).Set(p); err != nil || !slices.Equal(s.X, []float32{4, 0, 0}) {
		t.Errorf("%+v, %v", s, err)
	}
}

func TestReadFANN(t *testing.T) {
	raw := readRaw(t, fannText, Options{})
	wantCells(t, raw, "x0 x1 y0", "0.5 1 1", "-1 2 0", "3 4 1")
	if line := raw.(*Table).line(1); line != 4 {
		t.Errorf("the second pair is on line %d, want 4", line)
	}
	oneHot := readRaw(t, "3 1 2\n1\n1 -1\n2\n-1 1\n3\n1 -1\n", Options{})
	p, err := oneHot.Fit(nil, FitOptions{})
	if err != nil || !p.OneHot || !slices.Equal(p.Classes, []string{"y0", "y1"}) {
		t.Fatalf("%+v, %v", p, err)
	}
	s, err := oneHot.Set(p)
	if err != nil || !slices.Equal(s.Y, []float32{1, 0, 0, 1, 1, 0}) {
		t.Errorf("%+v, %v", s, err)
	}
	quantities := readRaw(t, "2 1 2\n1\n0.5 3\n2\n1.5 5\n", Options{})
	if p, err = quantities.Fit(nil, FitOptions{}); err != nil || len(p.Targets) != 2 || p.Targets[1].Name != "y1" {
		t.Fatalf("%+v, %v", p, err)
	}
	// (0.5, 1.5) has mean 1 and deviation 0.5; (3, 5) has 4 and 1.
	if s, err = quantities.Set(p); err != nil || !slices.Equal(s.Y, []float32{-1, -1, 1, 1}) || !slices.Equal(s.Targets, []string{"y0", "y1"}) {
		t.Errorf("%+v, %v", s, err)
	}
	if y := p.Restore(s.Y); !slices.Equal(y, []float64{0.5, 3, 1.5, 5}) {
		t.Errorf("restored %v", y)
	}
}

func TestBlanksAndSklearn(t *testing.T) {
	wantCells(t, readRaw(t, "  1   2.5  x \n 3  4 y\n", Options{}), "c0 c1 c2", "1 2.5 x", "3 4 y")
	wantCells(t, readRaw(t, "\"a b\" c\n1 2\n", Options{}), "a b c", "1 2")
	wantCells(t, readRaw(t, "2,3,no,yes\n1,2,3,0\n4,5,6,1\n", Options{}), "c0 c1 c2 c3", "1 2 3 no", "4 5 6 yes")
	wantCells(t, readRaw(t, "2,2,a,b,c\n1,2,0\n4,5,2\n", Options{}), "c0 c1 c2", "1 2 a", "4 5 c")
	wantCells(t, readRaw(t, "2,2,a,b\n1,2,7\n4,5,1\n", Options{}), "c0 c1 c2", "1 2 7", "4 5 1") // 7 is no class
	if _, err := ReadCSV("-", Options{Stdin: strings.NewReader("2,3,no,yes\n1,2\n")}); err == nil || !strings.Contains(err.Error(), "line 2: expected 4 cells") {
		t.Errorf("error %v", err)
	}
	if _, err := ReadCSV("-", Options{Stdin: strings.NewReader("1 2\n3 4 5\n")}); err == nil || !strings.Contains(err.Error(), "line 2: expected 2 cells, as on line 1, found 3") {
		t.Errorf("error %v", err)
	}
}

// packed packs a text.
func packed(t *testing.T, how string, text []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	var w io.WriteCloser = gzip.NewWriter(&b)
	if how == "zstd" {
		z, err := zstd.NewWriter(&b)
		if err != nil {
			t.Fatal(err)
		}
		w = z
	}
	if _, err := w.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestPackedFiles(t *testing.T) {
	for name, text := range map[string]string{"csv": "a,b\n1,x\n2,y\n", "arff": arffText, "libsvm": libsvmText, "fann": fannText} {
		want := cells(readRaw(t, text, Options{}).(*Table))
		for _, how := range []string{"gzip", "zstd"} {
			b := packed(t, how, []byte(text))
			path := filepath.Join(t.TempDir(), "x."+name+".packed")
			if err := os.WriteFile(path, b, 0o666); err != nil {
				t.Fatal(err)
			}
			raw, err := Read(path, Options{})
			if err != nil {
				t.Fatal(err)
			}
			if got := cells(raw.(*Table)); fmt.Sprint(got) != fmt.Sprint(want) || DetectFormat(path) != Format(name) {
				t.Errorf("%s in %s: %v, %s", name, how, got, DetectFormat(path))
			}
			if _, err := Read("-", Options{Stdin: bytes.NewReader(b[:len(b)-3])}); err == nil {
				t.Errorf("%s in %s, cut off: no error", name, how)
			}
		}
	}
}

func TestBombsAreRefused(t *testing.T) {
	zeros := bytes.Repeat([]byte(strings.Repeat(" ", 4095)+"\n"), 1<<14)
	for _, how := range []string{"gzip", "zstd"} {
		b := packed(t, how, zeros)
		_, err := Read("-", Options{Stdin: bytes.NewReader(b)})
		if !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), "it unpacks to more than 256 times its size") {
			t.Errorf("%d bytes of %s: error %v", len(b), how, err)
		}
	}
}

func TestBadFormats(t *testing.T) {
	arff := "@relation r\n@attribute a numeric\n@attribute b {x,y}\n"
	for _, c := range []struct {
		format Format
		text   string
		want   string
	}{
		{FANN, "", "line 1: truncated: expected the number of pairs"},
		{FANN, "2 1\n", "truncated: expected the number of outputs"},
		{FANN, "2 0 1\n", `line 1: expected the number of inputs, from 1, found "0"`},
		{FANN, "2 1 1\n1 2\n3", "truncated: the first line promises 2 pairs of 2 numbers, found 1 pairs and 1 numbers"},
		{FANN, "1 1 1\n1 2\n3", `line 3: expected the end after the 1 pairs that the first line promises, found "3"`},
		{FANN, "1 1 1\n1\nx", `line 3, column "y0": "x" is not a finite number`},
		{FANN, "1 70000 1\n", "line 1: 70000 inputs and 1 outputs: expected at most 65536 together"},
		{FANN, "2000000000 1 1\n1 2\n", "truncated"},
		{LibSVM, "", "the file is empty"},
		{LibSVM, "1 2:3 2:4\n", "line 1: index 2 follows 2: expected indices that grow"},
		{LibSVM, "1 2:x\n", `line 1, column "2": "x" is not a finite number`},
		{LibSVM, "1 2\n", `line 1: expected index:value with an index from 0 to 65534, found "2"`},
		{LibSVM, "1 99999999999999999999:1\n", "expected index:value"},
		{LibSVM, strings.Repeat("1 60000:1\n", 1000), "1000 rows of 60001 columns, of which the file gives 2000 cells"},
		{ARFF, "@relation r\n", "truncated: expected @data"},
		{ARFF, "@relation r\n@data\n", "line 2: @data without an @attribute before it"},
		{ARFF, "hello\n", `line 1: expected @relation, @attribute or @data, found "hello"`},
		{ARFF, "@attribute a relational\n", `line 1: attribute "a" has type "relational"`},
		{ARFF, "@attribute a {x,y\n", "line 1: the list of values"},
		{ARFF, "@attribute\n", "line 1: expected @attribute NAME TYPE"},
		{ARFF, "@attribute a real\n@attribute a real\n@data\n1,2\n", `column "a": the attribute is declared twice`},
		{ARFF, arff + "@data\n", "no rows after @data"},
		{ARFF, arff + "@data\n1\n", "line 5: expected 2 values, one for each attribute, found 1"},
		{ARFF, arff + "@data\n1,'x\n", "line 5: byte 3: a quote is opened and not closed"},
		{ARFF, arff + "@data\n1,'x'y\n", "line 5: byte 6: text after the closing quote"},
		{ARFF, arff + "@data\n{2 x}\n", `line 5: expected an index from 0 to 1, each once, found "2"`},
		{ARFF, arff + "@data\n{0 1, 0 2}\n", "each once"},
		{ARFF, arff + "@data\n{0 1\n", "line 5: the sparse row has no }"},
		{"word", "", `format is "word"`},
	} {
		_, err := Read("-", Options{Format: c.format, Stdin: strings.NewReader(c.text)})
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s %.40q: error\n %v\nwant\n %s", c.format, c.text, err, c.want)
		}
	}
}

func TestDetectFormat(t *testing.T) {
	dir := t.TempDir()
	for name, c := range map[string]struct {
		text string
		want Format
	}{
		"a.txt": {"1,2\n", CSV}, "b.data": {"1 2 3\n4 5 6\n", FANN}, "c.csv": {"1 2 3\n", CSV}, "d": {"1 1:2\n", LibSVM},
		"e": {"% x\n@Relation y\n", ARFF}, "f": {"", CSV}, "g.arff": {"", ARFF}, "h": {"\x00\x00\x08\x01", IDX},
		"i-idx3-ubyte": {"oops", IDX}, "j": {"PAR1", Parquet}, "k": {"PK\x03\x04", NPZ}, "l": {"\x93NUMPY", NPY},
		"m": {"\x89PNG\r\n\x1a\n", Picture}, "n.tsv.gz": {"x y:1", CSV}, "o": {"a b\n1 2\n", CSV},
	} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(c.text), 0o666); err != nil {
			t.Fatal(err)
		}
		if got := DetectFormat(path); got != c.want {
			t.Errorf("%s with %q is %s, want %s", name, c.text, got, c.want)
		}
	}
	if got := DetectFormat(dir); got != Folder {
		t.Errorf("a folder is %s", got)
	}
	if got := DetectFormat(filepath.Join(dir, "none")); got != CSV {
		t.Errorf("nothing is %s", got)
	}
}
