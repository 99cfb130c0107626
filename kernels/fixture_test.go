package kernels

import (
	"fmt"
	"maps"
	"math"
	"os"
	"slices"
	"testing"

	"github.com/clprop/clprop/cl"
	"github.com/clprop/clprop/cl/cltest"
	"github.com/clprop/clprop/cpuref"
)

type (
	matrix32 = cpuref.Matrix[float32]
	matrix64 = cpuref.Matrix[float64]
	layer32  = cpuref.Layer[float32]
	layer64  = cpuref.Layer[float64]
)

const (
	u       = 0x1p-24  // relative error of one float32 rounding
	flushed = 0x1p-126 // below this a device may give 0
)

// guard is how many floats lie behind the end of each buffer, to see writes there.
// The simulator has none: it reports the first byte past the end itself.
const guard = 64

// size is a batch of b and a layer from in to out units.
type size struct{ b, in, out int }

func (n size) String() string { return fmt.Sprintf("%d×%d×%d", n.b, n.in, n.out) }

// sizes are ragged: 1, powers of two and their neighbours, primes. Tunings made by
// hand get sizes wider than their blocks, as each block cut down to its matrix is a
// program of its own, and compiling takes longest.
var (
	sizes = []size{
		{1, 1, 1}, {2, 1, 15}, {1, 2, 16}, {15, 17, 2}, {16, 31, 17}, {17, 15, 31}, {31, 33, 32}, {33, 16, 65},
		{32, 64, 63}, {63, 32, 127}, {13, 127, 33}, {65, 63, 1}, {127, 65, 7}, {7, 257, 64}, {64, 3, 257}, {257, 11, 5},
		{71, 197, 77}, {65, 80, 208}, // blocks of one and of two vectors in the last panel, see Tuning.last
	}
	sizesByHand    = []size{{33, 65, 63}, {63, 49, 127}, {67, 127, 257}, {7, 257, 64}, {31, 53, 113}}
	sizesSimulated = []size{{1, 1, 1}, {2, 15, 17}, {17, 33, 3}, {5, 16, 31}}
)

// fixture is one device with one Tuning, and the buffers of one test.
type fixture struct {
	*testing.T
	*bench
	set   *Set
	sizes []size
	was   map[*cl.MemObject][]float32 // what the test put into each buffer
}

// bench is a device opened once for all tests, with a Set for each Tuning.
type bench struct {
	device    *cl.Device
	simulated bool
	context   *cl.Context
	queue     *cl.CommandQueue
	sets      map[string]*Set
}

var (
	benches []*bench
	kept    []*cl.MemObject // buffers not to be freed
)

func TestMain(m *testing.M) {
	done := cltest.Setup()
	code := m.Run()
	onThread(nil, func() {
		for _, b := range benches {
			for _, s := range b.sets {
				s.Release()
			}
			b.queue.Release()
			b.context.Release()
		}
	})
	done()
	os.Exit(code)
}

// open opens every device of the machine, once. The simulator is left to TestSafety, which
// runs these tests in it with all its checks.
func open(t *testing.T) []*bench {
	t.Helper()
	if benches == nil {
		onThread(t, func() { openAll(t) })
	}
	return benches
}

func openAll(t *testing.T) {
	t.Helper()
	devices := cltest.Devices(t)
	for _, d := range devices {
		if cltest.Slow(d.Name()) && len(devices) > 1 {
			continue
		}
		context, err := cl.CreateContext([]*cl.Device{d})
		if err != nil {
			t.Fatal(err)
		}
		queue, err := context.CreateCommandQueue(d, 0)
		if err != nil {
			t.Fatal(err)
		}
		benches = append(benches, &bench{d, cltest.Slow(d.Name()), context, queue, map[string]*Set{}})
	}
}

// each runs a test on every device with every Tuning of tunings.
func each(t *testing.T, run func(fixture)) {
	t.Helper()
	eachOf(t, func(Tuning) bool { return true }, run)
}

// eachProduct is each for the products of matrices, and onUnit too.
func eachProduct(t *testing.T, run func(fixture)) {
	t.Helper()
	each(t, run)
	onUnit(t, run)
}

// onUnit runs a test on the devices with AMX, where it then is used for any product that can be.
func onUnit(t *testing.T, run func(fixture)) {
	t.Helper()
	for _, b := range open(t) {
		if amxOf(b.device) == amxNever || b.device.NativeVectorWidthFloat() != align {
			continue
		}
		t.Run("amx", func(t *testing.T) {
			onThread(t, func() {
				f := b.fixture(t, "amx", BlockTuning(b.device))
				f.set.amx = amxWhereverPossible
				run(f)
			})
		})
	}
}

// eachWidth is each for kernels that only see the family and the vector width: one
// Tuning for each of these.
func eachWidth(t *testing.T, run func(fixture)) {
	t.Helper()
	type seen struct {
		family Family
		vw     int
	}
	var all []seen
	eachOf(t, func(tuning Tuning) bool {
		this := seen{tuning.Family, tuning.VW}
		if slices.Contains(all, this) && len(tuning.MRs)+len(tuning.Tiles) == 1 {
			return false
		}
		all = append(all, this)
		return true
	}, run)
}

func eachOf(t *testing.T, wanted func(Tuning) bool, run func(fixture)) {
	t.Helper()
	for _, b := range open(t) {
		t.Run(b.device.Platform().Name(), func(t *testing.T) {
			all := tunings(b)
			for _, name := range slices.Sorted(maps.Keys(all)) {
				if wanted(all[name]) {
					t.Run(name, func(t *testing.T) {
						onThread(t, func() { run(b.fixture(t, name, all[name])) })
					})
				}
			}
		})
	}
}

// fixture is the device with a Tuning, which name stands for.
func (b *bench) fixture(t *testing.T, name string, tuning Tuning) fixture {
	if b.sets[name] == nil {
		b.sets[name] = NewSet(b.context, b.device, tuning)
	}
	f := fixture{T: t, bench: b, set: b.sets[name], sizes: sizes, was: map[*cl.MemObject][]float32{}}
	if b.simulated {
		f.sizes = sizesSimulated
	} else if f.byHand() {
		f.sizes = sizesByHand
	}
	t.Cleanup(func() {
		for buf := range f.was {
			if checked() { // oclgrind 21.10 takes a new buffer in the place of an old one for that one
				kept = append(kept, buf)
				continue
			}
			buf.Release()
		}
	})
	return f
}

// byHand reports whether the Tuning has one shape only, unlike a device's own.
func (f fixture) byHand() bool { return len(f.set.Tuning.MRs)+len(f.set.Tuning.Tiles) == 1 }

func (f fixture) ok(err error) {
	f.Helper()
	if err != nil {
		f.Fatal(err)
	}
}

// run runs what a launcher returns, once, and waits.
func (f fixture) run(l *Launch, err error) {
	f.Helper()
	f.ok(err)
	defer l.Release()
	f.enqueue(l)
}

func (f fixture) enqueue(l *Launch) {
	f.Helper()
	f.ok(l.Enqueue(f.queue))
	f.ok(f.queue.Finish())
}

// canaries are NaNs that each know their place. Read by mistake, one spoils a
// result; written over, it shows.
func canaries(n int) []float32 {
	v := make([]float32, n)
	for i := range v {
		v[i] = math.Float32frombits(0x7fc00000 | uint32(i)&0x3fffff)
	}
	return v
}

// buffer makes a buffer of this content, and canaries behind it.
func (f fixture) buffer(content []float32) *cl.MemObject {
	f.Helper()
	all := content
	if !f.simulated {
		all = append(slices.Clone(content), canaries(guard)...)
	}
	buf, err := f.context.CreateBufferFloat32(cl.MemReadWrite|cl.MemCopyHostPtr, all)
	f.ok(err)
	f.was[buf] = slices.Clone(all)
	return buf
}

// scratch is a buffer whose content means nothing: canaries, or on the simulator
// memory that was never written.
func (f fixture) scratch(floats int) *cl.MemObject {
	f.Helper()
	if !f.simulated {
		return f.buffer(canaries(floats))
	}
	buf, err := f.context.CreateEmptyBuffer(cl.MemReadWrite, 4*floats)
	f.ok(err)
	f.was[buf] = make([]float32, floats)
	return buf
}

func (f fixture) read(buf *cl.MemObject) []float32 {
	f.Helper()
	v := make([]float32, len(f.was[buf]))
	event, err := f.queue.EnqueueReadBufferFloat32(buf, true, 0, v, nil)
	f.ok(err)
	event.Release()
	return v
}

// matrix makes a Matrix as package device does, by Blank, with stale rows below
// it, as a taller batch leaves them. It is written in one piece: of a buffer that
// the host has written to, oclgrind 21.10 takes only the last piece as initialised.
func (f fixture) matrix(v matrix32) Matrix {
	f.Helper()
	m := NewMatrix(v.Rows, v.Cols, false)
	return f.filled(m, func(all []float32, i int) { copy(all[i*m.LD:], v.Row(i)) })
}

// filled is a new matrix in which set puts each row i among all that the buffer has.
func (f fixture) filled(m Matrix, set func(all []float32, i int)) Matrix {
	f.Helper()
	m.Buf = f.scratch(m.Floats())
	f.run(f.set.Blank(m))
	all := f.read(m.Buf)
	for i := range m.Rows {
		set(all, i)
	}
	if !f.simulated {
		copy(all[m.Rows*m.Words():], canaries(slack*m.Words()))
	}
	event, err := f.queue.EnqueueWriteBufferFloat32(m.Buf, true, 0, all, nil)
	f.ok(err)
	event.Release()
	f.was[m.Buf] = all
	return m
}

// output is a matrix full of canaries.
func (f fixture) output(rows, cols int) Matrix {
	f.Helper()
	return f.matrix(matrix32{Rows: rows, Cols: cols, Data: canaries(rows * cols)})
}

// values reads a Matrix, and checks that everything around it is as it was.
func (f fixture) values(m Matrix) matrix32 {
	f.Helper()
	v, all := cpuref.NewMatrix[float32](m.Rows, m.Cols), f.read(m.Buf)
	for i := range m.Rows {
		copy(v.Row(i), all[i*m.LD:])
	}
	f.intact("matrix "+m.String(), m.Buf, all, func(at int) bool { return at < m.Rows*m.LD && at%m.LD < m.Cols })
	return v
}

// weights makes Weights as package device does, zeros around the values; a block
// may read what is behind the panels, but nothing may depend on it.
func (f fixture) weights(v layer32) Weights {
	f.Helper()
	w := f.set.NewWeights(v.W.Cols, v.W.Rows)
	content := make([]float32, w.Floats())
	if !f.simulated {
		copy(content[w.Panels()*w.Panel:], canaries(slack*w.NR))
	}
	for o := range w.Out {
		for i := range w.In {
			content[w.Index(i, o)] = v.W.Row(o)[i]
		}
		content[w.Index(w.In, o)] = v.B[o]
	}
	w.Buf = f.buffer(content)
	return w
}

// outputWeights are weights full of canaries.
func (f fixture) outputWeights(in, out int) Weights {
	f.Helper()
	return f.weights(layer32{W: matrix32{Rows: out, Cols: in, Data: canaries(in * out)}, B: canaries(out)})
}

// layer reads Weights, and checks that everything around them is as it was.
func (f fixture) layer(w Weights) layer32 {
	f.Helper()
	v, all := cpuref.NewLayer[float32](w.In, w.Out), f.read(w.Buf)
	own := make([]bool, len(all))
	for o := range w.Out {
		for i := range w.In + 1 {
			own[w.Index(i, o)] = true
		}
		for i := range w.In {
			v.W.Row(o)[i] = all[w.Index(i, o)]
		}
		v.B[o] = all[w.Index(w.In, o)]
	}
	f.intact("weights "+w.String(), w.Buf, all, func(at int) bool { return own[at] })
	return v
}

// floats reads the first n of a buffer, and checks that what is behind them is as
// it was.
func (f fixture) floats(buf *cl.MemObject, n int) []float32 {
	f.Helper()
	all := f.read(buf)
	f.intact("buffer", buf, all, func(at int) bool { return at < n })
	return all[:n]
}

// unchanged checks that operands that are only read are as they were, bit for bit.
func (f fixture) unchanged(operands ...*cl.MemObject) {
	f.Helper()
	for i, buf := range operands {
		f.intact(fmt.Sprintf("operand %d", i), buf, f.read(buf), func(int) bool { return false })
	}
}

// intact checks a buffer's bits but for those that may have changed.
func (f fixture) intact(what string, buf *cl.MemObject, now []float32, may func(at int) bool) {
	f.Helper()
	for at, was := range f.was[buf] {
		if math.Float32bits(now[at]) != math.Float32bits(was) && !may(at) {
			f.Errorf("%s: float %d of %d was %v (%08x) and is %v (%08x)", what, at, len(now),
				was, math.Float32bits(was), now[at], math.Float32bits(now[at]))
			return
		}
	}
}

// normal returns random numbers around 0; name tells matrices of a test apart.
func normal(name uint32, rows, cols int, scale float64) matrix32 {
	s := cpuref.NewStream(30, name, uint32(rows*1000+cols))
	m := cpuref.NewMatrix[float32](rows, cols)
	for i := range m.Data {
		m.Data[i] = float32(scale * s.Normal(uint64(i)))
	}
	return m
}

// activations returns random a = g(z), as hidden layers have them; z itself where that
// is what is kept.
func activations(act cpuref.Activation, name uint32, rows, cols int) matrix32 {
	m := normal(name, rows, cols, 1.5)
	if !act.NeedsZ() {
		cpuref.Activate(act, m, m)
	}
	return m
}

// randomLayer scales the weights so that z has about the variance of a.
func randomLayer(name uint32, in, out int) layer32 {
	return layer32{W: normal(2*name, out, in, 1/math.Sqrt(float64(in))), B: normal(2*name+1, 1, out, 0.5).Data}
}

// wide is the same matrix in float64.
func wide(m matrix32) matrix64 {
	w := cpuref.NewMatrix[float64](m.Rows, m.Cols)
	for i, v := range m.Data {
		w.Data[i] = float64(v)
	}
	return w
}

// absolute is |m|, element by element.
func absolute(m matrix32) matrix64 {
	w := wide(m)
	for i, v := range w.Data {
		w.Data[i] = math.Abs(v)
	}
	return w
}

func wideLayer(l layer32) layer64 {
	return layer64{W: wide(l.W), B: wide(matrix32{Rows: 1, Cols: len(l.B), Data: l.B}).Data}
}

func absoluteLayer(l layer32) layer64 {
	return layer64{W: absolute(l.W), B: absolute(matrix32{Rows: 1, Cols: len(l.B), Data: l.B}).Data}
}

// within checks |got_i − want_i| ≤ tolerance(i), so that a NaN fails, and reports
// the first element that is off.
func within(t testing.TB, what string, got []float32, want []float64, tolerance func(i int) float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d elements, want %d", what, len(got), len(want))
	}
	for i, w := range want {
		if !(math.Abs(float64(got[i])-w) <= tolerance(i)+flushed) {
			t.Errorf("%s: element %d of %d is %v, want %v ± %.3g", what, i, len(want), got[i], w, tolerance(i))
			return
		}
	}
}
