package data

import (
	"encoding/binary"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
)

func cellsOf(lines ...string) (rows [][][]byte) {
	for _, line := range lines {
		var cells [][]byte
		for cell := range strings.SplitSeq(line, ",") {
			cells = append(cells, []byte(cell))
		}
		rows = append(rows, cells)
	}
	return rows
}

// Rows in memory become what the same rows of a CSV file become.
func TestRows(t *testing.T) {
	p := &Preprocess{Classes: []string{"a", "b"}, Columns: []Column{
		{Name: "mass", Kind: Number, Mean: 2, Std: 0.5, Missing: Mean, Fill: 3},
		{Name: "site", Kind: Category, Categories: []string{"east", "west"}},
	}}
	lines := []string{"west,1.5", "east,NA", "east,-2e1"}
	file, err := readCSV("x.csv", strings.NewReader("site,mass\n"+strings.Join(lines, "\n")), Options{})
	if err != nil {
		t.Fatal(err)
	}
	want, err := file.Set(p)
	if err != nil {
		t.Fatal(err)
	}
	made, err := NewRows("request", p)
	if err != nil || made.Cells() != 2 {
		t.Fatal(err)
	}
	var got []float32
	for i, cells := range cellsOf(lines...) {
		slices.Reverse(cells) // in the order of p
		if got, err = made.Append(got, i+1, cells); err != nil {
			t.Fatal(err)
		}
	}
	if !slices.Equal(got, want.X) {
		t.Errorf("%v, want %v", got, want.X)
	}
	for text, want := range map[string]string{
		"2,north":  `request: row 7, column "site": category "north" is not one`,
		"2,03":     `request: row 7, column "site": category "3" is not one`,
		"2,":       `request: row 7, column "site": the value is missing`,
		"1x,west":  `request: row 7, column "mass": "1x" is not a finite number`,
		"1e999,w":  `request: row 7, column "mass": "1e999" is not a finite number`,
		"1e39,w":   `request: row 7, column "mass": 1e+39 is beyond float32`,
		"west":     `request: row 7: expected 2 cells, found 1`,
		"1,west,2": `request: row 7: expected 2 cells, found 3`,
	} {
		if _, err := made.Append(nil, 7, cellsOf(text)[0]); !errors.Is(err, ErrFormat) || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
	if _, err := NewRows("request", &Preprocess{}); !errors.Is(err, ErrFormat) {
		t.Errorf("no columns: %v", err)
	}
}

// Pixels, categories that are numbers, and policies for what is not there.
func TestRowsOfEachKind(t *testing.T) {
	classes := []string{"a", "b"}
	for _, c := range []struct {
		p    *Preprocess
		line string
		want []float32
		fail string
	}{
		{&Preprocess{Classes: classes, Image: &Image{Width: 2, Height: 1, Scale: 0.25}}, "0,255", []float32{0, 63.75}, ""},
		{&Preprocess{Classes: classes, Image: &Image{Width: 2, Height: 1, Scale: 0.25}}, "0,?", nil, `column "c1": the value is missing`},
		{&Preprocess{Classes: classes, Columns: []Column{{Name: "n", Kind: Category, Categories: []string{"1.0", "2"}}}}, "1", []float32{1, 0}, ""},
		{&Preprocess{Classes: classes, Columns: []Column{{Name: "n", Kind: Category, Categories: []string{"1", "2"}, Missing: Zero}}}, "NA", []float32{0, 0}, ""},
		{&Preprocess{Classes: classes, Columns: []Column{{Name: "n", Kind: Category, Categories: []string{"1", "2"}, Unseen: Zero}}}, "7", []float32{0, 0}, ""},
		{&Preprocess{Classes: classes, Columns: []Column{{Name: "n", Kind: Number, Mean: 1, Std: 2}}}, "", nil, `column "n": the value is missing`},
	} {
		r, err := NewRows("x", c.p)
		if err != nil {
			t.Fatal(err)
		}
		got, err := r.Append(nil, 1, cellsOf(c.line)[0])
		if c.fail != "" && (err == nil || !strings.Contains(err.Error(), c.fail)) || c.fail == "" && (err != nil || !slices.Equal(got, c.want)) {
			t.Errorf("%q: %v, %v, want %v %s", c.line, got, err, c.want, c.fail)
		}
	}
}

// A row of numbers in one go, and a row of float32, become what its cells do.
func TestRowsOfNumbers(t *testing.T) {
	classes := []string{"a", "b"}
	p := &Preprocess{Classes: classes, Columns: []Column{
		{Name: "x", Kind: Number, Mean: 2, Std: 0.5, Missing: Mean, Fill: 3},
		{Name: "y", Kind: Number, Mean: -1, Std: 3},
	}}
	words := &Preprocess{Classes: classes, Columns: []Column{{Name: "n", Kind: Category, Categories: []string{"1", "2"}}}}
	image := &Preprocess{Classes: classes, Image: &Image{Width: 2, Height: 1, Scale: 1. / 255}}
	for _, c := range []struct {
		p    *Preprocess
		text string
		n    int
	}{
		{p, "1.5,-2]", 6}, {p, "1.5, -20000000000 ]", 17}, {p, "0.1234567890123,1e3]", 19}, {p, "1,2,3]", 3}, {image, "7,255]", 5},
		{p, "1.5", 0}, {p, "1.5,", 0}, {p, "1.5 ,2]", 0}, {p, "null,1]", 0}, {p, "01,1]", 0}, {p, "1,.5]", 0}, {p, "1,1e39]", 0}, {words, "1]", 0}, {p, "", 0},
	} {
		r, err := NewRows("x", c.p)
		if err != nil {
			t.Fatal(err)
		}
		got, n := r.AppendNumbers([]float32{7}, []byte(c.text))
		want := []float32{7}
		if c.n > 0 {
			if want, err = r.Append(want, 1, cellsOf(strings.ReplaceAll(c.text[:c.n], " ", ""))[0][:2]); err != nil {
				t.Fatal(err)
			}
		}
		if n != c.n || !slices.Equal(got, want) {
			t.Errorf("%q: %v of %d bytes, want %v of %d", c.text, got, n, want, c.n)
		}
	}
	nan := float32(math.NaN())
	for _, c := range []struct {
		p    *Preprocess
		x    []float32
		line string // the same as text, or
		fail string
	}{
		{p, []float32{1.5, -2}, "1.5,-2", ""}, {p, []float32{nan, 0.25}, ",0.25", ""}, {image, []float32{0, 255}, "0,255", ""},
		{p, []float32{1, nan}, "", `x: row 4, column "y": the value is missing`},
		{image, []float32{1, nan}, "", `x: row 4, column "c1": the value is missing`},
		{p, []float32{float32(math.Inf(1)), 2}, "", `x: row 4, column "x": +Inf is beyond float32`},
		{p, []float32{1}, "", `x: row 4: expected 8 bytes, 2 float32, found 4`},
		{words, []float32{1}, "", `x: row 4, column "n": the column has texts`},
	} {
		r, err := NewRows("x", c.p)
		if err != nil {
			t.Fatal(err)
		}
		var b []byte
		for _, x := range c.x {
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
		}
		got, err := r.AppendFloats(nil, 4, b)
		if c.fail != "" {
			if err == nil || !strings.HasPrefix(err.Error(), c.fail) {
				t.Errorf("%v: %v, want %s", c.x, err, c.fail)
			}
			continue
		}
		if want, _ := r.Append(nil, 4, cellsOf(c.line)[0]); err != nil || !slices.Equal(got, want) {
			t.Errorf("%v: %v (%v), want %v", c.x, got, err, want)
		}
	}
}
