package data

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// read makes a Table of a text.
func read(t *testing.T, text string, opts Options) *Table {
	t.Helper()
	opts.Stdin = strings.NewReader(text)
	table, err := ReadCSV("-", opts)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

func TestReadCSVForms(t *testing.T) {
	for _, c := range []struct {
		file  string
		names []string
		texts [][]string // by column, different cells in order
	}{
		{"excel.csv", []string{"age", "town", "ill"}, [][]string{{"30", "40"}, {"Köln; Süd", "Bonn"}, {"yes", "no"}}},
		{"tabs.csv", []string{"c0", "c1", "c2"}, [][]string{{"1", "3"}, {"2", ""}, {"0", "1"}}},
		{"plain.csv.gz", []string{"c0", "c1", "c2"}, [][]string{{"1.5", "2.5"}, {"2", "3"}, {"1", "0"}}},
	} {
		table, err := ReadCSV("testdata/"+c.file, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(table.Names, c.names) || table.Rows() != 2 {
			t.Errorf("%s: columns %q, %d rows", c.file, table.Names, table.Rows())
		}
		for j, want := range c.texts {
			var got []string
			for i := range table.Rows() {
				if s := table.shown(i, j); !slices.Contains(got, s) {
					got = append(got, s)
				}
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s: column %d holds %q, want %q", c.file, j, got, want)
			}
		}
	}
	table, err := ReadCSV("testdata/excel.csv", Options{})
	if err != nil || table.line(0) != 2 || table.line(1) != 4 { // line 3 is blank
		t.Errorf("rows are on lines %d and %d (%v), want 2 and 4", table.line(0), table.line(1), err)
	}
}

func TestSeparator(t *testing.T) {
	for text, names := range map[string][]string{
		"a,b\n1,2\n":         {"a", "b"},
		"a;b\n1,5;2,5\n":     {"a", "b"},
		"1,5;2,5\nx;y\n":     {"c0", "c1"},
		"a\tb;c\n1\t2\n":     {"a", "b;c"},
		"\"a;x\",b\n1,2\n":   {"a;x", "b"},
		"a,b\n\"x;\ty\",2\n": {"c0", "c1"}, // a separator below the first line does not count
		"a;b":                {"c0", "c1"},
	} {
		header := AutoHeader
		if names[0] == "c0" {
			header = NoHeader
		}
		if got := read(t, text, Options{Header: header}).Names; !slices.Equal(got, names) {
			t.Errorf("%q: columns %q, want %q", text, got, names)
		}
	}
	if got := read(t, "a|b\n1|2\n", Options{Comma: '|'}).Names; !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("separator |: columns %q", got)
	}
	_, err := ReadCSV("-", Options{Comma: '"', Stdin: strings.NewReader("a\n1\n")})
	if err == nil || !strings.Contains(err.Error(), "cannot separate cells") {
		t.Errorf("separator \": error %v", err)
	}
}

func TestHeader(t *testing.T) {
	for _, c := range []struct {
		text   string
		header bool
	}{
		{"age,class\n31,x\n32,y\n", true},
		{"5.1,x\n4.9,y\n", false},
		{"1,2\n3,4\n", false},
		{"label,0,1,2\n7,0,0,0\n", true},     // pixel numbers
		{"name,colour\nann,red\n", true},     // all texts, all different
		{"red,red\nblue,red\n", false},       // the same text twice
		{"?,1\n2,3\n", false},                // a missing cell is no name
		{"a,b\n?,1\n2,3\n", true},            // nor does it hide numbers
		{",a,b\n0,1.5,x\n1,2.5,y\n", true},   // an index column without a name
		{"a,b\n" + "1,x\nz,y\n", true},       // all texts, all different
		{"a,a\n" + "1,x\nz,y\n", false},      // a text below: the column is not of numbers
		{"x,1\ny,2\nx,3\ny,4\nx,5\n", false}, // a text above texts
	} {
		table := read(t, c.text, Options{})
		if table.header != c.header {
			t.Errorf("%q: header %v, want %v", c.text, table.header, c.header)
		}
		if lines := strings.Count(c.text, "\n"); c.header && table.Rows() != lines-1 || !c.header && table.Rows() != lines {
			t.Errorf("%q: %d rows", c.text, table.Rows())
		}
	}
	if names := read(t, ",a\n1,2\n", Options{Header: WithHeader}).Names; names[0] != "c0" {
		t.Errorf("a column without a name is called %q", names[0])
	}
	if table := read(t, "age,class\n31,x\n", Options{Header: NoHeader}); table.Rows() != 2 {
		t.Error("NoHeader takes a header")
	}
}

// A cell is what it is by itself, wherever it stands: numbers that are read in words of eight
// bytes do not read on into the next cell, row or, in a stream's chunk, the row behind.
func TestCellsStandAlone(t *testing.T) {
	cells := []string{"1", "-2.5", "12345678", "123456789", "-0", "0.12345678", "3.123456789", "1e3", "-1.5E-2", "+7", "5.", ".5",
		"12345678.12345678", "90071992.54740993", "  4 ", "\"6\"", "", "NA", "1x", "1 2", "--1", ".", "-", "9999999999999999999999"}
	r := rand.New(rand.NewPCG(3, 4))
	for range 300 {
		var rows [][]string
		var text strings.Builder
		width := 1 + r.IntN(6)
		for range 1 + r.IntN(40) {
			row := make([]string, width+1)
			for j := range row {
				row[j] = cells[r.IntN(len(cells))]
			}
			row[0] = "0" // no row is blank
			rows = append(rows, row)
			text.WriteString(strings.Join(row, ",") + []string{"\n", "\r\n"}[r.IntN(2)])
		}
		table := read(t, strings.TrimSpace(text.String()), Options{Header: NoHeader, Comma: ','})
		var joined []byte // as a stream has it, without line ends
		var cuts []cut
		for i, row := range rows {
			joined = append(joined, strings.Join(row, ",")...)
			cuts = append(cuts, cut{len(joined), i + 1, strings.Contains(strings.Join(row, ","), "\"")})
		}
		streamed, err := newTable("-", Options{}, make([]string, width+1))
		if err != nil {
			t.Fatal(err)
		}
		if err := (&csvRows{reader: &csvReader{lines: &lines{}, comma: ',', first: 1, width: width + 1}}).parse(&chunk{text: joined, cuts: cuts, table: streamed}); err != nil {
			t.Fatal(err)
		}
		for i, row := range rows {
			for j, text := range row {
				text = strings.Trim(strings.TrimSpace(text), "\"")
				want := text
				if isMissing([]byte(text)) {
					want = ""
				} else if x, ok := parseNumber([]byte(text)); ok {
					want = spell(x)
				}
				if a, b := table.shown(i, j), streamed.shown(i, j); a != want || b != want {
					t.Fatalf("row %q: cell %d is %q, and %q in a stream, want %q", row, j, a, b, want)
				}
			}
		}
	}
}

// repeated is n times the same bytes, without the memory.
type repeated struct {
	text []byte
	n    int
}

func (r *repeated) Read(p []byte) (int, error) {
	if r.n == 0 {
		return 0, io.EOF
	}
	r.n--
	return copy(p, r.text), nil
}

func TestEndlessRowIsRefused(t *testing.T) {
	const size = 1 << 30
	for _, start := range []string{"a,b\n1,2\n", "a,b\n1,2\n3,\""} {
		chunk := bytes.Repeat([]byte("1"), 4096)
		in := io.MultiReader(strings.NewReader(start), &repeated{chunk, size / len(chunk)})
		var err error
		n := allocated(func() { _, err = ReadCSV("-", Options{Stdin: in}) })
		if err == nil || !strings.Contains(err.Error(), "line 3: a row of more than 4194304 bytes") {
			t.Errorf("error %v, want a row too long on line 3", err)
		}
		// The row is held up to three times, in memory that doubles as it grows.
		if n > 12*maxRecord {
			t.Errorf("allocated %d bytes for a row of at most %d", n, maxRecord)
		}
	}
}

func TestTableIsBounded(t *testing.T) {
	for text, want := range map[string]string{
		"a,b\n1,2\n3,4\n5,6\n":                  "line 4: more than 5 cells",
		strings.Repeat(",", maxColumns) + "\n":  "line 1: more than 65536 columns",
		strings.Repeat("a", maxText+1) + ",b\n": "the name is not UTF-8 text of at most 1024 bytes",
	} {
		_, err := ReadCSV("-", Options{Header: WithHeader, Stdin: strings.NewReader(text), maxCells: 5})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.20q: error %v, want %q", text, err, want)
		}
	}
	if _, err := ReadCSV("-", Options{}); err == nil || !strings.Contains(err.Error(), "no standard input") {
		t.Errorf("without Stdin: %v", err)
	}
}

// TestBrokenReader: an error in the middle of a file is not taken for its end.
func TestBrokenReader(t *testing.T) {
	broken := errors.New("cable pulled")
	for _, text := range []string{"", "a,b\n1,2\n3,", "a,b\n1,2\n" + strings.Repeat("1,2\n", 40000)} {
		in := io.MultiReader(strings.NewReader(text), failing{broken})
		if _, err := ReadCSV("-", Options{Stdin: in}); !errors.Is(err, broken) {
			t.Errorf("after %d bytes: error %v", len(text), err)
		}
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func FuzzReadCSV(f *testing.F) {
	paths, _ := filepath.Glob("testdata/*.csv*")
	for _, path := range paths {
		b, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		table, err := ReadCSV("-", Options{Stdin: bytes.NewReader(b)})
		if err != nil {
			return
		}
		p, err := table.Fit(nil, FitOptions{})
		if err != nil {
			return
		}
		s, err := table.Set(p)
		if err != nil {
			// The one thing that Fit does not know: a value far from a tiny spread.
			if !strings.Contains(err.Error(), "beyond float32") {
				t.Fatalf("Fit takes what Set refuses: %v", err)
			}
			return
		}
		if len(s.X) != s.Rows*p.Features() || len(s.Y) != s.Rows*s.Outputs || s.Rows != table.Rows() {
			t.Fatalf("%d and %d values for %d rows of %d and %d", len(s.X), len(s.Y), s.Rows, s.Features, s.Outputs)
		}
		for _, x := range s.X {
			if x-x != 0 {
				t.Fatalf("an input is %v", x)
			}
		}
		for i := range s.Rows {
			if s.Regression() {
				break
			}
			if s.Y[i*s.Outputs+s.Label(i)] != 1 {
				t.Fatalf("row %d has no class", i)
			}
		}
	})
}
