package data

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"
)

// array is what a NPY file holds: numbers of any kind in up to 4 dimensions, the
// last fastest (numpy/lib/format.py, "Format Version 1.0" to 3.0):
//
//	offset 0   0x93 "NUMPY"       magic
//	offset 6   major, minor       1.0 with a length of 2 bytes, 2.0 and 3.0 of 4
//	offset 8   length             of the header, little endian
//	           header             {'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }
//	           data
type array struct {
	path string
	dims []int
	size int // bytes of a number
	data []byte
	at   func(b []byte) float64
	byte bool // unsigned bytes

	float, little32 bool // floats; those of 4 bytes, little-endian
	mapped          bool // data is not in memory of its own
}

const (
	maxNPYHeader = 1 << 14
	maxNPYBytes  = 1 << 40
)

var npyHeader = regexp.MustCompile(`^\{'descr': '([<>|=]?)([a-zA-Z])(\d*)', 'fortran_order': (True|False), 'shape': \(((?:\d+,? ?)*)\),? ?\}\s*$`)

// readNPYArray reads one array. In Fortran's order it is turned round.
func readNPYArray(path string, r io.Reader, mapped func(start int64, size, inputs int) []byte) (*array, error) {
	fail := func(reason string) error { return &Error{Path: path, Offset: 0, Reason: reason} }
	start := make([]byte, 12)
	if n, err := io.ReadFull(r, start[:10]); err != nil {
		return nil, &Error{Path: path, Offset: int64(n), Reason: "header: expected 10 bytes", Err: unexpected(err)}
	}
	if !bytes.HasPrefix(start, []byte("\x93NUMPY")) || start[6] < 1 || start[6] > 3 {
		return nil, fail(fmt.Sprintf("not a NPY file of version 1 to 3: it begins with % x", start[:8]))
	}
	length, offset := int(binary.LittleEndian.Uint16(start[8:])), 10
	if start[6] > 1 {
		if n, err := io.ReadFull(r, start[10:]); err != nil {
			return nil, &Error{Path: path, Offset: int64(10 + n), Reason: "header: expected 12 bytes", Err: unexpected(err)}
		}
		length, offset = int(binary.LittleEndian.Uint32(start[8:])), 12
	}
	if length > maxNPYHeader {
		return nil, fail(fmt.Sprintf("a header of %d bytes: expected at most %d", length, maxNPYHeader))
	}
	header := make([]byte, length)
	if n, err := io.ReadFull(r, header); err != nil {
		return nil, &Error{Path: path, Offset: int64(offset + n), Reason: fmt.Sprintf("header: expected %d bytes", length), Err: unexpected(err)}
	}
	x, fortran, err := parseNPYHeader(path, header)
	if err != nil {
		return nil, err
	}
	if mapped != nil && !fortran {
		if x.data = mapped(int64(offset+length), x.total(), x.total()/x.size); x.data != nil {
			x.mapped = true
			return x, nil
		}
	}
	return x, x.read(r, int64(offset+length), fortran)
}

func parseNPYHeader(path string, header []byte) (x *array, fortran bool, err error) {
	fail := func(reason string) error { return &Error{Path: path, Offset: 0, Reason: reason} }
	m := npyHeader.FindStringSubmatch(string(header))
	if m == nil {
		return nil, false, fail(fmt.Sprintf("the header is %.80q: expected one dtype of numbers, fortran_order and shape, as numpy.save writes them", header))
	}
	x = &array{path: path}
	if x.size, x.at = npyNumber(m[1], m[2], m[3]); x.at == nil {
		return nil, false, fail(fmt.Sprintf("dtype %s%s%s: expected bool, integers or floats: save it with astype('float32')", m[1], m[2], m[3]))
	}
	x.byte = m[2] == "u" && x.size == 1
	x.float, x.little32 = m[2] == "f", m[2] == "f" && x.size == 4 && m[1] != ">"
	total := x.size
	for text := range strings.SplitSeq(strings.TrimSuffix(strings.TrimSpace(m[5]), ","), ",") {
		d, err := strconv.Atoi(strings.TrimSpace(text))
		if err != nil || d < 1 || d > maxNPYBytes/total {
			return nil, false, fail(fmt.Sprintf("shape (%s): expected 1 to 4 dimensions of at least 1, and at most %d bytes in all", m[5], maxNPYBytes))
		}
		total *= d
		x.dims = append(x.dims, d)
	}
	if len(x.dims) > 4 {
		return nil, false, fail(fmt.Sprintf("%d dimensions: expected 1 to 4", len(x.dims)))
	}
	return x, m[4] == "True" && len(x.dims) > 1, nil
}

// total is the number of bytes of the data.
func (x *array) total() int {
	total := x.size
	for _, d := range x.dims {
		total *= d
	}
	return total
}

// isImages reports whether the array is n × height × width (× 1) bytes.
func (x *array) isImages() bool {
	n := len(x.dims)
	return x.byte && (n == 3 || n == 4 && x.dims[3] == 1)
}

// read reads the data, and demands that it ends there.
func (x *array) read(r io.Reader, offset int64, fortran bool) error {
	total := x.total()
	var err error
	if x.data, err = readExactly(r, total, -1); err != nil {
		e := &Error{Path: x.path, Offset: offset + int64(len(x.data)), Err: err}
		if errors.Is(err, io.ErrUnexpectedEOF) {
			e.Reason = fmt.Sprintf("truncated: shape %v promises %d bytes of data, found %d", x.dims, total, len(x.data))
		}
		return e
	}
	if n, err := io.ReadFull(r, make([]byte, 1)); n > 0 {
		return &Error{Path: x.path, Offset: offset + int64(total), Reason: fmt.Sprintf("expected the end after %d bytes of data, found more", total)}
	} else if err != io.EOF {
		return &Error{Path: x.path, Offset: offset + int64(total), Err: err}
	}
	if fortran {
		x.turn()
	}
	return nil
}

// turn puts data whose first dimension is fastest in the order whose last one is.
func (x *array) turn() {
	turned := make([]byte, len(x.data))
	stride := make([]int, len(x.dims)) // in x.data
	stride[0] = x.size
	for k := 1; k < len(x.dims); k++ {
		stride[k] = stride[k-1] * x.dims[k-1]
	}
	index := make([]int, len(x.dims))
	for to := 0; to < len(turned); to += x.size {
		from := 0
		for k, i := range index {
			from += i * stride[k]
		}
		copy(turned[to:to+x.size], x.data[from:])
		for k := len(index) - 1; k >= 0; k-- {
			if index[k]++; index[k] < x.dims[k] {
				break
			}
			index[k] = 0
		}
	}
	x.data = turned
}

// npyNumber returns the bytes of a number and how to read it, nil if it is none.
func npyNumber(order, kind, width string) (size int, at func([]byte) float64) {
	var e binary.ByteOrder = binary.LittleEndian
	if order == ">" {
		e = binary.BigEndian
	}
	switch kind + width {
	case "b1", "u1", "?":
		return 1, func(b []byte) float64 { return float64(b[0]) }
	case "i1":
		return 1, func(b []byte) float64 { return float64(int8(b[0])) }
	case "u2":
		return 2, func(b []byte) float64 { return float64(e.Uint16(b)) }
	case "i2":
		return 2, func(b []byte) float64 { return float64(int16(e.Uint16(b))) }
	case "u4":
		return 4, func(b []byte) float64 { return float64(e.Uint32(b)) }
	case "i4":
		return 4, func(b []byte) float64 { return float64(int32(e.Uint32(b))) }
	case "u8":
		return 8, func(b []byte) float64 { return float64(e.Uint64(b)) }
	case "i8":
		return 8, func(b []byte) float64 { return float64(int64(e.Uint64(b))) }
	case "f2":
		return 2, func(b []byte) float64 { return half(e.Uint16(b)) }
	case "f4":
		return 4, func(b []byte) float64 { return float64(math.Float32frombits(e.Uint32(b))) }
	case "f8":
		return 8, func(b []byte) float64 { return math.Float64frombits(e.Uint64(b)) }
	}
	return 0, nil
}

// half is the value of a number of 16 bits (IEEE 754-2019, binary16).
func half(b uint16) float64 {
	sign, e, m := 1.0, int(b>>10&31), float64(b&1023)
	if b>>15 == 1 {
		sign = -1
	}
	switch {
	case e == 31 && m == 0:
		return math.Inf(int(sign))
	case e == 31:
		return math.NaN()
	case e == 0:
		return sign * math.Ldexp(m, -24)
	}
	return sign * math.Ldexp(1024+m, e-25)
}
