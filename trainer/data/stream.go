package data

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"time"
)

// Errors that are about streams, for errors.Is.
var (
	// ErrNoStream: the file cannot be read again and again, or is of a format that has
	// other means for large files.
	ErrNoStream = errors.New("cannot be streamed")
	// ErrChanged: the file is not what it was when its columns were learned.
	ErrChanged = errors.New("the file changed while it was in use")
)

// StreamOptions say which rows of a Stream are for validation, and how it is read.
type StreamOptions struct {
	// Validation is the share of the rows held back, 0 or more and below 1; Seed chooses
	// them. Each row is drawn by itself, so that the share is met nearly and classes have it
	// nearly alike; Table.Split, which knows all rows, does both as exactly as can be.
	Validation float64
	Seed       uint64
	// Goroutines is how many parse rows; 0 means one for each core. It changes no result.
	Goroutines int
}

// Stream is a table in a CSV or Parquet file that is read anew for each pass over it, and so
// may be larger than memory. The file must not change meanwhile.
//
//	s, err := data.OpenStream(path, data.Options{}, data.StreamOptions{Validation: 0.1})
//	p, err := s.Fit(ctx, data.FitOptions{})
//	train, validation := s.Sets()
//
// Fit and every pass hold some MiB a goroutine, and for each column up to 1000 texts.
//
// Row i is for validation if h(Seed, i) < Validation·2⁶⁴, h being splitmix64, and unless it is
// the first row with a text that a column of inputs has: that one is for training, since what
// no training row has cannot be learned.
type Stream struct {
	path    string
	opts    Options
	split   StreamOptions
	format  Format
	file    fileState
	columns *Table // without rows
	comma   rune   // of CSV
	line    int    // of its first row

	preprocess *Preprocess
	rows       [2]int            // for training, for validation
	early      map[int]bool      // rows for training that would be for validation
	weighted   bool              // rows have weights
	classes    map[string]*tally // training rows by the name of their class
	sum        [sha256.Size]byte // of the rows
}

// fileState tells whether a file is the one that it was.
type fileState struct {
	size     int64
	modified time.Time
}

// tally is training rows: how many there are, and the sum of their weights.
type tally struct {
	rows   int
	weight float64
}

// OpenStream opens a file and reads its beginning, which tells its columns. Options.Labels,
// Part, Map and the size of images have no meaning.
func OpenStream(path string, opts Options, split StreamOptions) (*Stream, error) {
	if !(split.Validation >= 0 && split.Validation < 1) { // so that NaN fails
		return nil, fmt.Errorf("split: validation fraction is %v: it must be 0 or more and below 1", split.Validation)
	}
	if split.Goroutines < 1 {
		split.Goroutines = runtime.GOMAXPROCS(0)
	}
	s := &Stream{path: path, opts: opts, split: split, format: opts.Format, early: map[int]bool{}, classes: map[string]*tally{}}
	var err error
	if s.file, err = stateOf(path); err != nil {
		return nil, err
	}
	if s.format == AutoFormat {
		s.format = DetectFormat(path)
	}
	if s.format != CSV && s.format != Parquet {
		return nil, fmt.Errorf("%s: %w: streams are of CSV and Parquet, this is %s: IDX, NPY and raw floats are mapped, others read", path, ErrNoStream, s.format)
	}
	rows, err := s.open(nil)
	if err != nil {
		return nil, err
	}
	return s, rows.close()
}

func stateOf(path string) (fileState, error) {
	if path == "-" {
		return fileState{}, fmt.Errorf("standard input %w: it can be read once, and every epoch reads the data: write it to a file", ErrNoStream)
	}
	info, err := os.Stat(path)
	if err != nil {
		return fileState{}, err // *fs.PathError names the path
	}
	if !info.Mode().IsRegular() {
		what := "a device or a pipe"
		if info.IsDir() {
			what = "a folder"
		}
		return fileState{}, fmt.Errorf("%s: %w: it is %s: name a file", path, ErrNoStream, what)
	}
	return fileState{info.Size(), info.ModTime()}, nil
}

// open begins to read the rows that wanted says, or all if it is nil.
func (s *Stream) open(wanted func(row int) bool) (rowReader, error) {
	now, err := stateOf(s.path)
	if err != nil {
		return nil, err
	}
	if now.size != s.file.size || !now.modified.Equal(s.file.modified) {
		return nil, s.changed(fmt.Sprintf("it has %d bytes of %v, and had %d of %v", now.size, now.modified.Format(time.RFC3339), s.file.size, s.file.modified.Format(time.RFC3339)))
	}
	in, err := openSource(s.path, nil)
	if err != nil {
		return nil, err
	}
	var r rowReader
	if s.format == Parquet {
		r, err = s.openParquet(in, wanted)
	} else {
		r, err = s.openCSV(in, wanted)
	}
	if err != nil {
		return nil, errors.Join(err, in.close())
	}
	return r, nil
}

func (s *Stream) changed(how string) error {
	return &Error{Path: s.path, Offset: -1, Reason: how + ": let it be, and begin again", Err: ErrChanged}
}

// Fit goes through the file once and learns what Table.Fit does: statistics and categories
// of the training rows, class names of all. Where all rows are for training the result is
// the same, bit for bit. FitOptions.Missing cannot be Median, for which all values would have
// to be held. When ctx ends the error wraps its error.
func (s *Stream) Fit(ctx context.Context, opts FitOptions) (*Preprocess, error) {
	if opts.Missing == Median {
		return nil, fmt.Errorf("%s: %w with the median in place of missing values, which needs all of them at once: take their mean or a number", s.path, ErrNoStream)
	}
	v, err := s.survey(ctx)
	if err != nil {
		return nil, err
	}
	p, err := v.table.Fit(nil, opts)
	if err != nil {
		return nil, err
	}
	if v.validation == 0 && s.split.Validation > 0 {
		return nil, fmt.Errorf("split: a fraction of %v of %d examples leaves none for validation: give more examples or a larger fraction", s.split.Validation, v.table.rows)
	}
	s.preprocess, s.rows, s.weighted = p, [2]int{v.total.rows, v.validation}, v.weights >= 0
	if p.Classes == nil || p.MultiLabel {
		s.classes = map[string]*tally{"": &v.total}
	}
	return p, nil
}

// Sets are the rows to train on and those for validation, nil if there are none, as the
// Preprocess of Fit makes examples of them.
func (s *Stream) Sets() (train, validation *Set) {
	train = s.set(false)
	if s.rows[1] > 0 {
		validation = s.set(true)
	}
	return train, validation
}

func (s *Stream) set(held bool) *Set {
	p := s.preprocess
	part := &Streamed{of: s, held: held, rows: s.rows[0]}
	if held {
		part.rows = s.rows[1]
	}
	set := &Set{Streamed: part, Rows: part.rows, Features: p.Features(), Outputs: p.Outputs(), Classes: slices.Clone(p.Classes), MultiLabel: p.MultiLabel}
	for i := range p.Targets {
		set.Targets = append(set.Targets, p.Targets[i].Name)
	}
	return set
}

// isHeld reports whether a row is for validation.
func (s *Stream) isHeld(row int) bool {
	return s.drawn(row) && !s.early[row]
}

// drawn reports whether a row is drawn for validation: splitmix64, the row-th number of a
// generator, is even enough to be compared with a share (G. L. Steele, D. Lea and C. H. Flood,
// "Fast splittable pseudorandom number generators", OOPSLA (2014), figure 17).
func (s *Stream) drawn(row int) bool {
	if s.split.Validation == 0 {
		return false
	}
	z := s.split.Seed + (uint64(row)+1)*0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	z ^= z >> 31
	return float64(z>>11) < s.split.Validation*(1<<53)
}

// Streamed are the examples of a Set that are read anew for each pass, in the order of the
// file. It is safe for use by several goroutines.
type Streamed struct {
	of   *Stream
	held bool
	rows int
}

// Weighted reports whether examples have weights.
func (p *Streamed) Weighted() bool { return p.of.weighted && !p.held }

// Classes returns how many training examples each class has, and the sum of their weights,
// which is the number again where they have none; of quantities and of several labels at once,
// one class is all.
func (p *Streamed) Classes() (rows []int, weights []float64) {
	names := p.of.preprocess.Classes
	if names == nil || p.of.preprocess.MultiLabel {
		names = []string{""}
	}
	rows, weights = make([]int, len(names)), make([]float64, len(names))
	at := newLookup(names)
	for name, t := range p.of.classes {
		if k, ok := at.byName[name]; ok {
			rows[k] += t.rows
			weights[k] += t.weight
		}
	}
	return rows, weights
}

// SHA256 tells the examples from others, in hexadecimal: it is of the rows of the file and of
// what becomes of them.
func (p *Streamed) SHA256() string {
	sum := sha256.New()
	sum.Write(p.of.sum[:])
	// A Preprocess that was learned has no number that JSON does not.
	_ = json.NewEncoder(sum).Encode([]any{p.of.preprocess, p.held, p.of.split.Validation, p.of.split.Seed})
	return hex.EncodeToString(sum.Sum(nil))
}

// Read begins a pass over the examples. Close must be called.
func (p *Streamed) Read() (*StreamReader, error) {
	in, err := p.of.open(func(row int) bool { return p.of.isHeld(row) == p.held })
	if err != nil {
		return nil, err
	}
	return newStreamReader(p, in), nil
}
