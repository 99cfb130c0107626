package cpuref

import (
	"math"
	"testing"
)

// The known-answer vectors that the authors of the paper publish with their
// Random123 library (kat_vectors, philox4x32 10).
func TestPhiloxKnownAnswers(t *testing.T) {
	for _, c := range []struct {
		counter [4]uint32
		key     [2]uint32
		want    [4]uint32
	}{
		{[4]uint32{}, [2]uint32{},
			[4]uint32{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
		{[4]uint32{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, [2]uint32{0xffffffff, 0xffffffff},
			[4]uint32{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
		{[4]uint32{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, [2]uint32{0xa4093822, 0x299f31d0},
			[4]uint32{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
	} {
		if got := Philox(c.counter, c.key); got != c.want {
			t.Errorf("Philox(%x, %x) = %x, want %x", c.counter, c.key, got, c.want)
		}
	}
}

// The counter of a stream is (element low, element high, a, b), its key the seed.
func TestStreamAddresses(t *testing.T) {
	s := NewStream(0x299f31d0_a4093822, 0x13198a2e, 0x03707344)
	const element = 0x85a308d3_243f6a88
	if got := s.Uint32(element); got != 0xd16cfe09 {
		t.Errorf("Uint32 = %x, want word 0 of the third known answer, d16cfe09", got)
	}
	want := float64(uint64(0xd16cfe09_94fdcceb)>>11) / (1 << 53)
	if got := s.Float64(element); got != want {
		t.Errorf("Float64 = %v, want %v", got, want)
	}
	for _, other := range []Stream{NewStream(1, 0, 0), NewStream(1<<32, 0, 0), NewStream(0, 1, 0), NewStream(0, 0, 1)} {
		if other.Uint32(0) == NewStream(0, 0, 0).Uint32(0) {
			t.Errorf("stream %v repeats stream 0", other)
		}
	}
}

// With n numbers the mean of the uniform has the standard deviation √(1/12n), of
// the normal √(1/n), and the variance of the normal √(2/n). Five of these is
// exceeded once in 1.7 million seeds; the seed is fixed, so never by chance.
func TestStreamMoments(t *testing.T) {
	const n = 200_000
	s := NewStream(7, 0, 0)
	var uniform, mean, square float64
	for i := range uint64(n) {
		u, z := s.Float64(i), s.Normal(i)
		if u < 0 || u >= 1 || math.IsNaN(z) || math.IsInf(z, 0) {
			t.Fatalf("element %d: uniform %v, normal %v", i, u, z)
		}
		uniform, mean, square = uniform+u, mean+z, square+z*z
	}
	if d := math.Abs(uniform/n - 0.5); d > 5*math.Sqrt(1.0/12/n) {
		t.Errorf("mean of Float64 is off by %v", d)
	}
	if d := math.Abs(mean / n); d > 5*math.Sqrt(1.0/n) {
		t.Errorf("mean of Normal is off by %v", d)
	}
	if d := math.Abs(square/n - 1); d > 5*math.Sqrt(2.0/n) {
		t.Errorf("variance of Normal is off by %v", d)
	}
}
