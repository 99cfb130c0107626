package data

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go/encoding/delta"
	"github.com/parquet-go/parquet-go/format"
)

// unpackPage unpacks the content of a page, which says that it becomes size bytes; more
// are an error.
func unpackPage(codec format.CompressionCodec, packed []byte, size int) ([]byte, error) {
	var r io.Reader
	var err error
	switch codec {
	case format.Uncompressed:
		return packed, nil
	case format.Snappy:
		n, err := snappy.DecodedLen(packed)
		if err != nil || n > size {
			return nil, errors.Join(err, tooLong(size))
		}
		return snappy.Decode(nil, packed)
	case format.Gzip:
		r, err = gzip.NewReader(bytes.NewReader(packed))
	case format.Brotli:
		r = brotli.NewReader(bytes.NewReader(packed))
	case format.Zstd:
		var z *zstd.Decoder
		z, err = zstd.NewReader(bytes.NewReader(packed), zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(zstdWindow))
		if err == nil {
			defer z.Close()
		}
		r = z
	default:
		// LZ4_RAW too: version 0.32 of the library gives zeros for a page that is packed to
		// more than a third, and never ends on one that is broken.
		return nil, fmt.Errorf("packed with %v: write the file with zstd, snappy, gzip or brotli", codec)
	}
	if err != nil {
		return nil, err
	}
	b, err := io.ReadAll(io.LimitReader(r, int64(size)+1))
	if err == nil && len(b) > size {
		err = tooLong(size)
	}
	return b, err
}

func tooLong(size int) error {
	return fmt.Errorf("a page is longer than the %d bytes that it says", size)
}

// values checks that n values of an encoding do not become more than that. The
// encodings are those of https://parquet.apache.org/docs/file-format/data-pages/encodings.
func (p *parquetPages) values(encoding format.Encoding, b []byte, n int) error {
	switch encoding {
	//lint:ignore SA1019 what it is called in old files
	case format.PlainDictionary, format.RLEDictionary:
		if len(b) == 0 {
			return nil
		}
		return checkRuns(b[1:], int(b[0]), n)
	case format.RLE:
		runs, _, err := cutLength(b)
		if err != nil {
			return err
		}
		return checkRuns(runs, 1, n)
	case format.DeltaBinaryPacked, format.DeltaLengthByteArray:
		_, err := cutDeltas(b, n)
		return err
	case format.DeltaByteArray:
		return p.prefixed(b, n)
	}
	return nil // as long as they are in the page
}

// checkRuns goes over runs of values of some bits each: (2·length, value) or
// (2·eights + 1, 8·eights values of width bits).
func checkRuns(b []byte, width, n int) error {
	if width > 32 {
		return fmt.Errorf("values of %d bits", width)
	}
	for sum := uint64(0); len(b) > 0; {
		head, k := binary.Uvarint(b)
		if k <= 0 {
			return io.ErrUnexpectedEOF
		}
		b = b[k:]
		count, length := head>>1, uint64(width+7)/8
		if head&1 == 1 {
			if count > uint64(len(b))+uint64(n) { // so that the products are right
				return io.ErrUnexpectedEOF
			}
			count, length = 8*count, count*uint64(width)
		}
		if sum += count; count > uint64(n)+parquetPadded || sum > uint64(n)+parquetPadded {
			return fmt.Errorf("%d values where %d are due", sum, n)
		}
		if length > uint64(len(b)) {
			return io.ErrUnexpectedEOF
		}
		b = b[length:]
	}
	return nil
}

// cutDeltas passes over at most n numbers of DELTA_BINARY_PACKED: block size, miniblocks
// of a block, numbers and the first of them; then blocks of the least difference, widths
// of the miniblocks, and these.
func cutDeltas(b []byte, n int) (rest []byte, err error) {
	c := compact{rest: b}
	var head [4]uint64
	for i := range head {
		if head[i], err = c.number(); err != nil {
			return nil, err
		}
	}
	block, parts, count := head[0], head[1], head[2]
	if count > uint64(n) {
		return nil, fmt.Errorf("%d values where %d are due", count, n)
	}
	if parts == 0 || block%128 != 0 || block > 1<<16 || block == 0 || parts > block/32 || block/parts%32 != 0 {
		return nil, fmt.Errorf("blocks of %d values in %d parts", block, parts)
	}
	for left := int64(count) - 1; left > 0; {
		if _, err := c.number(); err != nil {
			return nil, err
		}
		widths := c.rest
		if err := c.bytes(parts); err != nil {
			return nil, err
		}
		for _, width := range widths[:parts] {
			if left <= 0 { // the widths of parts that are not there
				break
			}
			if width > 64 {
				return nil, fmt.Errorf("numbers of %d bits", width)
			}
			// The last part may be cut.
			length := uint64(width) * (block / parts) / 8
			c.rest = c.rest[min(length, uint64(len(c.rest))):]
			left -= int64(block / parts)
		}
	}
	return c.rest, nil
}

// prefixed checks texts of which the beginning is that of the one before: with them,
// a few bytes become many.
func (p *parquetPages) prefixed(b []byte, n int) error {
	rest, err := cutDeltas(b, n)
	if err != nil {
		return err
	}
	after, err := cutDeltas(rest, n)
	if err != nil {
		return err
	}
	for _, part := range [][]byte{b[:len(b)-len(rest)], rest[:len(rest)-len(after)]} {
		lengths, err := new(delta.BinaryPackedEncoding).DecodeInt32(nil, part)
		if err != nil {
			return err
		}
		for _, length := range lengths {
			if p.budget -= int64(max(length, 0)); p.budget < 0 {
				return errBomb
			}
		}
	}
	return nil
}
