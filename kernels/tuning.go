package kernels

import "github.com/clprop/clprop/cl"

// Family is one of the two ways to compute a matrix product.
type Family string

// The families; block.cl and tile.cl describe them.
const (
	Block Family = "block" // for CPUs
	Tile  Family = "tile"  // for GPUs
)

// Tuning is the shape of the kernels for one device. Any Tuning that passes Check gives
// right results; it only decides how fast. Every Tuning of a family adds up a product in
// the same order, so that the product has the same bits, unless it is one for amx.cl and the
// vectors are as wide as that wants; functions of vectors, such as exp, may differ in the last bit
// between two vector widths.
type Tuning struct {
	Family Family `json:"family"`
	VW     int    `json:"vw"` // vector width of all kernels: 1, 2, 4, 8 or 16 floats

	// Block: at most NV vectors wide, and as many rows as suits the matrix, of MRs.
	MRs []int `json:"mrs,omitempty"` // block heights to choose from, tallest first; of 1, 2, 4, 6, 8, 12
	NV  int   `json:"nv,omitempty"`  // 1, 2 or 3
	// PanelWidth is how many columns the wider operand of Accumulate and Descend must
	// have for the two to be copied into panels first, half as many of large batches:
	// 1 … 2³⁰, or 0 for 1024.
	PanelWidth int `json:"panel_width,omitempty"`

	// Tile: shapes to choose from, largest first; the device has room for each.
	Tiles []TileShape `json:"tiles,omitempty"`

	RowsPerItem int `json:"rows_per_item"` // rows of weights that a work-item of gradient.cl does, 1 … 1024
	Chunk       int `json:"chunk"`         // vectors that a work-item of sgd.cl does, 1 … 65536
}

// DefaultTuning derives a Tuning from what the device says of itself.
func DefaultTuning(dev *cl.Device) Tuning {
	if usesBlocks(dev) {
		return BlockTuning(dev)
	}
	return TileTuning(dev)
}

// usesBlocks reports whether a device wants the block family: it is a CPU, or its
// local memory is plain memory, or too small for the smallest tile.
func usesBlocks(dev *cl.Device) bool {
	return dev.Type()&cl.DeviceTypeCPU != 0 || dev.LocalMemType() != cl.LocalMemTypeLocal ||
		!tiles[len(tiles)-1].fits(dev)
}

// BlockTuning is the block shape for a device. The block's accumulators, with
// room for the operands, fill the vector registers of the instruction set that
// has vectors of that width: 32 registers of 16 floats (AVX-512) or of 4 (NEON),
// 16 of 8 (AVX2).
func BlockTuning(dev *cl.Device) Tuning {
	t := Tuning{Family: Block, RowsPerItem: 16, Chunk: 128, NV: 2}
	switch width := dev.NativeVectorWidthFloat(); {
	case width >= 16:
		t.VW, t.MRs, t.NV = 16, []int{8, 4, 2, 1}, 3
	case width >= 8:
		t.VW, t.MRs = 8, []int{6, 4, 2, 1}
	default:
		t.VW, t.MRs = 4, []int{8, 4, 2, 1}
	}
	return t
}

// TileShape is one shape of tile.cl: TM × TN elements a work-group, 1 … 256 each; WM × WN
// a work-item, 1 … 16 each, which divide TM and TN; slices of TK, 1 … 128. The local size
// is (TN/WN, TM/WM).
type TileShape struct {
	TM int `json:"tm"`
	TN int `json:"tn"`
	TK int `json:"tk"`
	WM int `json:"wm"`
	WN int `json:"wn"`
}

// tiles are tile shapes from large to small.
var tiles = []TileShape{
	{TM: 64, TN: 64, TK: 16, WM: 4, WN: 4}, // 256 work-items, 8.3 KB
	{TM: 32, TN: 32, TK: 15, WM: 4, WN: 4}, // 64 work-items, 4.0 KB
	{TM: 16, TN: 16, TK: 16, WM: 2, WN: 2}, // 64 work-items, 2.2 KB
	{TM: 4, TN: 4, TK: 8, WM: 2, WN: 2},    // 4 work-items, 320 bytes
}

// TileTuning is the tile shapes that a device has room for.
func TileTuning(dev *cl.Device) Tuning {
	t := Tuning{Family: Tile, VW: 4, RowsPerItem: 1, Chunk: 1}
	for _, shape := range tiles {
		if shape.fits(dev) {
			t.Tiles = append(t.Tiles, shape)
		}
	}
	if len(t.Tiles) == 0 {
		return BlockTuning(dev)
	}
	return t
}

// fits reports whether a device has the work-items and the local memory of a tile.
func (t TileShape) fits(dev *cl.Device) bool {
	sizes := dev.MaxWorkItemSizes()
	n, m := t.TN/t.WN, t.TM/t.WM
	return n*m <= dev.MaxWorkGroupSize() &&
		len(sizes) >= 2 && n <= sizes[0] && m <= sizes[1] &&
		int64(t.localBytes()) <= dev.LocalMemSize()
}

// localBytes is the local memory of a tile's two slices, PAD = 1 included.
func (t TileShape) localBytes() int { return (t.TM + t.TN + 2) * t.TK * 4 }

// tile is the shape for a product of m × n: the largest of which more than half is
// used in both directions, or else the smallest.
func (t Tuning) tile(m, n int) TileShape {
	for _, shape := range t.Tiles {
		if shape.TM < 2*m && shape.TN < 2*n {
			return shape
		}
	}
	return t.Tiles[len(t.Tiles)-1]
}

// panelWidth is NR for a weight matrix with out columns: no wider than it needs.
func (t Tuning) panelWidth(out int) int { return t.vectors(out) * t.VW }

// vectors is the vectors of a block, at most NV, for n columns. A last panel of fewer counts as a whole one:
// 256 columns in panels of 48 learn 256 examples a twentieth faster than in panels of 32, and 16 a sixth
// slower.
func (t Tuning) vectors(n int) int {
	return t.cheapest(func(nv int) int { return ceilDiv(n, nv*t.VW) * blockCost(nv) })
}

// blockCost is what a block of nv vectors costs: its vectors and about half a vector's time for
// broadcasting A, so the fewest vectors with the least padding win.
func blockCost(nv int) int { return 2*nv + 1 }

// Blocks of fewer vectors in the last of several panels are worth compiling where they save one of so many
// vectors; in descendall.cl, whose sums are over the examples of a batch, of so many examples.
const (
	lastVectors  = 64
	lastExamples = 32
)

// last is how many vectors the last panel of nv has, of n columns, where that is fewer, and worth a block
// of its own; else 0. See LAST of block.cl.
func (t Tuning) last(n, nv int) int {
	vectors := ceilDiv(n, t.VW)
	left := vectors % nv
	if vectors < nv || left == 0 || (nv-left)*lastVectors < vectors {
		return 0
	}
	return left
}

// cheapest is how many vectors of a block, at most NV, cost the least; of several the most.
func (t Tuning) cheapest(cost func(nv int) int) int {
	best := 1
	for nv := 2; nv <= t.NV; nv++ {
		if cost(nv) <= cost(best) {
			best = nv
		}
	}
	return best
}

// rows is the block height for a product with m rows. Each block costs its rows of
// multiply-adds and about one row's time for loading B, so the fewest rows with
// the least padding win.
func (t Tuning) rows(m int) int {
	best, bestCost := 0, 0
	for _, mr := range t.MRs {
		if cost := ceilDiv(m, mr) * (mr + 1); best == 0 || cost < bestCost {
			best, bestCost = mr, cost
		}
	}
	return best
}
