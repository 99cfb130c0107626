package data

import (
	"encoding/binary"
	"math"
	"math/bits"
)

// How many digits there are changes from cell to cell, and no processor guesses where a loop
// over them ends: a wrong guess costs as much as ten digits. The readers here have no such loop.
// They take eight bytes at once as a word, the first in its lowest byte, see how many of them
// are digits, and put these together. They read what scanNumber reads, a part of it if there is
// more than they take, and 0 bytes if it is none of theirs, so that who calls looks at what follows.

// plainNumber reads the digits that b begins with, if they are 4 at most, as pixels and counts
// have, in half a word. n is their count.
func plainNumber(b []byte) (x float64, n int) {
	if len(b) < 4 {
		return 0, 0
	}
	w := binary.LittleEndian.Uint32(b) ^ 0x30303030
	n = bits.TrailingZeros32((w|(w+0x76767676))&0x80808080) / 8
	w <<= uint(32-8*n) & 31 // as in firstDigits; x is of no use if n is 0
	w = w * (10<<8 + 1) >> 8 & 0x00ff00ff
	return float64(w * (100<<16 + 1) >> 16), n
}

// wholeNumber reads a minus, or none, and up to 8 digits. n is 0 if there is no digit.
func wholeNumber(b []byte) (x float64, n int) {
	if len(b) < 1+8 {
		return 0, 0
	}
	sign, w := signed(b)
	if n = countDigits(w); n == 0 {
		return 0, 0
	}
	m := int64(firstDigits(w, n))
	return float64((m ^ -int64(sign)) + int64(sign)), n + int(sign)
}

// shortNumber reads the number that b begins with if it has a point and eight bytes at most
// behind a minus, as most of what is measured has. The point is taken out of the word, and what is
// left is all digits up to the first byte that is none.
func shortNumber(b []byte) (x float64, n int) {
	if len(b) < 1+8 {
		return 0, 0
	}
	sign, w := signed(b)
	n = int(sign)
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
	x = float64(int64(m)) / pow10[digits-whole]
	return math.Float64frombits(math.Float64bits(x) | sign<<63), n + digits + 1
}

// longBytes is how many bytes longNumber wants to be there: a minus, 7 digits and a point, three
// words of places, and e, a sign and a word of an exponent.
const longBytes = 1 + 8 + 3*8 + 2 + 8

// longNumber reads the number that b begins with if it has up to 7 digits and then, or not, a
// point and up to 19 places, as float64 with all its digits has, and then, or not, an exponent.
func longNumber(b []byte) (x float64, n int) {
	if len(b) < longBytes {
		return 0, 0
	}
	sign, w := signed(b)
	n = int(sign)
	whole := countDigits(w)
	if whole == 8 {
		return 0, 0
	}
	m, places := firstDigits(w, whole), 0
	n += whole
	if byte(w>>uint(8*whole)) == '.' {
		n++
		room := exactDigits // zeros in front do not count
		if m > 0 {
			room -= whole
		}
		if m, places = morePlaces(b[n:], m); places > room {
			return 0, 0
		}
		n += places
	}
	if whole+places == 0 {
		return 0, 0
	}
	power := 0
	if b[n]|0x20 == 'e' {
		var length int
		if power, length = shortExponent(b[n+1:]); length == 0 {
			return 0, 0
		}
		n += 1 + length
	}
	x, ok := decimal(m, power-places)
	if !ok {
		return 0, 0
	}
	if m == 0 { // −0 is 0
		sign = 0
	}
	return math.Float64frombits(math.Float64bits(x) | sign<<63), n
}

// morePlaces puts the digits that b begins with behind those of m. There may be 24, which is
// more than m holds.
func morePlaces(b []byte, m uint64) (longer uint64, places int) {
	first, second := binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:])
	places = countDigits(first)
	behind := countDigits(second) & -(places >> 3) // none, unless the first word is digits alone
	m = m*whole10[places] + firstDigits(first, places)
	m = m*whole10[behind] + firstDigits(second, behind)
	places += behind
	if behind == 8 {
		third := binary.LittleEndian.Uint64(b[16:])
		n := countDigits(third)
		m = m*whole10[n] + firstDigits(third, n)
		places += n
	}
	return m, places
}

// whole10 are the powers of ten that the digits of a word are moved by.
var whole10 = [9]uint64{1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8}

// shortExponent reads a sign and up to four digits, as scanExponent does, from 9 bytes or more.
func shortExponent(b []byte) (power, n int) {
	if b[0] == '+' {
		b, n = b[1:], 1
	}
	sign, w := signed(b)
	digits := countDigits(w)
	if digits == 0 || digits > 4 || int(sign)+n > 1 {
		return 0, 0
	}
	power = int(firstDigits(w, digits))
	return (power ^ -int(sign)) + int(sign), n + int(sign) + digits
}

// signed is 1 if b begins with a minus, else 0, and the eight bytes behind it. Both words are
// loaded and one is taken, since signs are as hard to guess, and to load waits for no other then.
func signed(b []byte) (sign, w uint64) {
	w, behind := binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[1:])
	sign = ((w&0xff ^ '-') - 1) >> 63
	return sign, w ^ (w^behind)&-sign
}

// countDigits tells with how many digits the eight bytes of w begin. c is a digit if c xor 0x30
// is below 10; a carry goes to the bytes behind alone.
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
