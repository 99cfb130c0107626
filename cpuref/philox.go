package cpuref

import (
	"math"
	"math/bits"
)

// Philox is Philox4x32-10: it turns a counter into four random words under a
// key. Different counters give independent words, so numbers are addressed
// rather than drawn.
//
// Source: J. K. Salmon, M. A. Moraes, R. O. Dror and D. E. Shaw, "Parallel
// random numbers: as easy as 1, 2, 3", SC'11 (2011), §3.3 and table 2.
func Philox(counter [4]uint32, key [2]uint32) [4]uint32 {
	const (
		m0, m1 = 0xD2511F53, 0xCD9E8D57 // the multipliers of Philox4x32
		w0, w1 = 0x9E3779B9, 0xBB67AE85 // the Weyl steps: golden ratio, √3 − 1
		rounds = 10
	)
	c0, c1, c2, c3 := counter[0], counter[1], counter[2], counter[3] // in registers: an array is in memory
	k0, k1 := key[0], key[1]
	for range rounds {
		hi0, lo0 := bits.Mul32(m0, c0)
		hi1, lo1 := bits.Mul32(m1, c2)
		c0, c1, c2, c3 = hi1^c1^k0, lo1, hi0^c3^k1, lo0
		k0 += w0
		k1 += w1
	}
	return [4]uint32{c0, c1, c2, c3}
}

// Stream is a sequence of random numbers that is addressed by element: the same
// (seed, a, b, element) always gives the same number, on any machine, in any
// order. The methods read the same words, so take one kind of number from a
// stream.
type Stream struct {
	key  [2]uint32
	a, b uint32
}

// NewStream returns the stream named (a, b) under a seed; a and b say what the
// numbers are for, such as the epoch and the step.
func NewStream(seed uint64, a, b uint32) Stream {
	return Stream{key: [2]uint32{uint32(seed), uint32(seed >> 32)}, a: a, b: b}
}

func (s Stream) words(element uint64) [4]uint32 {
	return Philox([4]uint32{uint32(element), uint32(element >> 32), s.a, s.b}, s.key)
}

// Uint32 returns a number uniform in 0 … 2³²−1.
func (s Stream) Uint32(element uint64) uint32 { return s.words(element)[0] }

// Float64 returns a number uniform in [0, 1), a multiple of 2⁻⁵³.
func (s Stream) Float64(element uint64) float64 {
	w := s.words(element)
	return unit(w[0], w[1])
}

// Normal returns a number of the normal distribution of mean 0 and variance 1:
//
//	√(−2 log u1) cos(2π u2),   u1 uniform in (0, 1], u2 in [0, 1)
//
// Source: G. E. P. Box and M. E. Muller, "A note on the generation of random
// normal deviates", Annals of Mathematical Statistics 29 (1958) 610–611.
func (s Stream) Normal(element uint64) float64 {
	w := s.words(element)
	u1, u2 := 1-unit(w[0], w[1]), unit(w[2], w[3])
	return math.Sqrt(-2*math.Log(u1)) * math.Cos(2*math.Pi*u2)
}

// unit makes a number in [0, 1) of the 53 highest bits of two words.
func unit(high, low uint32) float64 {
	return float64((uint64(high)<<32|uint64(low))>>11) * 0x1p-53
}
