package data

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
)

const coast = `mass,wing,site,kind
10,1,north,auk
20,,south,auk
60,3,,owl
,5,north,owl
1000,9,east,owl
`

// TestMissing: statistics by hand of rows 0 to 3, of which each column lacks one.
// mass 10, 20, 60 has mean 30 and median 20, wing 1, 3, 5 has 3 and 3.
func TestMissing(t *testing.T) {
	table := read(t, coast, Options{})
	rows := []int{0, 1, 2, 3}
	for _, c := range []struct {
		opts FitOptions
		fill []float64
	}{
		{FitOptions{Missing: Mean}, []float64{30, 3}},
		{FitOptions{Missing: Median}, []float64{20, 3}},
		{FitOptions{Missing: Constant, Fill: -1}, []float64{-1, -1}},
	} {
		p, err := table.Fit(rows, c.opts)
		if err != nil {
			t.Fatal(err)
		}
		for j, want := range c.fill {
			if f := p.Columns[j]; f.Fill != want || f.Missing != c.opts.Missing || f.Mean != []float64{30, 3}[j] {
				t.Errorf("%+v: %+v, want fill %v", c.opts, f, want)
			}
		}
		if site := p.Columns[2]; site.Missing != Zero || !slices.Equal(site.Categories, []string{"north", "south"}) {
			t.Errorf("site %+v", site)
		}
		// What is missing becomes the fill, in another file too, and a category nothing.
		s, err := read(t, "site,mass,wing\n,,?\nsouth,30,3\n", Options{}).Set(p)
		if err != nil {
			t.Fatal(err)
		}
		fill := float32((c.fill[0] - p.Columns[0].Mean) / p.Columns[0].Std)
		if want := []float32{fill, float32((c.fill[1] - 3) / p.Columns[1].Std), 0, 0, 0, 0, 0, 1}; !slices.Equal(s.X, want) {
			t.Errorf("%+v: %v, want %v", c.opts, s.X, want)
		}
	}
	if median := read(t, "a,b\n4,x\n1,y\n3,x\n2,y\n", Options{}).median(0, nil); median != 2.5 {
		t.Errorf("median %v, want 2.5", median)
	}
	for text, want := range map[string]string{
		"a,b\n,x\n,y\n":         `column "a": every value is missing: leave the column out`,
		"a,b\n1,x\n2,y\n3,\n":   `line 4, column "b": the value is missing: fill it in, or leave the row out`,
		"a,b\n1,x\nq,y\n,x\n":   `line 3, column "a": "q" is not a finite number; 1 of the column's 2 cells are`,
		"a,b\nr,x\n,y\ns5,x\n":  "",
		"a,b\n1,x\n,y\n2e999,y": `line 4, column "a": "2e999" is not a finite number`,
	} {
		_, err := read(t, text, Options{}).Fit(nil, FitOptions{Missing: Mean})
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q: error %v, want %q", text, err, want)
		}
	}
	if _, err := read(t, "a,b\n,x\n1,y\n2,x\n", Options{}).Fit([]int{0}, FitOptions{Missing: Mean}); err == nil || !strings.Contains(err.Error(), "no training row has a value") {
		t.Errorf("error %v", err)
	}
}

func TestUnseen(t *testing.T) {
	table := read(t, coast, Options{})
	p, err := table.Fit([]int{0, 1}, FitOptions{Missing: Mean, Unseen: Zero})
	if err != nil {
		t.Fatal(err)
	}
	s, err := table.Set(p)
	if err != nil || !slices.Equal(s.X[4*4+2:], []float32{0, 0}) {
		t.Errorf("%v, %v: want an unknown site to set nothing", s, err)
	}
	p.Columns[2].Unseen = ""
	if _, err := table.Set(p); err == nil || !strings.Contains(err.Error(), `line 6, column "site": category "east" is not one that the model knows: "north", "south"`) {
		t.Errorf("error %v", err)
	}
	// A number is one category however it is spelled, also by the program that made
	// the model.
	p.Columns[2].Categories = []string{"1.0", "x"}
	if s, err = read(t, "mass,wing,site\n1,2,01\n1,2,x\n1,2,1\n", Options{}).Set(p); err != nil || s.X[2] != 1 || s.X[6] != 0 || s.X[10] != 1 {
		t.Errorf("%+v, %v", s, err)
	}
}

func TestScales(t *testing.T) {
	table := read(t, "a,b,k\n2,7,x\n4,7,y\n3,7,x\n", Options{})
	for scale, want := range map[Scale][]float32{
		Standard: {float32(-math.Sqrt(1.5)), 0, float32(math.Sqrt(1.5)), 0, 0, 0}, // σ² = (1 + 1 + 0)/3
		MinMax:   {0, 0, 1, 0, 0.5, 0},
		NoScale:  {2, 7, 4, 7, 3, 7},
	} {
		p, err := table.Fit(nil, FitOptions{Scale: scale})
		if err != nil {
			t.Fatal(err)
		}
		s, err := table.Set(p)
		if err != nil {
			t.Fatal(err)
		}
		for i := range want {
			// (x − μ)/σ in float64, rounded once to float32.
			if math.Abs(float64(s.X[i]-want[i])) > 1.2e-7 {
				t.Errorf("%q: %v, want %v", scale, s.X, want)
				break
			}
		}
		// The scale travels in the model.
		b, err := json.Marshal(p)
		var back Preprocess
		if err != nil || json.Unmarshal(b, &back) != nil || fmt.Sprint(back) != fmt.Sprint(*p) {
			t.Errorf("%q: %s (%v) reads back as %+v", scale, b, err, back)
		}
	}
	for _, o := range []FitOptions{{Scale: "log"}, {TargetScale: "log"}, {Missing: "mode"}, {Missing: Constant, Fill: math.NaN()}, {Unseen: "x"}} {
		if _, err := table.Fit(nil, o); err == nil {
			t.Errorf("%+v is taken", o)
		}
	}
}

func TestSeveralLabels(t *testing.T) {
	text := "a,y,b,z\n1,10,5,0\n2,20,6,1\n3,60,7,1\n"
	table := read(t, text, Options{Label: "z,y", Task: Regression})
	p, err := table.Fit([]int{0, 1}, FitOptions{TargetScale: MinMax})
	if err != nil {
		t.Fatal(err)
	}
	s, err := table.Set(p)
	if err != nil {
		t.Fatal(err)
	}
	// z is 0 to 1 and y is 10 to 20 in the training rows: 60 becomes (60 − 10)/10.
	if !slices.Equal(s.Y, []float32{0, 0, 1, 1, 1, 5}) || !slices.Equal(s.Targets, []string{"z", "y"}) || s.Features != 2 {
		t.Errorf("%+v", s)
	}
	if y := p.Restore(s.Y); !slices.Equal(y, []float64{0, 10, 1, 20, 1, 60}) {
		t.Errorf("restored %v", y)
	}
	// Other columns, another order; without one of the labels there are none.
	if s, err = read(t, "y,extra,b,a\n10,?,5,1\n", Options{}).Set(p); err != nil || s.Y != nil || s.Outputs != 2 {
		t.Errorf("%+v, %v", s, err)
	}
	if _, err = read(t, "y,z,b,a\n10,?,5,1\n", Options{}).Set(p); err == nil || !strings.Contains(err.Error(), `line 2, column "z": the value is missing: fill it in, or leave the row out`) {
		t.Errorf("error %v", err)
	}
	for _, c := range []struct {
		label string
		task  Task
		want  string
	}{
		{"y,z", Classification, `line 2, column "y": several label columns of classes must have 1 in one of them`},
		{"y,y", AutoTask, `the label column "y" is named twice`},
		{"y,q", AutoTask, `no label column "q": the columns are`},
		{"0,1,2,3", Regression, "the only column is the label"},
	} {
		_, err := read(t, text, Options{Label: c.label, Task: c.task}).Fit(nil, FitOptions{})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", c.label, err, c.want)
		}
	}
	if _, err := read(t, "a,k\n1,x\n2,y\n", Options{Task: Regression}).Fit(nil, FitOptions{}); err == nil || !strings.Contains(err.Error(), `line 2, column "k": "x" is not a finite number, as a quantity to predict must be`) {
		t.Errorf("error %v", err)
	}
}

func TestQuantities(t *testing.T) {
	table, err := ReadCSV("testdata/prices.csv", Options{})
	if err != nil {
		t.Fatal(err)
	}
	train, validation, err := table.Split(nil, 0.2, 1)
	if err != nil || len(validation) != int(math.Round(0.2*float64(table.Rows()))) {
		t.Fatalf("%d and %d of %d rows (%v)", len(train), len(validation), table.Rows(), err)
	}
	p, err := table.Fit(train, FitOptions{})
	if err != nil || len(p.Targets) != 1 || p.Targets[0].Name != "price" || p.Classes != nil || p.Label != "" {
		t.Errorf("%+v, %v", p, err)
	}
	_, err = read(t, "a,b\n"+strings.Repeat("1,2.5\n", 3), Options{Task: Classification}).Fit(nil, FitOptions{})
	if err == nil || !strings.Contains(err.Error(), "the label is \"2.5\" in every row") {
		t.Errorf("error %v", err)
	}
	table.task = Classification
	if _, err = table.Fit(nil, FitOptions{}); err == nil || !strings.Contains(err.Error(), `column "price": the label looks like a quantity: choose regression`) {
		t.Errorf("error %v", err)
	}
}

func TestDrop(t *testing.T) {
	p, err := read(t, "id,a,note,k\n1,2,q,x\n2,3,r,y\n", Options{Drop: "id, -2"}).Fit(nil, FitOptions{})
	if err != nil || len(p.Columns) != 1 || p.Columns[0].Name != "a" {
		t.Errorf("%+v, %v", p, err)
	}
	if _, err = read(t, "id,a,k\n1,2,x\n2,3,y\n", Options{Drop: "ids"}).Fit(nil, FitOptions{}); err == nil || !strings.Contains(err.Error(), `no dropped column "ids"`) {
		t.Errorf("error %v", err)
	}
}

// TestSplitKeepsCategories: whatever is held back, each category has a training
// row, so that the rows held back can be read.
func TestSplitKeepsCategories(t *testing.T) {
	text := "site,k\n"
	for i := range 40 {
		text += fmt.Sprintf("s%d,%s\n", i/2, []string{"x", "y"}[i%2])
	}
	table := read(t, text, Options{})
	for seed := range uint64(20) {
		rest, test, err := table.Split(nil, 0.25, seed)
		if err != nil {
			t.Fatal(err)
		}
		train, validation, err := table.Split(rest, 0.25, seed)
		if err != nil {
			t.Fatal(err)
		}
		all := slices.Concat(train, validation, test)
		slices.Sort(all)
		if len(slices.Compact(all)) != 40 || !slices.IsSorted(train) {
			t.Fatalf("the parts are %v, %v, %v", train, validation, test)
		}
		p, err := table.Fit(rest, FitOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := table.Set(p); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
	}
	if _, _, err := read(t, "site,k\na,x\nb,x\nc,y\nd,y\n", Options{}).Split(nil, 0.5, 1); err == nil || !strings.Contains(err.Error(), "no example for validation has only categories that another one has") {
		t.Errorf("error %v", err)
	}
}
