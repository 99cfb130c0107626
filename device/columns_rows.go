package device

import "slices"

// form is where values of a matrix lie.
type form int

const (
	inWhole form = iota // all columns, on every member
	inParts             // the columns of each member, on it
	inHost              // in host memory
	forms
)

// columnsRows is the memory of a matrix: all views share it. It lies in as many forms as
// operations have asked for, of which each row is valid in one at least.
type columnsRows struct {
	columnsMemory
	rows, cols int
	cut        []int    // of the columns
	whole      []Matrix // by member
	parts      []Matrix // by member, nil where it has no columns; made when a plan needs them
	host       []float32
	valid      [forms]spans // rows
}

func (r *columnsRows) release() {
	if r.released {
		return
	}
	r.released = true
	release(r.whole)
	if !narrow(r.cut) {
		release(r.parts) // which are the first member's whole matrix otherwise
	}
}

// partsOn makes the parts of a matrix, if there are none; a Sizing, which owns none, keeps
// what they would take.
func (r *columnsRows) partsOn(c *columns) ([]Matrix, error) {
	have := r.parts
	if r.owner != c && have == nil {
		have = c.lent[r]
	}
	if have != nil {
		return have, nil
	}
	parts := make([]Matrix, len(c.members))
	if parts[0] = r.whole[0]; !narrow(r.cut) {
		var err error
		parts, err = spread(c.members, func(d int) (Matrix, error) {
			return c.members[d].NewMatrix(r.rows, r.cut[d+1]-r.cut[d])
		})
		if err != nil {
			return nil, err
		}
	}
	if r.owner == c {
		r.parts = parts
	} else {
		c.lent[r] = parts
	}
	return parts, nil
}

// wrote notes that rows from one on, up to another, were written in one form.
func (r *columnsRows) wrote(f form, from, to int) {
	for other := range r.valid {
		r.valid[other].remove(from, to)
	}
	r.valid[f].add(from, to)
	if f == inWhole && narrow(r.cut) {
		r.valid[inParts].add(from, to)
	}
}

// bring makes rows valid in a form, through the host, and returns how many bytes that moves.
func (r *columnsRows) bring(f form, from, to int) (moved int64, err error) {
	for _, gap := range r.valid[f].gaps(from, to) {
		bytes, err := r.fetch(gap[0], gap[1])
		if err == nil && f != inHost {
			var sent int64
			sent, err = r.send(f, gap[0], gap[1])
			bytes += sent
		}
		if moved += bytes; err != nil {
			return moved, err
		}
		r.valid[f].add(gap[0], gap[1])
	}
	return moved, nil
}

// fetch makes rows valid in host memory: from the first member where it has them whole, and
// else from the parts.
func (r *columnsRows) fetch(from, to int) (moved int64, err error) {
	if len(r.host) == 0 {
		r.host = make([]float32, r.rows*r.cols)
	}
	for _, gap := range r.valid[inHost].gaps(from, to) {
		at := gap[0]
		for _, missing := range append(r.valid[inWhole].gaps(gap[0], gap[1]), [2]int{gap[1], gap[1]}) {
			if at < missing[0] { // whole up to there
				if err = r.owner.members[0].Read(r.host[at*r.cols:missing[0]*r.cols], r.whole[0], at); err != nil {
					return moved, err
				}
				moved += r.bytes(missing[0] - at)
			}
			if missing[0] < missing[1] {
				if err = r.fetchParts(missing[0], missing[1]); err != nil {
					return moved, err
				}
				moved += r.bytes(missing[1] - missing[0])
			}
			at = missing[1]
		}
		r.valid[inHost].add(gap[0], gap[1])
	}
	return moved, nil
}

func (r *columnsRows) bytes(rows int) int64 { return 4 * int64(rows) * int64(r.cols) }

// fetchParts gathers the columns of all members.
func (r *columnsRows) fetchParts(from, to int) error {
	c := r.owner
	return c.each(func(d int) error {
		if r.parts[d] == nil {
			return nil
		}
		width := r.cut[d+1] - r.cut[d]
		if width == r.cols {
			return c.members[d].Read(r.host[from*r.cols:to*r.cols], r.parts[d], from)
		}
		own := c.stage(d, (to-from)*width)
		if err := c.members[d].Read(own, r.parts[d], from); err != nil {
			return err
		}
		for i := range to - from {
			copy(r.host[(from+i)*r.cols+r.cut[d]:][:width], own[i*width:])
		}
		return nil
	})
}

// send copies rows from host memory to the members, whole or their columns.
func (r *columnsRows) send(f form, from, to int) (moved int64, err error) {
	c, sent := r.owner, make([]int64, len(r.whole))
	err = c.each(func(d int) error {
		width, dst, values := r.cols, r.whole[d], r.host[from*r.cols:to*r.cols]
		switch {
		case f == inParts && r.parts[d] == nil:
			return nil
		case f == inParts && r.cut[d+1]-r.cut[d] < r.cols:
			dst, width = r.parts[d], r.cut[d+1]-r.cut[d]
			values = c.stage(d, (to-from)*width)
			for i := range to - from {
				copy(values[i*width:][:width], r.host[(from+i)*r.cols+r.cut[d]:])
			}
		case f == inWhole && d == 0 && narrow(r.cut) && len(r.valid[inParts].gaps(from, to)) == 0:
			return nil // its part is the whole
		}
		sent[d] = 4 * int64(to-from) * int64(width)
		return put(c.members[d], dst, from, values)
	})
	for _, bytes := range sent {
		moved += bytes
	}
	return moved, err
}

// put is Upload where it can be, which does not wait, and else Write.
func put(e Engine, dst Matrix, row int, values []float32) error {
	if row > 0 {
		return e.Write(dst, row, values)
	}
	transfer, err := e.Upload(dst, values)
	if err != nil {
		return err
	}
	return transfer.Wait()
}

// sum makes the rows of a hidden delta, of which the members named hold partial sums in
// their whole matrices, valid in host memory: their sum, in the order of the members.
func (r *columnsRows) sum(holders []int, rows int) error {
	c := r.owner
	if len(r.host) == 0 {
		r.host = make([]float32, r.rows*r.cols)
	}
	n := rows * r.cols
	err := c.each(func(d int) error {
		switch i := slices.Index(holders, d); i {
		case -1:
			return nil
		case 0:
			return c.members[d].Read(r.host[:n], r.whole[d], 0)
		default:
			return c.members[d].Read(c.stage(d, n), r.whole[d], 0)
		}
	})
	if err != nil {
		return err
	}
	parts := len(c.members)
	_ = c.each(func(k int) error { // adds, which does not fail; each element by itself
		from, to := k*n/parts, (k+1)*n/parts
		for _, d := range holders[1:] {
			addRows(r.host[from:to], c.staging[d][from:to])
		}
		return nil
	})
	c.moved += int64(len(holders)) * r.bytes(rows)
	r.wrote(inHost, 0, rows)
	return nil
}

// stage is staging memory of member d.
func (c *columns) stage(d, floats int) []float32 {
	if len(c.staging[d]) < floats {
		c.staging[d] = make([]float32, floats)
	}
	return c.staging[d][:floats]
}

// spans are ranges of rows, from the first up to, and without, the second: in order, apart.
type spans [][2]int

func (s *spans) remove(from, to int) {
	var left spans
	for _, span := range *s {
		if span[0] < from {
			left = append(left, [2]int{span[0], min(span[1], from)})
		}
		if span[1] > to {
			left = append(left, [2]int{max(span[0], to), span[1]})
		}
	}
	*s = left
}

func (s *spans) add(from, to int) {
	if from >= to {
		return
	}
	joined := [2]int{from, to}
	var all spans
	for _, span := range *s {
		if span[1] < from || span[0] > to {
			all = append(all, span)
			continue
		}
		joined = [2]int{min(joined[0], span[0]), max(joined[1], span[1])}
	}
	all = append(all, joined)
	slices.SortFunc(all, func(a, b [2]int) int { return a[0] - b[0] })
	*s = all
}

// gaps are the parts of a range that no span covers.
func (s spans) gaps(from, to int) (list [][2]int) {
	for _, span := range s {
		if span[1] <= from || span[0] >= to {
			continue
		}
		if span[0] > from {
			list = append(list, [2]int{from, span[0]})
		}
		from = span[1]
	}
	if from < to {
		list = append(list, [2]int{from, to})
	}
	return list
}
