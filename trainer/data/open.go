package data

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"

	"github.com/klauspost/compress/zstd"
)

// What a packed file may become, so that a small one cannot fill the memory.
const (
	packedFree  = 1 << 24 // bytes that any file may become
	packedRatio = 256     // bytes more for each byte that is packed
	detectBytes = 1 << 14 // bytes that tell a format
	zstdWindow  = 1 << 23 // bytes of history, what RFC 8878, 3.1.1.1.2, asks readers for
)

// source is an opened file, or standard input, whose content is unpacked.
type source struct {
	path string
	r    *bufio.Reader
	file *os.File // nil for standard input
	raw  bool     // what r reads is file, byte for byte
	size int64    // bytes of a regular file, −1 if not known
	done []func() error
}

// openSource opens a file, unpacking gzip (RFC 1952) and zstd (RFC 8878), which
// show in their first bytes whatever the name. path "-" reads stdin.
func openSource(path string, stdin io.Reader) (*source, error) {
	s := &source{path: path, size: -1}
	in := stdin
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return nil, err // *fs.PathError names the path
		}
		s.file, in = f, f
		s.done = append(s.done, f.Close)
		if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
			s.size = info.Size()
		}
	} else if stdin == nil {
		return nil, &Error{Path: path, Offset: -1, Err: errors.New("no standard input is given")}
	}
	if err := s.unpack(in); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

// close ends what openSource began.
func (s *source) close() error {
	var errs []error
	for i := len(s.done) - 1; i >= 0; i-- {
		errs = append(errs, s.done[i]())
	}
	return errors.Join(errs...)
}

func (s *source) unpack(in io.Reader) error {
	packed := &counter{r: in}
	s.r = bufio.NewReaderSize(packed, detectBytes)
	magic, err := s.r.Peek(4)
	if err != nil && err != io.EOF { // a file of up to 3 bytes is its format's business
		return &Error{Path: s.path, Offset: 0, Err: err}
	}
	var r io.Reader
	switch {
	case bytes.HasPrefix(magic, []byte{0x1f, 0x8b}):
		if r, err = gzip.NewReader(s.r); err != nil {
			return &Error{Path: s.path, Offset: 0, Reason: "gzip header", Err: unexpected(err)}
		}
	case bytes.HasPrefix(magic, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		z, err := zstd.NewReader(s.r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(zstdWindow))
		if err != nil {
			return &Error{Path: s.path, Offset: 0, Reason: "zstd header", Err: unexpected(err)}
		}
		s.done = append(s.done, func() error { z.Close(); return nil })
		r = z
	default:
		s.raw = true
		return nil
	}
	s.r = bufio.NewReaderSize(&unpacked{r: r, packed: packed}, firstRead)
	return nil
}

// counter counts what is read from r.
type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// unpacked stops a file that grows too much.
type unpacked struct {
	r      io.Reader
	packed *counter
	n      int64
}

func (u *unpacked) Read(p []byte) (int, error) {
	n, err := u.r.Read(p)
	u.n += int64(n)
	if u.n > packedFree+packedRatio*u.packed.n {
		return 0, errBomb
	}
	return n, err
}

const errBomb = formatError("it unpacks to more than 256 times its size: if that is meant, unpack it by other means")

// all reads the whole of a source, for formats that need to jump about in it.
func (s *source) all() (io.ReaderAt, int64, error) {
	if s.raw && s.size >= 0 {
		return s.file, s.size, nil
	}
	b, err := io.ReadAll(s.r)
	if err != nil {
		return nil, 0, &Error{Path: s.path, Offset: int64(len(b)), Err: err}
	}
	return bytes.NewReader(b), int64(len(b)), nil
}

// unexpected turns the end of input where more was due into io.ErrUnexpectedEOF.
func unexpected(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
