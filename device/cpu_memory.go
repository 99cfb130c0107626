package device

import (
	"slices"

	"github.com/clprop/clprop/cpuref"
)

// memory is what every object of the engine has: an owner, a size and an end.
type memory struct {
	owner    *reference
	bytes    int64
	released bool
}

func (e *reference) newMemory(values, bytesEach int) *memory {
	m := &memory{owner: e, bytes: int64(values) * int64(bytesEach)}
	e.allocated += m.bytes
	return m
}

// Release gives the memory back. It is safe to call twice, and after Close.
func (m *memory) Release() {
	if m.released {
		return
	}
	m.released = true
	if !m.owner.closed {
		m.owner.allocated -= m.bytes
	}
}

// usable says why engine e cannot use the object, if it cannot.
func (m *memory) usable(e *reference) error {
	switch {
	case m.owner != e:
		return ErrForeign
	case m.released:
		return ErrReleased
	}
	return nil
}

type referenceMatrix struct {
	*memory
	cpuref.Matrix[float32]
	half bool  // every value is one that a half has
	view bool  // made by Head
	bad  error // what was wrong with the call of Head that made it
}

func (m *referenceMatrix) Rows() int { return m.Matrix.Rows }

func (m *referenceMatrix) Cols() int { return m.Matrix.Cols }

func (m *referenceMatrix) Half() bool { return m.half }

// Head shares the memory. A number of rows that is not there is an error when
// the view is used.
func (m *referenceMatrix) Head(rows int) Matrix {
	head := &referenceMatrix{memory: m.memory, half: m.half, view: true, bad: m.bad}
	head.Matrix = cpuref.Matrix[float32]{Rows: rows, Cols: m.Cols()}
	if head.bad == nil {
		head.bad = checkHead(m, rows)
	}
	if head.bad == nil && !m.owner.sizes {
		head.Data = m.Data[:rows*m.Cols()]
	}
	return head
}

func (m *referenceMatrix) Release() {
	if !m.view {
		m.memory.Release()
	}
}

func (m *referenceMatrix) usable(e *reference) error {
	if err := m.memory.usable(e); err != nil {
		return err
	}
	return m.bad
}

type referenceParameters struct {
	*memory
	shapes []Shape
	layers []cpuref.Layer[float32]
}

func (p *referenceParameters) Shapes() []Shape { return slices.Clone(p.shapes) }

type referenceIndex struct {
	*memory
	rows     []int32
	low, top int32 // the least and the largest of rows
}

func (x *referenceIndex) Len() int { return len(x.rows) }

type referenceTally struct {
	*memory
	sums Sums
}

func (e *reference) NewMatrix(rows, cols int) (Matrix, error) { return e.newMatrix(rows, cols, false) }

// NewHalfMatrix allocates float32 that are rounded to halves whenever they are written: the
// results of half precision, without its memory.
func (e *reference) NewHalfMatrix(rows, cols int) (Matrix, error) {
	return e.newMatrix(rows, cols, true)
}

func (e *reference) newMatrix(rows, cols int, half bool) (Matrix, error) {
	if err := e.ready("new matrix"); err != nil {
		return nil, err
	}
	if err := checkSize("new matrix", rows, cols); err != nil {
		return nil, err
	}
	return &referenceMatrix{
		memory: e.newMemory(rows*cols, 4),
		Matrix: e.storage(rows, cols),
		half:   half,
	}, nil
}

func (e *reference) NewParameters(shapes []Shape) (Parameters, error) {
	if err := e.ready("new parameters"); err != nil {
		return nil, err
	}
	if err := checkShapes("new parameters", shapes); err != nil {
		return nil, err
	}
	p := &referenceParameters{shapes: slices.Clone(shapes)}
	values := 0
	for _, s := range shapes {
		if !e.sizes {
			p.layers = append(p.layers, cpuref.NewLayer[float32](s.In, s.Out))
		}
		values += s.Out*s.In + s.Out
	}
	p.memory = e.newMemory(values, 4)
	return p, nil
}

func (e *reference) NewIndex(n int) (Index, error) {
	if err := e.ready("new index"); err != nil {
		return nil, err
	}
	if err := checkSize("new index", n, 1); err != nil {
		return nil, err
	}
	return &referenceIndex{memory: e.newMemory(n, 4), rows: make([]int32, n)}, nil
}

func (e *reference) NewTally() (Tally, error) {
	if err := e.ready("new tally"); err != nil {
		return nil, err
	}
	return &referenceTally{memory: e.newMemory(4, 8)}, nil
}
