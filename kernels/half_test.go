package kernels

import (
	"errors"
	"math"
	"strings"
	"testing"
	"unsafe"

	"github.com/clprop/clprop/cpuref"
)

// What is stored in halves is rounded once more: by half a step of 11 bits, or of 2⁻²⁴ where
// numbers are small.
func stored(v float64) float64 { return 0x1p-11*math.Abs(v) + 0x1p-25 }

// halved are the same numbers as halves have them.
func halved(m matrix32) matrix32 {
	cpuref.RoundToHalf(m.Data)
	return m
}

// halves are the elements of a buffer of them.
func halves(words []float32) []uint16 {
	return unsafe.Slice((*uint16)(unsafe.Pointer(unsafe.SliceData(words))), 2*len(words))
}

// halfMatrix makes a Matrix of halves as package device does, by Blank; below it lie NaNs.
func (f fixture) halfMatrix(v matrix32) Matrix {
	f.Helper()
	m := NewMatrix(v.Rows, v.Cols, true)
	return f.filled(m, func(all []float32, i int) {
		row := halves(all)[i*m.LD:][:m.LD]
		for j, element := range v.Row(i) {
			row[j] = cpuref.ToHalf(element)
		}
	})
}

// halfOutput is a matrix of halves full of NaN.
func (f fixture) halfOutput(rows, cols int) Matrix {
	f.Helper()
	return f.halfMatrix(matrix32{Rows: rows, Cols: cols, Data: canaries(rows * cols)})
}

// halfValues reads a Matrix of halves, and checks that everything around it is as it was.
func (f fixture) halfValues(m Matrix) matrix32 {
	f.Helper()
	v, all := cpuref.NewMatrix[float32](m.Rows, m.Cols), halves(f.read(m.Buf))
	for at, was := range halves(f.was[m.Buf]) {
		if row, col := at/m.LD, at%m.LD; row < m.Rows && col < m.Cols {
			v.Row(row)[col] = cpuref.FromHalf(all[at])
		} else if all[at] != was {
			f.Fatalf("matrix %v: element %d of row %d was %04x and is %04x", m, col, row, was, all[at])
		}
	}
	return v
}

// Rows of halves begin where rows of floats may, and have room for the column of ones.
func TestHalfLayout(t *testing.T) {
	for cols := 1; cols < 2100; cols++ {
		m := NewMatrix(3, cols, true)
		if m.LD < cols+1 || m.LD > cols+64 || m.Words()%16 != 0 || m.Words()%256 == 0 || m.LD != 2*m.Words() || m.Floats() != 19*m.Words() {
			t.Fatalf("%d columns: ld %d, %d floats a row, %d in all", cols, m.LD, m.Words(), m.Floats())
		}
	}
	// by hand: 31 + 1 fill 16 floats; 512 fill 256, which is avoided
	for cols, want := range map[int]int{1: 32, 31: 32, 32: 64, 510: 544, 511: 544, 512: 544} {
		if m := NewMatrix(1, cols, true); m.LD != want {
			t.Errorf("%d columns: ld %d, want %d", cols, m.LD, want)
		}
	}
}

// Blank writes every element of the buffer: zeros, and 1 in column cols of each row.
func TestBlankHalf(t *testing.T) {
	eachWidth(t, func(f fixture) {
		for _, n := range f.sizes {
			m := NewMatrix(n.b, n.out, true)
			m.Buf = f.scratch(m.Floats())
			f.run(f.set.Blank(m))
			for at, got := range halves(f.floats(m.Buf, m.Floats())) {
				want := uint16(0)
				if at/m.LD < m.Rows && at%m.LD == m.Cols {
					want = 0x3c00 // 1
				}
				if got != want {
					f.Fatalf("%v: row %d, column %d is %04x, want %04x", m, at/m.LD, at%m.LD, got, want)
				}
			}
		}
	})
}

// TestGatherHalf copies rows bit for bit.
func TestGatherHalf(t *testing.T) {
	eachWidth(t, func(f fixture) {
		for _, n := range f.sizes {
			src, rows := halved(normal(0, n.b+3, n.in, 1)), make([]int32, n.b)
			for i := range rows {
				rows[i] = int32((i*i + 1) % src.Rows)
			}
			in, index, dst := f.halfMatrix(src), f.index(rows), f.halfOutput(n.b, n.in)
			f.run(f.set.Gather(in, index, dst))
			want := cpuref.NewMatrix[float32](n.b, n.in)
			cpuref.Gather(src, rows, want)
			f.compare(n, "gather", f.halfValues(dst).Data, wide(want).Data, func(int) float64 { return 0 })
			f.unchanged(in.Buf, index)
		}
	})
}

// TestForwardHalf is TestForward with halves in, and halves or floats out: the bound of the
// product, and what is stored in halves once more.
func TestForwardHalf(t *testing.T) {
	eachWidth(t, func(f fixture) {
		for at, n := range f.sizes {
			a, theta := halved(normal(0, n.b, n.in, 1)), randomLayer(1, n.in, n.out)
			in, w := f.halfMatrix(a), f.weights(theta)
			bound, want := cpuref.NewMatrix[float64](n.b, n.out), cpuref.NewMatrix[float64](n.b, n.out)
			cpuref.Forward(cpuref.Linear, absolute(a), absoluteLayer(theta), bound)
			act := cpuref.Sigmoid
			within := func(i int) float64 {
				return largestSlope(act)*2*float64(n.in+1)*u*bound.Data[i] + activationError(act, want.Data[i])
			}
			cpuref.Forward(act, wide(a), wideLayer(theta), want)
			out := f.halfOutput(n.b, n.out)
			f.run(f.set.Forward(string(act), in, w, out))
			f.compare(n, string(act), f.halfValues(out).Data, want.Data, func(i int) float64 { return within(i) + stored(want.Data[i]) })
			f.unchanged(in.Buf, w.Buf)
			if at != 2 { // compiling takes longest
				continue
			}
			floats := f.output(n.b, n.out)
			f.run(f.set.Forward(string(act), in, w, floats))
			f.compare(n, "floats", f.values(floats).Data, want.Data, within)

			// What is stored is the float of the same sum, rounded once.
			again, z, zs := halved(f.values(floats)), f.halfOutput(n.b, n.out), f.output(n.b, n.out)
			f.run(f.set.ForwardKeepingZ(string(act), in, w, out, z))
			f.compare(n, "a, rounded", f.halfValues(out).Data, wide(again).Data, func(int) float64 { return 0 })
			f.run(f.set.Forward("linear", in, w, zs))
			f.compare(n, "z, rounded", f.halfValues(z).Data, wide(halved(f.values(zs))).Data, func(int) float64 { return 0 })
		}
	})
}

// TestHiddenDeltaHalf is TestHiddenDelta of halves: |g′| times the bound of the product, the
// error of g′, and the rounding of what is stored.
func TestHiddenDeltaHalf(t *testing.T) {
	eachWidth(t, func(f fixture) {
		for _, n := range f.sizes {
			act := cpuref.Sigmoid
			next, theta, a := halved(normal(0, n.b, n.out, 1)), randomLayer(1, n.in, n.out), halved(activations(act, 2, n.b, n.in))
			inNext, w, inA, delta := f.halfMatrix(next), f.weights(theta), f.halfMatrix(a), f.halfOutput(n.b, n.in)
			f.run(f.set.HiddenDelta(string(act), inNext, w, f.reads(inNext, w), inA, delta))
			product := func(next matrix64, theta layer64) matrix64 {
				p := cpuref.NewMatrix[float64](n.b, n.in)
				cpuref.HiddenDelta(cpuref.Linear, next, theta, p, p)
				return p
			}
			p, bound := product(wide(next), wideLayer(theta)), product(absolute(next), absoluteLayer(theta))
			want := cpuref.NewMatrix[float64](n.b, n.in)
			cpuref.HiddenDelta(act, wide(next), wideLayer(theta), wide(a), want)
			f.compare(n, string(act), f.halfValues(delta).Data, want.Data, func(i int) float64 {
				g := slope(act, float64(a.Data[i]))
				return math.Abs(g)*2*float64(n.out)*u*bound.Data[i] + derivativeError(act, p.Data[i], g) + stored(want.Data[i])
			})
			f.unchanged(inNext.Buf, inA.Buf, w.Buf)
		}
	})
}

// TestAccumulateHalf sums halves in float32, afresh and onto what is there, to the bound of
// TestAccumulate; and descends along them with the bits of the three kernels one by one.
func TestAccumulateHalf(t *testing.T) {
	eachWidth(t, func(f fixture) {
		for _, n := range f.sizes {
			sum := f.outputWeights(n.in, n.out)
			want, bound := cpuref.NewLayer[float64](n.in, n.out), cpuref.NewLayer[float64](n.in, n.out)
			for batch := range 2 {
				delta, a := halved(normal(uint32(2*batch), n.b, n.out, 1)), halved(normal(uint32(2*batch+1), n.b, n.in, 1))
				inDelta, inA := f.halfMatrix(delta), f.halfMatrix(a)
				if f.set.WantsPanels(inDelta, inA) {
					f.Fatalf("%v: panels of halves", n)
				}
				f.run(f.set.Accumulate(inDelta, inA, Panels{}, sum, batch == 0))
				cpuref.Accumulate(wide(delta), wide(a), want)
				cpuref.Accumulate(absolute(delta), absolute(a), bound)
				k, got := float64((batch+1)*(n.b+1)), f.layer(sum)
				f.compare(n, "weights", got.W.Data, want.W.Data, func(i int) float64 { return 2 * k * u * bound.W.Data[i] })
				f.compare(n, "biases", got.B, want.B, func(i int) float64 { return 2 * k * u * bound.B[i] })
				if batch == 0 && n == f.sizes[len(f.sizes)-1] {
					theta := randomLayer(5, n.in, n.out)
					fused, plain, grad := f.weights(theta), f.weights(theta), f.outputWeights(n.in, n.out)
					descend, err := f.set.Descend(inDelta, inA, Panels{}, fused, 0.5, n.b)
					f.ok(err)
					f.ok(descend.SetDescentRate(0.25))
					f.enqueue(descend)
					descend.Release()
					f.run(f.set.Gradient(sum, plain, 0.5, n.b, grad))
					sgd, err := f.set.SGD(plain, grad)
					f.ok(err)
					f.ok(sgd.SetRate(0.25))
					f.enqueue(sgd)
					sgd.Release()
					steps := wideLayer(f.layer(plain))
					f.compare(n, "descend", flat(f.layer(fused)), flat(steps), func(int) float64 { return 0 })
				}
				f.unchanged(inDelta.Buf, inA.Buf)
			}
		}
	})
}

// TestScaledOutputDelta: S changes no bit but the exponent, and what is stored in halves is
// rounded after it: small δ, that halves would flush to 0, come through, large ones overflow.
func TestScaledOutputDelta(t *testing.T) {
	eachWidth(t, func(f fixture) {
		for at, n := range f.sizes {
			h, y := normal(0, n.b, n.out, 0x1p-20), matrix32{Rows: n.b, Cols: n.out, Data: make([]float32, n.b*n.out)}
			h.Data[0] = 3
			inH, inY, plain := f.matrix(h), f.matrix(y), f.output(n.b, n.out)
			loss := []Loss{crossEntropy, {Name: "mse"}}[at%2]
			if at%3 == 2 {
				weight := f.matrix(weightsOf(2, n.b))
				loss.Weight = &weight
			}
			f.run(f.set.OutputDelta(loss, inH, inY, plain))
			for _, scale := range []float32{1, 1 << 15} {
				half, full, state := f.halfOutput(n.b, n.out), f.output(n.b, n.out), f.buffer([]float32{scale})
				f.run(f.set.ScaledOutputDelta(loss, inH, inY, half, state))
				f.run(f.set.ScaledOutputDelta(loss, inH, inY, full, state))
				want := f.values(plain)
				cpuref.Scale(scale, want)
				f.compare(n, "floats", f.values(full).Data, wide(want).Data, func(int) float64 { return 0 })
				cpuref.RoundToHalf(want.Data)
				got := f.halfValues(half)
				for i, w := range want.Data {
					if got.Data[i] != w {
						f.Fatalf("%v, scale %v: element %d is %v, want %v", n, scale, i, got.Data[i], w)
					}
				}
			}
			f.unchanged(inH.Buf, inY.Buf)
		}
	})
}

// TestUnscale takes scales out of two layers, and adapts them, exactly as cpuref does: Δ that is
// finite, that is not, in one element, at the last of the good steps, and at both ends.
func TestUnscale(t *testing.T) {
	each(t, func(f fixture) {
		for at, n := range f.sizes {
			for turn, c := range []struct {
				scale, good, spoil float32
			}{
				{1 << 15, 3, 0}, {64, 9, 0}, {64, 3, 0}, {1 << 24, 9, 0}, {4, 3, float32(math.Inf(-1))}, {2, 9, float32(math.NaN())}, {1, 3, float32(math.Inf(1))},
			} {
				if f.simulated && turn%3 != at%3 {
					continue
				}
				first, second := randomLayer(0, n.in, n.out), randomLayer(2, n.out, n.in)
				if c.spoil != 0 {
					second.W.Data[(7*turn)%len(second.W.Data)] = c.spoil
				}
				a, b := f.weights(first), f.weights(second)
				parts, state, factor := f.scratch(2*NormParts), f.buffer([]float32{c.scale, c.good, 77}), f.scratch(1)
				f.run(f.set.NonFinite(a, 0, parts))
				f.run(f.set.NonFinite(b, 1, parts))
				f.run(f.set.Adapt(2, 10, 1<<24, parts, state, factor))
				f.run(f.set.Unscale(a, factor))
				f.run(f.set.Unscale(b, factor))
				// Ten good steps here are cpuref's ScaleGrowth.
				next := []float32{c.scale, c.good + cpuref.ScaleGrowth - 10}
				cpuref.Unscale([]layer32{first, second}, next)
				if next[1] > 10 {
					next[1] -= cpuref.ScaleGrowth - 10
				}
				got := f.floats(state, 2)
				if got[0] != next[0] || got[1] != next[1] {
					f.Errorf("%v: state %v becomes %v, want %v", n, c, got, next)
				}
				for l, layer := range []layer32{f.layer(a), f.layer(b)} {
					want := flat([]layer32{first, second}[l])
					for i, got := range flat(layer) {
						if got != want[i] && !(got != got && want[i] != want[i]) {
							f.Fatalf("%v, %+v, layer %d: element %d is %v, want %v", n, c, l, i, got, want[i])
						}
					}
				}
			}
		}
	})
}

// A kernel that has no way to read halves refuses them before it is compiled.
func TestHalfRefused(t *testing.T) {
	m, h := NewMatrix(5, 3, false), NewMatrix(5, 3, true)
	for _, tuning := range []Tuning{{Family: Block, VW: 4, MRs: []int{4}, NV: 2}, {Family: Tile, VW: 4, Tiles: tiles}} {
		s := &Set{Tuning: tuning}
		w := s.NewWeights(3, 3)
		refused(t, map[string]func() (*Launch, error){
			"activate": func() (*Launch, error) { return s.Activate("relu", m, h) },
			"row cost": func() (*Launch, error) { return s.RowCost(crossEntropy, h, m, nil, nil) },
			"a":        func() (*Launch, error) { return s.OutputDelta(crossEntropy, h, m, h) },
			"weight": func() (*Launch, error) {
				return s.OutputDelta(Loss{Name: "mse", Weight: &Matrix{Rows: 5, Cols: 1, Half: true}}, m, m, h)
			},
			"z":          func() (*Launch, error) { return s.ForwardKeepingZ("silu", h, w, h, m) },
			"next":       func() (*Launch, error) { return s.HiddenDelta("relu", m, w, Transposed{}, h, h) },
			"gather":     func() (*Launch, error) { return s.Gather(m, nil, h) },
			"dropout":    func() (*Launch, error) { return s.Dropout(Mask{}, h, m) },
			"shift":      func() (*Launch, error) { return s.Shift(Stream{}, Image{1, 3, 1}, 0, true, m, h) },
			"noise":      func() (*Launch, error) { return s.Noise(Stream{}, 1, m, h) },
			"mixup":      func() (*Launch, error) { return s.Mixup(h, m) },
			"batch norm": func() (*Launch, error) { return s.BatchNormRunning("relu", h, Norm{}, h, nil) },
			"layer norm": func() (*Launch, error) { return s.LayerNorm("relu", h, Norm{}, nil, h, nil) },
			"y":          func() (*Launch, error) { return s.LayerNorm("relu", m, Norm{}, nil, h, &m) },
			"norm delta": func() (*Launch, error) { return s.LayerNormDelta(m, m, m, Norm{}, h) },
		})
		if tuning.Family == Block {
			refused(t, map[string]func() (*Launch, error){
				"pack":        func() (*Launch, error) { return s.PackDelta(h, Transposed{}) },
				"panel":       func() (*Launch, error) { return s.PanelA(h, nil) },
				"descend all": func() (*Launch, error) { return s.DescendAll([]Descent{{Delta: h, A: h, Theta: w}}, 0, 5, nil) },
				"backprop": func() (*Launch, error) {
					return s.Backprop("relu", "softmax", crossEntropy, Pass{X: m, Theta: []Weights{w}, A: []Matrix{h}, Delta: []Matrix{{Rows: 5, Cols: 3, LD: h.LD}}, Z: m, Y: m}, nil)
				},
			})
		}
	}
}

func refused(t *testing.T, launchers map[string]func() (*Launch, error)) {
	t.Helper()
	for name, launch := range launchers {
		if _, err := launch(); !errors.Is(err, ErrShape) || !strings.Contains(err.Error(), "halves") {
			t.Errorf("%s: %v, want ErrShape and what is halves", name, err)
		}
	}
}
