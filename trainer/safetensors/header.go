package safetensors

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// tensorEntry is one tensor as the header describes it, before it is checked.
type tensorEntry struct {
	name, dtype string
	shape       []int
	begin, end  int64 // in the buffer
}

// parser reads the header: JSON (RFC 8259), but only what the format has in it.
// encoding/json takes duplicate keys, which the format forbids, and allocates a
// multiple of what it reads.
type parser struct {
	text string
	at   int
	base int // offset of text in the file, for messages
}

func (p *parser) fail(format string, args ...any) error {
	return fmt.Errorf("%w: offset %d: %s", ErrFormat, p.base+p.at, fmt.Sprintf(format, args...))
}

// minEntry is less than the shortest description of a tensor takes.
const minEntry = len(`"":{"dtype":"F4","shape":[],"data_offsets":[0,0]}`)

// header reads the whole text.
func (p *parser) header() (meta map[string]string, entries []tensorEntry, err error) {
	if !strings.HasPrefix(p.text, "{") {
		return nil, nil, p.fail("the header does not begin with {")
	}
	// Never grown, so that nothing is left to the garbage collector.
	entries = make([]tensorEntry, 0, min(strings.Count(p.text, "{"), 1+len(p.text)/minEntry))
	for n := 0; ; n++ {
		key, more, err := p.member(n)
		switch {
		case err != nil:
			return nil, nil, err
		case !more:
			return meta, entries, p.end()
		case key == metadata && meta != nil:
			return nil, nil, p.fail("%s is there twice", metadata)
		case key == metadata:
			meta, err = p.metadata()
		default:
			var e tensorEntry
			e, err = p.tensor(key)
			entries = append(entries, e)
		}
		if err != nil {
			return nil, nil, err
		}
	}
}

// end allows nothing but spaces.
func (p *parser) end() error {
	rest := strings.TrimLeft(p.text[p.at:], " ")
	if rest == "" {
		return nil
	}
	p.at = len(p.text) - len(rest)
	return p.fail("%q after the end of the header", rest[0])
}

// metadata reads an object of strings.
func (p *parser) metadata() (map[string]string, error) {
	meta := map[string]string{}
	for n := 0; ; n++ {
		key, more, err := p.member(n)
		if err != nil || !more {
			return meta, err
		}
		if _, twice := meta[key]; twice {
			return nil, p.fail("metadata %s is there twice", quote(key))
		}
		if n == maxMetadata {
			return nil, p.fail("more than %d entries of metadata", maxMetadata)
		}
		if meta[key], err = p.string(); err != nil {
			return nil, err
		}
	}
}

// tensor reads the object that describes one tensor.
func (p *parser) tensor(name string) (tensorEntry, error) {
	const dtype, shape, offsets = 1, 2, 4
	e, seen := tensorEntry{name: name}, 0
	for n := 0; ; n++ {
		key, more, err := p.member(n)
		if err != nil {
			return e, err
		}
		if !more {
			break
		}
		part := 0
		switch key {
		case "dtype":
			part = dtype
		case "shape":
			part = shape
		case "data_offsets":
			part = offsets
		default:
			return e, p.fail("tensor %s: unknown key %s", quote(name), quote(key))
		}
		if seen&part != 0 {
			return e, p.fail("tensor %s: %s is there twice", quote(name), key)
		}
		seen |= part
		switch part {
		case dtype:
			e.dtype, err = p.string()
		case shape:
			e.shape, err = p.shape(name)
		case offsets:
			e.begin, e.end, err = p.offsets(name)
		}
		if err != nil {
			return e, err
		}
	}
	if seen != dtype|shape|offsets {
		return e, p.fail("tensor %s: need dtype, shape and data_offsets", quote(name))
	}
	return e, nil
}

// shape reads the dimensions of a tensor; none are nil.
func (p *parser) shape(name string) ([]int, error) {
	var room [maxRank]int64
	n, err := p.integers(room[:])
	if err != nil {
		return nil, err
	}
	if n > maxRank {
		return nil, p.fail("tensor %s: more than %d dimensions", quote(name), maxRank)
	}
	var shape []int
	for _, d := range room[:n] {
		if d > math.MaxInt {
			return nil, p.fail("tensor %s: dimension %d is too large", quote(name), d)
		}
		if shape == nil {
			shape = make([]int, 0, n)
		}
		shape = append(shape, int(d))
	}
	return shape, nil
}

// offsets reads the first byte of a tensor and the one after its last.
func (p *parser) offsets(name string) (begin, end int64, err error) {
	var room [2]int64
	n, err := p.integers(room[:])
	if err == nil && n != 2 {
		err = p.fail("tensor %s: need two data_offsets", quote(name))
	}
	return room[0], room[1], err
}

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
