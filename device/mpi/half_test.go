package mpi

import (
	"math"
	"testing"
)

// Every float16 becomes itself again, and the float32 halfway to the next one, and the two
// beside that, are rounded as IEEE 754 says: to the nearer, to even in the middle.
func TestHalves(t *testing.T) {
	for h := range uint32(0x7c00) {
		v := FromHalf(uint16(h))
		next := float64(65536) // that after the largest, where infinity begins
		if h < 0x7bff {
			next = float64(FromHalf(uint16(h + 1)))
		}
		middle := float32((float64(v) + next) / 2)
		if float64(middle)*2 != float64(v)+next {
			t.Fatalf("%#x: the middle has no float32", h)
		}
		even := h + h&1
		for _, c := range []struct {
			v    float32
			want uint32
		}{
			{v, h}, {math.Nextafter32(middle, 0), h}, {middle, even}, {math.Nextafter32(middle, 1e9), h + 1},
		} {
			if got := ToHalf(c.v); got != uint16(c.want) {
				t.Fatalf("%v is %#x, want %#x", c.v, got, c.want)
			}
			if got := ToHalf(-c.v); got != uint16(c.want)|0x8000 {
				t.Fatalf("%v is %#x, want %#x", -c.v, got, c.want|0x8000)
			}
		}
	}
	inf := float32(math.Inf(1))
	for _, v := range []float32{inf, 1e38, 65520} {
		if FromHalf(ToHalf(v)) != inf || FromHalf(ToHalf(-v)) != -inf {
			t.Errorf("%v is %v", v, FromHalf(ToHalf(v)))
		}
	}
	if v := FromHalf(ToHalf(float32(math.NaN()))); v == v {
		t.Errorf("NaN is %v", v)
	}
}

// The scale keeps the sum of all ranks below 2¹⁵, and is not smaller than it need be.
func TestHalfScale(t *testing.T) {
	for _, most := range []float64{1e-20, 1e-7, 0.5, 1, 1.5, 3000, 1e20} {
		for _, n := range []int{1, 2, 3, 64} {
			s := float64(HalfScale(most, n))
			if sum := s * most * float64(n); sum > 1<<15 || sum < 1<<14 {
				t.Errorf("%v on %d ranks: scale %v makes %v", most, n, s, sum)
			}
		}
	}
	for _, most := range []float64{0, math.Inf(1), math.NaN()} {
		if s := HalfScale(most, 2); s != 1 {
			t.Errorf("%v: %v", most, s)
		}
	}
	if v := Largest([]float32{1, -3, 2}); v != 3 {
		t.Errorf("largest %v", v)
	}
}
