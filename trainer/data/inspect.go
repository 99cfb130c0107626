package data

import (
	"cmp"
	"fmt"
	"slices"
)

// Summary is what a file holds. Its JSON is part of the command line's contract.
type Summary struct {
	Rows    int             `json:"rows"`
	Columns []ColumnSummary `json:"columns"`
	Image   *ImageSummary   `json:"image"` // null of a table
	// Task is what the labels would be trained as: "classification", "multilabel",
	// "regression", or "" where there are none or they cannot be used.
	Task string `json:"task"`
	// Classes are how many rows each class has, or each of several labels.
	Classes []Count `json:"classes"`
	// Constant names the columns that have one value in all rows, Missing those
	// that lack values, Problems says what would keep the file from being trained on.
	Constant []string `json:"constant"`
	Missing  []string `json:"missing"`
	Problems []string `json:"problems"`
	// Doubts says what is likely not meant, see Preprocess.Doubts.
	Doubts []string `json:"doubts"`
}

// ColumnSummary is about one column of a table.
type ColumnSummary struct {
	Name    string `json:"name"`
	Type    string `json:"type"` // "number", "category", "mixed" (texts among numbers) or "empty"
	Label   bool   `json:"label"`
	Values  int    `json:"values"` // that are not missing
	Missing int    `json:"missing"`
	// Distinct is how many different values there are, 1001 if more than 1000.
	Distinct int      `json:"distinct"`
	Min      *float64 `json:"min"` // of the numbers; null if there are none
	Max      *float64 `json:"max"`
	Mean     *float64 `json:"mean"`
	Std      *float64 `json:"std"`
	// Top are up to ten categories, the most frequent first.
	Top []Count `json:"top"`
}

// Count is how often something is there.
type Count struct {
	Name  string `json:"name"`
	Count int    `json:"count"`
}

// ImageSummary is about images.
type ImageSummary struct {
	Width    int     `json:"width"`
	Height   int     `json:"height"`
	Min      int     `json:"min"` // of all pixels
	Max      int     `json:"max"`
	Mean     float64 `json:"mean"`
	Labelled bool    `json:"labelled"`
}

// Inspect summarises what Read returned.
func Inspect(raw Raw) *Summary {
	s := &Summary{Columns: []ColumnSummary{}, Classes: []Count{}, Constant: []string{}, Missing: []string{}, Problems: []string{}, Doubts: []string{}}
	switch raw := raw.(type) {
	case *Images:
		s.images(raw)
	case *Table:
		s.table(raw)
	}
	return s
}

func (s *Summary) images(m *Images) {
	s.Rows = m.Rows()
	v := &ImageSummary{Width: m.Width, Height: m.Height, Min: 255, Labelled: m.class != nil}
	var histogram [256]int
	for _, p := range m.Pixels {
		histogram[p]++
	}
	for p, n := range histogram {
		if n > 0 {
			v.Min, v.Max = min(v.Min, p), p
			v.Mean += float64(p) * float64(n) / float64(len(m.Pixels))
		}
	}
	s.Image = v
	if m.class != nil {
		s.Task = "classification"
		n := make([]int, len(m.Classes))
		for _, c := range m.class {
			n[c]++
		}
		for c, name := range m.Classes {
			s.Classes = append(s.Classes, Count{name, n[c]})
		}
	}
	if _, err := m.Fit(nil, FitOptions{}); err != nil {
		s.Problems = append(s.Problems, err.Error())
	}
}

func (s *Summary) table(t *Table) {
	s.Rows = t.rows
	l, err := t.labelling()
	all := make([]int, len(t.Names))
	for j := range all {
		all[j] = j
	}
	stats := t.statistics(all, nil)
	for j := range t.Names {
		c := t.summary(j, &stats[j])
		c.Label = slices.Contains(l.columns, j)
		if c.Distinct == 1 && c.Missing == 0 {
			s.Constant = append(s.Constant, c.Name)
		}
		if c.Missing > 0 {
			s.Missing = append(s.Missing, c.Name)
		}
		s.Columns = append(s.Columns, c)
	}
	if err != nil {
		s.Problems = append(s.Problems, err.Error())
		return
	}
	switch s.Task = "regression"; {
	case l.several:
		s.Task = "multilabel"
		for k, name := range l.classes {
			s.Classes = append(s.Classes, Count{name, t.yes(l.columns[k])})
		}
	case l.classes != nil:
		s.Task = "classification"
		s.classes(t, l)
	}
	if _, err := t.Fit(nil, FitOptions{}); err != nil {
		s.Problems = append(s.Problems, err.Error())
	}
	// Missing values are told of, and are to hide nothing here.
	if p, err := t.Fit(nil, FitOptions{Missing: Constant}); err == nil {
		s.Doubts = append(s.Doubts, p.Doubts(t.task)...)
	}
}

func (s *Summary) classes(t *Table, l labelling) {
	class, err := t.classOf(l)
	if err != nil {
		s.Problems = append(s.Problems, err.Error())
		return
	}
	n := make([]int, len(l.classes))
	for _, k := range class {
		n[k]++
	}
	for k, name := range l.classes {
		s.Classes = append(s.Classes, Count{name, n[k]})
	}
}

// summary is about column j, of whose numbers v tells.
func (t *Table) summary(j int, v *statistics) ColumnSummary {
	numbers, missing, texts := t.counts(j)
	c := ColumnSummary{Name: t.Names[j], Values: numbers + texts, Missing: missing, Top: []Count{}}
	if std := v.std(); numbers > 0 && finite(v.mean) && finite(std) {
		c.Min, c.Max, c.Mean, c.Std = &v.least, &v.largest, &v.mean, &std
	}
	n := t.tally(j)
	c.Distinct = len(n)
	switch {
	case c.Values == 0:
		c.Type = "empty"
	case t.isCategory(j):
		c.Type = "category"
		for k, count := range n {
			c.Top = append(c.Top, Count{clip(t.nameOf(k, j)), count})
		}
		slices.SortFunc(c.Top, func(a, b Count) int { return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Name, b.Name)) })
		c.Top = c.Top[:min(len(c.Top), 10)]
	case texts > 0:
		c.Type = "mixed"
	default:
		c.Type = "number"
	}
	return c
}

// tally counts the different values of column j, up to maxCategories of them and
// one more that stands for the others.
func (t *Table) tally(j int) map[cell]int {
	n := map[cell]int{}
	for i := range t.rows {
		c := t.at(i, j)
		if c == missingCell {
			continue
		}
		if _, known := n[c]; !known && len(n) > maxCategories {
			continue
		}
		n[c]++
	}
	return n
}

// String says in one line how many rows and columns there are.
func (s *Summary) String() string {
	if s.Image != nil {
		return fmt.Sprintf("%d images of %d × %d pixels", s.Rows, s.Image.Width, s.Image.Height)
	}
	return fmt.Sprintf("%d rows, %d columns", s.Rows, len(s.Columns))
}
