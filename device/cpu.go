package device

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"

	"github.com/clprop/clprop/cpuref"
)

var _ Engine = (*reference)(nil)

// reference is the engine on the CPU: package cpuref in float32. Nothing is
// queued: work is done when it is asked for, so that a wait never waits.
type reference struct {
	info      Info
	unusable  error // why the library that EnvBLAS names is not used
	calls     int64 // cpuref functions called
	allocated int64 // bytes
	closed    bool
	sizes     bool // it only counts, see Sizing
}

// EnvBLAS is the environment variable that says what the matrix products of the CPU
// reference run on, as cpuref.UseBLAS takes it: a path, "off" for gonum, or, if it is
// not set, a library that is found.
const EnvBLAS = "CLPROP_BLAS"

// OpenReference opens the CPU reference. It needs no driver and never fails: where
// EnvBLAS names what is no library, which Open says, products are gonum's.
func OpenReference() Engine { return newReference() }

func newReference() *reference {
	e := &reference{info: Info{
		Name:  "cpuref",
		Kind:  KindReference,
		Index: -1,
		Units: runtime.NumCPU(),

		TotalMemory: ram(),
	}}
	library, err := cpuref.UseBLAS(os.Getenv(EnvBLAS))
	if err != nil {
		e.unusable = fmt.Errorf("%s: %w", EnvBLAS, err)
		library, _ = cpuref.UseBLAS("off") // which there always is
	}
	if library != nil {
		e.info.Name = fmt.Sprintf("cpuref (%v)", library)
	}
	return e
}

// opened refuses a CPU reference that is not what EnvBLAS asks for.
func (e *reference) opened() (Engine, error) {
	if e.unusable != nil {
		return nil, e.unusable
	}
	return e, nil
}

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

// own returns an operand as the engine's own type, or says why it is not.
func own[P interface{ usable(*reference) error }](e *reference, operand any) (P, error) {
	p, ok := operand.(P)
	if operand == nil {
		return p, errors.New("operand is missing")
	}
	if !ok {
		return p, ErrForeign
	}
	return p, p.usable(e)
}

// take is ready and own together: what a call that works on one object needs.
func take[P interface{ usable(*reference) error }](e *reference, op string, operand any) (P, error) {
	if err := e.ready(op); err != nil {
		var none P
		return none, err
	}
	p, err := own[P](e, operand)
	if err != nil {
		return p, fmt.Errorf("%s: %w", op, err)
	}
	return p, nil
}

// ready says why the engine takes no more work, if it does not.
func (e *reference) ready(op string) error {
	if e.closed {
		return fmt.Errorf("%s: %w", op, ErrClosed)
	}
	return nil
}

func (e *reference) Info() Info { return e.info }

func (e *reference) Counters() Counters {
	return Counters{Calls: e.calls, Allocated: e.allocated}
}

func (e *reference) Sync() error { return e.ready("sync") }

func (e *reference) Close() error {
	e.closed = true
	e.allocated = 0
	return nil
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

func (e *reference) Write(dst Matrix, row int, src []float32) error {
	return e.write("write", dst, row, src)
}

func (e *reference) write(op string, dst Matrix, row int, src []float32) error {
	m, err := take[*referenceMatrix](e, op, dst)
	if err != nil {
		return err
	}
	if err := checkRows(op, m, row, len(src)); err != nil {
		return err
	}
	if !e.sizes {
		written := m.Data[row*m.Cols():][:len(src)]
		if copy(written, src); m.half {
			cpuref.RoundToHalf(written)
		}
	}
	return nil
}

func (e *reference) Read(dst []float32, src Matrix, row int) error {
	m, err := take[*referenceMatrix](e, "read", src)
	if err != nil {
		return err
	}
	if err := checkRows("read", m, row, len(dst)); err != nil {
		return err
	}
	copy(dst, m.Data[row*m.Cols():])
	return nil
}

// uploaded is a transfer that was over when it began.
type uploaded struct{}

func (uploaded) Wait() error { return nil }

func (e *reference) Upload(dst Matrix, src []float32) (Transfer, error) {
	if err := e.write("upload", dst, 0, src); err != nil {
		return nil, err
	}
	return uploaded{}, nil
}

func (e *reference) WriteParameters(dst Parameters, layer int, weights, bias []float32) error {
	l, err := e.layer("write parameters", dst, layer, weights, bias)
	if err != nil {
		return err
	}
	if e.sizes {
		return nil
	}
	copy(l.W.Data, weights)
	copy(l.B, bias)
	return nil
}

func (e *reference) ReadParameters(weights, bias []float32, src Parameters, layer int) error {
	l, err := e.layer("read parameters", src, layer, weights, bias)
	if err != nil {
		return err
	}
	copy(weights, l.W.Data)
	copy(bias, l.B)
	return nil
}

// layer finds one layer of p that the host slices fit.
func (e *reference) layer(op string, p Parameters, layer int, weights, bias []float32) (cpuref.Layer[float32], error) {
	own, err := take[*referenceParameters](e, op, p)
	if err != nil {
		return cpuref.Layer[float32]{}, err
	}
	if err := checkLayer(op, own, layer, len(weights), len(bias)); err != nil {
		return cpuref.Layer[float32]{}, err
	}
	if e.sizes {
		return cpuref.Layer[float32]{}, nil
	}
	return own.layers[layer], nil
}

func (e *reference) WriteIndex(dst Index, rows []int32) error {
	x, err := take[*referenceIndex](e, "write index", dst)
	if err != nil {
		return err
	}
	if err := checkIndex("write index", x, len(rows)); err != nil {
		return err
	}
	copy(x.rows, rows)
	x.low, x.top = slices.Min(rows), slices.Max(rows)
	return nil
}

func (e *reference) ReadTally(t Tally) (Sums, error) {
	own, err := take[*referenceTally](e, "read tally", t)
	if err != nil {
		return Sums{}, err
	}
	sums := own.sums
	sums.Running = sums.Loss
	return sums, nil
}

func (e *reference) WriteTally(t Tally, sums Sums) error {
	own, err := take[*referenceTally](e, "write tally", t)
	if err != nil {
		return err
	}
	own.sums = Sums{Loss: sums.Running - sums.Lost, Correct: sums.Correct, Count: sums.Count, Squares: sums.Squares, Magnitudes: sums.Magnitudes}
	return nil
}

func (e *reference) ResetTally(t Tally) error {
	own, err := take[*referenceTally](e, "reset tally", t)
	if err != nil {
		return err
	}
	own.sums = Sums{}
	return nil
}
