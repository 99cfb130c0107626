package data

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"codeberg.org/sbinet/npyio"
	"github.com/parquet-go/parquet-go"
	"gonum.org/v1/gonum/mat"
)

// npy writes a value as another library does.
func npy(t *testing.T, v any) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := npyio.Write(&b, v); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// rawNPY writes an array by the format's description.
func rawNPY(descr, order, shape string, data []byte) []byte {
	header := fmt.Sprintf("{'descr': '%s', 'fortran_order': %s, 'shape': %s, }\n", descr, order, shape)
	b := append([]byte("\x93NUMPY\x01\x00"), byte(len(header)), byte(len(header)>>8))
	return append(append(b, header...), data...)
}

func TestReadNPY(t *testing.T) {
	for name, b := range map[string][]byte{
		"float64 from npyio": npy(t, mat.NewDense(2, 3, []float64{1, 2.5, -3, 4, math.NaN(), 6})),
		"float32, big endian, Fortran": rawNPY(">f4", "True", "(2, 3)", func() (b []byte) {
			for _, x := range []float32{1, 4, 2.5, float32(math.NaN()), -3, 6} {
				b = binary.BigEndian.AppendUint32(b, math.Float32bits(x))
			}
			return b
		}()),
		// binary16: 1 = 3c00, 2.5 = 4100, −3 = c200, 4 = 4400, NaN = 7e00, 6 = 4600.
		"float16": rawNPY("<f2", "False", "(2, 3)", []byte{0, 0x3c, 0, 0x41, 0, 0xc2, 0, 0x44, 0, 0x7e, 0, 0x46}),
	} {
		t.Run(name, func(t *testing.T) {
			wantCells(t, readRaw(t, string(b), Options{}), "c0 c1 c2", "1 2.5 -3", "4  6")
		})
	}
	wantCells(t, readRaw(t, string(npy(t, []int32{5, -6})), Options{}), "c0", "5", "-6")
	wantCells(t, readRaw(t, string(rawNPY("|i1", "False", "(2,)", []byte{255, 1})), Options{}), "c0", "-1", "1")
	wantCells(t, readRaw(t, string(rawNPY("|b1", "False", "(2,1)", []byte{0, 1})), Options{}), "c0", "0", "1")
	wantCells(t, readRaw(t, string(rawNPY("<u2", "False", "(1, 1, 2, 1)", []byte{0, 1, 2, 0})), Options{}), "c0 c1", "256 2")
	images, ok := readRaw(t, string(rawNPY("|u1", "False", "(2, 1, 3)", []byte{0, 1, 2, 253, 254, 255})), Options{}).(*Images)
	if !ok || images.Rows() != 2 || images.Width != 3 || images.Pixels[5] != 255 {
		t.Errorf("images %+v", images)
	}
	_, err := readRaw(t, string(npy(t, []float64{1, math.Inf(1)})), Options{Task: Regression}).Fit(nil, FitOptions{})
	if err == nil || !strings.Contains(err.Error(), `row 2, column "c0": "+Inf" is not a finite number`) {
		t.Errorf("error %v", err)
	}
}

// half against the formula of binary16 for all its values: gonum and the standard
// library have none to compare with.
func TestHalf(t *testing.T) {
	for bits, want := range map[uint16]float64{0: 0, 1: 0x1p-24, 0x03ff: 1023 * 0x1p-24, 0x0400: 0x1p-14, 0x7bff: 65504, 0xbc00: -1, 0x7c00: math.Inf(1), 0xfc00: math.Inf(-1)} {
		if got := half(bits); got != want {
			t.Errorf("%04x is %v, want %v", bits, got, want)
		}
	}
}

func npz(t *testing.T, arrays map[string][]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, array := range arrays {
		w, err := z.Create(name + ".npy")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(array); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestReadNPZ(t *testing.T) {
	table := npz(t, map[string][]byte{
		"x_train": npy(t, mat.NewDense(3, 2, []float64{1, 2, 3, 4, 5, 6})), "y_train": npy(t, []int64{0, 1, 1}),
		"x_test": npy(t, mat.NewDense(1, 2, []float64{7, 8})), "y_test": npy(t, []int64{1}),
	})
	wantCells(t, readRaw(t, string(table), Options{}), "c0 c1 label", "1 2 0", "3 4 1", "5 6 1")
	wantCells(t, readRaw(t, string(table), Options{Part: TestPart}), "c0 c1 label", "7 8 1")
	wantCells(t, readRaw(t, string(npz(t, map[string][]byte{"arr_0": npy(t, []float32{3})})), Options{}), "c0", "3")
	images := npz(t, map[string][]byte{
		"images": rawNPY("|u1", "False", "(2, 2, 1)", []byte{1, 2, 3, 4}), "labels": npy(t, []uint8{1, 0}),
	})
	s, _, err := load(readRaw(t, string(images), Options{Part: HeldPart}).(*Images), nil)
	if err != nil || !slices.Equal(s.Y, []float32{0, 1, 1, 0}) || s.Rows != 2 {
		t.Errorf("%+v, %v", s, err)
	}
	_, err = Read("-", Options{Part: TestPart, Stdin: bytes.NewReader(images)})
	if err == nil || !strings.Contains(err.Error(), `no array of examples: expected x_train and y_train, x_test and y_test, or x and y, found "images", "labels"`) {
		t.Errorf("error %v", err)
	}
	bomb := npz(t, map[string][]byte{"x": rawNPY("|u1", "False", "(33554432, 2)", make([]byte, 1<<26))})
	if _, err = Read("-", Options{Stdin: bytes.NewReader(bomb)}); err == nil || !strings.Contains(err.Error(), "it unpacks to more than 256 times its size") {
		t.Errorf("%d bytes: error %v", len(bomb), err)
	}
}

func TestBadNPY(t *testing.T) {
	for want, b := range map[string][]byte{
		"header: expected 10 bytes":                               []byte("\x93NUMPY\x01"),
		"not a NPY file of version 1 to 3":                        []byte("\x93NUMPY\x09\x00\x10\x00\x00\x00"),
		"header: expected 16 bytes":                               []byte("\x93NUMPY\x01\x00\x10\x00{}"),
		"a header of 4294967295 bytes":                            []byte("\x93NUMPY\x02\x00\xff\xff\xff\xff"),
		"expected one dtype of numbers":                           rawNPY("x", "Maybe", "(1,)", nil),
		"dtype <U3: expected bool, integers or floats":            rawNPY("<U3", "False", "(1,)", nil),
		"truncated: shape [2 2] promises 8 bytes of data":         rawNPY("<i2", "False", "(2, 2)", make([]byte, 7)),
		"expected the end after 8 bytes of data, found more":      rawNPY("<i2", "False", "(2, 2)", make([]byte, 9)),
		"expected 1 to 4 dimensions of at least 1":                rawNPY("<i2", "False", "(2, 0)", nil),
		"shape (): expected 1 to 4":                               rawNPY("<i2", "False", "()", make([]byte, 2)),
		"5 dimensions: expected 1 to 4":                           rawNPY("<i2", "False", "(1, 1, 1, 1, 1)", make([]byte, 2)),
		"at most 1099511627776 bytes in all":                      rawNPY("<i2", "False", "(9999999, 9999999)", nil),
		"70000 columns: expected at most 65536":                   rawNPY("|i1", "False", "(1, 70000)", make([]byte, 70000)),
		"truncated: shape [1000000000] promises 8000000000 bytes": rawNPY("<f8", "False", "(1000000000,)", make([]byte, 9)),
	} {
		_, err := Read("-", Options{Format: NPY, Stdin: bytes.NewReader(b)})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

type parquetRow struct {
	Mass *float64 `parquet:"mass,optional"`
	Ring int32    `parquet:"ring"`
	Wet  bool     `parquet:"wet"`
	Kind string   `parquet:"kind,dict"`
}

func parquetFile(t *testing.T, n int) []byte {
	t.Helper()
	var rows []parquetRow
	for i := range n {
		mass := float64(i) / 2
		r := parquetRow{Mass: &mass, Ring: int32(i * i), Wet: i%2 == 0, Kind: []string{"auk", "owl", "7"}[i%3]}
		if i%4 == 3 {
			r.Mass = nil
		}
		rows = append(rows, r)
	}
	var b bytes.Buffer
	if err := parquet.Write(&b, rows, parquet.MaxRowsPerRowGroup(700), parquet.Compression(&parquet.Zstd)); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestReadParquet(t *testing.T) {
	b := parquetFile(t, 5)
	wantCells(t, readRaw(t, string(b), Options{}), "mass ring wet kind",
		"0 0 true auk", "0.5 1 false owl", "1 4 true 7", " 9 false auk", "2 16 true owl")
	// Several row groups, in a file.
	path := filepath.Join(t.TempDir(), "birds.parquet")
	if err := os.WriteFile(path, parquetFile(t, 2000), 0o666); err != nil {
		t.Fatal(err)
	}
	raw, err := Read(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	table := raw.(*Table)
	for i := range table.Rows() {
		if got, want := table.shown(i, 1), fmt.Sprint(i*i); got != want || (table.shown(i, 0) == "") != (i%4 == 3) {
			t.Fatalf("row %d: ring %s, want %s", i, got, want)
		}
	}
	p, err := table.Fit(nil, FitOptions{Missing: Median})
	if err != nil || p.Columns[2].Kind != Category || !slices.Equal(p.Classes, []string{"7", "auk", "owl"}) {
		t.Errorf("%+v, %v", p, err)
	}
	for want, b := range map[string][]byte{
		"not a whole Parquet file": b[:len(b)/2],
		"lists or groups": func() []byte {
			var b bytes.Buffer
			type listed struct{ A []int32 }
			if err := parquet.Write(&b, []listed{{[]int32{1, 2}}}); err != nil {
				t.Fatal(err)
			}
			return b.Bytes()
		}(),
	} {
		if _, err := Read("-", Options{Stdin: bytes.NewReader(b)}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

// pictureFile writes a picture of w × h pixels.
func pictureFile(t *testing.T, path string, w, h int, at func(x, y int) color.Color) {
	t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			m.Set(x, y, at(x, y))
		}
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if strings.HasSuffix(path, ".png") {
		err = png.Encode(f, m)
	} else {
		err = jpeg.Encode(f, m, &jpeg.Options{Quality: 100})
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestReadImageFolder(t *testing.T) {
	dir := t.TempDir()
	grey := func(v uint8) func(int, int) color.Color {
		return func(int, int) color.Color { return color.Gray{v} }
	}
	steps := func(x, y int) color.Color { return color.Gray{uint8(40*x + 10*y)} }
	pictureFile(t, filepath.Join(dir, "train/cat/a.png"), 2, 2, steps)
	pictureFile(t, filepath.Join(dir, "train/cat/b.PNG.png"), 4, 4, steps)
	pictureFile(t, filepath.Join(dir, "train/dog/c.jpg"), 2, 2, grey(200))
	pictureFile(t, filepath.Join(dir, "train/.hidden/d.png"), 1, 1, grey(1))
	pictureFile(t, filepath.Join(dir, "test/dog/e.png"), 8, 8, grey(255))
	raw, err := Read(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	s, p, err := load(raw.(*Images), nil)
	if err != nil {
		t.Fatal(err)
	}
	m := raw.(*Images)
	// The second is halved: the mean of each 2 × 2 of 40x + 10y at 0 … 3.
	want := []byte{0, 40, 10, 50, 25, 105, 45, 125, 200, 200, 200, 200}
	if !bytes.Equal(m.Pixels, want) || !slices.Equal(p.Classes, []string{"cat", "dog"}) || !slices.Equal(s.Y, []float32{1, 0, 1, 0, 0, 1}) {
		t.Errorf("pixels %v, want %v; classes %q, %v", m.Pixels, want, p.Classes, s.Y)
	}
	raw, err = Read(dir, Options{Part: HeldPart, ImageWidth: 2, ImageHeight: 2})
	if err != nil {
		t.Fatal(err)
	}
	if s, err = raw.Set(p); err != nil || !slices.Equal(s.X, []float32{1, 1, 1, 1}) || s.Classes[s.Label(0)] != "dog" {
		t.Errorf("%+v, %v", s, err)
	}
	raw, err = Read(filepath.Join(dir, "train/cat"), Options{})
	if err != nil || raw.Rows() != 2 {
		t.Errorf("files without classes: %v, %v", raw, err)
	}
	raw, err = Read(filepath.Join(dir, "train/cat/a.png"), Options{ImageWidth: 1, ImageHeight: 1})
	if err != nil || raw.(*Images).Pixels[0] != 25 {
		t.Errorf("one picture: %v, %v", raw, err)
	}
	if _, err := Read(filepath.Join(dir, "train"), Options{Part: TestPart}); err == nil || !strings.Contains(err.Error(), "no folder test in it") {
		t.Errorf("error %v", err)
	}
}

func TestResize(t *testing.T) {
	m := &image.Gray{Pix: []byte{0, 90, 180}, Stride: 3, Rect: image.Rect(0, 0, 3, 1)}
	// Two new pixels of 1.5 old ones: (0 + 90/2)/1.5 = 30 and (90/2 + 180)/1.5 = 150.
	if got := resize(m, 2, 1); !bytes.Equal(got, []byte{30, 150}) {
		t.Errorf("halves %v, want 30 and 150", got)
	}
	if got := resize(m, 6, 2); !bytes.Equal(got, []byte{0, 0, 90, 90, 180, 180, 0, 0, 90, 90, 180, 180}) {
		t.Errorf("doubles %v", got)
	}
	if got := resize(m, 3, 1); !bytes.Equal(got, m.Pix) {
		t.Errorf("as it was: %v", got)
	}
}

func TestBadPictures(t *testing.T) {
	dir := t.TempDir()
	// The header of a PNG of 100000 × 100000 pixels: a chunk IHDR and its CRC.
	ihdr := []byte("IHDR\x00\x01\x86\xa0\x00\x01\x86\xa0\x08\x00\x00\x00\x00")
	huge := string(binary.BigEndian.AppendUint32(append([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\r"), ihdr...), crc32.ChecksumIEEE(ihdr)))
	for want, text := range map[string]string{
		"not a PNG or JPEG file":                            "\x89PNG\r\n\x1a\nfoo",
		"100000 × 100000 pixels: expected at most 33554432": huge + "\x00\x00\x00\x00",
	} {
		path := filepath.Join(dir, "x.png")
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		if _, err := Read(path, Options{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	if _, err := Read(t.TempDir(), Options{}); err == nil || !strings.Contains(err.Error(), "no PNG or JPEG files") {
		t.Errorf("an empty folder: error %v", err)
	}
	mixed := t.TempDir()
	pictureFile(t, filepath.Join(mixed, "cat/a.png"), 1, 1, func(int, int) color.Color { return color.Black })
	pictureFile(t, filepath.Join(mixed, "b.png"), 1, 1, func(int, int) color.Color { return color.Black })
	if _, err := Read(mixed, Options{}); err == nil || !strings.Contains(err.Error(), "pictures beside folders") {
		t.Errorf("error %v", err)
	}
}
