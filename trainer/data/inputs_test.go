package data

import (
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// imagesFile is an IDX file of n images of 3 × 2 pixels, and beside it one of labels.
func imagesFile(t *testing.T, n int) (path string, content []byte) {
	t.Helper()
	dir := t.TempDir()
	path = filepath.Join(dir, "images-idx3-ubyte")
	content = idxHeader(uint32(n), 3, 2)
	labels := idxHeader(uint32(n))
	for i := range 6 * n {
		content = append(content, byte(i*7))
	}
	for i := range n {
		labels = append(labels, byte(i%3))
	}
	for name, b := range map[string][]byte{path: content, filepath.Join(dir, "labels-idx1-ubyte"): labels} {
		if err := os.WriteFile(name, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return path, content
}

// mappedSet reads a file twice, mapped and not.
func mappedSet(t *testing.T, path string, opts Options) (mapped, read *Set) {
	t.Helper()
	sets := map[Map]*Set{}
	for _, how := range []Map{MapAlways, MapNever} {
		opts.Map = how
		raw, err := Read(path, opts)
		if err != nil {
			t.Fatal(err)
		}
		p, err := raw.Fit(nil, FitOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if sets[how], err = raw.Set(p); err != nil {
			t.Fatal(err)
		}
	}
	return sets[MapAlways], sets[MapNever]
}

// A mapped file has the same inputs, bit for bit, labels, and rows of rows.
func TestMapped(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("files are read there")
	}
	idx, content := imagesFile(t, 40)
	npy := filepath.Join(t.TempDir(), "x.npy")
	header := "{'descr': '|u1', 'fortran_order': False, 'shape': (40, 3, 2), }\n"
	text := append([]byte("\x93NUMPY\x01\x00"), binary.LittleEndian.AppendUint16(nil, uint16(len(header)))...)
	if err := os.WriteFile(npy, append(append(text, header...), content[16:]...), 0o600); err != nil {
		t.Fatal(err)
	}
	labels := filepath.Join(t.TempDir(), "y.npy")
	header = "{'descr': '|u1', 'fortran_order': False, 'shape': (40,), }\n"
	text = append([]byte("\x93NUMPY\x01\x00"), binary.LittleEndian.AppendUint16(nil, uint16(len(header)))...)
	text = append(text, header...)
	for i := range 40 {
		text = append(text, byte(i%3))
	}
	if err := os.WriteFile(labels, text, 0o600); err != nil {
		t.Fatal(err)
	}
	zipped := writeFile(t, "images.gz", packed(t, "gzip", content)) // what cannot be mapped is kept as bytes
	for path, opts := range map[string]Options{idx: {}, npy: {Labels: labels}, zipped: {Labels: filepath.Join(filepath.Dir(idx), "labels-idx1-ubyte")}} {
		mapped, read := mappedSet(t, path, opts)
		if mapped.X != nil || mapped.Inputs == nil || read.Inputs != nil {
			t.Fatalf("%s is not mapped", path)
		}
		some := []int{31, 5, 5, 39, 0, 12}
		for i, pair := range [][2]*Set{{mapped, read}, {mapped.Subset(some), read.Subset(some)}, {mapped.Subset(some).Subset([]int{3, 1}), read.Subset(some).Subset([]int{3, 1})}} {
			var x []float32
			err := pair[0].EachInputs(func(first int, part []float32) error {
				if first*6 != len(x) {
					t.Errorf("part %d begins at %d", first, len(x))
				}
				x = append(x, part...)
				return nil
			})
			if err != nil || !slices.Equal(x, pair[1].X) || !slices.Equal(pair[0].Y, pair[1].Y) {
				t.Errorf("%s, %d: inputs %v, want %v; error %v", path, i, x, pair[1].X, err)
			}
			rows := []int32{1, 0, 1}
			a, err := pair[0].Append(nil, rows)
			b, _ := pair[1].Append(nil, rows)
			if err != nil || !slices.Equal(a, b) {
				t.Errorf("%s, %d: rows %v, want %v; error %v", path, i, a, b, err)
			}
		}
	}
}

// What cannot be mapped is read, what is wrong with a file is said as ever, and a file that
// is made shorter under the mapping is an error where it is missed.
func TestMappedNot(t *testing.T) {
	path, content := imagesFile(t, 40)
	zipped := filepath.Join(filepath.Dir(path), "images-idx3-ubyte.gz")
	if err := os.WriteFile(zipped, packed(t, "gzip", content), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, how := range []Map{MapAlways, MapAuto} { // of a packed file, and of a small one
		name := map[Map]string{MapAlways: zipped, MapAuto: path}[how]
		raw, err := Read(name, Options{Map: how})
		if err != nil || raw.(*Images).mapped {
			t.Errorf("%s: mapped, error %v", name, err)
		}
	}
	for name, b := range map[string][]byte{"truncated": content[:100], "found more": append(slices.Clone(content), 1)} {
		bad := filepath.Join(t.TempDir(), "bad-idx3-ubyte")
		if err := os.WriteFile(bad, b, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Read(bad, Options{Map: MapAlways}); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("error %v, want %s", err, name)
		}
	}
	if runtime.GOOS != "linux" {
		return
	}
	mapped, _ := mappedSet(t, path, Options{})
	if err := os.Truncate(path, 0); err != nil {
		t.Fatal(err)
	}
	_, err := mapped.Append(nil, []int32{3})
	var about *Error
	if !errors.As(err, &about) || !strings.Contains(err.Error(), "made shorter") {
		t.Errorf("error %v", err)
	}
}
