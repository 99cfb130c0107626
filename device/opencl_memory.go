package device

import (
	"fmt"
	"slices"
	"unsafe"

	"github.com/clprop/clprop/cl"
	"github.com/clprop/clprop/kernels"
)

// buffer is a piece of device memory with an owner, counted in Allocated.
type buffer struct {
	owner    *opencl
	mem      *cl.MemObject
	bytes    int64
	released bool
	common   bool         // to all ranks
	giveBack func() error // if it is memory of the host that the driver was given; or nil
}

// allocate checks the device's limits, then allocates floats of 4 bytes. What names
// the thing in the error.
func (e *opencl) allocate(what string, floats int) (*buffer, error) {
	need := 4 * int64(floats)
	refused := &MemoryError{What: what, Need: need, Device: e.info.Name}
	if limit := e.info.MaxAllocation; limit > 0 && need > limit {
		refused.Have, refused.Single = limit, true
		return nil, refused
	}
	refused.Have = max(0, e.info.TotalMemory-e.allocated)
	b := &buffer{owner: e, mem: new(cl.MemObject), bytes: need}
	if e.sizes == nil {
		if e.info.TotalMemory > 0 && need > refused.Have {
			return nil, refused
		}
		var err error
		switch {
		case e.common != nil:
			b.mem, b.giveBack, err = e.common.buffer(e.context, int(need))
			b.common = true
		case e.largePages && need >= largePage:
			b.mem, b.giveBack, err = largePageBuffer(e.context, int(need))
		default:
			b.mem, err = e.context.CreateEmptyBuffer(cl.MemReadWrite, int(need))
		}
		if err != nil {
			refused.Cause = err
			return nil, refused
		}
	}
	e.allocated += need
	e.buffers[b] = b
	return b, nil
}

// room is memory of the kernels' own. It counts as the engine's, and is in no memory that ranks have in
// common; Sizing, which launches nothing, does not know of it.
func (e *opencl) room(bytes int) (*cl.MemObject, func(), error) {
	common := e.common
	e.common = nil
	defer func() { e.common = common }()
	b, err := e.allocate("room for the unit for matrices", (bytes+3)/4)
	if err != nil {
		return nil, nil, err
	}
	return b.mem, b.Release, nil
}

// zeroed is allocate with the memory set to 0, which also makes the driver find
// it now: OpenCL allocates lazily.
func (e *opencl) zeroed(what string, floats int) (*buffer, error) {
	b, err := e.allocate(what, floats)
	if err != nil {
		return nil, err
	}
	if err := e.zero(b); err != nil {
		b.Release()
		return nil, err
	}
	return b, nil
}

// zero queues setting a buffer to 0.
func (e *opencl) zero(b *buffer) error {
	if e.sizes != nil {
		return nil
	}
	if err := e.fail(e.join()); err != nil {
		return err
	}
	var pattern float32
	event, err := e.compute.EnqueueFillBuffer(b.mem, unsafe.Pointer(&pattern), 4, 0, int(b.bytes), nil)
	event.Release()
	return e.fail(err)
}

// Release gives the memory back. It is safe to call twice, and after Close.
func (b *buffer) Release() {
	if b.released {
		return
	}
	b.released = true
	if !b.owner.hung {
		_ = b.owner.release()  // what is held uses the memory; an error is met again by the next wait
		if b.giveBack != nil { // the driver does not keep that memory for what is queued
			_ = b.owner.wait("give memory back", b.owner.finish)
		}
	}
	if !b.owner.hung { // not now either
		b.mem.Release()
		if b.giveBack != nil {
			_ = b.giveBack() // what is not given back now is at the end of the process
		}
	}
	b.owner.allocated -= b.bytes
	delete(b.owner.buffers, b)
}

// usable says why engine e cannot use the buffer, if it cannot.
func (b *buffer) usable(e *opencl) error {
	switch {
	case b.owner != e && b.owner != e.sizes:
		return ErrForeign
	case b.released:
		return ErrReleased
	}
	return nil
}

type openclMatrix struct {
	*upload // shared by all views
	m       kernels.Matrix
	view    bool
	bad     error // what was wrong with the call of Head that made it
}

func (m *openclMatrix) Rows() int { return m.m.Rows }

func (m *openclMatrix) Cols() int { return m.m.Cols }

func (m *openclMatrix) Half() bool { return m.m.Half }

// Head shares the memory. A number of rows that is not there is an error when
// the view is used.
func (m *openclMatrix) Head(rows int) Matrix {
	head := &openclMatrix{upload: m.upload, m: m.m, view: true, bad: m.bad}
	if head.bad == nil {
		head.bad = checkHead(m, rows)
	}
	head.m.Rows = rows
	return head
}

func (m *openclMatrix) Release() {
	if !m.view {
		m.upload.Release()
	}
}

func (m *openclMatrix) usable(e *opencl) error {
	if err := m.upload.usable(e); err != nil {
		return err
	}
	return m.bad
}

type openclParameters struct {
	shapes []Shape
	layers []kernels.Weights
	memory []*buffer
}

func (p *openclParameters) Shapes() []Shape { return slices.Clone(p.shapes) }

func (p *openclParameters) Release() {
	for _, b := range p.memory {
		b.Release()
	}
}

func (p *openclParameters) usable(e *opencl) error { return p.memory[0].usable(e) }

type openclIndex struct {
	*buffer
	n        int
	low, top int32 // the smallest and largest row number
}

func (x *openclIndex) Len() int { return x.n }

type openclTally struct{ *buffer }

func (e *opencl) NewMatrix(rows, cols int) (Matrix, error) { return e.newMatrix(rows, cols, false) }

func (e *opencl) NewHalfMatrix(rows, cols int) (Matrix, error) { return e.newMatrix(rows, cols, true) }

func (e *opencl) newMatrix(rows, cols int, half bool) (Matrix, error) {
	if err := e.ready("new matrix"); err != nil {
		return nil, err
	}
	if err := checkSize("new matrix", rows, cols); err != nil {
		return nil, err
	}
	m := &openclMatrix{m: kernels.NewMatrix(rows, cols, half)}
	b, err := e.allocate(fmt.Sprintf("matrix %v", m.m), m.m.Floats())
	if err != nil {
		return nil, err
	}
	m.upload, m.m.Buf = &upload{buffer: b}, b.mem
	e.buffers[b] = m.upload
	if e.sizes != nil {
		return m, nil
	}
	blank, err := e.set.Blank(m.m)
	if err != nil {
		m.Release()
		return nil, err
	}
	defer blank.Release()
	if err := e.enqueue(blank); err != nil {
		m.Release()
		return nil, err
	}
	return m, nil
}

func (e *opencl) NewIndex(n int) (Index, error) {
	if err := e.ready("new index"); err != nil {
		return nil, err
	}
	if err := checkSize("new index", n, 1); err != nil {
		return nil, err
	}
	b, err := e.zeroed(fmt.Sprintf("index of %d rows", n), n)
	if err != nil {
		return nil, err
	}
	return &openclIndex{buffer: b, n: n}, nil
}

func (e *opencl) NewTally() (Tally, error) {
	if err := e.ready("new tally"); err != nil {
		return nil, err
	}
	b, err := e.zeroed("tally", kernels.TallyWords)
	if err != nil {
		return nil, err
	}
	return &openclTally{b}, nil
}

// scratch is memory that the plans of an engine share: the queue is in order, so
// that one user is done with it before the next begins.
type scratch struct {
	*buffer
	floats, users int
}

// acquire returns scratch of at least so many floats, for one more user, other than
// the memory that this user has taken already.
func (e *opencl) acquire(floats int, taken *cl.MemObject) (*scratch, error) {
	for _, s := range e.scratch {
		if s.floats >= floats && s.mem != taken && s.common == (e.common != nil) {
			s.users++
			return s, nil
		}
	}
	b, err := e.zeroed("scratch memory", floats)
	if err != nil {
		return nil, err
	}
	s := &scratch{buffer: b, floats: floats, users: 1}
	e.scratch = append(e.scratch, s)
	return s, nil
}

// leave is the end of one user; the last one frees the memory.
func (s *scratch) leave() {
	if s.users--; s.users > 0 {
		return
	}
	e := s.owner
	e.scratch = slices.DeleteFunc(e.scratch, func(other *scratch) bool { return other == s })
	s.Release()
}
