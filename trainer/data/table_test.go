package data

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
)

func fitIris(t *testing.T, rows []int) (*Table, *Preprocess) {
	t.Helper()
	table, err := ReadCSV("testdata/iris.csv", Options{})
	if err != nil {
		t.Fatal(err)
	}
	p, err := table.Fit(rows, FitOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return table, p
}

// TestFitAndSet against numbers worked by hand: sepal 5, 7, 6, 6 has mean 6 and
// variance (1 + 1 + 0 + 0)/4 = 1/2; petal is constant.
func TestFitAndSet(t *testing.T) {
	table, p := fitIris(t, nil)
	sepal := p.Columns[0]
	if sepal.Kind != Number || sepal.Mean != 6 || sepal.Std != math.Sqrt(0.5) {
		t.Errorf("sepal %+v, want mean 6 and std √½", sepal)
	}
	if petal := p.Columns[1]; petal.Mean != 1 || petal.Std != 1 {
		t.Errorf("petal, which is constant: %+v, want mean 1 and std 1", petal)
	}
	if colour := p.Columns[2]; colour.Kind != Category || !slices.Equal(colour.Categories, []string{"blue", "green", "red"}) {
		t.Errorf("colour %+v", colour)
	}
	s, err := table.Set(p)
	if err != nil {
		t.Fatal(err)
	}
	r := float32(math.Sqrt2) // ±1/√½
	want := []float32{
		-r, 0, 0, 0, 1,
		r, 0, 1, 0, 0,
		0, 0, 0, 0, 1,
		0, 0, 0, 1, 0,
	}
	for i := range want {
		// (x − 6)/√½ in float64 is within 2⁻⁵² of √2, rounded once to float32.
		if math.Abs(float64(s.X[i]-want[i])) > 1.2e-7 {
			t.Errorf("X[%d] = %v, want %v", i, s.X[i], want[i])
		}
	}
	if want := []float32{1, 0, 0, 1, 1, 0, 0, 1}; !slices.Equal(s.Y, want) {
		t.Errorf("Y = %v, want %v", s.Y, want)
	}
	if p.Label != "species" || !slices.Equal(s.Classes, []string{"setosa", "virginica"}) {
		t.Errorf("label %q, classes %q", p.Label, s.Classes)
	}
}

// TestFitLearnsFromTrainingRows: mean and std of rows 0 and 1 alone, 5 and 7;
// categories and classes of all rows.
func TestFitLearnsFromTrainingRows(t *testing.T) {
	table, p := fitIris(t, []int{0, 1})
	if c := p.Columns[0]; c.Mean != 6 || c.Std != 1 {
		t.Errorf("mean %v and std %v, want 6 and 1", c.Mean, c.Std)
	}
	if got := p.Columns[2].Categories; !slices.Equal(got, []string{"blue", "red"}) {
		t.Errorf("categories %q, want blue and red", got)
	}
	if _, err := table.Set(p); err == nil || !strings.Contains(err.Error(), `column "colour": category "green" is not one that the model knows`) {
		t.Errorf("a category of no training row: %v", err)
	}
	if _, err := table.Fit([]int{}, FitOptions{}); err == nil || !strings.Contains(err.Error(), "no training rows") {
		t.Errorf("no rows: %v", err)
	}
}

// TestMomentsOfLargeNumbers: 10⁹ + {4, 7, 13, 16} has mean 10⁹ + 10 and variance
// (36 + 9 + 9 + 36)/4 = 22.5; Σx² − nμ² would lose all its digits.
func TestMomentsOfLargeNumbers(t *testing.T) {
	s := read(t, "a,b\n1000000004,0.1\n1000000007,0.1\n1000000013,0.1\n1000000016,0.1\n"+strings.Repeat("1000000010,0.1\n", 6), Options{})
	got := s.statistics([]int{0, 1}, []int{0, 1, 2, 3})[0]
	if got.mean != 1e9+10 || got.std() != math.Sqrt(22.5) || got.least != 1e9+4 || got.largest != 1e9+16 {
		t.Errorf("%+v, want mean %v and std %v", got, 1e9+10, math.Sqrt(22.5))
	}
	// Ten times 0.1 sums up to other than 1: a constant must not get a spread from that.
	if mean, std := s.statistics([]int{1}, nil)[0].scaled(Standard); mean != 0.1 || std != 1 {
		t.Errorf("constant: mean %v and std %v, want 0.1 and 1", mean, std)
	}
}

func TestSetForPrediction(t *testing.T) {
	table, p := fitIris(t, nil)
	want, err := table.Set(p)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"without label":  "sepal,petal,colour\n5,1,red\n7,1,blue\n6,1,red\n6,1,green\n",
		"another order":  "colour,petal,sepal\nred,1,5\nblue,1,7\nred,1,6\ngreen,1,6\n",
		"extra columns":  "id,sepal,note,petal,colour\n1,5,?,1,red\n2,7,abc,1,blue\n3,6,,1,red\n4,6,Inf,1,green\n",
		"without header": "5,1,red\n7,1,blue\n6,1,red\n6,1,green\n",
	} {
		s, err := read(t, text, Options{}).Set(p)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if !slices.Equal(s.X, want.X) || s.Y != nil || s.Outputs != 2 || s.Label(0) != -1 {
			t.Errorf("%s: %+v", name, s)
		}
	}
}

func TestSetErrors(t *testing.T) {
	_, p := fitIris(t, nil)
	for text, want := range map[string]string{
		"sepal,colour\n5,red\n": `line 1, column "petal": the model needs this column and the file does not have it: it has "sepal", "colour"`,
		"5,1\n":                 `column "sepal": the model needs this column and the file has no header: add one, or give the model's 3 columns and no others, found 2`,
		"sepal,petal,colour\n5,1,red\n6,1,pink\n":    `line 3, column "colour": category "pink" is not one that the model knows: "blue", "green", "red"`,
		"sepal,petal,colour\n5,1,red\n6,,red\n":      `line 3, column "petal": the value is missing`,
		"sepal,petal,colour\n5,1,red\nx,1,red\n":     `line 3, column "sepal": "x" is not a finite number, as the model needs`,
		"sepal,petal,colour\n5,1,red\n1e300,1,red\n": `line 3, column "sepal": 1e+300 is beyond float32`,
		"sepal,petal,colour,species\n5,1,red,rose\n": `line 2, column "species": class "rose" is not one that the model knows: "setosa", "virginica"`,
		"sepal,petal,colour,species\n5,1,red,\n":     `line 2, column "species": the value is missing`,
	} {
		if s, err := read(t, text, Options{}).Set(p); err == nil || s != nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error\n %v\nwant\n %s", text, err, want)
		}
	}
	many := "sepal,petal,colour\n" + strings.Repeat("5,1,red\n", 3)
	for i := range 1200 {
		many += fmt.Sprintf("5,1,shade%d\n", i)
	}
	if _, err := read(t, many, Options{}).Set(p); err == nil || !strings.Contains(err.Error(), `line 5, column "colour": category "shade0"`) {
		t.Errorf("more texts than a column keeps: %v", err)
	}
	if _, err := read(t, "a,b\n1,2\n", Options{}).Set(&Preprocess{}); err == nil {
		t.Error("an empty Preprocess is taken")
	}
}

func TestLabels(t *testing.T) {
	for _, c := range []struct {
		text, label string
		name        string
		classes     []string
	}{
		{"a,b\n1,10\n2,9\n3,10\n", "", "b", []string{"9", "10"}},
		{"a,b\n1,10\n2,x\n3,y\n", "", "b", []string{"10", "x", "y"}},
		{"a,b\n1,1.0\n2,0\n3,01\n", "", "b", []string{"0", "1"}},
		{"a,b\n1,-1\n2,1\n3,1\n", "-1", "b", []string{"-1", "1"}},
		{"a,b\n1,x\n2,x\n3,x\n", "a", "a", []string{"1", "2", "3"}},
		{"a,b\n1,x\n2,x\n3,x\n", "0", "a", []string{"1", "2", "3"}},
		{"a,b\n1,x\n2,x\n3,x\n", "-2", "a", []string{"1", "2", "3"}},
		{"1,x\n2,y\n3,y\n", "c1", "c1", []string{"x", "y"}},
		{"1,a,b\nx,1,5\ny,2,6\n", "1", "1", []string{"x", "y"}}, // a name goes before a position
		{"a,b\n1,0.5\n2,1.5\n3,0.5\n", "", "b", []string{"0.5", "1.5"}},
	} {
		header := AutoHeader
		if c.label == "1" {
			header = WithHeader
		}
		p, err := read(t, c.text, Options{Label: c.label, Header: header}).Fit(nil, FitOptions{})
		if err != nil {
			t.Errorf("%q: %v", c.text, err)
			continue
		}
		if p.Label != c.name || !slices.Equal(p.Classes, c.classes) {
			t.Errorf("%q, label %q: column %q of %q, want %q of %q", c.text, c.label, p.Label, p.Classes, c.name, c.classes)
		}
	}
	for _, label := range []string{"species", "2", "-3"} {
		_, err := read(t, "a,b\n1,x\n2,y\n", Options{Label: label}).Fit(nil, FitOptions{})
		if want := fmt.Sprintf(`-: line 1: no label column %q: the columns are "a", "b", or 0 to 1 by position`, label); err == nil || err.Error() != want {
			t.Errorf("label %s: error %v, want %s", label, err, want)
		}
	}
}

// TestManySpellings: a number is one class however it is spelled.
func TestManySpellings(t *testing.T) {
	p := &Preprocess{Columns: []Column{{Name: "a", Kind: Number, Std: 1}}, Label: "b", Classes: []string{"0", "1"}}
	text := "a,b\n"
	for i := range maxCategories + 5 {
		text += "1,1." + strings.Repeat("0", i) + "\n"
	}
	s, err := read(t, text, Options{}).Set(p)
	if err != nil {
		t.Fatal(err)
	}
	for i := range s.Rows {
		if s.Label(i) != 1 {
			t.Fatalf("row %d is class %d, want 1", i, s.Label(i))
		}
	}
}

func TestSplitOfTableAgreesWithSet(t *testing.T) {
	text := "a,b\n"
	for i := range 40 {
		text += fmt.Sprintf("%d,%s\n", i, []string{"x", "y", "y", "z"}[i%4])
	}
	table := read(t, text, Options{})
	train, validation, err := table.Split(nil, 0.25, 3)
	if err != nil {
		t.Fatal(err)
	}
	p, err := table.Fit(train, FitOptions{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := table.Set(p)
	if err != nil {
		t.Fatal(err)
	}
	a, b, err := s.Split(0.25, 3)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(a.X, s.Subset(train).X) || !slices.Equal(b.X, s.Subset(validation).X) {
		t.Error("Table.Split and Set.Split choose different rows")
	}
	if got := classCounts(b); !slices.Equal(got, []int{3, 5, 2}) && !slices.Equal(got, []int{2, 5, 3}) { // quotas 2.5, 5, 2.5
		t.Errorf("validation classes %v", got)
	}
}

func TestPixelsFromCSV(t *testing.T) {
	p := &Preprocess{Image: &Image{Width: 2, Height: 1, Scale: 1.0 / 255}, Label: "label", Classes: []string{"0", "1", "2"}}
	for text, label := range map[string]int{
		"51,255\n":                 -1,
		"p0,p1\n51,255\n":          -1,
		"51,255,2\n":               2,
		"label,p0,p1\n1,51,255\n":  1,
		"p0,label,p1\n51,1,255\n":  1,
		"p0,p1,digit\n51,255,2\n":  2,
		"p0,p1,label\n51,255,02\n": 2,
	} {
		s, err := read(t, text, Options{}).Set(p)
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		if !slices.Equal(s.X, []float32{0.2, 1}) || s.Label(0) != label {
			t.Errorf("%q: %v, class %d", text, s.X, s.Label(0))
		}
	}
	for text, want := range map[string]string{
		"1\n":       "line 1: expected 2 columns, the 2 × 1 pixels of an image, found 1",
		"1,2,3,4\n": "found 4",
		"1,x\n":     `line 1, column "c1": "x" is not a finite number`,
		"1,2,7\n":   `line 1, column "c2": class "7" is not one that the model knows`,
	} {
		if _, err := read(t, text, Options{Header: NoHeader}).Set(p); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want %q", text, err, want)
		}
	}
}

// TestPreprocessIsStable: the JSON is part of the model file format.
func TestPreprocessIsStable(t *testing.T) {
	_, p := fitIris(t, []int{0, 1})
	got, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"columns":[{"name":"sepal","kind":"number","mean":6,"std":1},{"name":"petal","kind":"number","mean":1,"std":1},` +
		`{"name":"colour","kind":"category","categories":["blue","red"]}],"label":"species","classes":["setosa","virginica"]}`
	if string(got) != want {
		t.Errorf("JSON\n %s\nwant\n %s", got, want)
	}
	_, p, err = LoadIDX("testdata/images.idx", "testdata/labels.idx")
	if err != nil {
		t.Fatal(err)
	}
	if got, err = json.Marshal(p); err != nil || string(got) != `{"image":{"width":2,"height":2,"scale":0.00392156862745098},"classes":["0","1","2"]}` {
		t.Errorf("JSON %s, %v", got, err)
	}
}
