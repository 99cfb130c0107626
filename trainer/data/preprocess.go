package data

import (
	"fmt"
	"math"
	"slices"
	"unicode/utf8"
)

// Preprocess is how raw columns or pixels become inputs of a network, and which
// class each output stands for. What is in it was learned from the training
// part of the data, and it travels in the model as JSON: the field names below
// are part of the model file format.
//
// Exactly one of Columns and Image is set.
type Preprocess struct {
	// Columns of a table, in the order in which they become inputs.
	Columns []Column `json:"columns,omitempty"`
	// Image says how pixels become inputs.
	Image *Image `json:"image,omitempty"`
	// Label is the name of the label column; "" if labels come in a file of
	// their own, or for regression.
	Label string `json:"label,omitempty"`
	// OneHot says that the classes are label columns by themselves: 1 for the one
	// that it is, 0 or −1 in the others.
	OneHot bool `json:"one_hot,omitempty"`
	// MultiLabel says that the classes are label columns by themselves, of which any number
	// have a 1 and the others a 0.
	MultiLabel bool `json:"multi_label,omitempty"`
	// Classes are the class names, in the order of the network's outputs; nil for
	// regression.
	Classes []string `json:"classes,omitempty"`
	// Targets are the quantities to predict, in the order of the network's
	// outputs, each of kind Number; nil for classification. An output h means
	// h·Std + Mean in the units of the file, see Restore.
	Targets []Column `json:"targets,omitempty"`

	counting []string // columns that count the rows that were learned from, for Doubts
}

// The kinds of Column.
const (
	Number   = "number"   // one input, (x − Mean)/Std
	Category = "category" // an input for each of Categories: 1 for the one named, else 0
)

// Column is one raw column of a table.
type Column struct {
	Name string `json:"name"`
	Kind string `json:"kind"`
	// A Number x becomes (x − Mean)/Std. Scale says what they are: "" for the mean
	// and the population standard deviation over the training rows, MinMax for the
	// smallest value and the range, NoScale for 0 and 1. Where all values are the
	// same, Std is 1.
	Scale Scale   `json:"scale,omitempty"`
	Mean  float64 `json:"mean,omitempty"`
	Std   float64 `json:"std,omitempty"`
	// Categories are the texts of a Category in the training rows, sorted.
	Categories []string `json:"categories,omitempty"`
	// Missing says what a missing value becomes: "" is an error. Of a Number it is
	// where Fill, which takes its place, comes from: Mean, Median or Constant. Of a
	// Category it is Zero: all inputs of the column are 0.
	Missing string  `json:"missing,omitempty"`
	Fill    float64 `json:"fill,omitempty"`
	// Unseen says what a category that is not known becomes: "" is an error, Zero
	// makes all inputs of the column 0.
	Unseen string `json:"unseen,omitempty"`
}

// Scale says how a Number is scaled.
type Scale string

// The scales of a Number.
const (
	Standard Scale = "" // to mean 0 and standard deviation 1
	MinMax   Scale = "minmax"
	NoScale  Scale = "none"
)

// What becomes of missing values, and of categories that are not known.
const (
	Mean     = "mean"     // the mean of the training rows
	Median   = "median"   // their median
	Constant = "constant" // a number that was given
	Zero     = "zero"     // all inputs of the column are 0
)

// inputs is the number of inputs that the column becomes.
func (c *Column) inputs() int {
	if c.Kind == Category {
		return len(c.Categories)
	}
	return 1
}

// Image is the size of an image and the factor that each pixel is multiplied by.
type Image struct {
	Width  int     `json:"width"`
	Height int     `json:"height"`
	Scale  float64 `json:"scale"`
}

// MaxColumns is the most columns of a table, the labels among them.
const MaxColumns = 1 << 16

// Bounds on what a file from a stranger may ask for.
const (
	maxColumns    = MaxColumns
	maxCategories = 1000    // categories of a column, classes
	maxInputs     = 1 << 24 // inputs of a network
	maxText       = 1024    // bytes of a name, category or class
)

// Features is the number of inputs that an example has.
func (p *Preprocess) Features() int {
	if p.Image != nil {
		return p.Image.Width * p.Image.Height
	}
	n := 0
	for i := range p.Columns {
		n += p.Columns[i].inputs()
	}
	return n
}

// Outputs is K, the number of classes or of targets.
func (p *Preprocess) Outputs() int { return max(len(p.Classes), len(p.Targets)) }

// Check reports what is wrong with a Preprocess that came from a file: lengths
// beyond bounds, texts empty or twice, numbers not finite, Std or Scale not
// above 0. After it, Features is between 1 and 2²⁴.
func (p *Preprocess) Check() error {
	if err := p.check(); err != nil {
		return fmt.Errorf("preprocessing: %w: %w", ErrFormat, err)
	}
	return nil
}

func (p *Preprocess) check() error {
	if err := p.checkOutputs(); err != nil {
		return err
	}
	if len(p.Label) > maxText || !utf8.ValidString(p.Label) {
		return fmt.Errorf("label column name is not UTF-8 text of at most %d bytes", maxText)
	}
	switch {
	case p.Image != nil && p.Columns != nil:
		return fmt.Errorf("both columns and image are set: need one")
	case p.Image != nil:
		return p.Image.check()
	default:
		return p.checkColumns()
	}
}

func (p *Preprocess) checkOutputs() error {
	if len(p.Targets) == 0 {
		if len(p.Classes) < 2 {
			return fmt.Errorf("%d classes: need at least 2", len(p.Classes))
		}
		if p.OneHot && p.MultiLabel {
			return fmt.Errorf("both one_hot and multi_label are set: need one or none")
		}
		return checkTexts("class", p.Classes, maxCategories)
	}
	if len(p.Classes) > 0 || p.MultiLabel {
		return fmt.Errorf("both classes and targets are set: need one")
	}
	names := make([]string, len(p.Targets))
	for i := range p.Targets {
		t := &p.Targets[i]
		names[i] = t.Name
		if t.Kind != Number {
			return fmt.Errorf("target %d (%.40q): kind is %.40q: need %q", i, t.Name, t.Kind, Number)
		}
		if err := t.check(); err != nil {
			return fmt.Errorf("target %d (%.40q): %w", i, t.Name, err)
		}
		if slices.ContainsFunc(p.Columns, func(c Column) bool { return c.Name == t.Name }) {
			return fmt.Errorf("column %q is an input and a target", t.Name)
		}
	}
	return checkTexts("target", names, maxCategories)
}

func (m *Image) check() error {
	if m.Width < 1 || m.Height < 1 || m.Width > maxInputs || m.Height > maxInputs/m.Width {
		return fmt.Errorf("image of %d × %d pixels: need 1 to %d in all", m.Width, m.Height, maxInputs)
	}
	if !positive(m.Scale) {
		return fmt.Errorf("image scale is %v: need a finite number above 0", m.Scale)
	}
	return nil
}

func (p *Preprocess) checkColumns() error {
	if len(p.Columns) == 0 {
		return fmt.Errorf("neither columns nor image are set")
	}
	names := make([]string, len(p.Columns))
	for i := range p.Columns {
		c := &p.Columns[i]
		names[i] = c.Name
		if err := c.check(); err != nil {
			return fmt.Errorf("column %d (%.40q): %w", i, c.Name, err)
		}
		if p.Label != "" && c.Name == p.Label {
			return fmt.Errorf("column %q is an input and the label", c.Name)
		}
		if p.MultiLabel && slices.Contains(p.Classes, c.Name) {
			return fmt.Errorf("column %q is an input and a label", c.Name)
		}
	}
	if err := checkTexts("column", names, maxColumns); err != nil {
		return err
	}
	if n := p.Features(); n > maxInputs { // at most 2¹⁶ × 1000: no overflow
		return fmt.Errorf("%d inputs: need at most %d", n, maxInputs)
	}
	return nil
}

func (c *Column) check() error {
	switch c.Kind {
	case Number:
		return c.checkNumber()
	case Category:
		if len(c.Categories) == 0 {
			return fmt.Errorf("no categories")
		}
		if c.Missing != "" && c.Missing != Zero {
			return fmt.Errorf("missing is %.40q: need nothing or %q", c.Missing, Zero)
		}
		if c.Unseen != "" && c.Unseen != Zero {
			return fmt.Errorf("unseen is %.40q: need nothing or %q", c.Unseen, Zero)
		}
		return checkTexts("category", c.Categories, maxCategories)
	}
	return fmt.Errorf("kind is %.40q: need %q or %q", c.Kind, Number, Category)
}

func (c *Column) checkNumber() error {
	switch {
	case !finite(c.Mean):
		return fmt.Errorf("mean is %v: need a finite number", c.Mean)
	case !positive(c.Std):
		return fmt.Errorf("std is %v: need a finite number above 0", c.Std)
	case !slices.Contains([]Scale{Standard, MinMax, NoScale}, c.Scale):
		return fmt.Errorf("scale is %.40q: need nothing, %q or %q", c.Scale, MinMax, NoScale)
	case !slices.Contains([]string{"", Mean, Median, Constant}, c.Missing):
		return fmt.Errorf("missing is %.40q: need nothing, %q, %q or %q", c.Missing, Mean, Median, Constant)
	case !finite(c.Fill):
		return fmt.Errorf("fill is %v: need a finite number", c.Fill)
	case c.Categories != nil || c.Unseen != "":
		return fmt.Errorf("a number with categories")
	}
	return nil
}

// checkTexts demands at most limit texts, all different, none empty, UTF-8 and
// at most maxText bytes each.
func checkTexts(what string, texts []string, limit int) error {
	if len(texts) > limit {
		return fmt.Errorf("%d times %s: need at most %d", len(texts), what, limit)
	}
	seen := make(map[string]bool, len(texts))
	for i, s := range texts {
		switch {
		case s == "":
			return fmt.Errorf("%s %d is empty", what, i)
		case len(s) > maxText || !utf8.ValidString(s):
			return fmt.Errorf("%s %d is not UTF-8 text of at most %d bytes", what, i, maxText)
		case seen[s]:
			return fmt.Errorf("%s %q is there twice", what, s)
		}
		seen[s] = true
	}
	return nil
}

func positive(x float64) bool { return x > 0 && !math.IsInf(x, 1) }
func finite(x float64) bool   { return !math.IsNaN(x) && !math.IsInf(x, 0) }
