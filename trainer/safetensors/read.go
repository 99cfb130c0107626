package safetensors

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/clprop/clprop/trainer/durable"
)

// chunk is how many values are read at a time.
const chunk = 1 << 14

// ReadFile reads the file at path. The error names it.
func ReadFile(path string) (*File, error) {
	f, info, err := durable.Open(path, fmt.Errorf("%w: not a regular file", ErrFormat))
	if err != nil {
		return nil, err
	}
	defer f.Close() // nothing was written
	file, err := Read(f, info.Size())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return file, nil
}

// Read reads a file of size bytes from r, to its end. Its errors wrap ErrFormat,
// ErrUnsupported or the error of r.
func Read(r io.Reader, size int64) (*File, error) {
	header, err := readHeader(r, size)
	if err != nil {
		return nil, err
	}
	p := parser{text: header, base: 8}
	meta, entries, err := p.header()
	if err != nil {
		return nil, err
	}
	if err := checkLayout(entries, size-8-int64(len(header))); err != nil {
		return nil, err
	}
	file := &File{Metadata: meta, Tensors: make([]Tensor, len(entries))}
	buffer := make([]byte, 4*chunk)
	for i, e := range entries { // in the order of the buffer
		read := readValues
		if e.count() {
			read = readCount
		}
		values, err := read(r, int((e.end-e.begin)/4), buffer)
		if err != nil {
			return nil, fmt.Errorf("tensor %s: %w", quote(e.name), err)
		}
		file.Tensors[i] = Tensor{Name: e.name, Shape: e.shape, Data: values}
	}
	switch _, err := io.ReadFull(r, buffer[:1]); err {
	case io.EOF:
	case nil:
		return nil, fmt.Errorf("%w: offset %d: the file is longer than its size said", ErrFormat, size)
	default:
		return nil, readError(err, size)
	}
	slices.SortFunc(file.Tensors, func(a, b Tensor) int { return strings.Compare(a.Name, b.Name) })
	return file, nil
}

// readHeader reads the length and the header.
func readHeader(r io.Reader, size int64) (string, error) {
	if size < 8 {
		return "", fmt.Errorf("%w: %d bytes, the length of the header alone takes 8", ErrFormat, size)
	}
	var length [8]byte
	if err := readFull(r, length[:], 0); err != nil {
		return "", err
	}
	n := binary.LittleEndian.Uint64(length[:])
	if n > maxHeader {
		return "", fmt.Errorf("%w: offset 0: header of %d bytes, at most %d", ErrFormat, n, maxHeader)
	}
	if int64(n) > size-8 {
		return "", fmt.Errorf("%w: offset 0: header of %d bytes in a file of %d", ErrFormat, n, size)
	}
	// Through a Builder, so that the text is not there twice.
	var b strings.Builder
	b.Grow(int(n))
	if _, err := io.CopyN(&b, r, int64(n)); err != nil {
		return "", readError(err, 8+int64(b.Len()))
	}
	text := b.String()
	if !utf8.ValidString(text) {
		return "", fmt.Errorf("%w: offset %d: the header is not UTF-8", ErrFormat, 8+invalidAt(text))
	}
	return text, nil
}

// invalidAt returns where text stops being UTF-8.
func invalidAt(text string) int {
	for i, r := range text {
		if r == utf8.RuneError {
			if _, width := utf8.DecodeRuneInString(text[i:]); width == 1 {
				return i
			}
		}
	}
	return len(text)
}

// checkLayout sorts entries by offset and checks that they are readable and cover
// the buffer: no hole, no overlap, nothing after the last.
func checkLayout(entries []tensorEntry, buffer int64) error {
	slices.SortFunc(entries, func(a, b tensorEntry) int { return strings.Compare(a.name, b.name) })
	for i, e := range entries {
		if i > 0 && e.name == entries[i-1].name {
			return fmt.Errorf("%w: tensor %s is there twice", ErrFormat, quote(e.name))
		}
	}
	slices.SortStableFunc(entries, func(a, b tensorEntry) int {
		return cmp.Or(cmp.Compare(a.begin, b.begin), cmp.Compare(a.end, b.end))
	})
	end := int64(0)
	for _, e := range entries {
		if err := e.check(); err != nil {
			return err
		}
		if e.begin != end {
			what := "overlaps the one before, which ends at"
			if e.begin > end {
				what = "leaves a hole after"
			}
			return fmt.Errorf("%w: tensor %s begins at %d of the buffer and %s %d", ErrFormat, quote(e.name), e.begin, what, end)
		}
		if end = e.end; end > buffer {
			return fmt.Errorf("%w: tensor %s ends at %d of the buffer, which has %d bytes: is the file cut off?",
				ErrFormat, quote(e.name), end, buffer)
		}
	}
	if end != buffer {
		return fmt.Errorf("%w: the tensors end at %d of the buffer, which has %d bytes", ErrFormat, end, buffer)
	}
	return nil
}

// check compares type, shape and offsets of one tensor.
func (e *tensorEntry) check() error {
	bits, known := dtypeBits[e.dtype]
	if !known {
		return fmt.Errorf("%w: tensor %s: unknown dtype %s", ErrFormat, quote(e.name), quote(e.dtype))
	}
	n, err := elements(e.shape)
	if err != nil {
		return fmt.Errorf("%w: tensor %s: %w", ErrFormat, quote(e.name), err)
	}
	if e.begin > e.end {
		return fmt.Errorf("%w: tensor %s: data_offsets [%d,%d] run backwards", ErrFormat, quote(e.name), e.begin, e.end)
	}
	if n*bits%8 != 0 || n*bits/8 != e.end-e.begin {
		return fmt.Errorf("%w: tensor %s: %d bytes for %s of shape %v", ErrFormat, quote(e.name), e.end-e.begin, e.dtype, e.shape)
	}
	if e.dtype != "F32" && !e.count() {
		return fmt.Errorf("%w: tensor %s: dtype %s, this program reads F32: convert it", ErrUnsupported, quote(e.name), e.dtype)
	}
	return nil
}

// count reports whether a tensor is a whole number by itself, such as those that PyTorch's
// BatchNorm counts batches with.
func (e *tensorEntry) count() bool { return e.dtype == "I64" && len(e.shape) == 0 }

// readCount reads one, through buffer.
func readCount(r io.Reader, _ int, buffer []byte) ([]float32, error) {
	if err := readFull(r, buffer[:8], -1); err != nil {
		return nil, err
	}
	return []float32{float32(int64(binary.LittleEndian.Uint64(buffer)))}, nil
}

// readValues reads n values through buffer. n is within the size of the file.
func readValues(r io.Reader, n int, buffer []byte) ([]float32, error) {
	values := make([]float32, n)
	for rest := values; len(rest) > 0; {
		part := min(chunk, len(rest))
		raw := buffer[:4*part]
		if err := readFull(r, raw, -1); err != nil {
			return nil, err
		}
		for i := range part {
			rest[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
		}
		rest = rest[part:]
	}
	return values, nil
}

func readFull(r io.Reader, buffer []byte, offset int64) error {
	if n, err := io.ReadFull(r, buffer); err != nil {
		if offset >= 0 {
			offset += int64(n)
		}
		return readError(err, offset)
	}
	return nil
}

// readError says where r failed. An end before size is a file that was cut off.
func readError(err error, offset int64) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		err = fmt.Errorf("%w: cut off: %w", ErrFormat, io.ErrUnexpectedEOF)
	}
	if offset < 0 {
		return err
	}
	return fmt.Errorf("offset %d: %w", offset, err)
}
