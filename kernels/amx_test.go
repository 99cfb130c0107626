package kernels

import (
	"math"
	"slices"
	"testing"

	"github.com/clprop/clprop/cpuref"
)

// The parts of a number add up to it: a product with 1 and zeros has the bits of the other operand, from the
// largest that does not round to infinity down to where the unit takes parts for 0.
func TestAMXIsExact(t *testing.T) {
	onUnit(t, func(f fixture) {
		const n = 65
		values := normal(1, n, n, 1)
		for i := range values.Data {
			values.Data[i] = float32(math.Ldexp(float64(values.Data[i]), i%200-97))
		}
		values.Data[0], values.Data[1], values.Data[2] = math.MaxFloat32*(1-0x1p-8), -1, 1+0x1p-23
		unit := cpuref.NewLayer[float32](n, n)
		for i := range n {
			unit.W.Row(i)[i] = 1
		}
		out := f.output(n, n)
		f.run(f.set.Forward("linear", f.matrix(values), f.weights(unit), out))
		if got := f.values(out).Data; !slices.Equal(got, values.Data) {
			f.Errorf("a · I is not a")
		}
		one := cpuref.NewMatrix[float32](n, n)
		for i := range n {
			one.Row(i)[i] = 1
		}
		sum := f.outputWeights(n, n)
		f.run(f.set.Accumulate(f.matrix(values), f.matrix(one), Panels{}, sum, true))
		got := f.layer(sum)
		for o := range n {
			for i := range n {
				if got.W.Row(o)[i] != values.Row(i)[o] {
					f.Fatalf("Iᵀ · δ at (%d, %d): %v, want %v", i, o, got.W.Row(o)[i], values.Row(i)[o])
				}
			}
		}
	})
}

// A NaN shows in all that it is part of, and nowhere else, whatever its bits are.
func TestAMXKeepsNaN(t *testing.T) {
	onUnit(t, func(f fixture) {
		const n = 40
		for _, bits := range []uint32{0x7fc00000, 0xffc00000, 0x7fffffff, 0xffffffff, 0x7f800001} {
			a := normal(1, n, n, 1)
			a.Row(17)[33] = math.Float32frombits(bits)
			out := f.output(n, n)
			f.run(f.set.Forward("linear", f.matrix(a), f.weights(randomLayer(2, n, n)), out))
			got := f.values(out)
			for i := range n {
				for j, v := range got.Row(i) {
					if math.IsNaN(float64(v)) != (i == 17) {
						f.Fatalf("NaN %08x: (%d, %d) is %v", bits, i, j, v)
					}
				}
			}
		}
	})
}

// Sums of more steps than are split at once: to the bound of all products. In parts of a device that have the work-items
// once each, and in many parts of a product, several to a work-item: to the same bits.
func TestAMXInChunks(t *testing.T) {
	most := amxMost
	onUnit(t, func(f fixture) {
		for _, n := range []size{{33, 1300, 100}, {550, 513, 130}, {70, 2051, 321}, {7000, 600, 40}, {300, 1100, 2000}} {
			a, theta := normal(0, n.b, n.in, 1), randomLayer(1, n.in, n.out)
			in, w := f.matrix(a), f.weights(theta)
			bound, want := cpuref.NewMatrix[float64](n.b, n.out), cpuref.NewMatrix[float64](n.b, n.out)
			cpuref.Forward(cpuref.Linear, absolute(a), absoluteLayer(theta), bound)
			cpuref.Forward(cpuref.Linear, wide(a), wideLayer(theta), want)
			out, shared, parted := f.output(n.b, n.out), f.output(n.b, n.out), f.output(n.b, n.out)
			f.run(f.set.Forward("linear", in, w, out))
			got := f.values(out)
			f.compare(n, "chunks", got.Data, want.Data, func(i int) float64 { return 2 * float64(n.in+1) * u * bound.Data[i] })
			l, err := f.set.Forward("linear", in, w, shared)
			f.ok(err)
			for k := range 2 {
				event, err := l.EnqueueShare(f.queue, []int{1, 1}, k, nil)
				f.ok(err)
				if event != nil {
					event.Release()
				}
			}
			f.ok(f.queue.Finish())
			l.Release()
			if !slices.Equal(f.values(shared).Data, got.Data) {
				f.Errorf("%v: other bits in two shares", n)
			}
			amxMost = 1100
			l, err = f.set.Forward("linear", in, w, parted)
			amxMost = most
			f.ok(err)
			if parts := l.more[2].(int) * l.more[3].(int); n.b == 7000 && parts <= l.more[4].(int) {
				f.Errorf("%v: %d parts are not more than work-items", n, parts)
			}
			f.run(l, err)
			if !slices.Equal(f.values(parted).Data, got.Data) {
				f.Errorf("%v: other bits in many parts", n)
			}
		}
	})
}

// The parts cover a product, have the memory that they need, and are some for each unit where there is enough to do.
func TestAMXCut(t *testing.T) {
	for _, units := range []int{1, 2, 3, 64} {
		for _, n := range []size{{1, 1, 1}, {32, 96, 512}, {33, 97, 513}, {512, 4096, 4097}, {4097, 4096, 512}, {2000, 10, 64}, {10, 2000, 9000}, {30000, 9000, 1000}, {1 << 20, 10, 5000}, {10, 1 << 20, 5000}} {
			for _, mac := range []macros{{}, {"TA": 1}, {"TB": 1}} {
				cut := amxCut(n.b, n.in, n.out, units, mac)
				rows, cols := ceilDiv(n.b, amxSide), ceilDiv(n.in, amxSide)
				if cut.m < 1 || cut.m > rows || cut.n < 1 || cut.n > cols || cut.steps > amxSteps ||
					cut.steps*cut.chunks < ceilDiv(n.out, amxStep) || cut.tiles(n.b, n.in) > amxMost {
					t.Errorf("%v on %d units: %+v", n, units, cut)
				}
				if rows*cols >= 48*units && cut.m*cut.n < units {
					t.Errorf("%v on %d units: %d parts", n, units, cut.m*cut.n)
				}
			}
		}
	}
}

// Small products are left to the vector registers, whatever the device; and all of them where the unit is off.
func TestAMXWhereFaster(t *testing.T) {
	s := &Set{Tuning: Tuning{Family: Block, VW: 16, NV: 3, MRs: []int{8}}, amx: amxWhereFaster}
	for _, c := range []struct {
		m, n, k int
		want    bool
	}{
		{512, 4096, 4097, true}, {4097, 4096, 512, true}, {256, 2048, 2049, true}, {1024, 1024, 1025, true},
		{1, 4096, 4097, false}, {512, 10, 4097, false}, {512, 4096, 11, false}, {32, 128, 785, false}, {128, 512, 513, false},
	} {
		for _, mac := range []macros{{}, {"TA": 1}, {"TB": 1}} {
			if got := s.onAMX(c.m, c.n, c.k, 48, mac); got != c.want {
				t.Errorf("%d×%d over %d, %v: %v", c.m, c.n, c.k, mac, got)
			}
		}
		if s.onAMX(c.m, c.n, c.k, 48, macros{"A_HALF": 1}) || s.onAMX(c.m, c.n, c.k, 24, macros{}) {
			t.Errorf("%d×%d over %d: on the unit in halves, or in panels of 24", c.m, c.n, c.k)
		}
	}
	s.amx = amxNever
	if s.onAMX(512, 4096, 4097, 48, macros{}) {
		t.Error("on the unit where there is none")
	}
	t.Setenv("CLPROP_AMX", "off")
	for _, b := range open(t) {
		if amxOf(b.device) != amxNever {
			t.Errorf("%s: CLPROP_AMX=off, and it is used", b.device.Name())
		}
	}
}

// A transposed copy of the weights is read by vectors, also where the unit would be faster from the copy but not
// from the weights as they lie: the panels of the copy are not those of the weights.
func TestAMXReadsNoCopy(t *testing.T) {
	for _, b := range open(t) {
		if b.device.NativeVectorWidthFloat() != align {
			continue
		}
		t.Run(b.device.Platform().Name(), func(t *testing.T) {
			onThread(t, func() {
				f := b.fixture(t, "amx where faster", BlockTuning(b.device))
				f.set.amx = amxWhereFaster
				for _, n := range []size{{1024, 128, 1024}, {1024, 192, 256}, {1024, 300, 256}} {
					next, theta, a := normal(0, n.b, n.out, 1), randomLayer(1, n.in, n.out), normal(2, n.b, n.in, 1)
					in, w, delta := f.matrix(next), f.weights(theta), f.output(n.b, n.in)
					if !amxPays(n.b, n.in, n.out, macros{}) || amxPays(n.b, n.in, n.out, macros{"TB": 1}) ||
						f.set.HiddenReads(in, w) != TransposedWeights {
						f.Fatalf("%v is not such a product", n)
					}
					f.run(f.set.HiddenDelta("linear", in, w, f.packed(w), f.matrix(a), delta))
					want, bound := cpuref.NewMatrix[float64](n.b, n.in), cpuref.NewMatrix[float64](n.b, n.in)
					cpuref.HiddenDelta(cpuref.Linear, wide(next), wideLayer(theta), wide(a), want)
					cpuref.HiddenDelta(cpuref.Linear, absolute(next), absoluteLayer(theta), wide(a), bound)
					f.compare(n, "hidden delta", f.values(delta).Data, want.Data, func(i int) float64 { return 2 * float64(n.out) * u * bound.Data[i] })
				}
			})
		})
	}
}
