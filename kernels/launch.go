package kernels

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"unsafe"

	"github.com/clprop/clprop/cl"
)

// ErrShape is wrapped by a launcher's error about operands that do not fit together.
var ErrShape = errors.New("operands do not fit")

// Launch is a kernel with its arguments and its launch shape, ready to be enqueued
// any number of times.
type Launch struct {
	Name   string  // kernel name
	Size   string  // sizes among its arguments, such as 128×512×785 of a product's m, n, k
	FLOPs  float64 // floating-point operations of one run
	Bytes  float64 // bytes that one run must move, each operand counted once
	kernel *kernel
	shape  *cl.NDRange

	values        []any     // of all arguments
	numbers       []*number // the arguments that were set after the launch was made
	joined        bool      // with others, and
	held          *held     // nil unless it is what others were joined to, see Joined
	global, local []int
	rowBlock      int             // on CPUs, if not 0, how many rows of the batch a work-item does, in their order, and
	product       bool            // whether that is work-item (i, j) of a product, with any j, or work-item i
	byPanel       bool            // work-items (i, j), with any j, make panel i of what it writes
	anyRow        *cl.MemObject   // of which, if not nil, it reads other rows too
	parts         []int           // how many work-items its parts have, one after the other, which have weights of their own
	byNumber      int             // if not 0, the argument that is a matrix whose rows it can read by number
	writes        []*cl.MemObject // nil where that may be any of its arguments
	strides       bool            // the work-items of dimension 0 step by its size: all of them, or another result
	shares        []*cl.NDRange   // see EnqueueShare
	room          *cl.MemObject   // if not nil, memory of its own while it runs
	more          []any           // arguments behind those that the launcher gives
}

// Enqueue queues one run, or those that wait, see Hold. It does not wait for them.
func (l *Launch) Enqueue(q *cl.CommandQueue) error {
	if err := l.arm(); err != nil {
		return err
	}
	if err := q.Launch(l.kernel.Kernel, l.shape); err != nil {
		return fmt.Errorf("kernel %s: %w", l.Name, err)
	}
	return nil
}

// EnqueueEvent is Enqueue with an event, for profiling.
func (l *Launch) EnqueueEvent(q *cl.CommandQueue) (*cl.Event, error) {
	if err := l.arm(); err != nil {
		return nil, err
	}
	event, err := q.LaunchEvent(l.kernel.Kernel, l.shape)
	if err != nil {
		return nil, fmt.Errorf("kernel %s: %w", l.Name, err)
	}
	return event, nil
}

// Release frees the kernel object. It is safe to call twice.
func (l *Launch) Release() { l.kernel.Release() }

// leadingSizes names a launch by its leading whole numbers, three at most.
func leadingSizes(values []any) string {
	var parts []string
	for _, v := range values[:min(len(values), 3)] {
		n, ok := v.(int)
		if !ok || n == 0 { // a buffer, or a position
			break
		}
		parts = append(parts, strconv.Itoa(n))
	}
	return strings.Join(parts, "×")
}

// args sets all arguments, in order.
func (l *Launch) args(values ...any) (*Launch, error) {
	l.Size = leadingSizes(values)
	values = append(values, l.more...)
	l.values = values
	for i, v := range values {
		var err error
		switch v := v.(type) {
		case int: // OpenCL C's, whatever Go's is
			if err = l.kernel.SetArgInt32(i, int32(v)); v != int(int32(v)) {
				err = fmt.Errorf("%w: %d is more than an int of OpenCL C holds", ErrShape, v)
			}
		case []uint32:
			err = l.kernel.SetArgUnsafe(i, 4*len(v), unsafe.Pointer(unsafe.SliceData(v)))
		default:
			err = l.kernel.SetArg(i, v)
		}
		if err != nil {
			l.Release()
			return nil, fmt.Errorf("kernel %s: argument %d: %w", l.Name, i, err)
		}
	}
	return l, nil
}

// number is an argument that may change from run to run, and the bits of its value.
type number struct {
	arg  int
	bits uint32
}

// number is that of an argument; nil for one that was not set after the launch was made.
func (l *Launch) number(arg int) *number {
	for _, n := range l.numbers {
		if n.arg == arg {
			return n
		}
	}
	return nil
}

func (l *Launch) setFloat(arg int, v float32) error { return l.setNumber(arg, math.Float32bits(v)) }

func (l *Launch) setInt(arg int, v int32) error { return l.setNumber(arg, uint32(v)) }

func (l *Launch) setNumber(arg int, bits uint32) error {
	n := l.number(arg)
	if n == nil {
		if l.joined {
			return fmt.Errorf("kernel %s: argument %d cannot change: it was not set before the launch was joined", l.Name, arg)
		}
		n = &number{arg: arg}
		l.numbers = append(l.numbers, n)
	}
	n.bits = bits
	if l.joined {
		return nil // the next Hold takes it
	}
	if err := l.kernel.SetArgUint32(arg, bits); err != nil {
		return fmt.Errorf("kernel %s: argument %d: %w", l.Name, arg, err)
	}
	return nil
}

func (s *Set) launch(name string, k *kernel, global, local []int) (*Launch, error) {
	shape, err := cl.NewNDRange(global, local)
	if err != nil {
		k.Release()
		return nil, fmt.Errorf("kernel %s: %w", name, err)
	}
	return &Launch{Name: name, kernel: k, shape: shape, global: global, local: local}, nil
}

// striding is launch for a kernel whose work-items step by the size of dimension 0.
func (s *Set) striding(name string, k *kernel, global, local []int) (*Launch, error) {
	l, err := s.launch(name, k, global, local)
	if err == nil {
		l.strides = true
	}
	return l, err
}

// overRows is the shape (vectors, rows) of kernels that go over the vectors of
// each row; dimension 0 strides.
func (s *Set) overRows(name string, k *kernel, cols, rows int) (*Launch, error) {
	if s.Tuning.Family == Block {
		// one work-item a row, in groups of one size so that the kernel is compiled once
		local := min(16, s.local)
		return s.striding(name, k, []int{1, roundUp(rows, local)}, []int{1, local})
	}
	vectors := ceilDiv(cols, s.Tuning.VW)
	local := min(s.local, 32)
	return s.striding(name, k, []int{roundUp(vectors, local), rows}, []int{local, 1})
}

// overItems is a one-dimensional shape of at least n work-items, on CPUs in groups
// of group: 1 where a work-item is long, so that every core gets some.
func (s *Set) overItems(name string, k *kernel, n, group int) (*Launch, error) {
	local := s.local
	if s.Tuning.Family == Block {
		local = min(group, s.local)
	}
	return s.launch(name, k, []int{roundUp(n, local)}, []int{local})
}

// MostFloats is how many floats the panels of a layer may have. Kernels count them with OpenCL C's
// int, and look some chunks past the end: a group of work-items is launched whole, and one of
// NormParts strides over the chunks of all.
func (s *Set) MostFloats() int {
	return math.MaxInt32 - max(s.local, NormParts)*s.Tuning.Chunk*s.Tuning.VW
}

// rowGroup is the group for a work-item a row of a few dozen columns.
const rowGroup = 8

// operandBuffer is a buffer that a launch reads or writes, and the 4-byte words that it must have.
type operandBuffer struct {
	name  string
	buf   *cl.MemObject
	words int
}

// longEnough says which buffer of a launch is missing or too short: a kernel that reads or
// writes beyond one has no error of its own.
func longEnough(launch string, buffers ...operandBuffer) error {
	for _, b := range buffers {
		err := fits(launch, b.buf.Size() >= 4*b.words, "%s has %d bytes, need %d", b.name, b.buf.Size(), 4*b.words)
		if err != nil {
			return err
		}
	}
	return nil
}

func sortedKeys(m macros) []string { return slices.Sorted(maps.Keys(m)) }

func fits(name string, ok bool, format string, args ...any) error {
	if ok {
		return nil
	}
	return fmt.Errorf("%s: %w: %s", name, ErrShape, fmt.Sprintf(format, args...))
}
