package kernels

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/clprop/clprop/cl"
)

// tunings are the shapes that the tests give a device: what the package chooses
// for it and for the other family. A CPU that is not simulated also gets shapes
// made by hand, which together have every vector width, block height and number of
// vectors, and tiles that are not cut down to small matrices.
func tunings(b *bench) map[string]Tuning {
	all := map[string]Tuning{"block": BlockTuning(b.device), "tile": TileTuning(b.device)}
	if b.simulated || b.device.Type()&cl.DeviceTypeCPU == 0 || b.device.NativeVectorWidthFloat() == 1 {
		return all
	}
	for i, s := range []struct{ vw, mr, nv int }{
		{1, 12, 2}, {2, 6, 3}, {4, 1, 1}, {4, 8, 3}, {8, 4, 2}, {8, 2, 3}, {16, 8, 2}, {16, 6, 3}, {16, 12, 1},
	} {
		all[fmt.Sprintf("block-vw%d-mr%d-nv%d", s.vw, s.mr, s.nv)] = Tuning{
			Family: Block, VW: s.vw, MRs: []int{s.mr}, NV: s.nv, RowsPerItem: 1 + 3*i, Chunk: 1 + 2*i,
		}
	}
	if strings.HasPrefix(b.device.Name(), "pthread") { // which takes ten times as long as others for a tile
		return all
	}
	for i, s := range []TileShape{tiles[0], tiles[1], {TM: 32, TN: 8, TK: 9, WM: 8, WN: 1}} {
		if vw := []int{1, 4, 16}[i]; s.fits(b.device) {
			all[fmt.Sprintf("tile-%dx%dx%d-vw%d", s.TM, s.TN, s.TK, vw)] = Tuning{
				Family: Tile, VW: vw, Tiles: []TileShape{s}, RowsPerItem: 1 + i, Chunk: 1 + i,
			}
		}
	}
	return all
}

// The tunings made by hand cover what doc comments promise.
func TestTuningsCoverShapes(t *testing.T) {
	for _, b := range open(t) {
		all := tunings(b)
		if len(all) == 2 {
			continue
		}
		var vw, mr, nv []int
		for _, tuning := range all {
			if tuning.Family == Block {
				vw, mr, nv = append(vw, tuning.VW), append(mr, tuning.MRs...), append(nv, tuning.NV)
			}
		}
		for _, c := range []struct {
			name      string
			have, all []int
		}{{"VW", vw, []int{1, 2, 4, 8, 16}}, {"MR", mr, []int{1, 2, 4, 6, 8, 12}}, {"NV", nv, []int{1, 2, 3}}} {
			for _, want := range c.all {
				if !slices.Contains(c.have, want) {
					t.Errorf("%s: no block tuning has %s %d", b.device.Name(), c.name, want)
				}
			}
		}
	}
}

// What is chosen for a device fits it.
func TestDefaultTuningFits(t *testing.T) {
	for _, b := range open(t) {
		d := b.device
		if got := DefaultTuning(d); (got.Family == Block) != usesBlocks(d) {
			t.Errorf("%s: family %s, usesBlocks %v", d.Name(), got.Family, usesBlocks(d))
		}
		for _, s := range TileTuning(d).Tiles {
			if items := s.TM / s.WM * s.TN / s.WN; items > d.MaxWorkGroupSize() {
				t.Errorf("%s: tile %+v has %d work-items, the device %d", d.Name(), s, items, d.MaxWorkGroupSize())
			}
			if floats := (s.TM + s.TN + 2) * s.TK; int64(4*floats) > d.LocalMemSize() {
				t.Errorf("%s: tile %+v has %d bytes of local memory, the device %d", d.Name(), s, 4*floats, d.LocalMemSize())
			}
		}
	}
}

// The tile is the largest of which more than half is used in both directions, or
// else the smallest.
func TestTileChoice(t *testing.T) {
	tuning := Tuning{Family: Tile, Tiles: tiles}
	for _, c := range []struct{ m, n, want int }{
		{257, 257, 64}, {33, 64, 64}, {32, 64, 32}, {17, 1000, 32}, {16, 1000, 16}, {9, 9, 16}, {8, 1000, 4}, {1000, 1, 4}, {1, 1, 4},
	} {
		if got := tuning.tile(c.m, c.n).TM; got != c.want {
			t.Errorf("%d×%d: tile %d, want %d", c.m, c.n, got, c.want)
		}
	}
}

// The last of many panels has blocks of its own where they save more than a 64th of the vectors: of 32
// for 512 columns that is one, of 128 for 2048 it would be one as well.
func TestLast(t *testing.T) {
	tuning := Tuning{VW: 16, NV: 3}
	for _, c := range []struct{ n, nv, want int }{
		{512, 3, 2}, {1024, 3, 1}, {977, 3, 2}, {1531, 3, 0}, {2048, 3, 0}, {528, 3, 0}, {80, 3, 2},
		{208, 2, 1}, {32, 3, 0}, {16, 1, 0},
	} {
		if got := tuning.last(c.n, c.nv); got != c.want {
			t.Errorf("%d columns of %d vectors: %d in the last, want %d", c.n, c.nv, got, c.want)
		}
	}
}

// The block height costs the fewest rows, one more for each block.
func TestRowsChoice(t *testing.T) {
	tuning := Tuning{MRs: []int{8, 4, 2, 1}}
	// m = 5: one block of 8 costs 9, two of 4 cost 10, three of 2 cost 9; the tallest
	// of equals. m = 9: two of 8 18, three of 4 15, five of 2 15.
	for m, want := range map[int]int{1: 1, 2: 2, 3: 4, 4: 4, 5: 8, 8: 8, 9: 4, 16: 8, 128: 8} {
		if got := tuning.rows(m); got != want {
			t.Errorf("m = %d: %d rows, want %d", m, got, want)
		}
	}
}
