package device

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/clprop/clprop/cl/cltest"
)

// summedSizes make a step whose sums are in two pieces: of the two upper layers, with 257·301
// values and more, and of the first.
var summedSizes = []int{33, 300, 257, 10}

// openTwo opens two parts of a device with a memory each; copied is without what they share.
func openTwo(t *testing.T, copied bool) *group {
	t.Helper()
	e, err := OpenWith("pthread/1,pthread/1", Options{})
	if err != nil {
		cltest.Missing(t, err)
	}
	t.Cleanup(func() { e.Close() })
	g := e.(*group)
	for _, m := range g.members {
		m.(*opencl).unified = !copied && m.(*opencl).unified
	}
	return g
}

// Layers of Δ that are summed while the members go on have the bits of those that are summed
// when all is done, lent or copied, on members that compute at once too, or are not alike, with
// shares that are not even and more members than rows.
func TestSumsGoOnMeanwhile(t *testing.T) {
	if _, err := List(); err != nil {
		cltest.Missing(t, err)
	}
	references := func(shares ...float64) *group {
		var members []Engine
		for range shares {
			members = append(members, OpenReference())
		}
		e, err := NewGroup(members, shares)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { e.Close() })
		return e.(*group)
	}
	mixed, err := OpenWith("pthread/1,cpuref", Options{Shares: []float64{1, 1}})
	if err != nil {
		t.Fatal(err)
	}
	defer mixed.Close()
	for name, g := range map[string]*group{
		"not alike": mixed.(*group),
		"lent":      openTwo(t, false), "copied": openTwo(t, true), "references": references(1, 1, 1), "uneven": references(5, 1, 0.2, 3),
	} {
		for _, batch := range []int{1, 17} {
			t.Run(fmt.Sprintf("%s/%d", name, batch), func(t *testing.T) {
				step := newStep(t, g, summedSizes, batch, 0)
				p := step.Plan.(*groupPlan)
				if n := len(p.stages[0].pieces); len(p.stages) != 2 || n != 2 {
					t.Fatalf("%d stages, %d pieces before the sum, want 2 and 2", len(p.stages), n)
				}
				if n := len(p.pieces()[0].layers); n != 2 {
					t.Errorf("%d layers in the first sum, want 2", n)
				}
				got := trainedBy(t, g, step, summedSizes, batch)
				apart := newStep(t, g, summedSizes, batch, 0)
				whole := apart.Plan.(*groupPlan)
				first := func(op Op) bool { _, ok := op.(Gradient); return ok }
				cut := slices.IndexFunc(whole.ops, first)
				before, err := g.Prepare(whole.ops[:cut]...)
				if err != nil {
					t.Fatal(err)
				}
				after, err := g.Prepare(whole.ops[cut:]...)
				if err != nil {
					t.Fatal(err)
				}
				apart.Plan = plansInTurn{before, after}
				for l, want := range trainedBy(t, g, apart, summedSizes, batch) {
					if !slices.Equal(got[l], want) {
						t.Errorf("weights or sums, part %d, are not those of two lists", l)
					}
				}
			})
		}
	}
}

// plansInTurn are lists one after the other: what the first adds to is summed when it has ended.
type plansInTurn struct{ first, second Plan }

func (p plansInTurn) Run() error    { return errors.Join(p.first.Run(), p.second.Run()) }
func (p plansInTurn) Launches() int { return p.first.Launches() + p.second.Launches() }
func (p plansInTurn) Release()      { p.first.Release(); p.second.Release() }

// A stage is cut after a layer with which 2¹⁶ values of Δ are complete, by the last operation
// that adds to it, and not after the last of all.
func TestCutForSums(t *testing.T) {
	e := OpenReference()
	defer e.Close()
	sum, err := e.NewParameters([]Shape{{255, 256}, {256, 255}, {255, 3}, {0, 3}})
	if err != nil {
		t.Fatal(err)
	}
	other, err := e.NewParameters([]Shape{{300, 300}})
	if err != nil {
		t.Fatal(err)
	}
	add := func(to Parameters, layer int) Op { return Accumulate{Sum: to, Layer: layer} }
	norm := LayerNormDelta{Sum: sum, Layer: 2} // and 3
	for _, c := range []struct {
		ops    []Op
		pieces []int // operations of each
		layers [][]int
	}{
		{[]Op{add(sum, 2), add(sum, 1), Activate{}, add(sum, 0), Activate{}}, []int{2, 3}, [][]int{{2, 1}, {0}}},
		{[]Op{add(sum, 0), Activate{}}, []int{2}, [][]int{{0}}},
		{[]Op{add(sum, 0), add(sum, 2), add(sum, 0), add(sum, 1)}, []int{3, 1}, [][]int{{2, 0}, {1}}},
		{[]Op{add(other, 0), add(sum, 2)}, []int{2}, [][]int{{2}}},
		{[]Op{add(sum, 0), norm}, []int{1, 1}, [][]int{{0}, {2, 3}}},
		{[]Op{Activate{}}, []int{1}, [][]int{{}}},
	} {
		got := cutForSums(c.ops, []Parameters{sum})
		if len(got) != len(c.pieces) {
			t.Errorf("%+v: %d pieces", c, len(got))
			continue
		}
		for i, piece := range got {
			layers := []int{}
			for _, l := range piece.layers {
				layers = append(layers, l.layer)
			}
			if len(piece.ops) != c.pieces[i] || !slices.Equal(layers, c.layers[i]) {
				t.Errorf("%+v: piece %d has %d operations and layers %v", c, i, len(piece.ops), layers)
			}
		}
	}
}
