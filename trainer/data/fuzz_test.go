package data

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// fuzzRead demands of a reader, whatever the file holds: no panic, no hang, memory
// in proportion to the file, and that what it returns can be used.
func fuzzRead(f *testing.F, format Format) {
	paths, err := filepath.Glob("testdata/formats/*." + string(format) + "*")
	if err != nil || len(paths) == 0 {
		f.Fatalf("no seeds for %s (%v)", format, err)
	}
	for _, path := range paths {
		b, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var raw Raw
		var err error
		n := allocated(func() { raw, err = Read("-", Options{Format: format, Stdin: bytes.NewReader(b)}) })
		// Of one byte, a sparse table may make 256 cells of 8 bytes, and a packed file
		// 256 bytes; a decoder has windows of its own, of some MiB.
		most := uint64(packedFree) + 1<<26 + 8*spreadRatio*uint64(len(b))
		if format == Parquet { // it is unpacked twice, and held as pages, as values and as cells
			most *= 4
		}
		if n > most {
			t.Fatalf("%d bytes made it allocate %d, more than %d", len(b), n, most)
		}
		if err != nil {
			if raw != nil || strings.Contains(err.Error(), "\n") {
				t.Fatalf("result %v with error %q", raw, err)
			}
			return
		}
		checkRaw(t, raw)
	})
}

// checkRaw uses what a reader returned.
func checkRaw(t *testing.T, raw Raw) {
	t.Helper()
	if raw.Rows() < 1 {
		t.Fatal("no rows and no error")
	}
	Inspect(raw)
	p, err := raw.Fit(nil, FitOptions{Missing: Median, Unseen: Zero})
	if err != nil {
		return
	}
	if err := p.Check(); err != nil {
		t.Fatalf("Fit learned what Check refuses: %v", err)
	}
	s, err := raw.Set(p)
	if err != nil {
		if !strings.Contains(err.Error(), "beyond float32") && !strings.Contains(err.Error(), "more than") {
			t.Fatalf("Fit takes what Set refuses: %v", err)
		}
		return
	}
	if len(s.X) != s.Rows*p.Features() || len(s.Y) != s.Rows*p.Outputs() || s.Rows != raw.Rows() {
		t.Fatalf("%d and %d values for %d rows", len(s.X), len(s.Y), s.Rows)
	}
}

func FuzzReadARFF(f *testing.F)    { fuzzRead(f, ARFF) }
func FuzzReadLibSVM(f *testing.F)  { fuzzRead(f, LibSVM) }
func FuzzReadFANN(f *testing.F)    { fuzzRead(f, FANN) }
func FuzzReadNPY(f *testing.F)     { fuzzRead(f, NPY) }
func FuzzReadNPZ(f *testing.F)     { fuzzRead(f, NPZ) }
func FuzzReadParquet(f *testing.F) { fuzzRead(f, Parquet) }
func FuzzReadPicture(f *testing.F) { fuzzRead(f, Picture) }

// FuzzReadPacked is about gzip and zstd.
func FuzzReadPacked(f *testing.F) { fuzzRead(f, CSV) }

// TestTableMemory: a table of numbers costs at most four times its file and 1 MiB,
// though none of its cells has more than a digit.
func TestTableMemory(t *testing.T) {
	text := strings.Repeat(strings.Repeat("1,", 99)+"2\n", 20000)
	var err error
	n := allocated(func() { _, err = ReadCSV("-", Options{Stdin: strings.NewReader(text)}) })
	if most := uint64(4*len(text) + 1<<20); err != nil || n > most {
		t.Errorf("%d bytes made it allocate %d, more than %d (%v)", len(text), n, most, err)
	}
}

// FuzzReadFolder is about folders of pictures: names of classes and files as they come, a
// file that is a picture or not, and nothing read from elsewhere.
func FuzzReadFolder(f *testing.F) {
	picture, err := os.ReadFile("testdata/formats/a.image.png")
	if err != nil {
		f.Fatal(err)
	}
	f.Add("cat", "dog", "1.png", picture, picture)
	f.Add("train", "test", "x.JPG", picture, []byte("no picture"))
	f.Add("a.png", ".b", "train-images-idx3-ubyte", picture, picture)
	f.Fuzz(func(t *testing.T, first, second, name string, a, b []byte) {
		dir := t.TempDir()
		for folder, content := range map[string][]byte{first: a, second: b} {
			path := filepath.Join(dir, folder)
			if !filepath.IsLocal(folder) || !filepath.IsLocal(name) || os.MkdirAll(path, 0o777) != nil ||
				os.WriteFile(filepath.Join(path, name), content, 0o666) != nil {
				t.Skip("no such names here")
			}
		}
		raw, err := Read(dir, Options{})
		if err != nil {
			if raw != nil || !strings.Contains(err.Error(), dir) {
				t.Fatalf("result %v with error %q", raw, err)
			}
			return
		}
		checkRaw(t, raw)
	})
}
