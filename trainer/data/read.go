package data

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Raw is what a file holds before it is decided what becomes an input: a *Table or
// *Images.
type Raw interface {
	// Rows is the number of examples.
	Rows() int
	// Split divides the given rows (nil: all) at random into training and
	// validation rows.
	Split(rows []int, fraction float64, seed uint64) (train, validation []int, err error)
	// Fit learns from the given training rows (nil: all) how raw values become
	// inputs.
	Fit(rows []int, opts FitOptions) (*Preprocess, error)
	// Set turns all rows into examples as p says.
	Set(p *Preprocess) (*Set, error)
}

// Format is the format of a file.
type Format string

// The formats that Read knows.
const (
	AutoFormat Format = ""        // told by the content, and where that may be several, by the name
	CSV        Format = "csv"     // also with tabs or semicolons
	IDX        Format = "idx"     // images or labels of MNIST
	NPY        Format = "npy"     // an array of NumPy
	NPZ        Format = "npz"     // arrays of NumPy in a zip file
	Parquet    Format = "parquet" // Apache Parquet
	ARFF       Format = "arff"    // of Weka
	LibSVM     Format = "libsvm"  // label index:value …
	FANN       Format = "fann"    // training data of FANN
	Float32    Format = "f32"     // float32, little-endian, and nothing else
	Float64    Format = "f64"     // float64 likewise
	Picture    Format = "image"   // PNG or JPEG
	Folder     Format = "folder"  // of IDX files by MNIST's names, or of images, a folder for each class
)

// Formats are the formats that a file may be said to have.
var Formats = []Format{CSV, IDX, NPY, NPZ, Parquet, ARFF, LibSVM, FANN, Picture, Float32, Float64}

// Read reads a file or folder of examples. The content may be packed with gzip or
// zstd; path "-" reads opts.Stdin.
func Read(path string, opts Options) (Raw, error) {
	raw, err := readPath(path, opts)
	if m, ok := raw.(*Images); ok && opts.Map != MapNever {
		m.asBytes = true
	}
	return raw, err
}

func readPath(path string, opts Options) (raw Raw, err error) {
	if opts.Format != AutoFormat && !slices.Contains(append(Formats, Folder), opts.Format) {
		return nil, fmt.Errorf("format is %.40q: have %v", opts.Format, Formats)
	}
	if info, err := os.Stat(path); err == nil && info.IsDir() && path != "-" {
		m, err := readFolder(path, opts)
		if err != nil {
			return nil, err // not an *Images that is nil
		}
		return m, nil
	}
	s, err := openSource(path, opts.Stdin)
	if err != nil {
		return nil, err
	}
	defer func() {
		if closed := s.close(); err == nil {
			err = closed
		}
		if err != nil {
			raw = nil
		}
	}()
	return s.read(opts)
}

func (s *source) read(opts Options) (Raw, error) {
	if opts.Format == AutoFormat {
		opts.Format = s.detect()
	}
	if slices.Contains([]Format{CSV, ARFF, LibSVM, FANN}, opts.Format) {
		s.utf8Text()
	}
	var t *Table
	var err error
	switch opts.Format {
	case IDX:
		return s.readIDX(opts)
	case NPY:
		return s.readNPY(opts)
	case NPZ:
		return s.readNPZ(opts)
	case Picture:
		return s.readPicture(opts)
	case Float32:
		return s.readFloats(4, opts)
	case Float64:
		return s.readFloats(8, opts)
	case Parquet:
		t, err = s.readParquet(opts)
	case ARFF:
		t, err = readARFF(s.path, s.r, opts)
	case LibSVM:
		t, err = readLibSVM(s.path, s.r, opts)
	case FANN:
		t, err = readFANN(s.path, s.r, opts)
	default:
		t, err = readCSV(s.path, s.r, opts)
	}
	if err != nil {
		return nil, err // not a *Table that is nil
	}
	return t, nil
}

// DetectFormat tells the format of a file by its first bytes and its name. A file
// that cannot be read, or is no regular one, is taken for CSV: its reader says
// what is wrong with it.
func DetectFormat(path string) Format {
	info, err := os.Stat(path)
	if err == nil && info.IsDir() {
		return Folder
	}
	if err != nil || !info.Mode().IsRegular() { // reading a pipe would take from it
		return CSV
	}
	s, err := openSource(path, nil)
	if err != nil {
		return CSV
	}
	format := s.detect()
	if s.close() != nil {
		return CSV
	}
	return format
}

// detect looks at what the source begins with.
func (s *source) detect() Format {
	name := strings.ToLower(filepath.Base(s.path))
	for _, packed := range []string{".gz", ".zst"} {
		name = strings.TrimSuffix(name, packed)
	}
	switch filepath.Ext(name) { // floats may begin with any bytes
	case ".f32":
		return Float32
	case ".f64":
		return Float64
	}
	s.utf8Text()
	start, _ := s.r.Peek(detectBytes) // an error comes again when it is read
	for _, f := range []struct {
		magic  string
		format Format
	}{
		{"\x00\x00", IDX}, {"\x93NUMPY", NPY}, {"PK\x03\x04", NPZ}, {"PK\x05\x06", NPZ}, {"PAR1", Parquet},
		{"\x89PNG\r\n\x1a\n", Picture}, {"\xff\xd8\xff", Picture},
	} {
		if bytes.HasPrefix(start, []byte(f.magic)) {
			return f.format
		}
	}
	switch filepath.Ext(name) {
	case ".csv", ".tsv":
		return CSV
	case ".arff":
		return ARFF
	case ".libsvm", ".svm", ".svmlight":
		return LibSVM
	case ".fann":
		return FANN
	case ".npy":
		return NPY
	case ".npz":
		return NPZ
	case ".parquet":
		return Parquet
	}
	if strings.Contains(name, "-idx") || strings.Contains(name, ".idx") {
		return IDX
	}
	return detectText(start)
}

// detectText tells apart formats that are text, by their first lines.
func detectText(start []byte) Format {
	start = bytes.TrimPrefix(start, []byte("\ufeff"))
	for line := range bytes.Lines(start) {
		words := bytes.Fields(line)
		switch {
		case len(words) == 0 || words[0][0] == '%':
			continue
		case bytes.EqualFold(words[0], []byte("@relation")):
			return ARFF
		case len(words) == 3 && wholeNumbers(words) && !bytes.ContainsAny(line, ",;\t"):
			return FANN
		case len(words) > 1 && isPair(words[1]):
			return LibSVM
		}
		return CSV
	}
	return CSV
}

func wholeNumbers(words [][]byte) bool {
	for _, w := range words {
		for _, c := range w {
			if c-'0' >= 10 {
				return false
			}
		}
	}
	return true
}

// isPair reports whether a word is index:value.
func isPair(word []byte) bool {
	index, value, ok := bytes.Cut(word, []byte{':'})
	_, number := parseNumber(value)
	return ok && number && len(index) > 0 && wholeNumbers([][]byte{index})
}

// packedTrust is how many times as many bytes as a file has are believed to be in it: images pack to a half or an eighth.
const packedTrust = 8

// readExactly reads size bytes of a file of so many, or -1. It takes packedTrust times as much memory as the
// file has bytes, if it needs that, and doubles it only when what it has is full, so it never holds more than
// that or firstRead and three times what was really there. With an error it returns what it got.
func readExactly(r io.Reader, size int, file int64) ([]byte, error) {
	buf := make([]byte, min(size, int(max(firstRead, packedTrust*file))))
	n := 0
	for {
		got, err := io.ReadFull(r, buf[n:])
		n += got
		if err != nil {
			return buf[:n], unexpected(err)
		}
		if n == size {
			return buf, nil
		}
		grown := make([]byte, min(size, 2*len(buf)))
		copy(grown, buf)
		buf = grown
	}
}
