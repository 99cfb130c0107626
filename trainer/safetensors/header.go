package safetensors

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
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

// header reads the whole text.
func (p *parser) header() (meta map[string]string, entries []tensorEntry, err error) {
	if !strings.HasPrefix(p.text, "{") {
		return nil, nil, p.fail("the header does not begin with {")
	}
	entries = make([]tensorEntry, 0, strings.Count(p.text, `"data_offsets"`))
	err = p.object(func(key string) error {
		if key == metadata {
			if meta != nil {
				return p.fail("%s is there twice", metadata)
			}
			meta = map[string]string{}
			return p.metadata(meta)
		}
		e, err := p.tensor(key)
		entries = append(entries, e)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	if rest := strings.TrimLeft(p.text[p.at:], " "); rest != "" {
		p.at = len(p.text) - len(rest)
		return nil, nil, p.fail("%q after the end of the header", rest[0])
	}
	return meta, entries, nil
}

// metadata reads the object of strings into meta.
func (p *parser) metadata(meta map[string]string) error {
	return p.object(func(key string) error {
		if _, twice := meta[key]; twice {
			return p.fail("metadata %s is there twice", quote(key))
		}
		value, err := p.string()
		meta[key] = value
		return err
	})
}

// tensor reads the object that describes one tensor.
func (p *parser) tensor(name string) (tensorEntry, error) {
	e := tensorEntry{name: name}
	seen := ""
	err := p.object(func(key string) (err error) {
		if strings.Contains(seen, key+";") {
			return p.fail("tensor %s: %s is there twice", quote(name), key)
		}
		switch key {
		case "dtype":
			e.dtype, err = p.string()
		case "shape":
			err = p.integers(func(n int64) error {
				if len(e.shape) == maxRank {
					return p.fail("tensor %s: more than %d dimensions", quote(name), maxRank)
				}
				if n > math.MaxInt {
					return p.fail("tensor %s: dimension %d is too large", quote(name), n)
				}
				e.shape = append(e.shape, int(n))
				return nil
			})
		case "data_offsets":
			offsets := make([]int64, 0, 2)
			err = p.integers(func(n int64) error {
				if len(offsets) == 2 {
					return p.fail("tensor %s: more than two data_offsets", quote(name))
				}
				offsets = append(offsets, n)
				return nil
			})
			if err == nil && len(offsets) != 2 {
				err = p.fail("tensor %s: %d data_offsets, need 2", quote(name), len(offsets))
			}
			if err == nil {
				e.begin, e.end = offsets[0], offsets[1]
			}
		default:
			return p.fail("tensor %s: unknown key %s", quote(name), quote(key))
		}
		seen += key + ";"
		return err
	})
	if err == nil && len(seen) != len("dtype;shape;data_offsets;") {
		err = p.fail("tensor %s: need dtype, shape and data_offsets", quote(name))
	}
	return e, err
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

// object reads {"key": value, …}; value reads one value.
func (p *parser) object(value func(key string) error) error {
	if err := p.need('{'); err != nil {
		return err
	}
	if p.take('}') {
		return nil
	}
	for {
		key, err := p.string()
		if err != nil {
			return err
		}
		if err := p.need(':'); err != nil {
			return err
		}
		if err := value(key); err != nil {
			return err
		}
		if p.take('}') {
			return nil
		}
		if err := p.need(','); err != nil {
			return err
		}
	}
}

// integers reads [n, …] of integers from 0 to 2⁶³−1.
func (p *parser) integers(value func(int64) error) error {
	if err := p.need('['); err != nil {
		return err
	}
	if p.take(']') {
		return nil
	}
	for {
		p.space()
		begin := p.at
		for p.at < len(p.text) && '0' <= p.text[p.at] && p.text[p.at] <= '9' {
			p.at++
		}
		digits := p.text[begin:p.at]
		n, err := strconv.ParseInt(digits, 10, 64)
		if err != nil || (len(digits) > 1 && digits[0] == '0') {
			p.at = begin
			return p.fail("need an integer from 0 to 2⁶³−1")
		}
		if err := value(n); err != nil {
			return err
		}
		if p.take(']') {
			return nil
		}
		if err := p.need(','); err != nil {
			return err
		}
	}
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

// unescape leaves escapes to encoding/json, except half a surrogate pair, for
// which that silently puts U+FFFD, so that different texts would become the same.
func (p *parser) unescape(raw string, begin int) (string, error) {
	var s string
	if err := json.Unmarshal([]byte(`"`+raw+`"`), &s); err != nil || halfSurrogate(raw) {
		p.at = begin
		return "", p.fail("an escape in a string is not valid")
	}
	return s, nil
}

// halfSurrogate reports whether a string with valid escapes has a \uD800 to
// \uDFFF that is not one of a pair (RFC 8259, section 7).
func halfSurrogate(raw string) bool {
	wantLow := false
	for len(raw) > 0 {
		unit, width := rune(0), 1
		if raw[0] == '\\' {
			width = 2
			if raw[1] == 'u' {
				n, _ := strconv.ParseUint(raw[2:6], 16, 16) // valid, so no error
				unit, width = rune(n), 6
			}
		}
		low := unit >= 0xDC00 && unit <= 0xDFFF
		if low != wantLow {
			return true
		}
		wantLow = unit >= 0xD800 && unit <= 0xDBFF
		raw = raw[width:]
	}
	return wantLow
}
