package data

import (
	"math"
	"slices"
)

// statistics of the numbers of a column.
type statistics struct {
	count          int
	mean           float64
	squares        float64 // Σ (x − mean)²
	least, largest float64
}

// std is σ.
func (s *statistics) std() float64 { return math.Sqrt(s.squares / float64(s.count)) }

// statistics returns those of the columns js in the given rows (nil: all):
//
//	μ = (1/n) Σ x    σ² = (1/n) Σ (x − μ)²
//
// of each block of the table in two passes, and of all by add, so that σ is not lost where μ
// is large, and a stream, which has one block at a time, comes to the same bits. Where all
// values are the same, μ is exactly that value and σ is 0.
func (t *Table) statistics(js, rows []int) []statistics {
	s, of := make([]statistics, len(js)), make([]statistics, len(js))
	if t.seen != nil {
		for k, j := range js {
			s[k] = t.seen.statistics[j]
		}
		return s
	}
	var block []int
	for i := range t.count(rows) + 1 {
		if n := len(block); n > 0 && (i == t.count(rows) || row(rows, i)>>t.shift != block[0]>>t.shift) {
			clear(of)
			t.blockStatistics(of, js, block)
			for k := range s {
				s[k].add(&of[k])
			}
			block = block[:0]
		}
		if i < t.count(rows) {
			block = append(block, row(rows, i))
		}
	}
	return s
}

// blockStatistics fills s, which is zero, with those of the columns js in a few rows.
func (t *Table) blockStatistics(s []statistics, js, rows []int) {
	buf := t.buffer()
	for _, i := range rows {
		cells := t.cells(i, buf)
		for k, j := range js {
			if !cells[j].isNumber() {
				continue
			}
			s, x := &s[k], cells[j].number()
			if s.count == 0 {
				s.least, s.largest = x, x
			}
			s.count++
			s.mean += x
			s.least, s.largest = min(s.least, x), max(s.largest, x)
		}
	}
	for k := range s {
		if s[k].mean /= float64(s[k].count); s[k].least == s[k].largest {
			s[k].mean = s[k].least
		}
	}
	for _, i := range rows {
		cells := t.cells(i, buf)
		for k, j := range js {
			if cells[j].isNumber() {
				d := cells[j].number() - s[k].mean
				s[k].squares += d * d
			}
		}
	}
}

// add makes s the statistics of its rows and those of b, with n = n_s + n_b and δ = μ_b − μ_s:
//
//	μ = μ_s + δ n_b/n    Σ (x − μ)² = Σ_s + Σ_b + δ² n_s n_b/n
//
// Source: T. F. Chan, G. H. Golub and R. J. LeVeque, "Updating formulae and a pairwise
// algorithm for computing sample variances", COMPSTAT (1982), equations 2.1.
func (s *statistics) add(b *statistics) {
	if b.count == 0 {
		return
	}
	if s.count == 0 {
		*s = *b
		return
	}
	n, m := float64(s.count), float64(b.count)
	delta := b.mean - s.mean
	s.mean += delta * m / (n + m)
	s.squares += b.squares + delta*delta*n*m/(n+m)
	s.count += b.count
	s.least, s.largest = min(s.least, b.least), max(s.largest, b.largest)
}

// scaled returns what is taken from a number and what divides the rest.
func (s *statistics) scaled(scale Scale) (shift, divisor float64) {
	constant := s.least == s.largest
	switch {
	case scale == NoScale:
		return 0, 1
	case constant:
		return s.least, 1
	case scale == MinMax:
		return s.least, s.largest - s.least
	}
	return s.mean, s.std()
}

// median returns the middle number of column j in the given rows, or the mean of
// the two in the middle.
func (t *Table) median(j int, rows []int) float64 {
	var x []float64
	for i := range t.count(rows) {
		if c := t.at(row(rows, i), j); c.isNumber() {
			x = append(x, c.number())
		}
	}
	slices.Sort(x)
	n := len(x)
	return x[(n-1)/2]/2 + x[n/2]/2
}
