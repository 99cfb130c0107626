package data

import (
	"errors"
	"fmt"
	"io"
)

// compactStruct says how long the structure at the beginning of b is, in the compact
// protocol of Apache Thrift: io.ErrUnexpectedEOF if it goes on after b.
func compactStruct(b []byte) (n int, err error) {
	c := compact{rest: b}
	if err := c.skip(12, 0); err != nil {
		return 0, err
	}
	return len(b) - len(c.rest), nil
}

// compact goes over values of that protocol.
type compact struct{ rest []byte }

const compactDepth = 64 // of structures in structures; those of Parquet have some ten

// skip passes over a value. The kinds are those of the protocol: 1, 2 true and false,
// 3 byte, 4 to 6 integers, 7 double, 8 bytes, 9, 10 list and set, 11 map, 12 structure.
func (c *compact) skip(kind byte, depth int) error {
	if depth > compactDepth {
		return errors.New("structures too deep in each other")
	}
	switch kind {
	case 1, 2, 3:
		return c.bytes(1)
	case 4, 5, 6:
		_, err := c.number()
		return err
	case 7:
		return c.bytes(8)
	case 8:
		n, err := c.number()
		if err != nil {
			return err
		}
		return c.bytes(n)
	case 9, 10:
		return c.list(depth)
	case 11:
		return c.pairs(depth)
	case 12:
		return c.fields(depth)
	}
	return fmt.Errorf("a value of kind %d", kind)
}

func (c *compact) bytes(n uint64) error {
	if n > uint64(len(c.rest)) {
		return io.ErrUnexpectedEOF
	}
	c.rest = c.rest[n:]
	return nil
}

// number is a ULEB128 number.
func (c *compact) number() (uint64, error) {
	n := uint64(0)
	for i, b := range c.rest {
		if i == 10 {
			return 0, errors.New("a number of more than 64 bits")
		}
		n |= uint64(b&0x7f) << (7 * i)
		if b < 0x80 {
			c.rest = c.rest[i+1:]
			return n, nil
		}
	}
	return 0, io.ErrUnexpectedEOF
}

func (c *compact) list(depth int) error {
	if len(c.rest) == 0 {
		return io.ErrUnexpectedEOF
	}
	head := c.rest[0]
	c.rest = c.rest[1:]
	n, kind := uint64(head>>4), head&0xf
	if n == 15 {
		var err error
		if n, err = c.number(); err != nil {
			return err
		}
	}
	if n > uint64(len(c.rest)) { // an element has a byte at least
		return io.ErrUnexpectedEOF
	}
	for range n {
		if err := c.skip(kind, depth+1); err != nil {
			return err
		}
	}
	return nil
}

func (c *compact) pairs(depth int) error {
	n, err := c.number()
	if err != nil || n == 0 {
		return err
	}
	if len(c.rest) == 0 || n > uint64(len(c.rest)) {
		return io.ErrUnexpectedEOF
	}
	kinds := c.rest[0]
	c.rest = c.rest[1:]
	for range n {
		if err := c.skip(kinds>>4, depth+1); err != nil {
			return err
		}
		if err := c.skip(kinds&0xf, depth+1); err != nil {
			return err
		}
	}
	return nil
}

func (c *compact) fields(depth int) error {
	for {
		if len(c.rest) == 0 {
			return io.ErrUnexpectedEOF
		}
		head := c.rest[0]
		c.rest = c.rest[1:]
		if head == 0 {
			return nil
		}
		if head>>4 == 0 { // the number of the field follows
			if _, err := c.number(); err != nil {
				return err
			}
		}
		if kind := head & 0xf; kind != 1 && kind != 2 { // of which the value is in the head
			if err := c.skip(kind, depth+1); err != nil {
				return err
			}
		}
	}
}
