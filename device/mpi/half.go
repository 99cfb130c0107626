package mpi

import "math"

// Halves are float16, the binary16 of IEEE 754-2008: 1 bit of sign, 5 of exponent, 10 of
// fraction. Numbers of 2⁻¹⁴ to 65504 keep 11 bits, smaller ones are multiples of 2⁻²⁴.

// ToHalf rounds to the nearest float16, to even where two are as near; what is too large
// becomes infinite.
func ToHalf(v float32) uint16 {
	bits := math.Float32bits(v)
	sign, rest := uint16(bits>>16)&0x8000, bits&0x7fffffff
	switch {
	case rest > 0x7f800000: // NaN
		return sign | 0x7e00
	case rest >= 0x477ff000: // 65520 and above
		return sign | 0x7c00
	case rest < 0x38800000: // below 2⁻¹⁴: a multiple of 2⁻²⁴, which a sum with ½ rounds to
		return sign | uint16(math.Float32bits(math.Float32frombits(rest)+0.5)-0x3f000000)
	}
	rest += 0xfff + rest>>13&1 // half of what is cut off, less one bit unless the result is odd
	return sign | uint16((rest-0x38000000)>>13)
}

// FromHalf is exact.
func FromHalf(h uint16) float32 {
	sign, exponent, fraction := uint32(h&0x8000)<<16, uint32(h>>10&0x1f), uint32(h&0x3ff)
	switch exponent {
	case 0:
		return math.Float32frombits(math.Float32bits(float32(fraction)*0x1p-24) | sign)
	case 0x1f:
		return math.Float32frombits(sign | 0x7f800000 | fraction<<13)
	}
	return math.Float32frombits(sign | (exponent+112)<<23 | fraction<<13)
}

// HalfScale is the power of two by which values of n ranks are multiplied before they become
// halves, so that neither they nor their sum are too large: n·most·scale ≤ 2¹⁵. It is 1 where
// most, the largest magnitude on any rank, is 0 or not finite.
func HalfScale(most float64, n int) float32 {
	if !(most > 0) || math.IsInf(most, 0) {
		return 1
	}
	_, exponent := math.Frexp(most * float64(n)) // below 2^exponent
	return float32(math.Ldexp(1, max(-100, min(15-exponent, 100))))
}

// Largest is the largest magnitude; NaN where there is one.
func Largest(values []float32) float64 {
	most := float32(0)
	for _, v := range values {
		if v != v {
			return math.NaN()
		}
		most = max(most, max(v, -v))
	}
	return float64(most)
}
