package data

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

// parquetOf is a file of one column with one page, all lengths as the caller wants
// them: it packs nothing.
func parquetOf(t *testing.T, kind format.Type, codec format.CompressionCodec, rows int64, page format.PageHeader, body []byte) []byte {
	t.Helper()
	var protocol thrift.CompactProtocol
	encode := func(v any) []byte {
		b, err := thrift.Marshal(&protocol, v)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	content := append(encode(page), body...)
	required, children := format.Required, int32(1)
	meta := encode(format.FileMetaData{
		Version: 1, NumRows: rows,
		Schema: []format.SchemaElement{
			{Name: "schema", NumChildren: thrift.Null[int32]{V: children, Valid: true}},
			{Name: "x", Type: thrift.Null[format.Type]{V: kind, Valid: true}, RepetitionType: thrift.Null[format.FieldRepetitionType]{V: required, Valid: true}},
		},
		RowGroups: []format.RowGroup{{NumRows: rows, TotalByteSize: int64(len(content)), Columns: []format.ColumnChunk{{
			MetaData: format.ColumnMetaData{Type: kind, PathInSchema: []string{"x"}, Codec: codec, NumValues: rows,
				TotalUncompressedSize: int64(len(content)), TotalCompressedSize: int64(len(content)), DataPageOffset: 4},
		}}}},
	})
	file := append([]byte("PAR1"), content...)
	file = append(file, meta...)
	file = binary.LittleEndian.AppendUint32(file, uint32(len(meta)))
	return append(file, "PAR1"...)
}

// page1 is the header of a page of rows values that is size bytes and becomes unpacked.
func page1(encoding format.Encoding, rows int32, size, unpacked int) format.PageHeader {
	return format.PageHeader{Type: format.DataPage, CompressedPageSize: int32(size), UncompressedPageSize: int32(unpacked),
		DataPageHeader: thrift.Null[format.DataPageHeader]{Valid: true, V: format.DataPageHeader{NumValues: rows, Encoding: encoding,
			DefinitionLevelEncoding: format.RLE, RepetitionLevelEncoding: format.RLE}}}
}

func uvarints(numbers ...uint64) (b []byte) {
	for _, n := range numbers {
		b = binary.AppendUvarint(b, n)
	}
	return b
}

// A short file that says that it is long, in any of the places where one can, is refused,
// and no memory is taken for it. The library alone takes what it is told to, up to many
// GiB, which ends the process.
func TestParquetBombs(t *testing.T) {
	zeros := make([]byte, 1<<26)
	pack := func(w interface {
		Write([]byte) (int, error)
		Close() error
	}, b *bytes.Buffer) []byte {
		if _, err := w.Write(zeros); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	var gz, zst, br bytes.Buffer
	zw, err := zstd.NewWriter(&zst)
	if err != nil {
		t.Fatal(err)
	}
	packed := map[format.CompressionCodec][]byte{
		format.Gzip: pack(gzip.NewWriter(&gz), &gz), format.Zstd: pack(zw, &zst), format.Brotli: pack(brotli.NewWriter(&br), &br),
		format.Snappy: append(uvarints(1<<32-1), 0, 'x'), // the length, and a byte
		format.Lz4Raw: {0xf0, 0xff, 0xff, 0xff},          // cut in the length of a literal
		format.Lz4:    {1, 2, 3},
		format.LZO:    {1, 2, 3},
		77:            {1, 2, 3},
	}
	files := map[string][]byte{
		"a footer longer than the file": []byte("PAR1PAR1"),
		"a footer of 4 GiB":             []byte("PAR1\xff\xff\xff\xffPAR1"),
		"a list of 2³¹ elements":        footerOf([]byte{0x15, 2, 0x19, 0xfc, 0xff, 0xff, 0xff, 0xff, 7, 0}),
		"lists in lists":                footerOf(bytes.Repeat([]byte{0x19}, 1<<20)),
		"a name of 2³¹ bytes":           footerOf([]byte{0x15, 2, 0x48, 0xff, 0xff, 0xff, 0xff, 7, 0}),
	}
	for codec, body := range packed {
		files[codec.String()] = parquetOf(t, format.Int32, codec, 4, page1(format.Plain, 4, len(body), 16), body)
	}
	for name, file := range map[string]struct {
		kind format.Type
		page format.PageHeader
		body []byte
	}{
		"a page longer than the file": {format.Int32, page1(format.Plain, 4, 1<<30, 16), nil},
		"a page that becomes 2 GiB":   {format.Int32, page1(format.Plain, 4, 16, 1<<31-1), zeros[:16]},
		"2³¹ values":                  {format.Int32, page1(format.Plain, 1<<31-1, 16, 16), zeros[:16]},
		"a run of 2³⁰ booleans": {format.Boolean, page1(format.RLE, 4, 10, 10),
			append([]byte{6, 0, 0, 0}, append(uvarints(1<<31), 1)...)},
		"eights of runs":            {format.Boolean, page1(format.RLE, 4, 14, 14), append([]byte{10, 0, 0, 0}, uvarints(1<<63+1)...)},
		"2³¹ differences":           {format.Int32, page1(format.DeltaBinaryPacked, 4, 9, 9), uvarints(128, 4, 1<<31-1, 0)},
		"2³¹ text lengths":          {format.ByteArray, page1(format.DeltaLengthByteArray, 4, 9, 9), uvarints(128, 4, 1<<31-1, 0)},
		"a page of an unknown type": {format.Int32, format.PageHeader{Type: 9, CompressedPageSize: 1, UncompressedPageSize: 1}, zeros[:1]},
	} {
		body := file.body
		if name == "2³¹ differences" || name == "2³¹ text lengths" || strings.Contains(name, "run") {
			file.page.CompressedPageSize, file.page.UncompressedPageSize = int32(len(body)), int32(len(body))
		}
		files[name] = parquetOf(t, file.kind, format.Uncompressed, 4, file.page, body)
	}
	for name, b := range files {
		var err error
		n := allocated(func() { _, err = Read("-", Options{Format: Parquet, Stdin: bytes.NewReader(b)}) })
		if err == nil || strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), "Parquet") {
			t.Errorf("%s: error %v", name, err)
		}
		// What is read from is copied, and so may be its footer; decoders have windows.
		if most := uint64(1<<25 + 8*len(b)); n > most {
			t.Errorf("%s: %d bytes made it allocate %d (%v)", name, len(b), n, err)
		}
	}
}

// LZ4 is refused: the library reads it wrong.
func TestParquetPackedWithLZ4(t *testing.T) {
	var b bytes.Buffer
	if err := parquet.Write(&b, []encodedRow{{}}, parquet.Compression(&parquet.Lz4Raw)); err != nil {
		t.Fatal(err)
	}
	if _, err := Read("-", Options{Stdin: &b}); err == nil || !strings.Contains(err.Error(), "packed with LZ4_RAW: write the file with zstd, snappy") {
		t.Errorf("error %v", err)
	}
}

func footerOf(footer []byte) []byte {
	return append(binary.LittleEndian.AppendUint32(append([]byte("PAR1"), footer...), uint32(len(footer))), "PAR1"...)
}

// Texts that begin as the one before: 2¹⁵ of 2¹⁵ bytes in a page of 100 KB.
func TestParquetPrefixes(t *testing.T) {
	few := slices.Concat(deltas(t, []int32{0, 2, 0}), deltas(t, []int32{3, 1, 1}), []byte("abcdb"))
	wantCells(t, readRaw(t, string(parquetOf(t, format.ByteArray, format.Uncompressed, 3, page1(format.DeltaByteArray, 3, len(few), len(few)), few)), Options{}),
		"x", "abc", "abd", "b")

	const n = 1 << 15
	prefix := make([]int32, n)
	suffix := make([]int32, n)
	suffix[0] = n
	for i := 1; i < n; i++ {
		prefix[i] = n
	}
	body := slices.Concat(deltas(t, prefix), deltas(t, suffix), bytes.Repeat([]byte{'a'}, n))
	file := parquetOf(t, format.ByteArray, format.Uncompressed, n, page1(format.DeltaByteArray, n, len(body), len(body)), body)
	var err error
	got := allocated(func() { _, err = Read("-", Options{Format: Parquet, Stdin: bytes.NewReader(file)}) })
	if err == nil || got > 1<<25 {
		t.Errorf("%d bytes made it allocate %d (%v)", len(file), got, err)
	}
}

// deltas encodes numbers as DELTA_BINARY_PACKED.
func deltas(t *testing.T, numbers []int32) []byte {
	t.Helper()
	b, err := parquet.DeltaBinaryPacked.EncodeInt32(nil, numbers)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

type encodedRow struct {
	Plain  string   `parquet:"plain,plain"`
	Dict   string   `parquet:"dict,dict"`
	Length string   `parquet:"length,delta"`
	Number int64    `parquet:"number,delta"`
	Short  int32    `parquet:"short,delta"`
	Float  float64  `parquet:"float,split"`
	Maybe  *float32 `parquet:"maybe,optional"`
	Some   *string  `parquet:"some,optional,dict"`
	Flag   bool     `parquet:"flag"`
	Fixed  [4]byte  `parquet:"fixed"`
}

// Every encoding and packing that the library writes, in pages of both versions, short
// and many, is read as it was written.
func TestParquetEncodings(t *testing.T) {
	const n = 3000
	rows := make([]encodedRow, n)
	var want []string
	for i := range rows {
		r := encodedRow{Plain: "p" + strings.Repeat("x", i%3), Dict: []string{"one", "two", "three"}[i%3], Length: "l" + strings.Repeat("y", i%5),
			Number: int64(i*i) - 500, Short: int32(i % 7), Float: float64(i) / 8, Flag: i%2 == 0, Fixed: [4]byte{'a' + byte(i%4), 'b', 'c', 'd'}}
		maybe, some := "", ""
		if i%3 > 0 {
			v := float32(i)
			r.Maybe = &v
			maybe = fmt.Sprint(i)
		}
		if i%11 > 4 {
			v := "v" + string(rune('a'+i%6))
			r.Some, some = &v, v
		}
		rows[i] = r
		want = append(want, fmt.Sprintf("%s %s %s %d %d %v %s %s %v %s", r.Plain, r.Dict, r.Length, r.Number, r.Short, r.Float, maybe, some, r.Flag, r.Fixed[:]))
	}
	for _, version := range []int{1, 2} {
		for name, codec := range map[string]parquet.WriterOption{
			"none": parquet.Compression(&parquet.Uncompressed), "snappy": parquet.Compression(&parquet.Snappy), "gzip": parquet.Compression(&parquet.Gzip),
			"zstd": parquet.Compression(&parquet.Zstd), "brotli": parquet.Compression(&parquet.Brotli),
		} {
			for _, page := range []int{200, 1 << 20} {
				var b bytes.Buffer
				if err := parquet.Write(&b, rows, codec, parquet.DataPageVersion(version), parquet.PageBufferSize(page), parquet.MaxRowsPerRowGroup(1700)); err != nil {
					t.Fatal(err)
				}
				t.Run(fmt.Sprintf("%s v%d %d", name, version, page), func(t *testing.T) {
					wantCells(t, readRaw(t, b.String(), Options{Format: Parquet}), "plain dict length number short float maybe some flag fixed", want...)
				})
			}
		}
	}
}
