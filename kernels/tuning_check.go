package kernels

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/clprop/clprop/cl"
)

// ErrTuning is wrapped by the error about a Tuning that a device cannot have.
var ErrTuning = errors.New("not a tuning for this device")

// What the fields of a Tuning may be. The heights and the numbers of vectors are those
// that block.cl has rows for.
var (
	widths  = []int{1, 2, 4, 8, 16}
	heights = []int{12, 8, 6, 4, 2, 1}
)

const (
	mostVectors     = 3
	mostTiles       = 16
	mostPanelWidth  = 1 << 30
	mostRowsPerItem = 1 << 10
	mostChunk       = 1 << 16
)

// Check says what is wrong with a Tuning on a device, if something is, or, if dev is nil, on
// any device; the error wraps ErrTuning. What passes it is safe to use whatever it was read from.
func (t Tuning) Check(dev *cl.Device) error {
	wrong := func(format string, args ...any) error {
		return fmt.Errorf("%w: %s", ErrTuning, fmt.Sprintf(format, args...))
	}
	switch {
	case !slices.Contains(widths, t.VW):
		return wrong("vector width %d: have %v", t.VW, widths)
	case t.RowsPerItem < 1 || t.RowsPerItem > mostRowsPerItem:
		return wrong("%d rows a work-item: need 1 to %d", t.RowsPerItem, mostRowsPerItem)
	case t.Chunk < 1 || t.Chunk > mostChunk:
		return wrong("chunks of %d vectors: need 1 to %d", t.Chunk, mostChunk)
	case t.PanelWidth < 0 || t.PanelWidth > mostPanelWidth:
		return wrong("panels from %d columns: need 0 to %d", t.PanelWidth, mostPanelWidth)
	}
	switch t.Family {
	case Block:
		return t.checkBlock(wrong)
	case Tile:
		return t.checkTiles(dev, wrong)
	}
	return wrong("family %q: have %s, %s", t.Family, Block, Tile)
}

func (t Tuning) checkBlock(wrong func(string, ...any) error) error {
	switch {
	case t.NV < 1 || t.NV > mostVectors:
		return wrong("blocks of %d vectors: need 1 to %d", t.NV, mostVectors)
	case len(t.MRs) == 0:
		return wrong("no block height")
	case len(t.Tiles) > 0:
		return wrong("blocks with tiles")
	}
	for i, mr := range t.MRs {
		if !slices.Contains(heights, mr) || i > 0 && mr >= t.MRs[i-1] {
			return wrong("block heights %v: need some of %v, in this order", t.MRs, heights)
		}
	}
	return nil
}

func (t Tuning) checkTiles(dev *cl.Device, wrong func(string, ...any) error) error {
	if len(t.Tiles) == 0 || len(t.Tiles) > mostTiles {
		return wrong("%d tile shapes: need 1 to %d", len(t.Tiles), mostTiles)
	}
	if len(t.MRs) > 0 || t.NV != 0 || t.PanelWidth != 0 {
		return wrong("tiles with blocks")
	}
	for i, s := range t.Tiles {
		switch {
		case !s.possible():
			return wrong("tile %v: out of bounds", s)
		case i > 0 && s.TM*s.TN > t.Tiles[i-1].TM*t.Tiles[i-1].TN:
			return wrong("tile %v after the smaller %v", s, t.Tiles[i-1])
		case dev != nil && !s.fits(dev):
			return wrong("tile %v: the device has no room for it", s)
		}
	}
	return nil
}

// possible reports whether a tile keeps to what TileShape says.
func (s TileShape) possible() bool {
	within := func(v, most int) bool { return v >= 1 && v <= most }
	return within(s.TM, 256) && within(s.TN, 256) && within(s.TK, 128) && within(s.WM, 16) && within(s.WN, 16) &&
		s.TM%s.WM == 0 && s.TN%s.WN == 0
}

// String writes a tile as "64×64×16/4×4": TM × TN × TK, WM × WN a work-item.
func (s TileShape) String() string {
	return fmt.Sprintf("%d×%d×%d/%d×%d", s.TM, s.TN, s.TK, s.WM, s.WN)
}

// String writes a Tuning in one line, such as "block: 6,4,2,1 rows × 2 vectors of 8, panels
// from 1024 columns".
func (t Tuning) String() string {
	var parts []string
	if t.Family == Tile {
		for _, s := range t.Tiles {
			parts = append(parts, s.String())
		}
		return fmt.Sprintf("%s: %s, vectors of %d", t.Family, strings.Join(parts, ", "), t.VW)
	}
	for _, mr := range t.MRs {
		parts = append(parts, strconv.Itoa(mr))
	}
	panels := "panels from " + strconv.Itoa(t.PanelWidth) + " columns"
	switch t.PanelWidth {
	case 0:
		panels = "panels from " + strconv.Itoa(widthWorthPanels) + " columns"
	case 1:
		panels = "panels always"
	case mostPanelWidth:
		panels = "panels never"
	}
	return fmt.Sprintf("%s: %s rows × %d vectors of %d, %s", t.Family, strings.Join(parts, ","), t.NV, t.VW, panels)
}
