package kernels

import (
	"slices"
	"strings"

	"github.com/clprop/clprop/cl"
)

// The geometry of amx.cl: squares of amxSide × amxSide, in groups of amxGroup next to each other; steps of amxStep
// of K, at most amxSteps of them at once; tiles of amxTile bytes, amxParts of which are what is split.
const (
	amxSide  = 32
	amxGroup = 3
	amxStep  = 32
	amxSteps = 16
	amxTile  = 1024
	amxParts = 3
)

// So many work-items of each unit have memory for a part, and do one after the other.
const amxWorkers = 2

// amxMost is how many tiles a part may need, 16 MB. A variable for tests, where many small parts are wanted.
var amxMost = 16 << 10

// What parts of amx.cl cost, in cycles of 2.6 GHz: a step of a square; and below, the end of a square, and to split 16
// numbers. A core does amxFLOPs in a cycle without. The unit is used where it should be amxWorth times as fast: measured,
// a step then gains, if the product has amxLeast operations.
const (
	amxStepCost = 520
	amxFLOPs    = 57
	amxWorth    = 1.38
	amxLeast    = 1 << 25
)

// useAMX says whether the unit is used: never, where it is faster, or where it can be, which tests ask for.
type useAMX int

const (
	amxNever useAMX = iota
	amxWhereFaster
	amxWhereverPossible
)

// amxOf is amxWhereFaster for a device that is this machine's processor, if that has the unit, the threads of the
// driver may use it, and EnvAMX is not switched off.
func amxOf(dev *cl.Device) useAMX {
	// PoCL also has devices of other machines.
	here := slices.ContainsFunc([]string{"pthread", "cpu", "basic"}, func(driver string) bool { return strings.HasPrefix(dev.Name(), driver) })
	if off, _ := SwitchedOff(EnvAMX); !off && here && IsPoCL(dev) && amxPermitted() {
		return amxWhereFaster
	}
	return amxNever
}

// IsPoCL reports whether a device is a CPU whose driver is PoCL, which computes in memory that it is given.
func IsPoCL(dev *cl.Device) bool {
	return dev.Type()&cl.DeviceTypeCPU != 0 && strings.HasPrefix(dev.Platform().Name(), "Portable Computing Language")
}

// onAMX reports whether a product of m × n over k, whose panels are nr wide, is one for amx.cl: none where nr
// is 0. That goes by the sizes alone, so that equal products have equal bits.
func (s *Set) onAMX(m, n, k, nr int, mac macros) bool {
	possible := s.amx != amxNever && s.Tuning.Family == Block && s.Tuning.VW == align && nr > 0 && nr%align == 0 &&
		mac["A_HALF"] == nil && mac["B_HALF"] == nil && mac["C_HALF"] == nil
	return possible && (s.amx == amxWhereverPossible || amxPays(m, n, k, mac))
}

// SumsOnAMX reports whether Accumulate and Descend of delta and a are products of amx.cl, whose bits are not those of
// others.
func (s *Set) SumsOnAMX(delta, a Matrix) bool {
	return s.onAMX(a.Cols+1, delta.Cols, a.Rows, s.Tuning.panelWidth(delta.Cols), sumMacros(delta, a, Panels{}))
}

// hiddenOnAMX reports it of HiddenDelta, which then reads the weights as they lie.
func (s *Set) hiddenOnAMX(next Matrix, w Weights) bool {
	mac := macros{"TB": 1}
	mac.half("A_HALF", next)
	return s.onAMX(next.Rows, w.In, w.Out, s.Tuning.panelWidth(w.Out), mac)
}

// AnyOnAMX reports it of any of the three products of a layer and so many examples, in floats.
func (s *Set) AnyOnAMX(rows int, w Weights) bool {
	a, delta := Matrix{Rows: rows, Cols: w.In}, Matrix{Rows: rows, Cols: w.Out}
	return s.onAMX(rows, w.Out, w.In+1, s.Tuning.panelWidth(w.Out), macros{}) || s.SumsOnAMX(delta, a) || s.hiddenOnAMX(delta, w)
}

// amxPays reports whether a product is so much faster on the unit that a step gains.
func amxPays(m, n, k int, mac macros) bool {
	flops := 2 * float64(m) * float64(n) * float64(k)
	cost := amxCost(ceilDiv(m, amxSide), ceilDiv(n, amxSide), ceilDiv(k, amxStep), mac)
	return flops >= amxLeast && flops/amxFLOPs > amxWorth*float64(cost)
}

// amxCost is what a part of so many squares of rows and of columns costs, in cycles.
func amxCost(rows, cols, steps int, mac macros) int {
	left, right, end := 12, 10, 1000
	switch {
	case mac["TA"] != nil:
		left, right, end = 24, 16, 200 // A is turned, and B is δ, whose rows are far from each other
	case mac["TB"] != nil:
		left = 26
	}
	const vectors = amxSide * amxStep / 16
	return rows*cols*(steps*amxStepCost+end) + (rows*left+cols*right)*steps*vectors
}

// amxShape is how a product is cut: parts of the rows and of the columns, steps at once, chunks of K.
type amxShape struct{ m, n, steps, chunks int }

// amxCut cuts a product into the parts that so many units of a device do soonest.
func amxCut(m, n, k, units int, mac macros) (best amxShape) {
	rows, cols, steps := ceilDiv(m, amxSide), ceilDiv(n, amxSide), ceilDiv(k, amxStep)
	shape := amxShape{chunks: ceilDiv(steps, amxSteps)}
	shape.steps = ceilDiv(steps, shape.chunks)
	soonest, most := 0, max(4*units, ceilDiv(rows*cols, amxMost/8), ceilDiv(rows, amxMost/(8*amxSteps))) // so many fit
	for shape.m = 1; shape.m <= min(rows, most); shape.m++ {
		for shape.n = 1; shape.n <= min(cols, most); shape.n++ {
			time := ceilDiv(shape.m*shape.n, units) * amxCost(ceilDiv(rows, shape.m), ceilDiv(cols, shape.n), steps, mac)
			if shape.tiles(m, n) <= amxMost && (soonest == 0 || time < soonest) {
				best, soonest = shape, time
			}
		}
	}
	return best
}

// tiles is how many a work-item needs for a part of a product of m × n: A of its rows and B of a group, two of each square,
// split, and what squares have come to, four of each: of the part, or of one if there is one chunk.
func (c amxShape) tiles(m, n int) int {
	rows, cols := ceilDiv(ceilDiv(m, amxSide), c.m), ceilDiv(ceilDiv(n, amxSide), c.n)
	squares := 1
	if c.chunks > 1 {
		squares = rows * cols
	}
	const fetched = 4 // behind the last square
	return 2*(rows+amxGroup)*c.steps*amxParts + 4*squares + fetched
}

// amxProduct returns the kernel of a product that is onAMX, and its launch shape.
func (s *Set) amxProduct(name string, m, n, k, nr int, mac macros) (*Launch, error) {
	units := s.device.MaxComputeUnits()
	cut := amxCut(m, n, k, units, mac)
	workers := min(cut.m*cut.n, amxWorkers*units)
	tiles := cut.tiles(m, n)
	room, err := s.room(workers * tiles * amxTile)
	if err != nil {
		return nil, err
	}
	mac["NR"], mac["STEPS"] = nr, amxSteps
	built, err := s.kernel(name, mac, "square.cl", "amxtiles.cl", "amx.cl", "activation.cl", name+".cl")
	if err != nil {
		return nil, err
	}
	l, err := s.launch(name, built, []int{workers}, []int{1})
	if err != nil {
		return nil, err
	}
	l.room, l.more = room, []any{room, tiles, cut.m, cut.n, workers}
	return l, nil
}

// room is memory for launches of amx.cl. They come one after the other, and share it.
type room struct {
	*cl.MemObject
	release func()
}

// room returns one of at least so many bytes. All are kept for as long as the Set is.
func (s *Set) room(bytes int) (*cl.MemObject, error) {
	for _, r := range s.rooms {
		if r.Size() >= bytes {
			return r.MemObject, nil
		}
	}
	allocate := s.Allocate
	if allocate == nil {
		allocate = func(bytes int) (*cl.MemObject, func(), error) {
			mem, err := s.context.CreateEmptyBuffer(cl.MemReadWrite, bytes)
			return mem, func() { mem.Release() }, err
		}
	}
	mem, release, err := allocate(bytes)
	if err != nil {
		return nil, err
	}
	s.rooms = append(s.rooms, room{mem, release}) // launches may have the others
	return mem, nil
}

// releaseRooms gives the memory back.
func (s *Set) releaseRooms() {
	for _, r := range s.rooms {
		r.release()
	}
	s.rooms = nil
}
