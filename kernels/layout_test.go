package kernels

import "testing"

// A leading dimension has room for the column of ones, is whole vectors of 16 and
// is never a multiple of 256 floats.
func TestLeadingDimension(t *testing.T) {
	for cols := 1; cols < 2100; cols++ {
		ld := LeadingDimension(cols)
		if ld < cols+1 || ld > cols+32 || ld%16 != 0 || ld%256 == 0 {
			t.Fatalf("%d columns: ld %d", cols, ld)
		}
	}
	// by hand: 255 + 1 is 256, which is avoided
	for cols, want := range map[int]int{1: 16, 15: 16, 16: 32, 254: 272, 255: 272, 256: 272, 512: 528} {
		if got := LeadingDimension(cols); got != want {
			t.Errorf("%d columns: ld %d, want %d", cols, got, want)
		}
	}
}

// No two weights share a place, and each is inside the panels.
func TestWeightsIndex(t *testing.T) {
	for _, tuning := range []Tuning{
		{Family: Block, VW: 16, MRs: []int{8}, NV: 2}, {Family: Block, VW: 1, MRs: []int{1}, NV: 1},
		{Family: Block, VW: 4, MRs: []int{12}, NV: 3}, {Family: Tile, VW: 4, Tiles: tiles},
	} {
		s := &Set{Tuning: tuning}
		for _, n := range sizes {
			w := s.NewWeights(n.in, n.out)
			taken := map[int]bool{}
			for o := range n.out {
				for i := range n.in + 1 {
					at := w.Index(i, o)
					if at < 0 || at >= w.Panels()*w.Panel || taken[at] {
						t.Fatalf("%+v, %v: weight (%d, %d) at %d is outside %d floats or taken", tuning, w, i, o, at, w.Panels()*w.Panel)
					}
					taken[at] = true
				}
			}
			if w.NR%tuning.VW != 0 || w.Panel%16 != 0 || w.Floats() <= w.Panels()*w.Panel {
				t.Errorf("%+v, %v: NR %d, panel %d, %d floats", tuning, w, w.NR, w.Panel, w.Floats())
			}
			if tuning.Family == Tile && w.Panels() != 1 {
				t.Errorf("%v: %d panels for the tile family, want 1", w, w.Panels())
			}
		}
	}
}
