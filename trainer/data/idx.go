package data

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Array is the content of an IDX file of unsigned bytes, the format of MNIST
// (LeCun, Cortes & Burges, "The MNIST database of handwritten digits", 1998):
//
//	offset 0    0x00 0x00         magic
//	offset 2    type              0x08 unsigned byte; the others are refused
//	offset 3    d                 number of dimensions, here 1 to 4
//	offset 4    d × uint32        the dimensions, big endian
//	offset 4+4d product of them   the data, the last dimension fastest
type Array struct {
	Dims []int
	Data []byte

	mapped bool // Data is not in memory of its own
}

const (
	idxByte = 0x08
	maxIDX  = 1 << 40 // bytes of data
)

var idxTypes = map[byte]string{
	0x09: "int8", 0x0b: "int16", 0x0c: "int32", 0x0d: "float32", 0x0e: "float64",
}

// ReadIDX reads an IDX file, also a gzip one. A header that does not fit what
// follows is an *Error with the offset, what was expected and what was found.
// Memory grows with what was read, not with what the header promises.
func ReadIDX(path string) (*Array, error) { return readIDXFile(path, MapNever) }

func readIDXFile(path string, how Map) (*Array, error) {
	s, err := openSource(path, nil)
	if err != nil {
		return nil, err
	}
	x, err := s.readArray(how)
	if closed := s.close(); err == nil {
		err = closed
	}
	if err != nil {
		return nil, err
	}
	return x, nil
}

// readArray is readIDX of the source, which is mapped if that is wanted and can be done.
func (s *source) readArray(how Map) (*Array, error) {
	return readIDX(s.path, s.r, s.size, func(start int64, size int) []byte { return s.mapped(start, size, size, how) })
}

// readIDX reads an IDX file, which as it is stored has so many bytes, or -1. mapped gives the data, of
// so many bytes from start on, without reading it, or nil; it may be nil itself.
func readIDX(path string, r io.Reader, file int64, mapped func(start int64, size int) []byte) (*Array, error) {
	dims, err := readIDXHeader(path, r)
	if err != nil {
		return nil, err
	}
	size := 1
	for i, d := range dims {
		offset := int64(4 + 4*i)
		if d == 0 {
			return nil, &Error{Path: path, Offset: offset, Reason: fmt.Sprintf("dimension %d is 0: expected at least 1", i)}
		}
		if d > maxIDX/size {
			return nil, &Error{Path: path, Offset: offset, Reason: fmt.Sprintf("dimensions %v promise more than %d bytes", dims, maxIDX)}
		}
		size *= d
	}
	start := int64(4 + 4*len(dims))
	if mapped != nil {
		if data := mapped(start, size); data != nil {
			return &Array{Dims: dims, Data: data, mapped: true}, nil
		}
	}
	data, err := readExactly(r, size, file)
	if err != nil {
		e := &Error{Path: path, Offset: start + int64(len(data)), Err: err}
		if errors.Is(err, io.ErrUnexpectedEOF) {
			e.Reason = fmt.Sprintf("truncated: dimensions %v promise %d bytes of data, found %d", dims, size, len(data))
		}
		return nil, e
	}
	// One byte more must be the end; for gzip this also verifies the checksum.
	if n, err := io.ReadFull(r, make([]byte, 1)); n > 0 {
		return nil, &Error{Path: path, Offset: start + int64(size),
			Reason: fmt.Sprintf("expected the end after %d bytes of data, which dimensions %v promise, found more", size, dims)}
	} else if err != io.EOF {
		return nil, &Error{Path: path, Offset: start + int64(size), Err: err}
	}
	return &Array{Dims: dims, Data: data}, nil
}

func readIDXHeader(path string, r io.Reader) ([]int, error) {
	var magic [4]byte
	if n, err := io.ReadFull(r, magic[:]); err != nil {
		return nil, &Error{Path: path, Offset: int64(n), Reason: "header: expected 4 bytes of magic", Err: unexpected(err)}
	}
	if magic[0] != 0 || magic[1] != 0 {
		return nil, &Error{Path: path, Offset: 0,
			Reason: fmt.Sprintf("not an IDX file: expected bytes 00 00 08, found % x", magic[:3])}
	}
	if magic[2] != idxByte {
		found := fmt.Sprintf("0x%02x", magic[2])
		if name, ok := idxTypes[magic[2]]; ok {
			found += " (" + name + ")"
		}
		return nil, &Error{Path: path, Offset: 2,
			Reason: "expected type 0x08 (unsigned byte), found " + found + ": convert the file to bytes"}
	}
	if magic[3] < 1 || magic[3] > 4 {
		return nil, &Error{Path: path, Offset: 3, Reason: fmt.Sprintf("expected 1 to 4 dimensions, found %d", magic[3])}
	}
	raw := make([]byte, 4*int(magic[3]))
	if n, err := io.ReadFull(r, raw); err != nil {
		return nil, &Error{Path: path, Offset: int64(4 + n),
			Reason: fmt.Sprintf("header: expected %d dimensions of 4 bytes", magic[3]), Err: unexpected(err)}
	}
	dims := make([]int, magic[3])
	for i := range dims {
		dims[i] = int(binary.BigEndian.Uint32(raw[4*i:]))
	}
	return dims, nil
}
