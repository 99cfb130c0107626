package data

import (
	"errors"
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
func TestReadRows(t *testing.T) {
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
	for _, names := range [][]string{{"site", "mass"}, nil} {
		rows := cellsOf(lines...)
		if names == nil {
			for _, row := range rows {
				slices.Reverse(row) // by position
			}
		}
		table, err := ReadRows("request", names, rows)
		if err != nil {
			t.Fatal(err)
		}
		got, err := table.Set(p)
		if err != nil || !slices.Equal(got.X, want.X) || got.Rows != 3 {
			t.Errorf("%v, %v, want %v", got, err, want.X)
		}
	}
	for text, want := range map[string]string{
		"west,1|north,2": `request: row 2, column "site": category "north" is not one`,
		"west,1|west,1x": `request: row 2, column "mass": "1x" is not a finite number`,
		"west,1|west":    `request: row 2: expected 2 cells, found 1`,
		"|":              `request: row 1: expected 2 cells, found 1`,
	} {
		table, err := ReadRows("request", []string{"site", "mass"}, cellsOf(strings.Split(text, "|")...))
		if err == nil {
			_, err = table.Set(p)
		}
		if !errors.Is(err, ErrFormat) || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
	if _, err := ReadRows("request", nil, nil); !errors.Is(err, ErrFormat) {
		t.Errorf("no rows: %v", err)
	}
}
