package device

import (
	"errors"
	"slices"
)

// take finds the matrix of a copy of n values from row on.
func (g *group) take(op string, m Matrix, row, n int) (*groupMatrix, error) {
	own, err := take[*groupMatrix](g, op, m)
	if err != nil {
		return nil, err
	}
	return own, checkRows(op, own, row, n)
}

// inShares calls do for every member that has some of the rows of a copy of n values from
// row on: first is where they begin in its part, and values those that they are of.
func (g *group) inShares(m *groupMatrix, row int, values []float32, do func(k, first int, values []float32) error) error {
	end := row + len(values)/m.cols
	return g.each(func(k int) error {
		from, to := max(row, m.bounds[k]), min(end, m.bounds[k+1])
		if from >= to {
			return nil
		}
		return do(k, from-m.bounds[k], values[(from-row)*m.cols:(to-row)*m.cols])
	})
}

func (g *group) Write(dst Matrix, row int, src []float32) error {
	m, err := g.take("write", dst, row, len(src))
	if err != nil {
		return err
	}
	err = g.inShares(m, row, src, func(k, first int, values []float32) error {
		return g.members[k].Write(m.parts[k], first, values)
	})
	if err != nil || m.copies == nil {
		return err
	}
	return g.each(func(k int) error { return g.members[k].Write(m.copies[k], row, src) })
}

func (g *group) Read(dst []float32, src Matrix, row int) error {
	m, err := g.take("read", src, row, len(dst))
	if err != nil {
		return err
	}
	return g.inShares(m, row, dst, func(k, first int, values []float32) error {
		return g.members[k].Read(values, m.parts[k], first)
	})
}

// transfers is an upload to several members.
type transfers []Transfer

// Wait waits for each.
func (t transfers) Wait() error {
	var errs []error
	for _, one := range t {
		if one != nil {
			errs = append(errs, one.Wait())
		}
	}
	return errors.Join(errs...)
}

// Upload sends each member its rows. Every member copies what it needs at once, or in its
// own time: the Transfer is over when all are.
func (g *group) Upload(dst Matrix, src []float32) (Transfer, error) {
	m, err := g.take("upload", dst, 0, len(src))
	if err != nil {
		return nil, err
	}
	m.stale = m.copies != nil
	list := make(transfers, len(g.members))
	err = g.inShares(m, 0, src, func(k, _ int, values []float32) (err error) {
		list[k], err = g.members[k].Upload(m.parts[k].Head(len(values)/m.cols), values)
		return err
	})
	return list, err
}

func (g *group) WriteParameters(dst Parameters, layer int, weights, bias []float32) error {
	p, err := g.layer("write parameters", dst, layer, weights, bias)
	if err != nil {
		return err
	}
	p.holders[layer] = nil
	return g.each(func(k int) error { return g.members[k].WriteParameters(p.parts[k], layer, weights, bias) })
}

// ReadParameters reads the first member's, after summing what all have added to.
func (g *group) ReadParameters(weights, bias []float32, src Parameters, layer int) error {
	p, err := g.layer("read parameters", src, layer, weights, bias)
	if err != nil {
		return err
	}
	if p.holders[layer] != nil {
		if err := g.sum(g.newLayer(p, layer)); err != nil {
			return err
		}
	}
	return g.on(0, func() error { return g.members[0].ReadParameters(weights, bias, p.parts[0], layer) })
}

// on is each for one member.
func (g *group) on(member int, do func() error) error {
	return g.each(func(k int) error {
		if k != member {
			return nil
		}
		return do()
	})
}

func (g *group) layer(op string, of Parameters, layer int, weights, bias []float32) (*groupParameters, error) {
	p, err := take[*groupParameters](g, op, of)
	if err != nil {
		return nil, err
	}
	return p, checkLayer(op, p, layer, len(weights), len(bias))
}

func (g *group) WriteIndex(dst Index, rows []int32) error {
	x, err := take[*groupIndex](g, "write index", dst)
	if err != nil {
		return err
	}
	if err := checkIndex("write index", x, len(rows)); err != nil {
		return err
	}
	x.low, x.top = slices.Min(rows), slices.Max(rows)
	return g.each(func(k int) error { return g.members[k].WriteIndex(x.parts[k], rows) })
}

// ReadTally has nothing to wait for: what ran was added up when it did. It answers also
// where a member is lost, so that a step is counted that the others came to the end of.
func (g *group) ReadTally(t Tally) (Sums, error) {
	failed := g.failed
	g.failed = nil
	own, err := take[*groupTally](g, "read tally", t)
	g.failed = failed
	if err != nil {
		return Sums{}, err
	}
	sums := own.total
	sums.Running = sums.Loss
	return sums, nil
}

func (g *group) WriteTally(t Tally, sums Sums) error {
	own, err := take[*groupTally](g, "write tally", t)
	if err != nil {
		return err
	}
	own.total = Sums{Loss: sums.Running - sums.Lost, Correct: sums.Correct, Count: sums.Count, Squares: sums.Squares, Magnitudes: sums.Magnitudes}
	return nil
}

func (g *group) ResetTally(t Tally) error {
	own, err := take[*groupTally](g, "reset tally", t)
	if err != nil {
		return err
	}
	own.total = Sums{}
	return nil
}

// copiesOn makes the copies of a matrix, if there are none; a Sizing, which owns none, keeps
// what they would take.
func (r *groupRows) copiesOn(g *group) ([]Matrix, error) {
	have := r.copies
	if r.owner != g && have == nil {
		have = g.lent[r]
	}
	if have != nil {
		return have, nil
	}
	copies, err := spread(g.members, func(k int) (Matrix, error) { return g.members[k].NewMatrix(r.rows, r.cols) })
	if err != nil {
		return nil, err
	}
	if r.owner == g {
		r.copies, r.stale = copies, true
	} else {
		g.lent[r] = copies
	}
	return copies, nil
}

// copyFor is what Gather reads on member k.
func (m *groupMatrix) copyFor(g *group, k int) Matrix {
	copies, _ := m.copiesOn(g) // bind has made them
	if m.head == m.rows {
		return copies[k]
	}
	return copies[k].Head(m.head)
}

// refresh brings the copies up to date.
func (r *groupRows) refresh(g *group) error {
	if !r.stale {
		return nil
	}
	values := make([]float32, r.rows*r.cols)
	if err := g.Read(values, &groupMatrix{groupRows: r, head: r.rows}, 0); err != nil {
		return err
	}
	r.stale = false
	return g.each(func(k int) error { return g.members[k].Write(r.copies[k], 0, values) })
}
