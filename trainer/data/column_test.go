package data

import (
	"slices"
	"strings"
	"testing"
)

func TestJudge(t *testing.T) {
	const number, missing, text = "number", "missing", "text"
	for spelling, want := range map[string]string{
		"1": number, "-1.5e-3": number, "+.5": number, "1e-400": number, // underflows to 0
		"5.": number, "-0": number, "12345678901234567890": number, "0.1234567890123456789": number,
		"": missing, "NA": missing, "NaN": missing, "nan": missing, "?": missing, "N/A": missing, "null": missing,
		"Inf": text, "-infinity": text, "1e400": text, "1,5": text, "1_000": text, "0x1p2": text, "N": text,
		".": text, "-": text, "1e": text, "e5": text, "1.2.3": text, "--1": text, "1e5.0": text, "None": text,
	} {
		table, err := newTable("-", Options{}, make([]string, 1))
		if err != nil {
			t.Fatal(err)
		}
		c, got := table.judge(0, []byte(spelling)), text
		switch {
		case c.isNumber():
			got = number
		case !c.isText():
			got = missing
		}
		if got != want {
			t.Errorf("%q is a %s, want %s", spelling, got, want)
		}
	}
}

func TestLongCellsAreClipped(t *testing.T) {
	table := read(t, "age,label\n1,x\n2,y\n"+strings.Repeat("ä", 2000)+",x\n", Options{})
	_, err := table.Fit(nil, FitOptions{})
	if err == nil || len(err.Error()) > 250 || !strings.Contains(err.Error(), `line 4, column "age": "`+strings.Repeat("ä", 20)+`…"`) {
		t.Errorf("error %v", err)
	}
	// A text too long to be a category cannot be taken for a known one.
	p := &Preprocess{Columns: []Column{{Name: "age", Kind: Category, Categories: []string{"1", "2"}}}, Classes: []string{"x", "y"}}
	if _, err := table.Set(p); err == nil || !strings.Contains(err.Error(), `line 4, column "age": category "ää`) {
		t.Errorf("error %v", err)
	}
}

// A column that the format says is one of categories may have numbers alone, and then there is
// no text of it to look at.
func TestSplitNominalNumbers(t *testing.T) {
	table := readRaw(t, "@relation r\n@attribute a {0,1,2}\n@attribute kind {auk,owl}\n@data\n0,auk\n1,owl\n0,owl\n1,auk\n0,auk\n1,owl\n2,owl\n", Options{}).(*Table)
	train, validation, err := table.Split(nil, 0.3, 1)
	if err != nil || len(train)+len(validation) != 7 || len(validation) == 0 || slices.Contains(validation, 6) {
		t.Errorf("%v and %v, %v", train, validation, err)
	}
	// Each row has a number of its own: none can be held back.
	table = readRaw(t, "@relation r\n@attribute a {0,1,2,3}\n@attribute kind {auk,owl}\n@data\n0,auk\n1,owl\n2,owl\n3,auk\n", Options{}).(*Table)
	if _, _, err := table.Split(nil, 0.5, 1); err == nil || !strings.Contains(err.Error(), `such as "a", which has 4 different`) {
		t.Error(err)
	}
}
