package kernels

import (
	"reflect"
	"strings"
	"testing"

	"github.com/clprop/clprop/cl"
)

// TestInPhases says which launches are one phase, and which of those a chain.
func TestInPhases(t *testing.T) {
	buffers := map[string]*cl.MemObject{}
	named := func(names string) (bufs []*cl.MemObject) {
		for _, name := range strings.Fields(names) {
			if buffers[name] == nil {
				buffers[name] = new(cl.MemObject)
			}
			bufs = append(bufs, buffers[name])
		}
		return bufs
	}
	const large = 1 << 20
	launch := func(block int, reads, writes string) *Launch {
		l := &Launch{rowBlock: block, writes: named(writes), Bytes: large}
		for _, buf := range append(named(reads), l.writes...) {
			l.values = append(l.values, buf)
		}
		return l
	}
	gather := func(from, to string) *Launch {
		l := launch(1, "", to)
		l.Name, l.anyRow, l.numbers = "gather", named(from)[0], []*number{{arg: gatherFrom}}
		l.values = []any{1, 1, 0, named(from)[0], named("index")[0], named(to)[0]}
		return l
	}
	product := func(blocks int, a, weights, c string) *Launch {
		l := launch(8, a+" "+weights, c)
		l.product, l.anyRow, l.global, l.FLOPs = true, named(weights)[0], []int{blocks, 2}, large
		return l
	}
	copied := func(panels int, w, to string) *Launch {
		l := launch(0, w, to)
		l.byPanel, l.global = true, []int{panels, 3}
		return l
	}
	byNumber := func(l *Launch) *Launch {
		l.values = append([]any{0}, l.values...)
		l.byNumber = 1
		return l
	}
	unknown := func(all string) *Launch { return &Launch{values: []any{named(all)[0]}, Bytes: large} }
	panels := func(n int, l *Launch) *Launch {
		l.global[1] = n
		return l
	}
	long := func(l *Launch) *Launch {
		l.FLOPs *= 4
		return l
	}
	small := func(l *Launch) *Launch {
		l.Bytes, l.FLOPs = 100, 100
		return l
	}
	amx := func(l *Launch) *Launch {
		l.room = named("room")[0]
		return l
	}
	type launches []*Launch
	for name, c := range map[string]struct {
		launches
		want []phase
	}{
		"row by row": {launches{gather("s", "x"), launch(1, "x", "z"), launch(1, "z", "a")}, []phase{{{0, 1, 2}}}},
		"a batch, when it is needed": {
			launches{gather("s", "x"), gather("t", "y"), launch(0, "v", "z"), launch(1, "z y", "d"), launch(0, "x d", "v")},
			[]phase{{{2}}, {{1, 3, 0}}, {{4}}},
		},
		"a batch that is written again": {launches{gather("s", "x"), gather("t", "x"), launch(1, "x", "z")}, []phase{{{0, 1, 2}}}},
		"rows by number":                {launches{gather("s", "x"), byNumber(product(4, "x", "w", "z"))}, []phase{{{1}}}},
		"two of nothing in common":      {launches{gather("s", "x"), gather("t", "y")}, []phase{{{0, 1}}}},
		"rows that others do":           {launches{launch(1, "z", "s"), gather("s", "x")}, []phase{{{0}}, {{1}}}},
		"rows for others to read":       {launches{gather("s", "x"), launch(1, "z", "s")}, []phase{{{0}}, {{1}}}},
		"what may do anything":          {launches{unknown("x"), launch(1, "x", "z"), unknown("z")}, []phase{{{0}}, {{1}}, {{2}}}},
		"large, of nothing in common":   {launches{unknown("x"), unknown("y")}, []phase{{{0}}, {{1}}}},
		"small, of nothing in common":   {launches{unknown("x"), unknown("y"), small(unknown("z"))}, []phase{{{0}, {2}}, {{1}}}},
		"small, beside AMX":             {launches{unknown("x"), amx(unknown("y")), small(unknown("z"))}, []phase{{{0}, {2}}, {{1}}}},
		"small, but only AMX is left":   {launches{unknown("x"), amx(unknown("y")), small(launch(0, "x", "w"))}, []phase{{{0}}, {{1}}, {{2}}}},
		"small, behind what it needs":   {launches{unknown("x"), unknown("y"), unknown("z"), small(launch(0, "x", "w"))}, []phase{{{0}}, {{1}, {3}}, {{2}}}},
		"small, that needs the last":    {launches{unknown("x"), unknown("y"), small(launch(0, "y", "w"))}, []phase{{{0}}, {{1}}, {{2}}}},
		"a product in a chain":          {launches{launch(1, "s", "x"), product(4, "x", "w", "z"), launch(1, "z", "a")}, []phase{{{0, 1, 2}}}},
		"too few blocks for workers":    {launches{launch(1, "s", "x"), product(3, "x", "w", "z"), launch(1, "z", "a")}, []phase{{{0}}, {{1}}, {{2}}}},
		"few, but soon done":            {launches{launch(1, "s", "x"), small(product(1, "x", "w", "z"))}, []phase{{{0, 1}}}},
		"weights that a row writes":     {launches{launch(1, "s", "w"), product(4, "x", "w", "z")}, []phase{{{0}}, {{1}}}},
		"a step": {launches{
			gather("s", "x"), launch(0, "x v", "a"), product(4, "a", "w", "z"), launch(1, "z y", "d"),
			small(launch(0, "w", "copy")), product(4, "d", "copy", "e"), launch(0, "e d a x", "v w"),
		}, []phase{{{0}, {4}}, {{1}}, {{2, 3, 5}}, {{6}}}},
		"a copy beside what needs it": {launches{
			launch(1, "s", "z"), small(copied(2, "w", "copy")), product(4, "z", "copy", "e"),
		}, []phase{{{0}, {1}}, {{2}}}},
		"panel by panel":              {launches{launch(0, "x", "d"), copied(2, "w", "copy"), product(3, "d", "copy", "e")}, []phase{{{0}}, {{1, 2}}}},
		"panels of something else":    {launches{copied(2, "v", "copy"), product(3, "d", "w", "copy")}, []phase{{{0}}, {{1}}}},
		"other panels":                {launches{copied(4, "w", "copy"), product(3, "d", "copy", "e")}, []phase{{{0}}, {{1}}}},
		"a panel, which one does":     {launches{copied(1, "w", "copy"), panels(1, product(3, "d", "copy", "e"))}, []phase{{{0}}, {{1}}}},
		"three, of which one has two": {launches{copied(3, "w", "copy"), panels(3, product(3, "d", "copy", "e"))}, []phase{{{0}}, {{1}}}},
		"a long product":              {launches{copied(2, "w", "copy"), long(product(3, "d", "copy", "e"))}, []phase{{{0}}, {{1}}}},
		"many, of which one has one more": {
			launches{copied(17, "w", "copy"), panels(17, product(3, "d", "copy", "e"))}, []phase{{{0, 1}}},
		},
	} {
		if got := inPhases(c.launches, 2); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}
