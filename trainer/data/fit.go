package data

import (
	"fmt"
	"slices"
)

// FitOptions say what Fit learns. The zero value standardises, and takes missing
// values and unknown categories for errors.
type FitOptions struct {
	Scale       Scale // of the inputs
	TargetScale Scale // of quantities to predict
	// Missing is what becomes of missing inputs: "" is an error; Mean, Median or
	// Constant, with Fill, is put in place of numbers, and then a missing category
	// sets none of the column's inputs. A missing label is always an error.
	Missing string
	Fill    float64
	// Unseen is what becomes of categories that no training row has: "" is an
	// error, Zero sets none of the column's inputs.
	Unseen string
}

func (o *FitOptions) check() error {
	for _, s := range []Scale{o.Scale, o.TargetScale} {
		if !slices.Contains([]Scale{Standard, MinMax, NoScale}, s) {
			return fmt.Errorf("scale is %.40q: have %q, %q, %q", s, Standard, MinMax, NoScale)
		}
	}
	if !slices.Contains([]string{"", Mean, Median, Constant}, o.Missing) || !finite(o.Fill) {
		return fmt.Errorf("missing is %.40q with %v: have %q, %q, and %q with a finite number", o.Missing, o.Fill, Mean, Median, Constant)
	}
	if o.Unseen != "" && o.Unseen != Zero {
		return fmt.Errorf("unseen is %.40q: have %q", o.Unseen, Zero)
	}
	return nil
}

// Fit learns a Preprocess from the given training rows (nil: all): which columns
// are numbers and which are categories, their statistics and categories, and the
// classes or targets. A row that is not there panics.
//
// A column is a number if at least half of its cells that are not missing are, and
// then a cell that is not is an error with line and column. Else it is a
// category, with at most 1000 different names; a number is one category however
// it is spelled.
func (t *Table) Fit(rows []int, opts FitOptions) (_ *Preprocess, err error) {
	defer faults(t.path, &err)()
	if rows != nil && len(rows) == 0 {
		return nil, fmt.Errorf("%s: no training rows", t.path)
	}
	if err := opts.check(); err != nil {
		return nil, err
	}
	l, err := t.labelling()
	if err != nil {
		return nil, err
	}
	inputs, err := t.inputColumns(l.columns)
	if err != nil {
		return nil, err
	}
	p := &Preprocess{Classes: l.classes, OneHot: l.oneHot, MultiLabel: l.several}
	if p.Columns, err = t.fitColumns(inputs, rows, opts); err != nil {
		return nil, err
	}
	for _, j := range inputs {
		if t.counting(j) {
			p.counting = append(p.counting, t.Names[j])
		}
	}
	switch {
	case l.classes == nil:
		targets := FitOptions{Scale: opts.TargetScale}
		if p.Targets, err = t.fitColumns(l.columns, rows, targets); err != nil {
			return nil, err
		}
	case !l.oneHot && !l.several:
		p.Label = t.Names[l.columns[0]]
	}
	if err := p.Check(); err != nil {
		return nil, fmt.Errorf("%s: %w", t.path, err)
	}
	return p, nil
}

// isCategory reports whether column j is one of categories: the format says so, or
// most of what is there is text.
func (t *Table) isCategory(j int) bool {
	if t.declared != nil && t.declared[j] != undeclared {
		return t.declared[j] == declaredCategory
	}
	numbers, _, texts := t.counts(j)
	return texts > numbers
}

// fitColumns learns the columns js.
func (t *Table) fitColumns(js, rows []int, opts FitOptions) ([]Column, error) {
	stats := t.statistics(js, rows)
	columns := make([]Column, len(js))
	for k, j := range js {
		c := &columns[k]
		c.Name = t.Names[j]
		if err := t.checkMissing(j, opts.Missing); err != nil {
			return nil, err
		}
		var err error
		if t.isCategory(j) {
			err = t.fitCategory(c, j, rows, opts)
		} else {
			err = t.fitNumber(c, j, rows, &stats[k], opts)
		}
		if err != nil {
			return nil, err
		}
	}
	return columns, nil
}

func (t *Table) checkMissing(j int, policy string) error {
	numbers, missing, texts := t.counts(j)
	switch {
	case numbers+texts == 0:
		return t.fail(-1, j, "every value is missing: leave the column out")
	case missing > 0 && policy == "":
		return t.missing(t.texts[j].firstMissing, j, missingWayOut)
	}
	return nil
}

const missingWayOut = "fill it in, choose what missing values become (--missing), or leave the row or the column out"

func (t *Table) fitNumber(c *Column, j int, rows []int, s *statistics, opts FitOptions) error {
	if _, _, texts := t.counts(j); texts > 0 {
		return t.notNumber(j)
	}
	if s.count == 0 {
		return t.fail(-1, j, "no training row has a value: leave the column out, or hold other rows back")
	}
	c.Kind, c.Scale = Number, opts.Scale
	c.Mean, c.Std = s.scaled(opts.Scale)
	if !finite(c.Mean) || !positive(c.Std) {
		return t.fail(-1, j, "the numbers are too large or too small to standardise: scale the column")
	}
	switch c.Missing = opts.Missing; c.Missing {
	case Mean:
		c.Fill = s.mean
	case Median:
		c.Fill = t.median(j, rows)
	case Constant:
		c.Fill = opts.Fill
	}
	if !finite(c.Fill) {
		return t.fail(-1, j, "the numbers are too large for a mean: scale the column")
	}
	return nil
}

func (t *Table) fitCategory(c *Column, j int, rows []int, opts FitOptions) error {
	names, ok := t.names(j, rows)
	first := t.firstText(j)
	switch {
	case t.seen != nil && t.seen.bare[j]:
		return t.fail(first, j, fmt.Sprintf("%q is not a number, most of the column are texts, and in a part of the file all are numbers, which a stream cannot learn as categories: leave the column out, or mix the rows", t.shown(first, j)))
	case !ok:
		return t.notCategory(j)
	case t.texts[j] != nil && t.texts[j].decimalComma():
		return t.decimalComma(j)
	case len(names) == 0:
		return t.fail(-1, j, "no training row has a value: leave the column out, or hold other rows back")
	}
	slices.Sort(names)
	c.Kind, c.Categories, c.Unseen = Category, slices.Compact(names), opts.Unseen
	if opts.Missing != "" {
		c.Missing = Zero
	}
	return nil
}

func (t *Table) decimalComma(j int) error {
	first := t.firstText(j)
	return t.fail(first, j, fmt.Sprintf("%q has a comma within the number: write 1234.5, neither 1234,5 nor 1,234.5", t.shown(first, j)))
}

// notCategory says why column j, which has texts, is neither numbers nor categories.
func (t *Table) notCategory(j int) error {
	if c := t.texts[j]; c != nil && c.over {
		return t.fail(c.overRow, j, fmt.Sprintf("%q is no number, and as a category it %s", c.overText, c.overWhy))
	}
	return t.fail(t.firstText(j), j, fmt.Sprintf("there are more than %d different values, most of them texts: leave the column out", maxCategories))
}
