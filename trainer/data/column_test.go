package data

import (
	"strings"
	"testing"
)

func TestParseCell(t *testing.T) {
	for cell, want := range map[string]cellKind{
		"1": numberCell, "-1.5e-3": numberCell, "+.5": numberCell, "1e-400": numberCell, // underflows to 0
		"": missingCell, "NA": missingCell, "NaN": missingCell, "nan": missingCell, "?": missingCell,
		"Inf": textCell, "-infinity": textCell, "1e400": textCell, "1,5": textCell, "1_000": textCell, "0x1p2": textCell, "N": textCell,
	} {
		if x, got := parseCell(cell); got != want || (got == numberCell) != (x == x) {
			t.Errorf("%q is %v (%v), want %v", cell, x, got, want)
		}
	}
}

func TestLongCellsAreClipped(t *testing.T) {
	table := read(t, "age,label\n1,x\n2,y\n"+strings.Repeat("ä", 2000)+",x\n", CSVOptions{})
	_, err := table.Fit(nil)
	if err == nil || len(err.Error()) > 250 || !strings.Contains(err.Error(), `line 4, column "age": "`+strings.Repeat("ä", 20)+`…"`) {
		t.Errorf("error %v", err)
	}
	// A text too long to be a category cannot be taken for a known one.
	p := &Preprocess{Columns: []Column{{Name: "age", Kind: Category, Categories: []string{"1", "2"}}}, Classes: []string{"x", "y"}}
	if _, err := table.Set(p); err == nil || !strings.Contains(err.Error(), `line 4, column "age": category "ää`) {
		t.Errorf("error %v", err)
	}
}
