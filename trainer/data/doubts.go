package data

import (
	"fmt"
	"strings"
)

// oddNames is from how many names on they are looked at as numbers that were not read as such.
const oddNames = 10

// Doubts says, a line each, what is likely not meant in what was learned from a table, though it
// can be trained on: categories that look like numbers with a unit, or like dates; names that
// differ in case alone; columns that count the rows; and, unless task says that they are meant, many classes that are all numbers.
func (p *Preprocess) Doubts(task Task) []string {
	var doubts []string
	for i := range p.Columns {
		c := &p.Columns[i]
		if n := len(c.Categories); n > oddNames && disguised(c.Categories) {
			doubts = append(doubts, fmt.Sprintf("column %q: %s", c.Name, looksLike(c.Categories)))
		}
		doubts = append(doubts, alike(c.Name, "categories", c.Categories)...)
	}
	for _, name := range p.counting {
		doubts = append(doubts, fmt.Sprintf("column %q: it counts the rows, which says nothing about new ones: leave it out (--drop)", name))
	}
	if p.Label == "" { // classes are columns, or in a file of their own
		return doubts
	}
	if n := len(p.Classes); task == AutoTask && n > 2*oddNames && !hasText(p.Classes) {
		doubts = append(doubts, fmt.Sprintf("column %q: its %d classes are all numbers: if they are a quantity, say so (--task regression)", p.Label, n))
	}
	return append(doubts, alike(p.Label, "classes", p.Classes)...)
}

// looksLike is about names that are disguised.
func looksLike(names []string) string {
	return fmt.Sprintf("its %d categories look like numbers or dates, such as %q: write numbers as 1234.5, a date as several columns, or leave it out", len(names), clip(names[len(names)-1]))
}

// counting reports whether column j of a table that is held has as many numbers as rows, each one
// more than the one before.
func (t *Table) counting(j int) bool {
	if numbers, _, _ := t.counts(j); t.seen != nil || t.rows <= oddNames || numbers < t.rows {
		return false
	}
	first := t.at(0, j).number()
	for i := range t.rows {
		if t.at(i, j).number() != first+float64(i) {
			return false
		}
	}
	return true
}

func hasText(names []string) bool {
	for _, s := range names {
		if notNumber([]byte(s)) {
			return true
		}
	}
	return false
}

// around is what is written around and between the digits of prices, shares, dates and times, with these.
const around = "0123456789+-.,:/'()$€£¥% TZ\u00a0\u202f"

// disguised reports whether names, of which some are no numbers, are made of digits and around.
func disguised(names []string) bool {
	for _, s := range names {
		if !strings.ContainsAny(s, "0123456789") || strings.ContainsFunc(s, func(r rune) bool { return !strings.ContainsRune(around, r) }) {
			return false
		}
	}
	return hasText(names)
}

// alike finds the first two names that differ in case alone.
func alike(column, what string, names []string) []string {
	seen := make(map[string]string, len(names))
	for _, s := range names {
		lower := strings.ToLower(s)
		if before, ok := seen[lower]; ok {
			return []string{fmt.Sprintf("column %q: %q and %q differ in case alone, and are two %s", column, clip(before), clip(s), what)}
		}
		seen[lower] = s
	}
	return nil
}
