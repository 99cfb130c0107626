package data

import (
	"fmt"
	"io"
)

// Options say how to read a file. The zero value suits most files.
type Options struct {
	// Format of the file; default AutoFormat.
	Format Format
	// Comma separates the cells of CSV. 0 looks at the first line: a tab if it has
	// one outside quotes, else a semicolon if it has one, else a comma, else |, else a blank.
	Comma rune
	// Header says whether CSV has a header; default AutoHeader.
	Header Header
	// Label names the label column: by its name or, if no column has that name, by
	// its position counted from 0, or from the end if negative; several with commas
	// between. Default: what the format says, else the last column.
	Label string
	// Labelled says that there are labels: they are in the column of Label's default where neither
	// Label nor the model names it.
	Labelled bool
	// Task says what the labels are; default AutoTask.
	Task Task
	// Drop names columns that are no inputs, as Label does.
	Drop string
	// Weights names a column that says how much each row counts in training, as Label
	// does; it is no input. It becomes Set.Weights.
	Weights string
	// Labels is a file of labels, for images and arrays that lie in another one.
	Labels string
	// Part is the part of a folder or archive to read; default TrainPart.
	Part Part
	// FollowLinks has symbolic links followed that lead out of a folder of examples; else they
	// are errors, since a folder may come from anyone.
	FollowLinks bool
	// ImageWidth and ImageHeight are the size that pictures get; 0: that of the
	// first one.
	ImageWidth, ImageHeight int
	// Columns is how many numbers a row of Float32 and Float64 has.
	Columns int
	// Map says whether a file of IDX images, a NPY array or raw floats may be mapped: Set.X is
	// nil then, and Set.Inputs is not. So it is of all images, whose bytes are a quarter of what
	// X takes, unless it is MapNever, the default.
	Map Map
	// Stdin is what path "-" reads.
	Stdin io.Reader

	maxCells int // for tests; 0 means the constant maxCells
}

// Task says what the labels of a table are.
type Task int

const (
	// AutoTask takes labels for classes, unless there are several label columns
	// that are not one-hot, or one that has numbers of more than 1000 different
	// values, or of more than 20 and not all whole. Those are quantities; but several columns
	// of nothing but 0 and 1 are for MultiLabel.
	AutoTask       Task = iota
	Classification      // one label column of classes, or several that are one-hot
	Regression          // label columns of numbers, each a quantity to predict
	MultiLabel          // several label columns of 0 and 1, of which a row may have any number of 1
)

// Part is a part of a folder or archive that holds more than one set of examples.
type Part string

// The parts of a folder or archive.
const (
	TrainPart Part = ""     // what is called train, or all where nothing is
	TestPart  Part = "test" // what is called test; without it the error wraps ErrNoPart
	HeldPart  Part = "held" // TestPart, or all where there is neither test nor train
)

// ErrNoPart is wrapped by the error that a folder or archive lacks Options.Part.
var ErrNoPart = fmt.Errorf("%w: no such part", ErrFormat)

// names are the names that a part may have, "" for all.
func (p Part) names() []string {
	switch p {
	case TestPart:
		return []string{"test"}
	case HeldPart:
		return []string{"test", ""}
	}
	return []string{"train", ""}
}
