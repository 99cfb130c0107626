package mpi

import (
	"math"
	"testing"
)

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
