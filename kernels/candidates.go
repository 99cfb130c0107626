package kernels

import (
	"fmt"
	"slices"
	"strings"

	"github.com/clprop/clprop/cl"
)

// Product is one of the three matrix products of training.
type Product string

// The products. A Descend is the product of an Accumulate with the update behind it.
const (
	ForwardProduct     Product = "forward"
	HiddenDeltaProduct Product = "hiddendelta"
	DescendProduct     Product = "descend"
)

// Choice says which kernel a Tuning takes for a product of a batch and a layer, such as
// "6×2·8" for a block of 6 rows and 2 vectors of 8, "6×2+1·8" with one vector in the last panel,
// "6×2·8 panels", "4×3·8ᵀ" for one with the examples in its lanes, or "64×64×16/4×4" for a tile. Two
// Tunings with one Choice run the same program.
func (t Tuning) Choice(p Product, batch, in, out int) string {
	m, n := batch, out
	switch p {
	case HiddenDeltaProduct:
		n = in
	case DescendProduct:
		m = in + 1
	}
	if t.Family == Tile {
		return t.tile(m, n).String()
	}
	if p == HiddenDeltaProduct && t.hiddenReads(batch, out) == TransposedDelta {
		mr, nv := t.lanes(batch)
		return t.block(batch, mr, nv) + "ᵀ"
	}
	shape := t.block(n, t.rows(m), t.vectors(n))
	if p == DescendProduct && t.Panels(batch, in, out) {
		shape += " panels"
	}
	return shape
}

// block is the shape of blocks of mr rows and nv vectors for a product of n columns.
func (t Tuning) block(n, mr, nv int) string {
	if last := t.last(n, nv); last > 0 {
		return fmt.Sprintf("%d×%d+%d·%d", mr, nv, last, t.VW)
	}
	return fmt.Sprintf("%d×%d·%d", mr, nv, t.VW)
}

// Cut is a small batch and layer, of an odd number of rows and columns where that can be,
// for which t makes the choices that it makes for these: a product of that size tells
// whether the programs are right in a fraction of the time. It is more than two blocks or
// tiles in each direction, if the product is.
func (t Tuning) Cut(batch, in, out int) (b, i, o int) {
	from := 2*t.NV*t.VW + 1
	if t.Family == Tile {
		from = 2*max(t.Tiles[0].TM, t.Tiles[0].TN) + 1
	}
	b = cut(batch, from, func(n int) bool { return t.alike(batch, n, in, in, out, out) })
	i = cut(in, from, func(n int) bool { return t.alike(batch, b, in, n, out, out) })
	o = cut(out, from, func(n int) bool { return t.alike(batch, b, in, i, out, n) })
	return b, i, o
}

// cut is the smallest odd number from an odd one on that is like n, or else n.
func cut(n, from int, like func(int) bool) int {
	for small := from; small < n; small += 2 {
		if like(small) {
			return small
		}
	}
	return n
}

// alike reports whether t makes the same choices for two batches and two layers. Panels
// are left out: they change where an operand is read, and need wide layers.
func (t Tuning) alike(batch, b, in, i, out, o int) bool {
	for _, p := range []Product{ForwardProduct, HiddenDeltaProduct, DescendProduct} {
		was, _, _ := strings.Cut(t.Choice(p, batch, in, out), " ")
		if is, _, _ := strings.Cut(t.Choice(p, b, i, o), " "); is != was {
			return false
		}
	}
	return true
}

// tileShapes are the tiles that Candidates and Neighbours choose from, by area: winners of
// CLBlast's tuner on GPUs of three vendors (C. Nugteren, "CLBlast: A Tuned OpenCL BLAS
// Library", IWOCL 2018; the shapes of its data base), the shapes that TileTuning takes,
// and two for products that are long in one direction.
var tileShapes = []TileShape{
	{128, 128, 16, 8, 8}, {128, 128, 32, 16, 8}, {96, 96, 16, 6, 6},
	{128, 64, 32, 4, 8}, {64, 128, 32, 8, 8},
	{64, 64, 32, 4, 8}, {64, 64, 16, 8, 8}, {64, 64, 16, 4, 4},
	{64, 32, 32, 4, 4}, {32, 64, 32, 4, 4},
	{32, 32, 32, 4, 4}, {32, 32, 15, 4, 4}, {64, 16, 16, 4, 2}, {16, 64, 16, 2, 4},
	{16, 16, 64, 2, 2}, {16, 16, 16, 2, 2}, {16, 16, 16, 1, 1}, {4, 4, 8, 2, 2},
}

// amdTiles are the shapes to try first on AMD's GPUs, whose drivers write the name out or do not.
var amdTiles = []TileShape{{128, 128, 32, 16, 8}, {64, 32, 32, 4, 4}, {64, 64, 16, 4, 4}, {96, 96, 16, 6, 6}}

// firstTiles are the shapes to try first, by a part of the vendor's name.
var firstTiles = []struct {
	vendor string
	shapes []TileShape
}{
	{"nvidia", []TileShape{{64, 128, 32, 8, 8}, {64, 64, 32, 4, 8}, {128, 128, 16, 8, 8}, {32, 64, 32, 4, 4}}},
	{"amd", amdTiles},
	{"advanced micro devices", amdTiles},
	{"intel", []TileShape{{64, 64, 16, 8, 8}, {32, 32, 32, 4, 4}, {64, 64, 32, 4, 8}}},
	{"apple", []TileShape{{32, 32, 32, 4, 4}, {64, 64, 16, 8, 8}}},
	{"", []TileShape{{64, 64, 16, 8, 8}, {32, 32, 32, 4, 4}, {128, 128, 16, 8, 8}}},
}

// firstBlocks are the blocks to try first, rows × vectors: those that fill 32 registers,
// and 16 (see block.cl).
var firstBlocks = []struct{ mr, nv int }{{8, 2}, {6, 2}, {12, 2}, {4, 3}, {8, 3}, {12, 1}}

// Candidates are the Tunings for a tuner to begin with, of the family of base, itself
// first: for blocks the shapes that fill the registers of the usual instruction sets, for
// tiles what won on GPUs of the device's vendor. Each passes Check.
func Candidates(dev *cl.Device, base Tuning) []Tuning {
	all := []Tuning{base}
	if base.Family == Block {
		for _, vw := range blockWidths(dev) {
			for _, s := range firstBlocks {
				t := base
				t.VW, t.MRs, t.NV = vw, heightsTo(s.mr), s.nv
				all = append(all, t)
			}
		}
		return passing(dev, all)
	}
	for _, first := range firstTiles {
		if !strings.Contains(strings.ToLower(dev.Vendor()), first.vendor) {
			continue
		}
		for _, s := range first.shapes {
			all = append(all, base.withTile(0, s))
		}
		break
	}
	return passing(dev, all)
}

// blockWidths are the vector widths that are worth trying: what the device says, and 8.
// Half of the vectors that a CPU has can be faster where wide ones lower its clock, and
// some drivers name 4 for a CPU that has 8. Wider ones than it has are no more than pairs.
func blockWidths(dev *cl.Device) []int {
	own := BlockTuning(dev).VW
	if own == 8 {
		return []int{8}
	}
	return []int{own, 8}
}

// heightsTo are the block heights up to mr.
func heightsTo(mr int) []int { return heights[slices.Index(heights, mr):] }

// Neighbours are the Tunings that differ from t in one choice or none, and pass Check.
func (t Tuning) Neighbours(dev *cl.Device) []Tuning {
	var all []Tuning
	if t.Family == Tile {
		for at := range t.Tiles {
			for _, s := range tileShapes {
				all = append(all, t.withTile(at, s))
			}
		}
		return passing(dev, all)
	}
	next := t
	for _, width := range []int{1, 256, 512, widthWorthPanels, 2048, 4096, mostPanelWidth} {
		next.PanelWidth = width
		all = append(all, next)
	}
	next = t
	for next.NV = 1; next.NV <= mostVectors; next.NV++ {
		all = append(all, next)
	}
	next = t
	for _, mr := range heights[:len(heights)-1] {
		next.MRs = heightsTo(mr)
		all = append(all, next)
	}
	next = t
	for _, next.VW = range blockWidths(dev) {
		all = append(all, next)
	}
	return passing(dev, all)
}

// withTile is t with another tile in one place, and those behind it that are smaller.
func (t Tuning) withTile(at int, s TileShape) Tuning {
	kept := slices.Clone(t.Tiles[:at])
	for _, other := range t.Tiles[at:] {
		if len(kept) == at {
			kept = append(kept, s)
		}
		if other.TM*other.TN < s.TM*s.TN {
			kept = append(kept, other)
		}
	}
	t.Tiles = kept
	return t
}

// passing are those that pass Check.
func passing(dev *cl.Device, all []Tuning) []Tuning {
	return slices.DeleteFunc(all, func(t Tuning) bool { return t.Check(dev) != nil })
}
