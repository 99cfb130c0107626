package data

import (
	"bytes"
	"math"
	"math/bits"
	"strconv"
)

// pow10 are the powers of ten that float64 holds exactly.
var pow10 = [...]float64{
	1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
	1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
}

// pow5 are the powers of five that uint64 holds.
var pow5 = func() (p [28]uint64) {
	p[0] = 1
	for k := 1; k < len(p); k++ {
		p[k] = 5 * p[k-1]
	}
	return p
}()

const (
	exactInteger = 1 << 53 // whole numbers up to here are float64
	exactDigits  = 19      // decimal digits that uint64 always holds
)

// scanNumber reads the decimal number that b begins with, and tells how many
// bytes it has. If exact is false, x is not set: there is no number, or it needs
// more than the fast ways of decimal.
func scanNumber(b []byte) (x float64, n int, exact bool) {
	i, negative := 0, false
	if len(b) > 0 && (b[0] == '-' || b[0] == '+') {
		negative = b[0] == '-'
		i = 1
	}
	start, m := i, uint64(0)
	for i < len(b) && b[i]-'0' < 10 {
		m = 10*m + uint64(b[i]-'0')
		i++
	}
	digits, e := i-start, 0
	if i < len(b) && b[i] == '.' {
		i++
		start = i
		for i < len(b) && b[i]-'0' < 10 {
			m = 10*m + uint64(b[i]-'0')
			i++
		}
		digits += i - start
		e = start - i
	}
	if digits == 0 || digits > exactDigits {
		return 0, i, false
	}
	if i < len(b) && (b[i] == 'e' || b[i] == 'E') {
		power, n := scanExponent(b[i+1:])
		if n == 0 {
			return 0, i, false
		}
		i += 1 + n
		e += power
	}
	if x, exact = decimal(m, e); !exact {
		return 0, i, false
	}
	if negative && m > 0 { // −0 is 0
		x = -x
	}
	return x, i, true
}

// jsonNumber reads the number that b begins with if it is spelled as JSON spells numbers (RFC
// 8259, section 6: no plus, no zeros in front, digits on both sides of a point) and needs none
// but the fast ways. n is its length, else 0.
func jsonNumber(b []byte) (x float64, n int) {
	x, n, exact := scanNumber(b)
	if !exact || b[n-1] == '.' {
		return 0, 0
	}
	first, point := 0, bytes.IndexByte(b[:n], '.')
	if b[0] == '-' {
		first = 1
	}
	if b[first]-'0' >= 10 || b[first] == '0' && first+1 < n && b[first+1]-'0' < 10 || point >= 0 && b[point+1]-'0' >= 10 {
		return 0, 0
	}
	return x, n
}

// decimal returns m·10ᵉ, rounded to the nearest float64, to the even one of two as near. ok is false
// if it takes more than the fast ways: where m up to 2⁵³ and a power of ten up to 10²² are both
// float64, the product or quotient is rounded once, as IEEE 754 and strconv round it (W. D.
// Clinger, "How to read floating point numbers accurately", PLDI 1990, section 2). The other is
// divide, also for all that has 16 places or more, where m may be on either side of 2⁵³.
func decimal(m uint64, e int) (x float64, ok bool) {
	switch {
	case -len(pow5) < e && e <= -16:
		return divide(m, -e), true
	case m <= exactInteger && -16 < e && e <= 0:
		return float64(int64(m)) / pow10[-e], true
	case m <= exactInteger && 0 < e && e <= 22:
		return float64(int64(m)) * pow10[e], true
	case -16 < e && e < 0:
		return divide(m, -e), true
	}
	return 0, false
}

// divide returns m/10ᵏ = m/5ᵏ·2⁻ᵏ, rounded as decimal says: with d' = 5ᵏ·2ᵃ and m' = m·2ᵇ, both of
// 64 bits, the whole number q = ⌊m'·2⁶²/d'⌋ has 62 or 63 bits, more than the 53 of float64. Its last
// bit is set if the division leaves something, so that q is rounded as m'·2⁶²/d' is.
func divide(m uint64, k int) float64 {
	d := pow5[k]
	a, b := bits.LeadingZeros64(d), bits.LeadingZeros64(m)
	m <<= b
	q, rest := bits.Div64(m>>2, m<<62, d<<a)
	if rest > 0 {
		q |= 1
	}
	return float64(int64(q)) * math.Float64frombits(uint64(1023+a-b-62-k)<<52) // 2ᵃ⁻ᵇ⁻⁶²⁻ᵏ, from 2⁻¹⁵² on
}

// scanExponent reads a sign and up to four digits; more are no job for the fast
// way.
func scanExponent(b []byte) (power, n int) {
	sign := 1
	if len(b) > 0 && (b[0] == '-' || b[0] == '+') {
		if b[0] == '-' {
			sign = -1
		}
		n = 1
	}
	start := n
	for n < len(b) && b[n]-'0' < 10 {
		power = 10*power + int(b[n]-'0')
		n++
	}
	if n == start || n > start+4 {
		return 0, 0
	}
	return sign * power, n
}

// parseNumber reads a whole cell as a finite decimal number: not Inf, nor what
// only Go spells so, 12_34 and 0x1p2, nor what is beyond float64.
func parseNumber(b []byte) (float64, bool) {
	if x, n, exact := scanNumber(b); exact && n == len(b) {
		return x, true
	}
	if !numeric(b) {
		return 0, false
	}
	x, err := strconv.ParseFloat(string(b), 64)
	if err != nil || math.IsInf(x, 0) || math.IsNaN(x) {
		return 0, false
	}
	if x == 0 {
		x = 0 // −0 is 0
	}
	return x, true
}

// numeric reports whether b has only bytes that decimal numbers have, so that
// most texts need no attempt to parse them.
func numeric(b []byte) bool {
	for _, c := range b {
		switch {
		case c-'0' < 10, c == '.', c == '-', c == '+', c == 'e', c == 'E':
		default:
			return false
		}
	}
	return len(b) > 0
}

// spell is the one spelling of a number as a category or class: 3, 3.0 and 03 are
// "3". It is the shortest that gives the same float64.
func spell(x float64) string {
	if x == math.Trunc(x) && math.Abs(x) < exactInteger {
		return strconv.FormatInt(int64(x), 10)
	}
	return strconv.FormatFloat(x, 'g', -1, 64)
}
