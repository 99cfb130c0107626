package data

import (
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// column holds the cells of one column both ways, as numbers and as texts,
// because which one counts is known only at its end.
type column struct {
	numbers []float64 // NaN where the cell is not a finite number
	codes   []int32   // position of each cell in texts, up to where over became true
	texts   []string  // the different texts, in order of appearance
	index   map[string]int32
	over    bool // more than maxCategories texts, or one that cannot be a category

	finite       int // cells that are finite numbers
	firstMissing int // row of the first missing cell, −1 if none
	firstText    int // row of the first cell that is neither number nor missing
	firstWords   string
}

func newColumn() column { return column{firstMissing: -1, firstText: -1} }

type cellKind int

const (
	numberCell  cellKind = iota // a finite number
	missingCell                 // empty, NA, NaN or ?
	textCell                    // all else, also Inf and numbers beyond float64
)

func parseCell(cell string) (float64, cellKind) {
	switch cell {
	case "", "NA", "?":
		return math.NaN(), missingCell
	}
	x, err := strconv.ParseFloat(cell, 64)
	switch {
	case err != nil || math.IsInf(x, 0) || strings.ContainsAny(cell, "_xX"): // 12_34 and 0x1p2 are Go's
		return math.NaN(), textCell
	case math.IsNaN(x):
		return x, missingCell
	}
	return x, numberCell
}

func (c *column) add(cell string) {
	row := len(c.numbers)
	x, kind := parseCell(cell)
	c.numbers = append(c.numbers, x)
	switch kind {
	case numberCell:
		c.finite++
	case missingCell:
		if c.firstMissing < 0 {
			c.firstMissing = row
		}
	case textCell:
		if c.firstText < 0 {
			c.firstText, c.firstWords = row, clip(cell)
		}
	}
	if !c.over {
		c.intern(cell)
	}
}

// intern adds a cell to codes and texts. The one that is too many, or cannot be
// a category, still goes in, so that Set finds a cell to name in its error.
func (c *column) intern(cell string) {
	code, ok := c.index[cell]
	if !ok {
		if len(cell) > maxText || !utf8.ValidString(cell) {
			c.over = true
		}
		c.over = c.over || len(c.texts) == maxCategories
		if c.index == nil {
			c.index = map[string]int32{}
		}
		code = int32(len(c.texts))
		text := strings.Clone(cell) // cell shares the memory of its whole row
		c.texts = append(c.texts, text)
		c.index[text] = code
	}
	c.codes = append(c.codes, code)
	if c.over {
		c.index = nil
	}
}

// clip keeps what an error message shows of a cell.
func clip(cell string) string {
	const most = 40
	if len(cell) <= most {
		return strings.Clone(cell)
	}
	return strings.ToValidUTF8(cell[:most], "") + "…"
}

// decimalComma reports whether all texts are numbers once a comma is a point.
func (c *column) decimalComma() bool {
	for _, s := range c.texts {
		if _, kind := parseCell(strings.Replace(s, ",", ".", 1)); kind != numberCell {
			return false
		}
	}
	return true
}

// moments returns the mean and the population standard deviation of the given
// rows, all rows if rows is nil:
//
//	μ = (1/n) Σ x    σ² = (1/n) Σ (x − μ)²
//
// in two passes, which does not lose σ where μ is large. σ is 1 if all values
// are the same, and then μ is exactly that value.
func (c *column) moments(rows []int) (mean, std float64) {
	n := len(rows)
	at := func(i int) float64 { return c.numbers[rows[i]] }
	if rows == nil {
		n = len(c.numbers)
		at = func(i int) float64 { return c.numbers[i] }
	}
	constant := true
	for i := range n {
		mean += at(i)
		constant = constant && at(i) == at(0)
	}
	if constant {
		return at(0), 1
	}
	mean /= float64(n)
	for i := range n {
		d := at(i) - mean
		std += d * d
	}
	return mean, math.Sqrt(std / float64(n))
}
