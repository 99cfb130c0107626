package safetensors

import (
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// space skips white space.
func (p *parser) space() {
	for p.at < len(p.text) && strings.IndexByte(" \t\r\n", p.text[p.at]) >= 0 {
		p.at++
	}
}

// take skips white space and c, and reports whether c was there.
func (p *parser) take(c byte) bool {
	p.space()
	if p.at < len(p.text) && p.text[p.at] == c {
		p.at++
		return true
	}
	return false
}

// need is take, or an error.
func (p *parser) need(c byte) error {
	if !p.take(c) {
		return p.fail("need %q", c)
	}
	return nil
}

// member reads up to the value of member n, counted from 0, of an object, the
// beginning of the object with the first and its end, if there are no more.
func (p *parser) member(n int) (key string, more bool, err error) {
	if n == 0 {
		if err := p.need('{'); err != nil {
			return "", false, err
		}
	}
	if p.take('}') {
		return "", false, nil
	}
	if n > 0 {
		if err := p.need(','); err != nil {
			return "", false, err
		}
	}
	if key, err = p.string(); err != nil {
		return "", false, err
	}
	return key, true, p.need(':')
}

// integers reads [n, …] of integers from 0 to 2⁶³−1 and returns how many there
// were, but stops at one more than there is room for.
func (p *parser) integers(room []int64) (n int, err error) {
	if err := p.need('['); err != nil {
		return 0, err
	}
	for ; !p.take(']'); n++ {
		if n > 0 {
			if err := p.need(','); err != nil {
				return n, err
			}
		}
		p.space()
		value, err := p.integer()
		if err != nil {
			return n, err
		}
		if n == len(room) {
			return n + 1, nil
		}
		room[n] = value
	}
	return n, nil
}

// integer reads digits, the first of several not 0.
func (p *parser) integer() (int64, error) {
	begin := p.at
	for p.at < len(p.text) && '0' <= p.text[p.at] && p.text[p.at] <= '9' {
		p.at++
	}
	digits := p.text[begin:p.at]
	value, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || (len(digits) > 1 && digits[0] == '0') {
		p.at = begin
		return 0, p.fail("need an integer from 0 to 2⁶³−1")
	}
	return value, nil
}

// string reads a string. Without escapes it is a part of text, not a copy.
func (p *parser) string() (string, error) {
	if err := p.need('"'); err != nil {
		return "", err
	}
	begin, escaped := p.at, false
	for ; p.at < len(p.text); p.at++ {
		switch c := p.text[p.at]; {
		case c == '\\':
			escaped = true
			p.at++ // whatever it is, it does not end the string
		case c < ' ':
			return "", p.fail("control character in a string")
		case c == '"':
			raw := p.text[begin:p.at]
			p.at++
			if !escaped {
				return raw, nil
			}
			return p.unescape(raw, begin)
		}
	}
	p.at = len(p.text)
	return "", p.fail("the header ends in a string")
}

// escapes are what the character after a backslash stands for, u excepted.
var escapes = [256]byte{
	'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t',
}

// unescape replaces the escapes of RFC 8259, section 7. Half a surrogate pair is
// an error: UTF-8 cannot express it.
func (p *parser) unescape(raw string, begin int) (string, error) {
	var b strings.Builder
	b.Grow(len(raw))
	for len(raw) > 0 {
		if plain := strings.IndexByte(raw, '\\'); plain != 0 {
			if plain < 0 {
				plain = len(raw)
			}
			b.WriteString(raw[:plain])
			raw = raw[plain:]
			continue
		}
		if c := escapes[raw[1]]; c != 0 { // the string did not end after a backslash
			b.WriteByte(c)
			raw = raw[2:]
			continue
		}
		r, width := unicodeEscape(raw)
		if utf16.IsSurrogate(r) {
			low, more := unicodeEscape(raw[width:])
			r, width = utf16.DecodeRune(r, low), width+more
			if r == utf8.RuneError { // a pair never stands for U+FFFD
				width = 0
			}
		}
		if width == 0 {
			p.at = begin
			return "", p.fail("an escape in a string is not valid")
		}
		b.WriteRune(r)
		raw = raw[width:]
	}
	return b.String(), nil
}

// unicodeEscape returns the code unit of a \uXXXX that raw begins with, and its
// width; the width is 0 if there is none.
func unicodeEscape(raw string) (unit rune, width int) {
	if len(raw) < 6 || raw[0] != '\\' || raw[1] != 'u' {
		return 0, 0
	}
	for _, c := range []byte(raw[2:6]) {
		digit := strings.IndexByte("0123456789abcdef", c|0x20)
		// Setting bit 5 makes letters small, keeps digits, and makes digits of
		// control characters, which the string has none of.
		if digit < 0 {
			return 0, 0
		}
		unit = unit<<4 | rune(digit)
	}
	return unit, 6
}
