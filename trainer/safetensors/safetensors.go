package safetensors

import (
	"errors"
	"fmt"
	"math"
	"strconv"
)

// Tensor is a named array of float32. Read makes one of a single I64 too, rounded.
type Tensor struct {
	Name  string
	Shape []int     // dimensions, none for a single number
	Data  []float32 // row-major, as many as the product of Shape
}

// File is the content of a safetensors file.
type File struct {
	// Metadata is the object __metadata__; empty and absent are the same.
	Metadata map[string]string
	// Tensors are sorted by name when they come from Read; Write takes them in
	// any order.
	Tensors []Tensor
}

// Errors that Read and Write wrap, for errors.Is.
var (
	// ErrFormat: the file, or what was to be written, breaks a rule of the format.
	ErrFormat = errors.New("not a valid safetensors file")
	// ErrUnsupported: the file is valid as far as it was read, but holds a kind of
	// tensor that this package does not read.
	ErrUnsupported = errors.New("unsupported tensor type")
)

// Limits on a file.
const (
	maxHeader   = 100_000_000 // bytes of header, as in the format's own reader
	maxRank     = 8           // dimensions of a tensor
	maxMetadata = 4096        // entries of __metadata__
	metadata    = "__metadata__"
)

// dtypeBits is the size in bits of an element of every type in the format.
var dtypeBits = map[string]int64{
	"BOOL": 8, "U8": 8, "I8": 8, "F8_E5M2": 8, "F8_E4M3": 8, "F8_E8M0": 8,
	"F4": 4, "F6_E2M3": 6, "F6_E3M2": 6,
	"I16": 16, "U16": 16, "F16": 16, "BF16": 16,
	"I32": 32, "U32": 32, "F32": 32,
	"I64": 64, "U64": 64, "F64": 64, "C64": 64,
}

// elements returns the product of a shape, or an error if a dimension is negative
// or the product of bytes would overflow.
func elements(shape []int) (int64, error) {
	if len(shape) > maxRank {
		return 0, fmt.Errorf("%d dimensions, at most %d", len(shape), maxRank)
	}
	n := int64(1)
	for _, d := range shape {
		if d < 0 {
			return 0, fmt.Errorf("dimension %d is negative", d)
		}
		if d > 0 && n > math.MaxInt64/64/int64(d) { // so that n elements in bits fit
			return 0, fmt.Errorf("shape %v is too large", shape)
		}
		n *= int64(d)
	}
	return n, nil
}

func quote(name string) string {
	if len(name) > 64 {
		name = name[:64] + "…"
	}
	return strconv.Quote(name)
}
