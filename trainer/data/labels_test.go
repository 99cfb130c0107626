package data

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
)

const fruits = "mass,red,round,ripe\n1,1,0,0\n2,0,0,0\n3,1,1,1\n4,0,1,1\n5,1,1,0\n6,0,0,1\n"

// Columns of 0 and 1 that are not one-hot are several labels at once, in memory and streamed
// alike; --task says so where they happen to be one-hot, and what else is meant.
func TestMultiLabel(t *testing.T) {
	path := filepath.Join(t.TempDir(), "fruits.csv")
	if err := os.WriteFile(path, []byte(fruits), 0o666); err != nil {
		t.Fatal(err)
	}
	want := []float32{1, 0, 0, 0, 0, 0, 1, 1, 1, 0, 1, 1, 1, 1, 0, 0, 0, 1}
	for _, task := range []Task{AutoTask, MultiLabel} {
		opts := Options{Label: "red,round,ripe", Task: task}
		table, err := ReadCSV(path, opts)
		if err != nil {
			t.Fatal(err)
		}
		p, err := table.Fit(nil, FitOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if !p.MultiLabel || p.OneHot || len(p.Columns) != 1 || !slices.Equal(p.Classes, []string{"red", "round", "ripe"}) || !slices.Equal(p.LabelNames(), p.Classes) {
			t.Errorf("preprocessing %+v", p)
		}
		s, err := table.Set(p)
		if err != nil {
			t.Fatal(err)
		}
		if !s.MultiLabel || !slices.Equal(s.Y, want) || s.Label(0) != -1 || !s.Subset([]int{1}).MultiLabel {
			t.Errorf("labels %v", s.Y)
		}
		if a, b, err := s.Split(0.34, 1); err != nil || a.Rows != 4 || b.Rows != 2 {
			t.Errorf("split: %v", err)
		}
		if a, b, err := table.Split(nil, 0.34, 1); err != nil || len(a) != 4 || len(b) != 2 {
			t.Errorf("split of the table: %v, %v, %v", a, b, err)
		}
		sum := Inspect(table)
		if sum.Task != "multilabel" || len(sum.Problems) > 0 || !slices.Equal(sum.Classes, []Count{{"red", 3}, {"round", 3}, {"ripe", 3}}) {
			t.Errorf("inspect: %+v", sum)
		}
		stream, err := OpenStream(path, opts, StreamOptions{})
		if err != nil {
			t.Fatal(err)
		}
		q, err := stream.Fit(context.Background(), FitOptions{})
		if err != nil || !q.MultiLabel || !slices.Equal(q.Classes, p.Classes) {
			t.Fatalf("streamed: %+v, %v", q, err)
		}
		train, _ := stream.Sets()
		rows, weights := train.Streamed.Classes()
		if !train.MultiLabel || !slices.Equal(rows, []int{6}) || !slices.Equal(weights, []float64{6}) {
			t.Errorf("streamed: %v rows, weights %v", rows, weights)
		}
		r, err := train.Streamed.Read()
		if err != nil {
			t.Fatal(err)
		}
		if part, err := r.Next(); err != nil || !slices.Equal(part.Y, want) {
			t.Errorf("streamed: %v, %v", part, err)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
	hot := "x,a,b\n1,1,0\n2,0,1\n"
	for task, several := range map[Task]bool{AutoTask: false, Classification: false, MultiLabel: true} {
		if p := fitText(t, hot, Options{Label: "a,b", Task: task}); p.MultiLabel != several || p.OneHot == several {
			t.Errorf("one-hot as task %d: %+v", task, p)
		}
	}
	if p := fitText(t, fruits, Options{Label: "red,round,ripe", Task: Regression}); p.MultiLabel || len(p.Targets) != 3 {
		t.Errorf("regression: %+v", p)
	}
}

// fruit is a row of fruits in Parquet, whose columns of labels have a type each.
type fruit struct {
	Mass  float64 `parquet:"mass"`
	Red   bool    `parquet:"red"`
	Round int32   `parquet:"round"`
	Ripe  float32 `parquet:"ripe"`
}

func fruitFile(t *testing.T, rows []fruit) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "fruits.parquet")
	if err := parquet.WriteFile(path, rows, parquet.MaxRowsPerRowGroup(4)); err != nil {
		t.Fatal(err)
	}
	return path
}

// Label columns of Parquet are what those of text are, as several labels, as classes and as
// quantities, in memory and streamed; booleans are labels, and no quantities.
func TestLabelsOfParquet(t *testing.T) {
	path := fruitFile(t, []fruit{{1, true, 0, 0}, {2, false, 0, 0}, {3, true, 1, 1}, {4, false, 1, 1}, {5, true, 1, 0}, {6, false, 0, 1}})
	hot := fruitFile(t, []fruit{{1, true, 0, 0}, {2, false, 1, 0}, {3, false, 0, 1}, {4, false, 1, 0}})
	for _, c := range []struct {
		path, label string
		task        Task
		want        Preprocess // its labels
		y           []float32
	}{
		{path, "red,round,ripe", AutoTask, Preprocess{Classes: []string{"red", "round", "ripe"}, MultiLabel: true},
			[]float32{1, 0, 0, 0, 0, 0, 1, 1, 1, 0, 1, 1, 1, 1, 0, 0, 0, 1}},
		{hot, "ripe,red,round", AutoTask, Preprocess{Classes: []string{"ripe", "red", "round"}, OneHot: true},
			[]float32{0, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 1}},
		{hot, "red,ripe", MultiLabel, Preprocess{Classes: []string{"red", "ripe"}, MultiLabel: true}, []float32{1, 0, 0, 0, 0, 1, 0, 0}},
		{path, "red", AutoTask, Preprocess{Classes: []string{"false", "true"}}, []float32{0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1, 0}},
		{hot, "round,mass", Regression, Preprocess{Targets: []Column{{Name: "round", Kind: Number, Mean: 0.5, Std: 0.5}, {Name: "mass", Kind: Number, Mean: 2.5, Std: math.Sqrt(1.25)}}},
			[]float32{-1, float32(-1.5 / math.Sqrt(1.25)), 1, float32(-0.5 / math.Sqrt(1.25)), -1, float32(0.5 / math.Sqrt(1.25)), 1, float32(1.5 / math.Sqrt(1.25))}},
	} {
		opts := Options{Label: c.label, Task: c.task}
		p, s := fitBoth(t, c.path, opts)
		if !slices.Equal(p.Classes, c.want.Classes) || p.MultiLabel != c.want.MultiLabel || p.OneHot != c.want.OneHot || !reflect.DeepEqual(p.Targets, c.want.Targets) {
			t.Errorf("%s of %s: %+v", c.label, c.path, p)
		}
		if !slices.Equal(s.Y, c.y) {
			t.Errorf("%s of %s: labels %v, want %v", c.label, c.path, s.Y, c.y)
		}
	}
	raw, err := Read(path, Options{Label: "red,round,ripe"})
	if err != nil {
		t.Fatal(err)
	}
	if sum := Inspect(raw); sum.Task != "multilabel" || !slices.Equal(sum.Classes, []Count{{"red", 3}, {"round", 3}, {"ripe", 3}}) {
		t.Errorf("inspect: %+v", sum)
	}
	raw, err = Read(path, Options{Label: "red,ripe", Task: Regression})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := raw.Fit(nil, FitOptions{}); err == nil || !strings.Contains(err.Error(), `row 1, column "red": "true" is not a finite number`) {
		t.Errorf("a boolean as a quantity: %v", err)
	}
}

// fitBoth fits a file in memory and as a stream, which have to be the same, and returns that.
func fitBoth(t *testing.T, path string, opts Options) (*Preprocess, *Set) {
	t.Helper()
	raw, err := Read(path, opts)
	if err != nil {
		t.Fatal(err)
	}
	p, err := raw.Fit(nil, FitOptions{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := raw.Set(p)
	if err != nil {
		t.Fatal(err)
	}
	stream, err := OpenStream(path, opts, StreamOptions{})
	if err != nil {
		t.Fatal(err)
	}
	q, err := stream.Fit(context.Background(), FitOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(p, q) {
		t.Errorf("%s: streamed %+v, want %+v", path, q, p)
	}
	train, _ := stream.Sets()
	r, err := train.Streamed.Read()
	if err != nil {
		t.Fatal(err)
	}
	part, err := r.Next()
	if err := errors.Join(err, r.Close()); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(part.X, s.X) || !slices.Equal(part.Y, s.Y) {
		t.Errorf("%s: streamed %v of %v, want %v of %v", path, part.Y, part.X, s.Y, s.X)
	}
	return p, s
}

func fitText(t *testing.T, text string, opts Options) *Preprocess {
	t.Helper()
	table, err := readCSV("-", strings.NewReader(text), opts)
	if err != nil {
		t.Fatal(err)
	}
	p, err := table.Fit(nil, FitOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// What is no label is named by line and column, in memory and streamed; and so in a file that a
// model is judged on.
func TestMultiLabelRefused(t *testing.T) {
	for text, want := range map[string]string{
		strings.Replace(fruits, "4,0,1,1", "4,0,2,1", 1):   `line 5, column "round": "2" is neither 0 nor 1, as each of several labels must be: mend it, or choose regression`,
		strings.Replace(fruits, "4,0,1,1", "4,0,yes,1", 1): `line 5, column "round": "yes" is neither 0 nor 1, as each of several labels must be: mend it, or choose regression`,
		strings.Replace(fruits, "4,0,1,1", "4,0,1,", 1):    `line 5, column "ripe": the value is missing: fill it in, or leave the row out`,
	} {
		path := filepath.Join(t.TempDir(), "bad.csv")
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		opts := Options{Label: "red,round,ripe", Task: MultiLabel}
		table, err := ReadCSV(path, opts)
		if err != nil {
			t.Fatal(err)
		}
		_, inMemory := table.Fit(nil, FitOptions{})
		stream, err := OpenStream(path, opts, StreamOptions{})
		if err != nil {
			t.Fatal(err)
		}
		_, streamed := stream.Fit(context.Background(), FitOptions{})
		_, judged := table.Set(fitText(t, fruits, opts))
		for _, err := range []error{inMemory, streamed, judged} {
			if err == nil || err.Error() != path+": "+want {
				t.Errorf("got %v\nwant %s", err, want)
			}
		}
	}
	table, err := readCSV("-", strings.NewReader(fruits), Options{Label: "red", Task: MultiLabel})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := table.Fit(nil, FitOptions{}); err == nil || !strings.Contains(err.Error(), "one column is no several labels") {
		t.Error(err)
	}
	good := Preprocess{Columns: numberColumn("mass"), Classes: []string{"red", "ripe"}, MultiLabel: true}
	if err := good.Check(); err != nil {
		t.Error(err)
	}
	for what, p := range map[string]Preprocess{
		"one-hot too":    {Columns: numberColumn("mass"), Classes: good.Classes, MultiLabel: true, OneHot: true},
		"an input":       {Columns: numberColumn("red"), Classes: good.Classes, MultiLabel: true},
		"and quantities": {Columns: numberColumn("mass"), Targets: numberColumn("price"), MultiLabel: true},
		"one label":      {Columns: numberColumn("mass"), Classes: []string{"red"}, MultiLabel: true},
	} {
		if err := p.Check(); !errors.Is(err, ErrFormat) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func numberColumn(name string) []Column { return []Column{{Name: name, Kind: Number, Std: 1}} }

// A model that names no label column, as one from another program, takes the one that Options name, or where there
// are labels the last; one that names another takes that of Options too. A file to predict needs none.
func TestLabelsAsTold(t *testing.T) {
	columns := []Column{{Name: "x0", Kind: Number, Std: 1}, {Name: "x1", Kind: Number, Std: 1}}
	unnamed := &Preprocess{Columns: columns, Classes: []string{"a", "b"}}
	named := &Preprocess{Columns: columns, Label: "kind", Classes: []string{"a", "b"}}
	for _, c := range []struct {
		text, label string
		p           *Preprocess
		y           []float32
		x           []float32
		predict     bool
	}{
		{"x0,x1,y\n1,2,b\n", "y", unnamed, []float32{0, 1}, []float32{1, 2}, false},
		{"x0,x1,y\n1,2,b\n", "y", named, []float32{0, 1}, []float32{1, 2}, false},
		{"x0,kind,x1,y\n1,a,2,b\n", "y", named, []float32{0, 1}, []float32{1, 2}, false},
		{"x0,kind,x1,y\n1,a,2,b\n", "3", named, []float32{1, 0}, []float32{1, 2}, false}, // as when the columns of a second file lie otherwise
		{"y,x1,x0\nb,2,1\n", "0", named, []float32{0, 1}, []float32{1, 2}, false},
		{"x0,x1,y\n1,2,b\n", "", unnamed, []float32{0, 1}, []float32{1, 2}, false},
		{"x0,x1,id\n1,2,77\n", "", unnamed, nil, []float32{1, 2}, true},
		{"x0,x1,y\n1,2,b\n", "z", unnamed, nil, []float32{1, 2}, false},
		{"x0,x1\n1,2\n", "", unnamed, nil, []float32{1, 2}, false},
		{"y,x0,x1\nb,1,2\n", "", unnamed, []float32{0, 1}, []float32{1, 2}, false},
		{"1,2\n", "", unnamed, nil, []float32{1, 2}, false},
		{"1,2,77\n", "", unnamed, nil, []float32{1, 2}, true},
		{"x0,x1,y\n1,2,b\n", "", named, nil, []float32{1, 2}, false},
		{"x0,x1\n1,2\n", "y", named, nil, []float32{1, 2}, true},
		{"1,2,b\n", "", unnamed, []float32{0, 1}, []float32{1, 2}, false},
		{"b,1,2\n", "0", unnamed, []float32{0, 1}, []float32{1, 2}, false},
		{"1,2\n", "", unnamed, nil, []float32{1, 2}, true},
		{"1,2\n", "1", unnamed, nil, []float32{1, 2}, true},
	} {
		opts := Options{Label: c.label, Labelled: !c.predict}
		if !strings.HasPrefix(c.text, "x0") && !strings.HasPrefix(c.text, "y") {
			opts.Header = NoHeader
		}
		s, err := read(t, c.text, opts).Set(c.p)
		if err != nil {
			t.Errorf("%q, label %q: %v", c.text, c.label, err)
			continue
		}
		if !slices.Equal(s.Y, c.y) || !slices.Equal(s.X, c.x) {
			t.Errorf("%q, label %q: x %v, labels %v, want %v, %v", c.text, c.label, s.X, s.Y, c.x, c.y)
		}
	}
}
