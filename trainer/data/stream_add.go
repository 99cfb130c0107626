package data

import "crypto/sha256"

// add takes the next chunk of the file.
func (v *survey) add(c *chunk) error {
	if c.first == 0 {
		v.lines[0] = c.table.line(0)
	}
	columns := v.columns()
	changed := map[int]bool{} // blocks
	for k, j := range columns {
		known := v.addTexts(c, j)
		for _, i := range v.fresh(c, j, known) {
			if row := c.first + i; k < len(v.inputs) && v.stream.drawn(row) && !v.stream.early[row] {
				v.stream.early[row], changed[i>>c.table.shift] = true, true
			}
		}
		v.addNumbers(c, j)
	}
	for b, of := range c.learnt.statistics {
		if changed[b] {
			of = v.block(c, b<<c.table.shift, columns, v.stream.isHeld)
		}
		for k, j := range columns {
			v.statistics[j].add(&of[k])
		}
	}
	sum := sha256.Sum256(append(v.digests, c.learnt.digest[:]...))
	v.digests = append(v.digests[:0], sum[:]...)
	v.table.rows += c.table.rows
	return v.addRows(c)
}

// addTexts adds what is no number of column j, and returns how many different texts were
// known before.
func (v *survey) addTexts(c *chunk, j int) (known int) {
	from := c.table.texts[j]
	if from == nil {
		return 0
	}
	note := func(row int) int {
		v.lines[c.first+row] = c.table.line(row)
		return c.first + row
	}
	to := v.table.textsOf(j)
	if from.missing > 0 && to.missing == 0 {
		to.firstMissing = note(from.firstMissing)
	}
	if from.count > 0 && to.count == 0 {
		to.firstText, to.first = note(from.firstText), from.first
	}
	if from.over && !to.over {
		to.over, to.overRow, to.overText, to.overWhy = true, note(from.overRow), from.overText, from.overWhy
	}
	to.missing += from.missing
	to.count += from.count
	known = len(to.known)
	for _, text := range from.known {
		if _, ok := to.index[text]; ok || to.over {
			continue
		}
		if len(to.known) == maxCategories {
			to.over, to.overRow, to.overText, to.overWhy = true, note(from.firstText), clip(text), whyOver([]byte(text))
			continue
		}
		if to.index == nil {
			to.index = map[string]int{}
		}
		to.index[text] = len(to.known)
		to.known = append(to.known, text)
	}
	return known
}

// fresh returns the first rows of a chunk with each of the texts of column j that were not
// among the first so many that are known.
func (v *survey) fresh(c *chunk, j, known int) (rows []int) {
	of, all := c.table.texts[j], v.table.texts[j]
	if of == nil || all.over || len(all.known) == known {
		return nil
	}
	isNew := map[int]bool{}
	for code, text := range of.known {
		if all.index[text] >= known {
			isNew[code] = true
		}
	}
	for i := 0; i < c.table.rows && len(isNew) > 0; i++ {
		if x := c.table.at(i, j); x.isText() && isNew[x.text()] {
			rows = append(rows, i)
			delete(isNew, x.text())
		}
	}
	return rows
}

// addNumbers adds the different numbers of column j.
func (v *survey) addNumbers(c *chunk, j int) {
	numbers, ok := c.learnt.numbers[j]
	if !ok {
		if n, _, _ := c.table.counts(j); n > 0 {
			v.bare[j] = true
		}
		return
	}
	if v.numbers[j] == nil {
		v.numbers[j] = map[cell]bool{}
	}
	for x := range numbers {
		if len(v.numbers[j]) <= maxCategories {
			v.numbers[j][x] = true
		}
	}
}

// addRows counts the training rows of each class, and their weights in the order of the
// file, as those of a set that is held are summed.
func (v *survey) addRows(c *chunk) error {
	t := c.table
	classes := map[cell]*tally{} // of this chunk, by its cells
	for i := range t.rows {
		hot := -1
		if len(v.labels) > 1 && v.notHot < 0 {
			if hot = t.hot(i, v.labels); hot < 0 {
				v.notHot = c.first + i
				v.lines[v.notHot] = t.line(i)
			}
		}
		if len(v.labels) > 1 && v.notLabels < 0 {
			v.findNoLabel(t, c.first, i)
		}
		if v.stream.isHeld(c.first + i) {
			v.validation++
			continue
		}
		weight := float32(1)
		if v.weights >= 0 {
			var err error
			if weight, err = t.weight(i, v.weights); err != nil {
				return err
			}
		}
		v.total.add(float64(weight))
		if of := v.classOf(t, i, hot, classes); of != nil {
			of.add(float64(weight))
		}
	}
	return nil
}

// findNoLabel looks for a label of row i that is neither 0 nor 1; first is the number of the
// table's first row.
func (v *survey) findNoLabel(t *Table, first, i int) {
	for _, j := range v.labels {
		if c := t.labelCell(i, j); c != numberCell(0) && c != numberCell(1) {
			v.notLabels, v.notLabel, v.notLabelText = first+i, j, t.shown(i, j)
			v.lines[v.notLabels] = t.line(i)
			return
		}
	}
}

// classOf is the tally of the class of row i, whose one-hot label is hot; nil if there are too
// many for classes, or several quantities.
func (v *survey) classOf(t *Table, i, hot int, classes map[cell]*tally) *tally {
	s := v.stream
	switch {
	case len(s.classes) > maxCategories:
		return nil
	case hot >= 0:
		return s.class(t.Names[v.labels[hot]])
	case len(v.labels) > 1:
		return nil
	}
	x := t.at(i, v.labels[0])
	if classes[x] == nil {
		classes[x] = s.class(t.nameOf(x, v.labels[0]))
	}
	return classes[x]
}

func (t *tally) add(weight float64) {
	t.rows++
	t.weight += weight
}

// class is the tally of the class of a name.
func (s *Stream) class(name string) *tally {
	if s.classes[name] == nil {
		s.classes[name] = &tally{}
	}
	return s.classes[name]
}

// namesOf is Table.names.
func (v *survey) namesOf(j int) (names []string, ok bool) {
	if known := v.table.texts[j]; known != nil {
		if known.over {
			return nil, false
		}
		names = append(names, known.known...)
	}
	for x := range v.numbers[j] {
		names = append(names, v.table.nameOf(x, j))
	}
	return names, len(names) <= maxCategories
}
