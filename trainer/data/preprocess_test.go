package data

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
)

func TestCheck(t *testing.T) {
	many := make([]string, maxCategories+1)
	for i := range many {
		many[i] = fmt.Sprint(i)
	}
	wide := make([]Column, maxColumns+1)
	for i := range wide {
		wide[i] = Column{Name: fmt.Sprint(i), Kind: Number, Std: 1}
	}
	tall := make([]Column, maxInputs/maxCategories+1)
	for i := range tall {
		tall[i] = Column{Name: fmt.Sprint(i), Kind: Category, Categories: many[1:]}
	}
	two := []string{"a", "b"}
	number := func(mean, std float64) []Column {
		return []Column{{Name: "x", Kind: Number, Mean: mean, Std: std}}
	}
	image := func(w, h int, scale float64) *Preprocess {
		return &Preprocess{Image: &Image{w, h, scale}, Classes: two}
	}
	for _, c := range []struct {
		p    *Preprocess
		want string
	}{
		{&Preprocess{Columns: number(0, 1)}, "0 classes: need at least 2"},
		{&Preprocess{Columns: number(0, 1), Classes: []string{"a", "a"}}, `class "a" is there twice`},
		{&Preprocess{Columns: number(0, 1), Classes: []string{"a", ""}}, "class 1 is empty"},
		{&Preprocess{Columns: number(0, 1), Classes: []string{"a", "\xff"}}, "class 1 is not UTF-8"},
		{&Preprocess{Columns: number(0, 1), Classes: many}, "1001 times class: need at most 1000"},
		{&Preprocess{Columns: number(0, 1), Classes: two, Label: strings.Repeat("x", maxText+1)}, "label column name"},
		{&Preprocess{Columns: number(0, 1), Classes: two, Label: "x"}, `column "x" is an input and the label`},
		{&Preprocess{Classes: two}, "neither columns nor image"},
		{&Preprocess{Columns: number(0, 1), Image: &Image{1, 1, 1}, Classes: two}, "both columns and image"},
		{&Preprocess{Columns: number(math.NaN(), 1), Classes: two}, `column 0 ("x"): mean is NaN`},
		{&Preprocess{Columns: number(0, 0), Classes: two}, "std is 0"},
		{&Preprocess{Columns: number(0, -1), Classes: two}, "std is -1"},
		{&Preprocess{Columns: number(0, math.Inf(1)), Classes: two}, "std is +Inf"},
		{&Preprocess{Columns: number(0, math.NaN()), Classes: two}, "std is NaN"},
		{&Preprocess{Columns: append(number(0, 1), number(0, 1)...), Classes: two}, `column "x" is there twice`},
		{&Preprocess{Columns: []Column{{Name: "x", Kind: "date"}}, Classes: two}, `kind is "date"`},
		{&Preprocess{Columns: []Column{{Name: "x", Kind: Category}}, Classes: two}, "no categories"},
		{&Preprocess{Columns: []Column{{Name: "x", Kind: Category, Categories: many}}, Classes: two}, "1001 times category"},
		{&Preprocess{Columns: []Column{{Name: "x", Kind: Number, Std: 1, Categories: two}}, Classes: two}, "a number with categories"},
		{&Preprocess{Columns: wide, Classes: two}, "65537 times column"},
		{&Preprocess{Columns: tall, Classes: two}, "inputs: need at most 16777216"},
		{image(0, 1, 1), "image of 0 × 1 pixels"},
		{image(-4, -4, 1), "image of -4 × -4 pixels"},
		{image(1<<13, 1<<12, 1), "image of 8192 × 4096 pixels"},
		{image(math.MaxInt, math.MaxInt, 1), "pixels: need"},
		{image(8, 8, 0), "image scale is 0"},
		{image(8, 8, math.Inf(1)), "image scale is +Inf"},
	} {
		if err := c.p.Check(); !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want %q", err, c.want)
		}
	}
	for _, p := range []*Preprocess{image(28, 28, 1), {Columns: wide[1:], Classes: two}} {
		if err := p.Check(); err != nil {
			t.Error(err)
		}
	}
}

// FuzzPreprocess: whatever a model file holds, Check passes it only if it can be used.
func FuzzPreprocess(f *testing.F) {
	f.Add([]byte(`{"columns":[{"name":"c0","kind":"number","mean":6,"std":1}],"classes":["a","b"]}`))
	f.Add([]byte(`{"columns":[{"name":"c0","kind":"category","categories":["1","2"]}],"label":"c1","classes":["a","b"]}`))
	f.Add([]byte(`{"image":{"width":1,"height":2,"scale":0.5},"classes":["0","1"]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		var p Preprocess
		if json.Unmarshal(b, &p) != nil || p.Check() != nil {
			return
		}
		if n := p.Features(); n < 1 || n > maxInputs {
			t.Fatalf("%d features pass Check", n)
		}
		table := read(t, "1,2\n2,3\n", Options{})
		if s, err := table.Set(&p); err == nil && len(s.X) != 2*p.Features() {
			t.Fatalf("%d inputs for 2 rows of %d", len(s.X), p.Features())
		}
	})
}

func TestTargets(t *testing.T) {
	input := []Column{{Name: "x", Kind: Number, Std: 1}}
	p := &Preprocess{Columns: input, Targets: []Column{{Name: "price", Kind: Number, Mean: 100, Std: 10}, {Name: "days", Kind: Number, Std: 1}}}
	if err := p.Check(); err != nil || p.Outputs() != 2 {
		t.Errorf("%d outputs, %v", p.Outputs(), err)
	}
	h := []float32{0, 1, -1.5, 2}
	if y, want := p.Restore(h), []float64{100, 1, 85, 2}; !slices.Equal(y, want) {
		t.Errorf("restored %v, want %v", y, want)
	}
	// The text is short where h says no more, and tells every h from the next.
	time := &Preprocess{Columns: input, Targets: []Column{{Name: "when", Kind: Number, Mean: 1.7e9, Std: 5.25}}}
	for _, c := range []struct {
		p    *Preprocess
		h    float32
		k    int
		text string
	}{{p, 1, 0, "110"}, {p, 0.1, 1, "0.1"}, {p, 3e-9, 1, "3e-09"}, {time, 0, 0, "1.7e+09"}, {time, 1.125, 0, "1700000005.90625"}, {p, float32(math.Inf(1)), 1, "+Inf"}, {&Preprocess{}, 0.25, 0, "0.25"}} {
		if got := string(c.p.AppendQuantity(nil, c.h, c.k)); got != c.text {
			t.Errorf("%v of %d: %s, want %s", c.h, c.k, got, c.text)
		}
	}
	seen := map[string]bool{}
	h0 := float32(-200)
	for range 1000 {
		seen[string(time.AppendQuantity(nil, h0, 0))] = true
		h0 = math.Nextafter32(h0, 0)
	}
	if len(seen) != 1000 {
		t.Errorf("%d texts of 1000 outputs", len(seen))
	}
	for _, c := range []struct {
		p    Preprocess
		want string
	}{
		{Preprocess{Targets: p.Targets, Classes: []string{"a", "b"}}, "both classes and targets"},
		{Preprocess{Targets: []Column{{Name: "y", Kind: Category, Categories: []string{"a"}}}}, `target 0 ("y"): kind is "category"`},
		{Preprocess{Targets: []Column{{Name: "y", Kind: Number}}}, `target 0 ("y"): std is 0`},
		{Preprocess{Targets: []Column{{Name: "x", Kind: Number, Std: 1}}}, `"x" is an input and a target`},
	} {
		c.p.Columns = input
		if err := c.p.Check(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want %q", err, c.want)
		}
	}
}
