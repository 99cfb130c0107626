package data

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
)

// survey is what the first pass over a stream finds out, in as much memory as a few columns of
// texts take. Chunks are looked at by several goroutines (learn), and what they found is put
// together in the order of the file (add), so that it does not depend on who was first.
type survey struct {
	stream         *Stream
	table          *Table // all rows, none of which it holds
	labels, inputs []int
	numbers        []map[cell]bool // by column, some of more than categories may be; see bare
	bare           []bool          // by column: there are numbers that numbers lacks
	statistics     []statistics    // by column
	notHot         int             // first row whose labels are not one-hot, −1 if there is none
	notLabels      int             // first row with a label column that is neither 0 nor 1, −1 if there is none
	notLabel       int             // that column
	notLabelText   string          // and what is in it
	lines          map[int]int     // of rows that errors may be about
	digests        []byte
	total          tally
	validation     int
	weights        int // the column of weights, −1 if there is none
}

// learnt is what one chunk adds.
type learnt struct {
	digest     [sha256.Size]byte
	statistics [][]statistics        // of each block of rows, by survey.columns
	numbers    map[int]map[cell]bool // the different ones of a column, where they may be names
}

// survey goes through the file.
func (s *Stream) survey(ctx context.Context) (*survey, error) {
	v, err := s.newSurvey()
	if err != nil {
		return nil, err
	}
	clear(s.early)
	clear(s.classes)
	in, err := s.open(nil)
	if err != nil {
		return nil, err
	}
	run := s.run(in, func(c *chunk) error { v.learn(in, c); return nil })
	err = v.collect(ctx, run)
	if err := errors.Join(err, run.close()); err != nil {
		return nil, err
	}
	switch {
	case v.table.rows == 0 && s.format == Parquet:
		return nil, &Error{Path: s.path, Offset: -1, Reason: "the file has no rows"}
	case v.table.rows == 0:
		return nil, &Error{Path: s.path, Line: v.table.top, Offset: -1, Reason: "there is a header and no row below it"}
	case v.total.rows == 0:
		return nil, fmt.Errorf("%s: no training rows", s.path)
	}
	s.sum = sha256.Sum256(v.digests)
	v.table.marks = v.table.marks[:0]
	for _, row := range slices.Sorted(maps.Keys(v.lines)) {
		v.table.marks = append(v.table.marks, mark{row, v.lines[row]})
	}
	return v, nil
}

func (s *Stream) newSurvey() (*survey, error) {
	t := *s.columns
	n := len(t.Names)
	v := &survey{stream: s, table: &t, numbers: make([]map[cell]bool, n), bare: make([]bool, n), statistics: make([]statistics, n),
		notHot: -1, notLabels: -1, lines: map[int]int{}, weights: -1}
	t.texts, t.seen, t.marks = make([]*texts, n), v, []mark{{0, t.top + 1}}
	if s.format == Parquet {
		t.marks[0].line = noLines
	}
	var err error
	if v.labels, err = t.labelColumns(); err != nil {
		return nil, err
	}
	if v.inputs, err = t.inputColumns(v.labels); err != nil {
		return nil, err
	}
	if t.weights != "" {
		v.weights, _ = t.find(t.weights) // inputColumns found it
	}
	return v, nil
}

// columns are those that statistics are taken of.
func (v *survey) columns() []int { return append(slices.Clone(v.inputs), v.labels...) }

// learn is done with a chunk by any goroutine: it knows no other chunk.
func (v *survey) learn(in rowReader, c *chunk) {
	sum := sha256.New()
	in.digest(c, sum)
	sum.Sum(c.learnt.digest[:0])
	t, columns := c.table, v.columns()
	c.learnt.statistics = c.learnt.statistics[:0]
	for first := 0; first < t.rows; first += 1 << t.shift {
		c.learnt.statistics = append(c.learnt.statistics, v.block(c, first, columns, v.stream.drawn))
	}
	c.learnt.numbers = map[int]map[cell]bool{}
	for k, j := range columns {
		// Of a column that looks like one of numbers, which are many, names are not needed.
		if k >= len(v.inputs) || t.texts[j] != nil && t.texts[j].count > 0 {
			c.learnt.numbers[j] = t.differentNumbers(j)
		}
	}
}

// differentNumbers returns the different numbers of column j, or some, more than there may be
// categories.
func (t *Table) differentNumbers(j int) map[cell]bool {
	found := map[cell]bool{}
	for i := 0; i < t.rows && len(found) <= maxCategories; i++ {
		if c := t.at(i, j); c.isNumber() {
			found[c] = true
		}
	}
	return found
}

// block is the statistics of the training rows of a block, by column.
func (v *survey) block(c *chunk, first int, columns []int, held func(row int) bool) []statistics {
	var rows []int
	for i := first; i < min(first+1<<c.table.shift, c.table.rows); i++ {
		if !held(c.first + i) {
			rows = append(rows, i)
		}
	}
	s := make([]statistics, len(columns))
	c.table.blockStatistics(s, columns, rows)
	return s
}

// collect puts what is known of the chunks together.
func (v *survey) collect(ctx context.Context, run *pipeline) error {
	for {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("%s: %w", v.stream.path, err)
		}
		c := run.next()
		if c.err != nil && c.err != io.EOF {
			return c.err
		}
		if c.table.rows > 0 {
			if err := v.add(c); err != nil {
				return err
			}
		}
		if c.err == io.EOF {
			return nil
		}
		run.free <- c
	}
}
