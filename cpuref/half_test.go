package cpuref

import (
	"math"
	"testing"
)

// Every half is a float32 that is the same half again; infinities and NaN stay what they are.
func TestHalfRoundTrip(t *testing.T) {
	for bits := range 1 << 16 {
		half := uint16(bits)
		v := FromHalf(half)
		if exponent := half >> 10 & 0x1f; exponent == 0x1f && half&0x3ff != 0 {
			if !math.IsNaN(float64(v)) || !math.IsNaN(float64(FromHalf(ToHalf(v)))) {
				t.Fatalf("%04x is %v and back %04x, want NaN", half, v, ToHalf(v))
			}
			continue
		}
		// binary16 by its definition: ±mantissa·2^exponent
		mantissa, exponent := float64(half&0x3ff), int(half>>10&0x1f)
		if exponent > 0 {
			mantissa += 1024
		}
		want := math.Ldexp(mantissa, max(exponent, 1)-25)
		if exponent == 0x1f {
			want = math.Inf(1)
		}
		if half&0x8000 != 0 {
			want = -want
		}
		if float64(v) != want || math.Signbit(float64(v)) != math.Signbit(want) || ToHalf(v) != half {
			t.Fatalf("%04x is %v, want %v; back %04x", half, v, want, ToHalf(v))
		}
	}
}

// Roundings by hand: ties to even, the ends of the range, numbers below the smallest.
func TestToHalf(t *testing.T) {
	for _, c := range []struct {
		v    float32
		want float32
	}{
		{1 + 0x1p-11, 1}, {1 + 3*0x1p-11, 1 + 0x1p-9}, {1 + 0x1p-11 + 0x1p-20, 1 + 0x1p-10}, // ties, and just above one
		{2048, 2048}, {2049, 2048}, {2051, 2052}, {0.1, 0.0999755859375},
		{65504, 65504}, {65519.996, 65504}, {65520, float32(math.Inf(1))}, {-1e30, float32(math.Inf(-1))},
		{0x1p-14, 0x1p-14}, {0x1p-14 - 0x1p-25, 0x1p-14}, {0x1p-24, 0x1p-24}, {0x1p-25, 0}, {1.5 * 0x1p-24, 0x1p-23},
		{0x1.000002p-25, 0x1p-24}, {-0x1p-26, float32(math.Copysign(0, -1))}, {0x1p-149, 0},
	} {
		got := FromHalf(ToHalf(c.v))
		if math.Float32bits(got) != math.Float32bits(c.want) {
			t.Errorf("%v becomes %v, want %v", c.v, got, c.want)
		}
	}
}

// The two ways to round, by bits and by counting steps, agree on float32 that are, and are
// next to, halves and the middles between them, on others, and on those that no half is near.
func TestRoundToHalf(t *testing.T) {
	s := NewStream(50, 0, 0)
	values := []float32{0, float32(math.Copysign(0, -1)), 0x1p-149, 0x1p-126, math.MaxFloat32, float32(math.Inf(1)), float32(math.NaN())}
	for bits := uint32(0x32000000); bits < 0x48000000; bits += 1 << 12 { // from 2⁻²⁷ to 2¹⁷: halves and the middles
		for _, near := range []uint32{bits, bits + 1, bits - 1, bits + uint32(s.Float64(uint64(bits))*4096)} {
			values = append(values, math.Float32frombits(near), -math.Float32frombits(near))
		}
	}
	wide := make([]float64, len(values))
	was := append([]float32(nil), values...)
	for i, v := range values {
		wide[i] = float64(v)
	}
	RoundToHalf(values)
	RoundToHalf(wide)
	for i, v := range values {
		if float64(v) != wide[i] && !(v != v && wide[i] != wide[i]) || math.Signbit(float64(v)) != math.Signbit(wide[i]) && v == v {
			t.Fatalf("%v becomes %v, and of float64 %v", was[i], v, wide[i])
		}
	}
	// One rounding: by float32 this would be a tie, and go to 1.
	one := []float64{1 + 0x1p-11 + 0x1p-40}
	if RoundToHalf(one); one[0] != 1+0x1p-10 {
		t.Errorf("just above the middle becomes %v", one[0])
	}
}

// The rule of the scale, by hand.
func TestUnscale(t *testing.T) {
	inf := math.Inf(1)
	for name, c := range map[string]struct {
		state, delta []float64
		next, want   []float64
	}{
		"good":               {[]float64{8, 3}, []float64{16, -4}, []float64{8, 4}, []float64{2, -0.5}},
		"the last good step": {[]float64{8, ScaleGrowth - 1}, []float64{16, -4}, []float64{16, 0}, []float64{2, -0.5}},
		"no larger":          {[]float64{MaxScale, ScaleGrowth - 1}, []float64{MaxScale, 0}, []float64{MaxScale, 0}, []float64{1, 0}},
		"infinite":           {[]float64{8, 3}, []float64{16, -inf}, []float64{4, 0}, []float64{0, 0}},
		"not a number":       {[]float64{2, 3}, []float64{math.NaN(), 1}, []float64{1, 0}, []float64{0, 0}},
		"no smaller":         {[]float64{1, 3}, []float64{16, inf}, []float64{1, 0}, []float64{16, inf}},
	} {
		first, second := NewLayer[float64](1, 1), NewLayer[float64](1, 1)
		first.W.Data[0], first.B[0], second.B[0] = c.delta[0], c.delta[0], c.delta[1]
		Unscale([]Layer[float64]{first, second}, c.state)
		got := []float64{first.W.Data[0], second.B[0]}
		for i := range 2 {
			if c.state[i] != c.next[i] || got[i] != c.want[i] || first.B[0] != c.want[0] || second.W.Data[0] != 0 {
				t.Errorf("%s: Δ %v, state %v, want %v and %v", name, got, c.state, c.want, c.next)
			}
		}
	}
}
