package data

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/bits"
	"strconv"
)

// pow10 are the powers of ten that float64 holds exactly.
var pow10 = [...]float64{
	1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
	1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
}

const (
	exactInteger = 1 << 53 // whole numbers up to here are float64
	exactDigits  = 19      // decimal digits that uint64 always holds
)

// scanNumber reads the decimal number that b begins with, and tells how many
// bytes it has. If exact is false, x is not set: there is no number, or it needs
// more than the fast ways. One is: digits m up to 2⁵³ and a power of ten up to
// 10²² are both float64, so m·10ᵉ or m/10⁻ᵉ is rounded once, as IEEE 754 and
// strconv round it (W. D. Clinger, "How to read floating point numbers
// accurately", PLDI 1990, section 2). The other is divide.
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
	switch {
	case m <= exactInteger && -22 <= e && e <= 0:
		x = float64(m) / pow10[-e]
	case m <= exactInteger && 0 < e && e <= 22:
		x = float64(m) * pow10[e]
	case m > exactInteger && -19 <= e && e < 0:
		x = divide(m, uint64(pow10[-e]))
	default:
		return 0, i, false
	}
	if negative && m > 0 { // −0 is 0
		x = -x
	}
	return x, i, true
}

// shortNumber reads the number that b begins with, as scanNumber does, if it has a point and
// eight bytes at most behind a minus, as most of what is measured has. n is its length, 0 if it
// is none; of a longer one it reads a part, so that who calls looks at what follows.
//
// How many digits there are changes from cell to cell, and no processor guesses where a loop
// over them ends. Here is none: eight bytes are taken at once, the point is taken out of them,
// and what is left is all digits up to the first byte that is none.
func shortNumber(b []byte) (x float64, n int) {
	if len(b) < 1+8 {
		return 0, 0
	}
	sign := uint64(0)
	if b[0] == '-' {
		sign, n = 1<<63, 1
	}
	w := binary.LittleEndian.Uint64(b[n:])
	whole := countDigits(w)
	if whole == 8 || byte(w>>uint(8*whole)) != '.' {
		return 0, 0
	}
	before := uint64(1)<<uint(8*whole) - 1
	w = w&before | w>>8&^before
	digits := countDigits(w) // 7 at most: the last byte is 0 now
	m := firstDigits(w, digits)
	if digits == 0 {
		return 0, 0
	}
	if m == 0 { // −0 is 0
		sign = 0
	}
	x = float64(m) / pow10[digits-whole]
	return math.Float64frombits(math.Float64bits(x) | sign), n + digits + 1
}

// countDigits tells with how many digits the eight bytes of w begin, the first in its lowest
// byte. c is a digit if c xor 0x30 is below 10; a carry goes to the bytes behind alone.
func countDigits(w uint64) int {
	w ^= 0x3030303030303030
	return bits.TrailingZeros64((w|(w+0x7676767676767676))&0x8080808080808080) / 8
}

// firstDigits is the number that the first n bytes of w are the digits of: 0 to 8 of them, moved
// to the end of eight and put together as pairs, fours and eight.
func firstDigits(w uint64, n int) uint64 {
	w = w << uint(64-8*n) & 0x0f0f0f0f0f0f0f0f
	w = w * (10<<8 + 1) >> 8 & 0x00ff00ff00ff00ff
	w = w * (100<<16 + 1) >> 16 & 0x0000ffff0000ffff
	return w * (10000<<32 + 1) >> 32
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

// divide returns m/d for m and d above 0, rounded to the nearest float64, to the
// even one of two as near: with d' = d·2ᵃ and m' = m·2ᵇ, both of 64 bits, the whole
// number q = ⌊m'·2⁶³/d'⌋ has 63 or 64 bits, more than the 53 of float64, and what
// the division leaves tells whether there is something below them.
func divide(m, d uint64) float64 {
	a, b := bits.LeadingZeros64(d), bits.LeadingZeros64(m)
	m <<= b
	q, rest := bits.Div64(m>>1, m<<63, d<<a)
	e := a - b - 63
	drop := bits.Len64(q) - 53 // 10 or 11
	kept, half := q>>drop, uint64(1)<<(drop-1)
	if below := q & (2*half - 1); below > half || below == half && (rest > 0 || kept&1 == 1) {
		kept++
	}
	return float64(kept) * math.Float64frombits(uint64(1023+e+drop)<<52) // 2ᵉ⁺ᵈʳᵒᵖ, from 2⁻⁶⁴ to 2⁹
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
