package safetensors

import (
	"fmt"
	"math"
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
