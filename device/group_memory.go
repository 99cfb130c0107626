package device

import (
	"fmt"
	"slices"
)

// groupMemory is what every object of a group has: an owner and an end.
type groupMemory struct {
	owner    *group
	released bool
}

// usable says why group g cannot use the object, if it cannot.
func (m *groupMemory) usable(g *group) error {
	switch {
	case m.owner != g && (g.sizes == nil || m.owner != g.sizes):
		return ErrForeign
	case m.released:
		return ErrReleased
	}
	return nil
}

// end forgets an object, and reports whether that is news.
func (m *groupMemory) end(o groupObject) bool {
	if m.released {
		return false
	}
	m.released = true
	delete(m.owner.objects, o)
	return true
}

// groupRows is the memory of a matrix: all views share it.
type groupRows struct {
	groupMemory
	rows, cols int
	bounds     []int
	parts      []Matrix // by member; nil where it has no rows
	// copies are all rows on each member, for Gather; nil until a plan has one of them.
	copies []Matrix
	stale  bool // the copies are older than the parts
}

type groupMatrix struct {
	*groupRows
	head int // rows of the view
	view bool
	bad  error // what was wrong with the call of Head that made it
}

func (m *groupMatrix) Rows() int { return m.head }
func (m *groupMatrix) Cols() int { return m.cols }

// Half is false: NewHalfMatrix of a group makes none.
func (m *groupMatrix) Half() bool { return false }

func (g *group) NewHalfMatrix(rows, cols int) (Matrix, error) {
	return nil, fmt.Errorf("new half matrix: %w: several devices work in float32 only: use one", ErrHalf)
}

// Head shares the memory: its rows stay where they are, so that most of a short batch is
// the first members'. A number of rows that is not there is an error when the view is used.
func (m *groupMatrix) Head(rows int) Matrix {
	head := &groupMatrix{groupRows: m.groupRows, head: rows, view: true, bad: m.bad}
	if head.bad == nil {
		head.bad = checkHead(m, rows)
	}
	return head
}

func (m *groupMatrix) Release() {
	if !m.view && m.end(m.groupRows) {
		release(m.parts)
		release(m.copies)
	}
}

func (m *groupMatrix) usable(g *group) error {
	if err := m.groupRows.usable(g); err != nil {
		return err
	}
	return m.bad
}

// share is how many of the view's rows member k has, and the first of them.
func (m *groupMatrix) share(k int) (first, rows int) {
	first = min(m.bounds[k], m.head)
	return first, min(m.bounds[k+1], m.head) - first
}

// local is what member k has of the view; nil if that is nothing.
func (m *groupMatrix) local(k int) Matrix {
	_, rows := m.share(k)
	switch {
	case rows == 0:
		return nil
	case rows == m.parts[k].Rows():
		return m.parts[k]
	}
	return m.parts[k].Head(rows)
}

type groupParameters struct {
	groupMemory
	shapes []Shape
	parts  []Parameters // by member
	// holders says, by layer, which members have added to Δ since it was last the same
	// on all; nil where it is.
	holders [][]bool
	drifted bool // the first member's count, those of the others may differ in rounding
	// host is memory for copies, by member and layer; nil where there was none yet.
	host [][][]float32
}

func (p *groupParameters) Shapes() []Shape { return slices.Clone(p.shapes) }

func (p *groupParameters) Release() {
	if p.end(p) {
		release(p.parts)
	}
}

func (p *groupParameters) drop(k int) {
	p.parts[k].Release()
	p.parts, p.host = slices.Delete(p.parts, k, k+1), slices.Delete(p.host, k, k+1)
	for l := range p.holders {
		p.holders[l] = nil // that of a step that begins again
	}
}

type groupIndex struct {
	groupMemory
	n        int
	low, top int32
	parts    []Index
}

func (x *groupIndex) Len() int { return x.n }

func (x *groupIndex) Release() {
	if x.end(x) {
		release(x.parts)
	}
}

func (x *groupIndex) drop(k int) {
	x.parts[k].Release()
	x.parts = slices.Delete(x.parts, k, k+1)
}

type groupTally struct {
	groupMemory
	total Sums
	parts []Tally
}

func (t *groupTally) Release() {
	if t.end(t) {
		release(t.parts)
	}
}

func (t *groupTally) drop(k int) {
	t.parts[k].Release()
	t.parts = slices.Delete(t.parts, k, k+1)
}

func release[T interface {
	comparable
	Release()
}](list []T) {
	var none T
	for _, o := range list {
		if o != none {
			o.Release()
		}
	}
}

// spread allocates on every member; what was had before an error is given back.
func spread[T interface {
	comparable
	Release()
}](members []Engine, allocate func(k int) (T, error)) ([]T, error) {
	list := make([]T, len(members))
	for k := range members {
		var err error
		if list[k], err = allocate(k); err != nil {
			var none T
			list[k] = none
			release(list)
			return nil, err
		}
	}
	return list, nil
}

func (g *group) NewMatrix(rows, cols int) (Matrix, error) {
	if err := g.ready("new matrix"); err != nil {
		return nil, err
	}
	if err := checkSize("new matrix", rows, cols); err != nil {
		return nil, err
	}
	r := &groupRows{groupMemory: groupMemory{owner: g}, rows: rows, cols: cols}
	if err := r.allocate(); err != nil {
		return nil, err
	}
	g.objects[r] = struct{}{}
	return &groupMatrix{groupRows: r, head: rows}, nil
}

// allocate gives each member its share of the rows.
func (r *groupRows) allocate() (err error) {
	g := r.owner
	r.bounds = g.bounds(r.rows)
	r.parts, err = spread(g.members, func(k int) (Matrix, error) {
		if r.bounds[k] == r.bounds[k+1] {
			return nil, nil
		}
		return g.members[k].NewMatrix(r.bounds[k+1]-r.bounds[k], r.cols)
	})
	return err
}

// drop leaves the parts, which layOut replaces.
func (r *groupRows) drop(k int) {
	if r.parts[k] != nil {
		r.parts[k].Release()
	}
	r.parts = slices.Delete(r.parts, k, k+1)
	if r.copies != nil {
		r.copies[k].Release()
		r.copies = slices.Delete(r.copies, k, k+1)
	}
}

func (g *group) NewParameters(shapes []Shape) (Parameters, error) {
	if err := g.ready("new parameters"); err != nil {
		return nil, err
	}
	if err := checkShapes("new parameters", shapes); err != nil {
		return nil, err
	}
	parts, err := spread(g.members, func(k int) (Parameters, error) { return g.members[k].NewParameters(shapes) })
	if err != nil {
		return nil, err
	}
	p := &groupParameters{groupMemory: groupMemory{owner: g}, shapes: slices.Clone(shapes), parts: parts,
		holders: make([][]bool, len(shapes)), host: make([][][]float32, len(parts))}
	g.objects[p] = struct{}{}
	return p, nil
}

func (g *group) NewIndex(n int) (Index, error) {
	if err := g.ready("new index"); err != nil {
		return nil, err
	}
	parts, err := spread(g.members, func(k int) (Index, error) { return g.members[k].NewIndex(n) })
	if err != nil {
		return nil, err
	}
	x := &groupIndex{groupMemory: groupMemory{owner: g}, n: n, parts: parts}
	g.objects[x] = struct{}{}
	return x, nil
}

func (g *group) NewTally() (Tally, error) {
	if err := g.ready("new tally"); err != nil {
		return nil, err
	}
	parts, err := spread(g.members, func(k int) (Tally, error) { return g.members[k].NewTally() })
	if err != nil {
		return nil, err
	}
	t := &groupTally{groupMemory: groupMemory{owner: g}, parts: parts}
	g.objects[t] = struct{}{}
	return t, nil
}
