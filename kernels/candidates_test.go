package kernels

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// A Tuning that the package makes passes Check, and one that a file might hold does not
// get past it with a field out of its range.
func TestTuningCheck(t *testing.T) {
	spoil := map[string]func(*Tuning){
		"no family":        func(n *Tuning) { n.Family = "" },
		"vector width":     func(n *Tuning) { n.VW = 3 },
		"rows a work-item": func(n *Tuning) { n.RowsPerItem = 0 },
		"chunk":            func(n *Tuning) { n.Chunk = 1 << 30 },
		"panel width":      func(n *Tuning) { n.PanelWidth = -1 },
	}
	blocks := map[string]func(*Tuning){
		"vectors":        func(n *Tuning) { n.NV = 4 },
		"no vectors":     func(n *Tuning) { n.NV = 0 },
		"no height":      func(n *Tuning) { n.MRs = nil },
		"unknown height": func(n *Tuning) { n.MRs = []int{8, 5} },
		"heights repeat": func(n *Tuning) { n.MRs = []int{4, 4} },
		"heights rise":   func(n *Tuning) { n.MRs = []int{1, 2} },
		"with tiles":     func(n *Tuning) { n.Tiles = tiles },
	}
	tile := func(s TileShape) func(*Tuning) { return func(n *Tuning) { n.Tiles = []TileShape{s} } }
	shapes := map[string]func(*Tuning){
		"no tiles":       func(n *Tuning) { n.Tiles = nil },
		"many tiles":     func(n *Tuning) { n.Tiles = slices.Repeat(tiles[3:], 17) },
		"tiles grow":     func(n *Tuning) { n.Tiles = []TileShape{tiles[3], tiles[2]} },
		"with heights":   func(n *Tuning) { n.MRs = []int{1} },
		"negative":       tile(TileShape{-4, 4, 8, 2, 2}),
		"zero work-item": tile(TileShape{4, 4, 8, 0, 2}),
		"does not part":  tile(TileShape{4, 4, 8, 3, 2}),
		"huge":           tile(TileShape{1 << 40, 1 << 40, 8, 1 << 40, 1 << 40}),
		"work-group":     tile(TileShape{256, 256, 1, 1, 1}),
	}
	for _, b := range open(t) {
		for name, good := range tunings(b) {
			if err := good.Check(b.device); err != nil {
				t.Errorf("%s: %s: %v", b.device.Name(), name, err)
			}
		}
		for base, faults := range map[*Tuning][]map[string]func(*Tuning){
			ptr(BlockTuning(b.device)): {spoil, blocks}, ptr(TileTuning(b.device)): {spoil, shapes},
		} {
			for _, set := range faults {
				for name, fault := range set {
					bad := *base
					fault(&bad)
					if err := bad.Check(b.device); !errors.Is(err, ErrTuning) {
						t.Errorf("%s: %s, %s: error %v", b.device.Name(), base.Family, name, err)
					}
				}
			}
		}
	}
}

func ptr[T any](v T) *T { return &v }

// Candidates begin with the base; they and all that Neighbours leads to keep to the
// family and the ranges, and reach every kernel that a tuner is promised.
func TestCandidates(t *testing.T) {
	for _, b := range open(t) {
		for _, base := range []Tuning{BlockTuning(b.device), TileTuning(b.device)} {
			first := Candidates(b.device, base)
			// a device with little local memory has room for the base only
			if len(first) == 0 || first[0].String() != base.String() {
				t.Fatalf("%s: candidates %v do not begin with %v", b.device.Name(), first, base)
			}
			seen := map[string]bool{}
			for todo := first; len(todo) > 0; {
				next := todo[0]
				todo = todo[1:]
				if base.Family == Tile { // of the lists of tiles there are too many: the first of each
					next.Tiles = next.Tiles[:1]
				}
				if seen[next.String()] {
					continue
				}
				seen[next.String()] = true
				if err := next.Check(b.device); err != nil || next.Family != base.Family || next.RowsPerItem != base.RowsPerItem || next.Chunk != base.Chunk {
					t.Errorf("%s: candidate %+v: %v", b.device.Name(), next, err)
				}
				todo = append(todo, next.Neighbours(b.device)...)
			}
			for _, want := range reachable(b, base.Family) {
				if !slices.ContainsFunc(mapKeys(seen), func(have string) bool { return strings.HasPrefix(have, want) }) {
					t.Errorf("%s: no way to %q", b.device.Name(), want)
				}
			}
		}
	}
}

func mapKeys(m map[string]bool) (keys []string) {
	for k := range m {
		keys = append(keys, k)
	}
	return keys
}

// reachable are beginnings of the texts of all kernels that a tuner may come to.
func reachable(b *bench, family Family) (all []string) {
	if family == Tile {
		for _, s := range tileShapes {
			if s.fits(b.device) {
				all = append(all, "tile: "+s.String()+",")
			}
		}
		return all
	}
	for _, vw := range blockWidths(b.device) {
		for nv := 1; nv <= mostVectors; nv++ {
			for _, mr := range heights[:len(heights)-1] {
				all = append(all, fmt.Sprintf("block: %s rows × %d vectors of %d,",
					strings.ReplaceAll(strings.Trim(fmt.Sprint(heightsTo(mr)), "[]"), " ", ","), nv, vw))
			}
		}
	}
	return all
}

// The shapes of tiles are possible, and in order.
func TestTileShapes(t *testing.T) {
	for i, s := range tileShapes {
		if !s.possible() || i > 0 && s.TM*s.TN > tileShapes[i-1].TM*tileShapes[i-1].TN {
			t.Errorf("tile %v", s)
		}
	}
}

// Cut keeps the choices and is small.
func TestCut(t *testing.T) {
	for _, b := range open(t) {
		for _, base := range []Tuning{BlockTuning(b.device), TileTuning(b.device)} {
			for _, n := range []size{{128, 784, 512}, {128, 512, 10}, {1, 1, 1}, {256, 2048, 2048}, {7, 3, 300}, {200, 617, 1531}} {
				batch, in, out := base.Cut(n.b, n.in, n.out)
				for _, p := range []Product{ForwardProduct, HiddenDeltaProduct, DescendProduct} {
					was, _, _ := strings.Cut(base.Choice(p, n.b, n.in, n.out), " ")
					if is, _, _ := strings.Cut(base.Choice(p, batch, in, out), " "); is != was {
						t.Errorf("%s %s, %v: cut to %d×%d×%d has %s, not %s", base.Family, p, n, batch, in, out, is, was)
					}
				}
				if batch > n.b || in > n.in || out > n.out || max(batch, in, out) > 2*12*16+99 && max(n.b, n.in, n.out) > 600 {
					t.Errorf("%s, %v: cut to %d×%d×%d", base.Family, n, batch, in, out)
				}
			}
		}
	}
}

// Every candidate of a family adds up in the same order: products have the same bits, with
// panels or without.
func TestCandidatesSameBits(t *testing.T) {
	for _, b := range open(t) {
		if b.simulated {
			continue // what it would add to the others is an hour
		}
		for _, base := range []Tuning{BlockTuning(b.device), TileTuning(b.device)} {
			t.Run(b.device.Platform().Name()+"/"+string(base.Family), func(t *testing.T) {
				all := Candidates(b.device, base)
				if base.Family == Block {
					for _, width := range []int{1, mostPanelWidth} {
						panels := base
						panels.PanelWidth = width
						all = append(all, panels)
					}
				}
				want := productBits(t, b, base)
				for _, tuning := range all[1:] {
					if got := productBits(t, b, tuning); !slices.Equal(got, want) {
						t.Errorf("%v: other bits than with %v", tuning, base)
					}
				}
			})
		}
	}
}

// productBits is what the three products give under a tuning, one after the other.
func productBits(t *testing.T, b *bench, tuning Tuning) (results []float32) {
	return slices.Concat(productBitsOf(t, b, tuning, size{33, 65, 67}), productBitsOf(t, b, tuning, size{33, 35, 131}),
		productBitsOf(t, b, tuning, size{67, 131, 197}))
}

func productBitsOf(t *testing.T, b *bench, tuning Tuning, n size) (results []float32) {
	a, delta, theta := normal(0, n.b, n.in, 1), normal(1, n.b, n.out, 1), randomLayer(2, n.in, n.out)
	onThread(t, func() {
		f := b.fixture(t, tuning.String(), tuning)
		out, hidden, w := f.output(n.b, n.out), f.output(n.b, n.in), f.weights(theta)
		d, x := f.matrix(delta), f.matrix(a)
		f.run(f.set.Forward("linear", x, w, out))
		f.run(f.set.HiddenDelta("linear", d, w, f.reads(d, w), x, hidden))
		var panels Panels
		if f.set.WantsPanels(d, x) {
			forA, forDelta := f.set.PanelFloats(d, x)
			panels.A, panels.Delta = f.scratch(forA), f.scratch(forDelta)
			f.run(f.set.PanelA(x, panels.A))
			f.run(f.set.PanelDelta(d, panels.Delta))
		}
		descend, err := f.set.Descend(d, x, panels, w, 0.25, 3)
		f.ok(err)
		f.ok(descend.SetDescentRate(0.5))
		f.run(descend, nil)
		after := f.layer(w)
		if slices.Equal(after.B, theta.B) {
			t.Error("no descent")
		}
		results = slices.Concat(f.values(out).Data, f.values(hidden).Data, after.W.Data, after.B)
	})
	return results
}
