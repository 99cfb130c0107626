package device

import (
	"fmt"
	"slices"
)

// columnsMemory is what every object of the engine has: an owner and an end.
type columnsMemory struct {
	owner    *columns
	released bool
}

// usable says why engine c cannot use the object, if it cannot.
func (m *columnsMemory) usable(c *columns) error {
	switch {
	case m.owner != c && (c.sizes == nil || m.owner != c.sizes):
		return ErrForeign
	case m.released:
		return ErrReleased
	}
	return nil
}

type columnsMatrix struct {
	*columnsRows
	head int // rows of the view
	view bool
	bad  error // what was wrong with the call of Head that made it
}

func (m *columnsMatrix) Rows() int { return m.head }
func (m *columnsMatrix) Cols() int { return m.cols }

// Half is false: NewHalfMatrix makes none.
func (m *columnsMatrix) Half() bool { return false }

// Head shares the memory. A number of rows that is not there is an error when the view is
// used.
func (m *columnsMatrix) Head(rows int) Matrix {
	head := &columnsMatrix{columnsRows: m.columnsRows, head: rows, view: true, bad: m.bad}
	if head.bad == nil {
		head.bad = checkHead(m, rows)
	}
	return head
}

func (m *columnsMatrix) Release() {
	if !m.view {
		m.release()
	}
}

func (m *columnsMatrix) usable(c *columns) error {
	if err := m.columnsRows.usable(c); err != nil {
		return err
	}
	return m.bad
}

// columnsParameters has of each layer the rows that a member's units are: weights into them.
type columnsParameters struct {
	columnsMemory
	shapes []Shape
	cuts   [][]int      // of the units, by layer
	parts  []Parameters // by member; nil where it has none of any layer
	local  [][]int      // local[d][l] is which layer of parts[d] layer l is, or −1
}

func (p *columnsParameters) Shapes() []Shape { return slices.Clone(p.shapes) }

func (p *columnsParameters) Release() {
	if !p.released {
		p.released = true
		release(p.parts)
	}
}

// replicated reports whether a layer is the same on all members.
func (p *columnsParameters) replicated(layer int) bool { return p.shapes[layer].In == 0 }

// rows are the units of a layer that member d has.
func (p *columnsParameters) rows(d, layer int) (from, to int) {
	if p.replicated(layer) {
		return 0, p.shapes[layer].Out
	}
	return p.cuts[layer][d], p.cuts[layer][d+1]
}

type columnsIndex struct {
	columnsMemory
	n        int
	low, top int32
	parts    []Index
}

func (x *columnsIndex) Len() int { return x.n }

func (x *columnsIndex) Release() {
	if !x.released {
		x.released = true
		release(x.parts)
	}
}

// columnsTally has the losses on the first member, and the sums of weights of each.
type columnsTally struct {
	columnsMemory
	parts []Tally
}

func (t *columnsTally) Release() {
	if !t.released {
		t.released = true
		release(t.parts)
	}
}

func (c *columns) NewMatrix(rows, cols int) (Matrix, error) {
	if err := c.ready("new matrix"); err != nil {
		return nil, err
	}
	if err := checkSize("new matrix", rows, cols); err != nil {
		return nil, err
	}
	whole, err := spread(c.members, func(d int) (Matrix, error) { return c.members[d].NewMatrix(rows, cols) })
	if err != nil {
		return nil, err
	}
	r := &columnsRows{columnsMemory: columnsMemory{owner: c}, rows: rows, cols: cols, cut: c.cut(cols), whole: whole}
	r.wrote(inWhole, 0, rows)
	return &columnsMatrix{columnsRows: r, head: rows}, nil
}

func (c *columns) NewHalfMatrix(rows, cols int) (Matrix, error) {
	return nil, fmt.Errorf("new half matrix: %w: several devices work in float32 only: use one", ErrHalf)
}

func (c *columns) NewParameters(shapes []Shape) (Parameters, error) {
	if err := c.ready("new parameters"); err != nil {
		return nil, err
	}
	if err := checkShapes("new parameters", shapes); err != nil {
		return nil, err
	}
	p := &columnsParameters{columnsMemory: columnsMemory{owner: c}, shapes: slices.Clone(shapes), local: make([][]int, len(c.members))}
	for _, s := range shapes {
		p.cuts = append(p.cuts, c.cut(s.Out))
	}
	var err error
	p.parts, err = spread(c.members, func(d int) (Parameters, error) {
		var own []Shape
		for l, s := range shapes {
			at := -1
			if from, to := p.rows(d, l); to > from {
				at, own = len(own), append(own, Shape{s.In, to - from})
			}
			p.local[d] = append(p.local[d], at)
		}
		if len(own) == 0 {
			return nil, nil
		}
		return c.members[d].NewParameters(own)
	})
	if err != nil {
		return nil, err
	}
	return p, nil
}

func (c *columns) NewIndex(n int) (Index, error) {
	if err := c.ready("new index"); err != nil {
		return nil, err
	}
	parts, err := spread(c.members, func(d int) (Index, error) { return c.members[d].NewIndex(n) })
	if err != nil {
		return nil, err
	}
	return &columnsIndex{columnsMemory: columnsMemory{owner: c}, n: n, parts: parts}, nil
}

func (c *columns) NewTally() (Tally, error) {
	if err := c.ready("new tally"); err != nil {
		return nil, err
	}
	parts, err := spread(c.members, func(d int) (Tally, error) { return c.members[d].NewTally() })
	if err != nil {
		return nil, err
	}
	return &columnsTally{columnsMemory: columnsMemory{owner: c}, parts: parts}, nil
}
