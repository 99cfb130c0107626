package data

import (
	"errors"
	"fmt"
	"io"
	"math/bits"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

// The library that reads Parquet takes every length in a file on trust, and a process
// that asks for too much memory cannot be saved. So what is in a file is looked
// through before: nothing in it may be longer than what is there, or become more than
// packedFree bytes and packedRatio for each byte of the file.

// Lengths in the format.
const (
	parquetMagic  = "PAR1"
	parquetEnds   = 2*len(parquetMagic) + 4 // before and after all else: magic, and length of the footer and magic
	parquetPadded = 512                     // values more than asked for that the last run of a writer may have
)

// checkParquetFooter says what is wrong with the description of the file, which is at
// its end: metadata │ length, 4 bytes │ "PAR1".
func checkParquetFooter(in io.ReaderAt, size int64) error {
	if size < int64(parquetEnds) {
		return errors.New("too short")
	}
	var end [8]byte
	if _, err := in.ReadAt(end[:], size-int64(len(end))); err != nil && err != io.EOF {
		return err
	}
	length := int64(end[0]) | int64(end[1])<<8 | int64(end[2])<<16 | int64(end[3])<<24
	if string(end[4:]) != parquetMagic {
		return fmt.Errorf("it does not end with %s", parquetMagic)
	}
	if length > size-int64(parquetEnds) {
		return fmt.Errorf("its footer of %d bytes is not there", length)
	}
	footer := make([]byte, length)
	if _, err := in.ReadAt(footer, size-int64(len(end))-length); err != nil && err != io.EOF {
		return err
	}
	if _, err := compactStruct(footer); err != nil {
		return fmt.Errorf("footer: %w", err)
	}
	return nil
}

// parquetPages looks through the pages of a file.
type parquetPages struct {
	in     io.ReaderAt
	size   int64
	budget int64 // bytes that pages may still become
	read   thrift.CompactProtocol
}

// chunk checks the pages of a column in a group of rows, as far as they will be read.
func (p *parquetPages) chunk(meta *format.ColumnMetaData, leaf parquet.LeafColumn, rows int64) error {
	at := meta.DataPageOffset
	if meta.DictionaryPageOffset != 0 {
		at = meta.DictionaryPageOffset
	}
	if at < 0 || at > p.size || meta.TotalCompressedSize < 0 {
		return errors.New("a column is not in the file")
	}
	end := at + min(meta.TotalCompressedSize, p.size-at)
	if width := int64(leaf.Node.Type().Length()); leaf.Node.Type().Kind() == parquet.FixedLenByteArray && (width < 0 || width*min(rows, p.size) > p.budget) {
		return fmt.Errorf("values of %d bytes", width)
	}
	for values := int64(0); at < end && values < rows; {
		header, length, err := p.header(at, end)
		if err != nil {
			return err
		}
		packed, unpacked := int64(header.CompressedPageSize), int64(header.UncompressedPageSize)
		at += length
		if packed < 0 || packed > end-at || unpacked < 0 {
			return fmt.Errorf("a page of %d bytes is not there", packed)
		}
		if p.budget -= unpacked; p.budget < 0 {
			return errBomb
		}
		body := make([]byte, packed)
		if _, err := p.in.ReadAt(body, at); err != nil && err != io.EOF {
			return err
		}
		at += packed
		n, err := p.page(header, meta.Codec, leaf, body, rows)
		if err != nil {
			return err
		}
		values += n
	}
	return nil
}

// header reads the header of a page at [at, end), and says how long it is.
func (p *parquetPages) header(at, end int64) (*format.PageHeader, int64, error) {
	for window := int64(1 << 10); ; window *= 16 {
		b := make([]byte, min(window, end-at))
		if _, err := p.in.ReadAt(b, at); err != nil && err != io.EOF {
			return nil, 0, err
		}
		n, err := compactStruct(b)
		if errors.Is(err, io.ErrUnexpectedEOF) && window < end-at {
			continue
		}
		if err != nil {
			return nil, 0, fmt.Errorf("header of a page: %w", err)
		}
		h := new(format.PageHeader)
		if err := thrift.NewDecoder(p.read.NewReaderFromBytes(b[:n])).Decode(h); err != nil {
			return nil, 0, fmt.Errorf("header of a page: %w", err)
		}
		return h, int64(n), nil
	}
}

// page checks the content of a page, and says how many values of rows it has.
func (p *parquetPages) page(h *format.PageHeader, codec format.CompressionCodec, leaf parquet.LeafColumn, body []byte, rows int64) (int64, error) {
	most := bits.Len(uint(leaf.MaxDefinitionLevel))
	unpack := func(b []byte) ([]byte, error) { return unpackPage(codec, b, int(h.UncompressedPageSize)) }
	switch {
	case h.Type == format.DictionaryPage && h.DictionaryPageHeader.Valid:
		return 0, p.dictionary(h.DictionaryPageHeader.V, unpack, body)
	case h.Type == format.DataPage && h.DataPageHeader.Valid:
		d := h.DataPageHeader.V
		if err := parquetCount(d.NumValues, rows); err != nil {
			return 0, err
		}
		return int64(d.NumValues), p.page1(d, unpack, body, most)
	case h.Type == format.DataPageV2 && h.DataPageHeaderV2.Valid:
		d := h.DataPageHeaderV2.V
		if err := parquetCount(d.NumValues, rows); err != nil {
			return 0, err
		}
		return int64(d.NumValues), p.page2(d, unpack, body, most)
	}
	return 0, fmt.Errorf("a page of type %v", h.Type)
}

func (p *parquetPages) dictionary(d format.DictionaryPageHeader, unpack func([]byte) ([]byte, error), body []byte) error {
	body, err := unpack(body)
	if err != nil {
		return err
	}
	if d.NumValues < 0 || int(d.NumValues) > 8*len(body) {
		return fmt.Errorf("a dictionary of %d values in %d bytes", d.NumValues, len(body))
	}
	//lint:ignore SA1019 what it is called in old files
	if d.Encoding == format.PlainDictionary {
		return nil
	}
	return p.values(d.Encoding, body, int(d.NumValues))
}

// page1 checks a page of version 1: levels and values are packed together. levelBits
// are those of a level, which says whether a value is there.
func (p *parquetPages) page1(d format.DataPageHeader, unpack func([]byte) ([]byte, error), body []byte, levelBits int) error {
	body, err := unpack(body)
	if err != nil {
		return err
	}
	if levelBits > 0 {
		levels, rest, err := cutLength(body)
		if err != nil {
			return err
		}
		if d.DefinitionLevelEncoding == format.RLE {
			if err := checkRuns(levels, levelBits, int(d.NumValues)); err != nil {
				return err
			}
		}
		body = rest
	}
	return p.values(d.Encoding, body, int(d.NumValues))
}

// page2 checks a page of version 2: levels are never packed.
func (p *parquetPages) page2(d format.DataPageHeaderV2, unpack func([]byte) ([]byte, error), body []byte, levelBits int) error {
	repeated, defined := int64(d.RepetitionLevelsByteLength), int64(d.DefinitionLevelsByteLength)
	if repeated < 0 || defined < 0 || repeated+defined > int64(len(body)) || d.NumNulls < 0 || d.NumNulls > d.NumValues {
		return errors.New("levels of a page that are not there")
	}
	if err := checkRuns(body[repeated:][:defined], levelBits, int(d.NumValues)); err != nil {
		return err
	}
	body = body[repeated+defined:]
	if !d.IsCompressed.Valid || d.IsCompressed.V {
		var err error
		if body, err = unpack(body); err != nil {
			return err
		}
	}
	return p.values(d.Encoding, body, int(d.NumValues))
}

func parquetCount(n int32, rows int64) error {
	if n < 0 || int64(n) > rows {
		return fmt.Errorf("a page of %d values for %d rows", n, rows)
	}
	return nil
}

// cutLength cuts off what has its length, 4 bytes, before it.
func cutLength(b []byte) (content, rest []byte, err error) {
	if len(b) < 4 {
		return nil, nil, io.ErrUnexpectedEOF
	}
	n := int64(b[0]) | int64(b[1])<<8 | int64(b[2])<<16 | int64(b[3])<<24
	if b = b[4:]; n > int64(len(b)) {
		return nil, nil, io.ErrUnexpectedEOF
	}
	return b[:n], b[n:], nil
}
