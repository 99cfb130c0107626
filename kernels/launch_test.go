package kernels

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/clprop/clprop/cl"
)

// Every launcher refuses operands that do not fit, naming itself and the shapes, before
// anything is compiled: a Set without a device is enough.
func TestShapes(t *testing.T) {
	matrix := func(rows, cols int) Matrix {
		return Matrix{Rows: rows, Cols: cols, LD: LeadingDimension(cols)}
	}
	for _, tuning := range []Tuning{{Family: Block, VW: 4, MRs: []int{4}, NV: 2}, {Family: Tile, VW: 4, Tiles: tiles}} {
		s := &Set{Tuning: tuning}
		w := s.NewWeights(3, 2)
		for _, c := range []struct {
			name   string
			launch func() (*Launch, error)
			shapes string
		}{
			{"in", func() (*Launch, error) { return s.Forward("relu", matrix(5, 4), w, matrix(5, 2)) }, "forward: operands do not fit: a 5×4, weights 3→2, out 5×2"},
			{"out", func() (*Launch, error) { return s.Forward("relu", matrix(5, 3), w, matrix(5, 1)) }, "out 5×1"},
			{"rows", func() (*Launch, error) { return s.Forward("relu", matrix(5, 3), w, matrix(4, 2)) }, "out 4×2"},
			{"z", func() (*Launch, error) { return s.Activate("relu", matrix(5, 3), matrix(5, 2)) }, "z 5×3, a 5×2"},
			{"y", func() (*Launch, error) { return s.OutputDelta(crossEntropy, matrix(5, 3), matrix(5, 2), matrix(5, 3)) }, "y 5×2"},
			{"delta", func() (*Launch, error) { return s.OutputDelta(crossEntropy, matrix(5, 3), matrix(5, 3), matrix(6, 3)) }, "delta 6×3"},
			{"next", func() (*Launch, error) {
				return s.HiddenDelta("relu", matrix(5, 3), w, Transposed{}, matrix(5, 3), matrix(5, 3))
			}, "next 5×3"},
			{"a", func() (*Launch, error) {
				return s.HiddenDelta("relu", matrix(5, 2), w, Transposed{}, matrix(6, 3), matrix(5, 3))
			}, "a 6×3"},
			{"sum", func() (*Launch, error) { return s.Accumulate(matrix(5, 3), matrix(5, 3), Panels{}, w, true) }, "sum 3→2"},
			{"batch", func() (*Launch, error) { return s.Accumulate(matrix(5, 2), matrix(4, 3), Panels{}, w, true) }, "a 4×3"},
			{"theta", func() (*Launch, error) { return s.Descend(matrix(5, 3), matrix(5, 3), Panels{}, w, 0, 5) }, "theta 3→2"},
			{"descend m", func() (*Launch, error) { return s.Descend(matrix(5, 2), matrix(5, 3), Panels{}, w, 0, 0) }, "m 0"},
			{"grad", func() (*Launch, error) { return s.Gradient(w, w, 0, 1, s.NewWeights(2, 3)) }, "grad 2→3"},
			{"theta of a sum", func() (*Launch, error) { return s.DescendSum(w, s.NewWeights(2, 3), 0, 1) }, "theta 2→3"},
			{"m of a sum", func() (*Launch, error) { return s.DescendSum(w, w, 0, 0) }, "m 0"},
			{"gradient m", func() (*Launch, error) { return s.Gradient(w, w, 0, 0, w) }, "m 0"},
			{"sgd", func() (*Launch, error) { return s.SGD(w, s.NewWeights(3, 1)) }, "3→1"},
			{"cost", func() (*Launch, error) {
				return s.RowCost(crossEntropy, matrix(5, 3), matrix(5, 4), nil, nil)
			}, "y 5×4"},
			{"gather", func() (*Launch, error) { return s.Gather(matrix(9, 3), nil, matrix(5, 2)) }, "src 9×3, dst 5×2"},
		} {
			_, err := c.launch()
			if !errors.Is(err, ErrShape) || !strings.Contains(err.Error(), c.shapes) {
				t.Errorf("%s, %s: %v, want ErrShape and %q", tuning.Family, c.name, err, c.shapes)
			}
		}
	}
}

// Buffers that are too short, or missing, are refused by name, as far as launchers get
// them beside matrices and weights, whose size they know.
func TestBuffers(t *testing.T) {
	eachWidth(t, func(f fixture) {
		s := f.set
		m := f.matrix(normal(0, 5, 3, 1))
		w := f.outputWeights(3, 2)
		packed := s.NewTransposed(w)
		short := func(n int) *cl.MemObject { // scratch has room around it
			buf, err := f.context.CreateEmptyBuffer(cl.MemReadWrite, 4*n)
			f.ok(err)
			f.Cleanup(buf.Release)
			return buf
		}
		cases := map[string]func() (*Launch, error){
			"squares: operands do not fit: parts has":    func() (*Launch, error) { return s.Squares(w, short(PenaltyParts-1)) },
			"addsquares: operands do not fit: parts has": func() (*Launch, error) { return s.AddSquares(true, short(PenaltyParts-1), short(TallyWords)) },
			"addsquares: operands do not fit: tally has 28 bytes, need 32": func() (*Launch, error) {
				return s.AddSquares(true, short(PenaltyParts), short(TallyWords-1))
			},
			"tally: operands do not fit: losses has 16 bytes, need 20": func() (*Launch, error) { return s.Tally(5, short(4), short(5), short(TallyWords)) },
			"tally: operands do not fit: right has 16 bytes, need 20":  func() (*Launch, error) { return s.Tally(5, short(5), short(4), short(TallyWords)) },
			"tally: operands do not fit: tally has 0 bytes, need 32":   func() (*Launch, error) { return s.Tally(5, short(5), short(5), nil) },
			"rowcost: operands do not fit: losses has 16 bytes":        func() (*Launch, error) { return s.RowCost(crossEntropy, m, m, short(4), short(5)) },
			"rowcost: operands do not fit: right has 16 bytes":         func() (*Launch, error) { return s.RowCost(crossEntropy, m, m, short(5), short(4)) },
			"sumsquares: operands do not fit: parts has":               func() (*Launch, error) { return s.SumSquares(w, 1, short(NormParts)) },
			"clipscale: operands do not fit: parts has":                func() (*Launch, error) { return s.ClipScale(2, 1, short(NormParts), short(1)) },
			"clipscale: operands do not fit: scale has 0 bytes":        func() (*Launch, error) { return s.ClipScale(1, 1, short(NormParts), nil) },
			"rescale: operands do not fit: scale has 0 bytes":          func() (*Launch, error) { return s.Rescale(w, nil) },
			"squares: operands do not fit: weights has 0 bytes": func() (*Launch, error) {
				return s.Squares(Weights{In: 3, Out: 2, NR: w.NR, Panel: w.Panel}, short(PenaltyParts))
			},
		}
		if s.Tuning.Family == Block {
			forA, forDelta := s.PanelFloats(m, m)
			packed.Buf = short(s.TransposedFloats(w) - 1)
			cases["panel: operands do not fit: panels has"] = func() (*Launch, error) { return s.PanelA(m, short(forA-1)) }
			cases["panel: operands do not fit: panels"] = func() (*Launch, error) { return s.PanelDelta(m, short(forDelta-1)) }
			cases["pack: operands do not fit: copy has"] = func() (*Launch, error) { return s.Pack(w, packed) }
		}
		for want, launch := range cases {
			if _, err := launch(); !errors.Is(err, ErrShape) || !strings.Contains(err.Error(), want) {
				f.Errorf("%v, want ErrShape and %q", err, want)
			}
		}
	})
}

// What has no kernel is an error that names it.
func TestUnknownNames(t *testing.T) {
	s := &Set{Tuning: Tuning{Family: Block, VW: 4, MRs: []int{4}, NV: 2}}
	m := Matrix{Rows: 5, Cols: 3, LD: 16}
	w := s.NewWeights(3, 3)
	for name, launch := range map[string]func() (*Launch, error){
		`"swish"`:   func() (*Launch, error) { return s.Forward("swish", m, w, m) },
		`"softmax"`: func() (*Launch, error) { return s.HiddenDelta("softmax", m, w, Transposed{}, m, m) },
		`"gelu2"`:   func() (*Launch, error) { return s.Activate("gelu2", m, m) },
		`"absent"`:  func() (*Launch, error) { return s.RowCost(Loss{Name: "absent"}, m, m, nil, nil) },
	} {
		if _, err := launch(); err == nil || errors.Is(err, ErrShape) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A launch that was released is an error, not a crash; releasing twice is none.
func TestReleasedLaunch(t *testing.T) {
	eachWidth(t, func(f fixture) {
		z := f.matrix(normal(0, 2, 3, 1))
		l, err := f.set.OutputDelta(crossEntropy, z, z, f.output(2, 3))
		f.ok(err)
		l.Release()
		l.Release()
		if err := l.Enqueue(f.queue); err == nil || !strings.Contains(err.Error(), "kernel outputdelta") {
			f.Errorf("enqueue after release: %v", err)
		}
		if err := l.SetRate(1); err == nil {
			f.Error("an argument set after release: no error")
		}
	})
}

// A size that is no int of OpenCL C is refused: a kernel would be told another one.
func TestTooManyFloats(t *testing.T) {
	eachWidth(t, func(f fixture) {
		w := f.set.NewWeights(46400, 46400) // more than 2³¹ floats, of which a few stand for all
		w.Buf = f.outputWeights(3, 2).Buf
		n := w.Panels() * w.Panel
		if _, err := f.set.ClipValue(w, 1); !errors.Is(err, ErrShape) || !strings.Contains(err.Error(), fmt.Sprintf("clipvalue: argument 0: operands do not fit: %d is more", n)) {
			f.Errorf("%d floats: %v, want ErrShape", n, err)
		}
	})
}

// No work-item of a launch over the most floats of a layer counts beyond OpenCL C's int: not the last
// of its group, which begins past the end and asks where its chunk would end, nor one of NormParts
// that strides from the last chunk. And there is no need for a quarter less, with any Tuning.
func TestMostFloats(t *testing.T) {
	for _, tuning := range []Tuning{
		{Family: Block, VW: 16, Chunk: 128}, {Family: Block, VW: 16, Chunk: mostChunk}, {Family: Block, VW: 1, Chunk: 1},
		{Family: Tile, VW: 4, Chunk: 1}, {Family: Tile, VW: 16, Chunk: mostChunk},
	} {
		s := &Set{Tuning: tuning, local: 64}
		chunk := tuning.Chunk * tuning.VW
		n := s.MostFloats()
		l, err := s.overItems("clipvalue", nil, ceilDiv(n, chunk), 1)
		if err != nil {
			t.Fatal(err)
		}
		if end := int64(l.global[0]) * int64(chunk); end > math.MaxInt32 {
			t.Errorf("%+v: of %d floats the last chunk ends at %d", tuning, n, end)
		}
		if next := int64(n-1) + NormParts*int64(chunk); next > math.MaxInt32 {
			t.Errorf("%+v: of %d floats a stride ends at %d", tuning, n, next)
		}
		if n < math.MaxInt32/4*3 {
			t.Errorf("%+v: %d floats at most", tuning, n)
		}
	}
}
