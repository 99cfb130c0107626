package data

import (
	"fmt"
	"slices"
)

// Set is examples ready for a network.
type Set struct {
	X        []float32 // Rows × Features, row-major
	Y        []float32 // Rows × Outputs, row-major, one-hot for classes; nil if there are no labels
	Rows     int
	Features int
	Outputs  int      // the number of classes, also where Y is nil
	Classes  []string // class names, as many as Outputs
}

// maxValues bounds X and Y each, 8 GiB of float32: categories can blow a small
// file up a thousandfold, and that should be an error and not the end of the
// process.
const maxValues = 1 << 31

// newSet makes a Set with X, and Y if labelled, all zero.
func newSet(rows, features int, classes []string, labelled bool) (*Set, error) {
	if rows*max(features, len(classes)) > maxValues { // each is far below 2³¹
		return nil, fmt.Errorf("%w: %d rows of %d inputs and %d classes are more than %d values: use fewer rows, or fewer categories",
			ErrFormat, rows, features, len(classes), maxValues)
	}
	s := &Set{
		X:        make([]float32, rows*features),
		Rows:     rows,
		Features: features,
		Outputs:  len(classes),
		Classes:  slices.Clone(classes),
	}
	if labelled {
		s.Y = make([]float32, rows*s.Outputs)
	}
	return s, nil
}

// Label returns the class of row i: the position of the largest value in its
// row of Y, the first if several are; −1 if the Set has no labels.
func (s *Set) Label(i int) int {
	if s.Y == nil {
		return -1
	}
	row := s.Y[i*s.Outputs : (i+1)*s.Outputs]
	best := 0
	for k, v := range row {
		if v > row[best] {
			best = k
		}
	}
	return best
}

// Subset copies the given rows, in the given order, into a new Set. Like an
// index out of range, a row that is not there is a mistake of the program and
// panics.
func (s *Set) Subset(rows []int) *Set {
	t := &Set{
		X:        make([]float32, 0, len(rows)*s.Features),
		Rows:     len(rows),
		Features: s.Features,
		Outputs:  s.Outputs,
		Classes:  slices.Clone(s.Classes),
	}
	if s.Y != nil {
		t.Y = make([]float32, 0, len(rows)*s.Outputs)
	}
	for _, i := range rows {
		t.X = append(t.X, s.X[i*s.Features:(i+1)*s.Features]...)
		if s.Y != nil {
			t.Y = append(t.Y, s.Y[i*s.Outputs:(i+1)*s.Outputs]...)
		}
	}
	return t
}

// Split divides the rows at random into a training and a validation Set, as
// Table.Split does, with which it agrees row for row.
func (s *Set) Split(fraction float64, seed uint64) (train, validation *Set, err error) {
	if s.Y == nil {
		return nil, nil, fmt.Errorf("split: the examples have no labels")
	}
	class := make([]int, s.Rows)
	for i := range class {
		class[i] = s.Label(i)
	}
	a, b, err := stratify(class, s.Outputs, fraction, seed)
	if err != nil {
		return nil, nil, err
	}
	return s.Subset(a), s.Subset(b), nil
}
