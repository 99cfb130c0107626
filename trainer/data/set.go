package data

import (
	"fmt"
	"slices"
)

// Set is examples ready for a network.
//
// For classification Classes has the K names and Targets is nil, of which MultiLabel says
// whether an example may have several; for regression Targets has the K names and Classes
// is nil.
type Set struct {
	X        []float32 // Rows × Features, row-major; nil if Inputs is set
	Inputs   Inputs    // what is in no X; nil if X is set
	Streamed *Streamed // what is in neither, nor in Y and Weights; nil but for a Stream
	Y        []float32 // Rows × Outputs, row-major: one-hot for classes, 0 or 1 for each of several labels, scaled values for targets; nil if there are no labels
	Rows     int
	Features int
	Outputs  int      // K, the number of classes or targets, also where Y is nil
	Classes  []string // class names, as many as Outputs
	Targets  []string // names of the quantities to predict, as many as Outputs
	// MultiLabel says that Classes are labels of which a row has any number, each with 1 in Y.
	MultiLabel bool
	// Weights says how much each row counts in training, 0 or more; nil if all count
	// the same.
	Weights []float32
}

// maxValues bounds X and Y each, 8 GiB of float32: categories can blow a small
// file up a thousandfold, and that should be an error and not the end of the
// process.
const maxValues = 1 << 31

// newSet makes a Set with X, and Y if labelled, all zero; without X if there are inputs.
func newSet(rows int, p *Preprocess, labelled bool, inputs Inputs) (*Set, error) {
	features, outputs := p.Features(), p.Outputs()
	held := max(features, outputs)
	if inputs != nil {
		held = outputs
	}
	if rows*held > maxValues { // each is far below 2³¹
		return nil, fmt.Errorf("%w: %d rows of %d inputs and %d outputs are more than %d values: use fewer rows, or fewer categories",
			ErrFormat, rows, features, outputs, maxValues)
	}
	s := &Set{
		Inputs:   inputs,
		Rows:     rows,
		Features: features,
		Outputs:  outputs,
		Classes:  slices.Clone(p.Classes),

		MultiLabel: p.MultiLabel,
	}
	for i := range p.Targets {
		s.Targets = append(s.Targets, p.Targets[i].Name)
	}
	if inputs == nil {
		s.X = make([]float32, rows*features)
	}
	if labelled {
		s.Y = make([]float32, rows*s.Outputs)
	}
	return s, nil
}

// Regression reports whether the outputs are quantities and not classes.
func (s *Set) Regression() bool { return len(s.Targets) > 0 }

// Label returns the class of row i: the position of the largest value in its
// row of Y, the first if several are, or of a single output 1 if it is above ½; −1 if the Set has no labels, no classes, or several
// labels a row.
func (s *Set) Label(i int) int {
	if s.Y == nil || s.Regression() || s.MultiLabel {
		return -1
	}
	row := s.Y[i*s.Outputs : (i+1)*s.Outputs]
	if len(row) == 1 && row[0] > 0.5 {
		return 1
	}
	best := 0
	for k, v := range row {
		if v > row[best] {
			best = k
		}
	}
	return best
}

// Single makes a set of two classes one for a network of a single output, which is 1 for the second class
// and 0 for the first. Any other set stays as it is.
func (s *Set) Single() {
	if s.Outputs != 2 || s.Regression() || s.MultiLabel {
		return
	}
	s.Outputs = 1
	for i := range len(s.Y) / 2 {
		s.Y[i] = s.Y[2*i+1]
	}
	s.Y = s.Y[:len(s.Y)/2]
}

// Subset copies the given rows, in the given order, into a new Set. Like an
// index out of range, a row that is not there is a mistake of the program and
// panics. Inputs are not copied, but read from where they are.
func (s *Set) Subset(rows []int) *Set {
	t := &Set{
		Rows:     len(rows),
		Features: s.Features,
		Outputs:  s.Outputs,
		Classes:  slices.Clone(s.Classes),
		Targets:  slices.Clone(s.Targets),

		MultiLabel: s.MultiLabel,
	}
	if s.Inputs != nil {
		t.Inputs = choose(s.Inputs, rows)
	} else {
		t.X = make([]float32, 0, len(rows)*s.Features)
	}
	if s.Y != nil {
		t.Y = make([]float32, 0, len(rows)*s.Outputs)
	}
	for _, i := range rows {
		if s.Weights != nil {
			t.Weights = append(t.Weights, s.Weights[i])
		}
		if s.Inputs == nil {
			t.X = append(t.X, s.X[i*s.Features:(i+1)*s.Features]...)
		}
		if s.Y != nil {
			t.Y = append(t.Y, s.Y[i*s.Outputs:(i+1)*s.Outputs]...)
		}
	}
	return t
}

// Split divides the rows at random into a training and a validation Set, as
// Table.Split does, with which it agrees row for row.
func (s *Set) Split(fraction float64, seed uint64) (train, validation *Set, err error) {
	if s.Streamed != nil {
		return nil, nil, fmt.Errorf("split: %w", errOnePass)
	}
	if s.Y == nil {
		return nil, nil, fmt.Errorf("split: the examples have no labels")
	}
	class, classes := make([]int, s.Rows), 1 // of regression and of several labels, all rows are one class
	if !s.Regression() && !s.MultiLabel {
		classes = s.Outputs
		for i := range class {
			class[i] = s.Label(i)
		}
	}
	a, b, err := stratify(class, classes, fraction, seed)
	if err != nil {
		return nil, nil, err
	}
	return s.Subset(a), s.Subset(b), nil
}
