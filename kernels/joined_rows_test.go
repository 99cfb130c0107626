package kernels

import (
	"reflect"
	"testing"

	"github.com/clprop/clprop/cl"
)

// TestRowsByNumber says which launches read a batch by number: all that have it, or none.
func TestRowsByNumber(t *testing.T) {
	var s, index, x, w, z, other cl.MemObject
	gather := func() *Launch {
		return &Launch{
			Name: "gather", values: []any{4, 16, 0, &s, &index, &x},
			writes: []*cl.MemObject{&x}, numbers: []*number{{arg: gatherFrom}},
		}
	}
	product := func(at int, values ...any) *Launch {
		return &Launch{values: values, writes: []*cl.MemObject{&z}, byNumber: at}
	}
	reads, always := product(1, 4, &x, &w, &z), gather()
	always.numbers = nil
	for name, c := range map[string]struct {
		launches []*Launch
		want     numbered
	}{
		"the products of a layer":    {[]*Launch{gather(), reads, product(2, 4, &w, &x, &z)}, numbered{1: 0, 2: 0}},
		"one that needs the batch":   {[]*Launch{gather(), reads, product(0, 4, &x, &w, &z)}, numbered{}},
		"before it is there":         {[]*Launch{reads, gather()}, numbered{}},
		"as another operand":         {[]*Launch{gather(), product(2, 4, &x, &w, &z)}, numbered{}},
		"as another operand too":     {[]*Launch{gather(), product(1, 4, &x, &x, &z)}, numbered{}},
		"a batch that is written":    {[]*Launch{gather(), reads, {values: []any{&x}}}, numbered{}},
		"rows that are written":      {[]*Launch{gather(), reads, {values: []any{&s}}}, numbered{}},
		"numbers that are written":   {[]*Launch{gather(), reads, {values: []any{&index}}}, numbered{}},
		"a batch that nobody reads":  {[]*Launch{gather(), product(1, 4, &other, &w, &z)}, numbered{}},
		"from the same place always": {[]*Launch{always, reads}, numbered{}},
		"gathered twice":             {[]*Launch{gather(), reads, gather()}, numbered{}},
	} {
		if got := rowsByNumber(c.launches); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}
