package data

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// texts is what is known of the cells of a column that are not numbers. Most
// columns have none, and then there is no texts.
type texts struct {
	known []string // the different texts, in order of appearance
	index map[string]int
	// over: there are more than maxCategories texts, or one that cannot be a
	// category. All such have the code len(known), and the first of them is here.
	over     bool
	overRow  int
	overText string
	overWhy  string // why it cannot be a category

	missing, count int    // cells that are missing, cells that are texts
	firstMissing   int    // row of the first missing cell
	firstText      int    // row of the first text
	first          string // what an error message shows of it
}

// judge returns the cell for what a file has in column j of the row that comes
// next.
func (t *Table) judge(j int, b []byte) cell {
	if isMissing(b) {
		return t.miss(j)
	}
	if x, ok := parseNumber(b); ok {
		return numberCell(x)
	}
	return t.intern(j, b)
}

// number returns the cell for a number of column j of the row that comes next,
// which may be NaN or infinite.
func (t *Table) number(j int, x float64) cell {
	switch {
	case x != x:
		return t.miss(j)
	case math.IsInf(x, 0):
		return t.intern(j, strconv.AppendFloat(nil, x, 'g', -1, 64))
	case x == 0:
		return numberCell(0) // −0 too
	}
	return numberCell(x)
}

func (t *Table) textsOf(j int) *texts {
	if t.texts[j] == nil {
		t.texts[j] = &texts{firstMissing: -1, firstText: -1, overRow: -1}
	}
	return t.texts[j]
}

// miss returns a missing cell for column j of the row that comes next.
func (t *Table) miss(j int) cell {
	c := t.textsOf(j)
	if c.missing == 0 {
		c.firstMissing = t.rows
	}
	c.missing++
	return missingCell
}

// intern returns a text cell for column j of the row that comes next.
func (t *Table) intern(j int, b []byte) cell {
	c := t.textsOf(j)
	if c.count == 0 {
		c.firstText, c.first = t.rows, clip(string(b))
	}
	c.count++
	if code, ok := c.index[string(b)]; ok {
		return textCell | cell(code)
	}
	if len(c.known) == maxCategories || len(b) > maxText || !utf8.Valid(b) {
		if !c.over {
			c.over, c.overRow, c.overText, c.overWhy = true, t.rows, clip(string(b)), whyOver(b)
		}
		return textCell | maxCategories
	}
	if c.index == nil {
		c.index = map[string]int{}
	}
	code := len(c.known)
	c.known = append(c.known, string(b))
	c.index[c.known[code]] = code
	return textCell | cell(code)
}

// whyOver says why a text is none of a column's categories.
func whyOver(b []byte) string {
	switch {
	case !utf8.Valid(b):
		return "is not UTF-8: save the file as UTF-8"
	case len(b) > maxText:
		return fmt.Sprintf("has %d bytes, more than the %d of a name: leave the column out", len(b), maxText)
	}
	return fmt.Sprintf("is one text more than the %d that a column may have: leave it out, or see that it has numbers alone", maxCategories)
}

// clip keeps what an error message shows of a cell.
func clip(cell string) string {
	const most = 40
	if len(cell) <= most {
		return cell
	}
	return strings.ToValidUTF8(cell[:most], "") + "…"
}

// counts tells how many cells of column j are numbers, missing and texts.
func (t *Table) counts(j int) (numbers, missing, texts int) {
	if c := t.texts[j]; c != nil {
		missing, texts = c.missing, c.count
	}
	return t.rows - missing - texts, missing, texts
}

// shown is a cell as an error message shows it.
func (t *Table) shown(row, j int) string {
	if t.seen != nil { // the only cells that are shown are first texts
		return t.textsOf(j).first
	}
	switch c := t.at(row, j); {
	case c.isNumber():
		return spell(c.number())
	case !c.isText():
		return ""
	default:
		return clip(t.textAt(c, j))
	}
}

// textAt is the text of a text cell of column j.
func (t *Table) textAt(c cell, j int) string {
	if code := c.text(); code < len(t.texts[j].known) {
		return t.texts[j].known[code]
	}
	return t.texts[j].overText
}

// firstText is the row of the first text of column j, or 0 if it has none.
func (t *Table) firstText(j int) int {
	if c := t.texts[j]; c != nil && c.count > 0 {
		return c.firstText
	}
	return 0
}

// decimalComma reports whether a column has texts and all are numbers without their commas, be
// these before decimals or between thousands.
func (c *texts) decimalComma() bool {
	if len(c.known) == 0 {
		return false
	}
	for _, s := range c.known {
		if _, ok := parseNumber([]byte(strings.ReplaceAll(s, ",", ""))); !ok {
			return false
		}
	}
	return true
}

// names returns the different names that the cells of column j have in the given
// rows (nil: all): texts, and numbers as spell does. ok is false if there are more
// than maxCategories, or one that cannot be a name. Missing cells have none.
func (t *Table) names(j int, rows []int) (names []string, ok bool) {
	if t.seen != nil {
		return t.seen.namesOf(j)
	}
	seen := map[cell]bool{}
	for i := range t.count(rows) {
		c := t.at(row(rows, i), j)
		if c == missingCell || seen[c] {
			continue
		}
		if len(seen) == maxCategories || c.isText() && c.text() >= len(t.texts[j].known) {
			return nil, false
		}
		seen[c] = true
		names = append(names, t.nameOf(c, j))
	}
	return names, true
}

// rename puts texts in place of the numbers 0, 1, … of column j, if it has no
// others.
func (t *Table) rename(j int, known []string) {
	for i := range t.rows {
		c := t.at(i, j)
		if x := c.number(); !c.isNumber() || x != math.Trunc(x) || x < 0 || x >= float64(len(known)) {
			return
		}
	}
	t.texts[j] = &texts{known: known, count: t.rows, firstMissing: -1, overRow: -1}
	for i := range t.rows {
		t.row(i)[j] = textCell | cell(t.at(i, j).number())
	}
}

// nameOf is the name of a cell of column j as a category or class.
func (t *Table) nameOf(c cell, j int) string {
	if c.isNumber() {
		return spell(c.number())
	}
	return t.textAt(c, j)
}

// count is the number of rows, all rows if rows is nil.
func (t *Table) count(rows []int) int {
	if rows == nil {
		return t.rows
	}
	return len(rows)
}

// row is the i-th of rows, or i if rows is nil.
func row(rows []int, i int) int {
	if rows == nil {
		return i
	}
	return rows[i]
}

// unknown says that a model has no such name.
func unknown(what, found string, known []string) string {
	return fmt.Sprintf("%s %q is not one that the model knows: %s", what, found, list(known))
}
