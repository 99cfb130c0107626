package data

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/clprop/clprop/cpuref"
)

func TestReadIDX(t *testing.T) {
	want := []byte{0, 255, 51, 102, 1, 2, 3, 4, 255, 0, 0, 255}
	for name, dims := range map[string][]int{
		"images.idx": {3, 2, 2}, "images-compressed.idx": {3, 2, 2}, "flat.idx": {3, 4},
	} {
		x, err := ReadIDX("testdata/" + name)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(x.Dims, dims) || !bytes.Equal(x.Data, want) {
			t.Errorf("%s: %v", name, x)
		}
	}
}

// idxHeader is an IDX header of unsigned bytes.
func idxHeader(dims ...uint32) []byte {
	b := []byte{0, 0, idxByte, byte(len(dims))}
	for _, d := range dims {
		b = binary.BigEndian.AppendUint32(b, d)
	}
	return b
}

// TestReadIDXGrows crosses the sizes at which readExactly takes more memory.
func TestReadIDXGrows(t *testing.T) {
	for _, n := range []int{1, firstRead - 1, firstRead, firstRead + 1, 2*firstRead + 1, 5 * firstRead} {
		data := make([]byte, n)
		for i := range data {
			data[i] = byte(i * 7 >> 3)
		}
		x, err := readIDX("x", bytes.NewReader(append(idxHeader(uint32(n)), data...)), -1, nil)
		if err != nil || !bytes.Equal(x.Data, data) {
			t.Errorf("%d bytes: error %v, or other bytes", n, err)
		}
	}
}

// allocated is the number of bytes that f allocates, freed again or not.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

func TestLyingHeaderCostsNoMemory(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.idx")
	if err := os.WriteFile(path, append(idxHeader(1<<31), make([]byte, 12)...), 0o666); err != nil {
		t.Fatal(err)
	}
	var err error
	n := allocated(func() { _, err = ReadIDX(path) })
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("error %v, want the end of the file", err)
	}
	// firstRead, the buffer of open and small change.
	if limit := uint64(4*20 + 1<<20); n > limit {
		t.Errorf("a file of 20 bytes made it allocate %d bytes, more than %d", n, limit)
	}
}

// What a file unpacks to is read into memory of that size at once where the file is long enough for it to be true.
func TestPackedOnTrust(t *testing.T) {
	const size = 5 << 20
	data := make([]byte, size)
	stream := cpuref.NewStream(1, 2, 3)
	for i := range data {
		data[i] = byte(stream.Uint32(uint64(i))) & 15 // packs to about half
	}
	path := writeFile(t, "packed.idx.gz", packed(t, "gzip", append(idxHeader(size), data...)))
	var x *Array
	var err error
	n := allocated(func() { x, err = ReadIDX(path) })
	if err != nil || !bytes.Equal(x.Data, data) {
		t.Fatalf("error %v, or other data", err)
	}
	if n > size+1<<20 {
		t.Errorf("allocated %d bytes for %d", n, size)
	}
}

func TestBombStopsAtDims(t *testing.T) {
	// 64 MiB of zeros in 64 kB, behind a header that promises 100 bytes.
	path := writeFile(t, "bomb.idx", packed(t, "gzip", append(idxHeader(100), make([]byte, 64<<20)...)))
	var err error
	n := allocated(func() { _, err = ReadIDX(path) })
	if err == nil || !strings.Contains(err.Error(), "expected the end after 100 bytes") {
		t.Errorf("error %v, want that there is more", err)
	}
	if n > 1<<20 {
		t.Errorf("allocated %d bytes for 100", n)
	}
}

func FuzzReadIDX(f *testing.F) {
	paths, _ := filepath.Glob("testdata/*.idx")
	for _, path := range paths {
		b, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := openSource("-", bytes.NewReader(b))
		if err != nil {
			return
		}
		defer s.close()
		x, err := readIDX("fuzz", s.r, s.size, nil)
		if err != nil {
			if x != nil {
				t.Error("an error and a result")
			}
			return
		}
		// What was read writes back as the bytes that came in.
		size, dims := 1, []uint32{}
		for _, d := range x.Dims {
			size *= d
			dims = append(dims, uint32(d))
		}
		if size != len(x.Data) {
			t.Fatalf("dimensions %v with %d bytes", x.Dims, len(x.Data))
		}
		if b[0] == 0 && !bytes.Equal(b, append(idxHeader(dims...), x.Data...)) {
			t.Error("read otherwise than written")
		}
	})
}
