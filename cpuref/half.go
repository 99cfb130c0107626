package cpuref

import "math"

// A half is an IEEE 754 binary16 number: a sign, 5 bits of exponent and 11 of mantissa, of
// which one is not stored. The largest is 65504, the smallest normal one 2⁻¹⁴, the smallest
// 2⁻²⁴. Nothing here computes in halves: they are how numbers are stored.

// MaxHalf is the largest half. What is 65520 or more, half a step further, becomes infinite.
const MaxHalf = 65504

// ToHalf returns the bits of the half that is nearest to v, ties to even. NaN stays NaN.
func ToHalf(v float32) uint16 {
	bits := math.Float32bits(v)
	sign := uint16(bits>>16) & 0x8000
	switch bits &= 0x7fffffff; {
	case bits > 0x7f800000: // NaN
		return sign | 0x7e00
	case bits >= 0x477ff000: // 65520
		return sign | 0x7c00
	case bits < 0x38800000: // 2⁻¹⁴: float32 from ½ to 1 are 2⁻²⁴ apart, as halves are here
		return sign | uint16(math.Float32bits(math.Float32frombits(bits)+0.5)-math.Float32bits(0.5))
	}
	bits += 0xfff + bits>>13&1 // ties go up where the last bit that stays is odd
	return sign | uint16((bits-(127-15)<<23)>>13)
}

// FromHalf returns the number that a half is, which float32 has exactly.
func FromHalf(half uint16) float32 {
	sign, exponent, mantissa := uint32(half&0x8000)<<16, uint32(half>>10&0x1f), uint32(half&0x3ff)
	switch exponent {
	case 0:
		v := float32(mantissa) * 0x1p-24
		return math.Float32frombits(sign | math.Float32bits(v))
	case 0x1f:
		return math.Float32frombits(sign | 0x7f800000 | mantissa<<13)
	}
	return math.Float32frombits(sign | (exponent+127-15)<<23 | mantissa<<13)
}

// RoundToHalf makes every value the nearest half, ties to even, from either type in one
// rounding: what a matrix of halves gives back after the values were stored there.
func RoundToHalf[T Float](values []T) {
	switch list := any(values).(type) {
	case []float32:
		for i, v := range list {
			list[i] = FromHalf(ToHalf(v))
		}
	case []float64:
		for i, v := range list {
			list[i] = nearestHalf(v)
		}
	}
}

// nearestHalf counts in steps of 2^(e−10), 2ᵉ ≤ |v| < 2ᵉ⁺¹, or of 2⁻²⁴ below 2⁻¹⁴.
func nearestHalf(v float64) float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return v
	}
	_, exponent := math.Frexp(v) // that of ½ ≤ |fraction| < 1
	step := max(exponent-1, -14) - 10
	v = math.Ldexp(math.RoundToEven(math.Ldexp(v, -step)), step)
	if math.Abs(v) > MaxHalf {
		return math.Inf(int(math.Copysign(1, v)))
	}
	return v
}
