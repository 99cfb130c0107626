package enginetest

import (
	"errors"
	"fmt"
	"math"
	"testing"

	"github.com/clprop/clprop/cpuref"
	"github.com/clprop/clprop/device"
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

// sub runs a part of a case under a name of its own.
func (s suite) sub(name string, run func(suite)) {
	s.Helper()
	s.Run(name, func(t *testing.T) { run(suite{t, s.e, s.sizes, s.opts}) })
}

// each runs a part of a case for every size.
func (s suite) each(run func(suite, size)) {
	s.Helper()
	for _, n := range s.sizes {
		s.sub(fmt.Sprintf("%dx%dx%d", n.b, n.in, n.out), func(s suite) { run(s, n) })
	}
}

func (s suite) ok(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// matrix puts v into the engine's memory, for the time of the case.
func (s suite) matrix(v matrix32) device.Matrix {
	s.Helper()
	m, err := s.e.NewMatrix(v.Rows, v.Cols)
	s.ok(err)
	s.Cleanup(m.Release)
	s.ok(s.e.Write(m, 0, v.Data))
	return m
}

// output is a matrix full of NaN.
func (s suite) output(rows, cols int) device.Matrix {
	s.Helper()
	v := cpuref.NewMatrix[float32](rows, cols)
	poison(v.Data)
	return s.matrix(v)
}

func poison(v []float32) {
	for i := range v {
		v[i] = float32(math.NaN())
	}
}

func (s suite) read(m device.Matrix) []float32 {
	s.Helper()
	v := make([]float32, m.Rows()*m.Cols())
	s.ok(s.e.Read(v, m, 0))
	return v
}

// parameters puts layers into the engine's memory, for the time of the case.
func (s suite) parameters(layers ...layer32) device.Parameters {
	s.Helper()
	var shapes []device.Shape
	for _, l := range layers {
		shapes = append(shapes, device.Shape{In: l.W.Cols, Out: l.W.Rows})
	}
	p, err := s.e.NewParameters(shapes)
	s.ok(err)
	s.Cleanup(p.Release)
	s.write(p, layers)
	return p
}

func (s suite) write(p device.Parameters, layers []layer32) {
	s.Helper()
	for l, v := range layers {
		s.ok(s.e.WriteParameters(p, l, v.W.Data, v.B))
	}
}

// outputLayers are parameters full of NaN.
func (s suite) outputLayers(shapes ...device.Shape) device.Parameters {
	s.Helper()
	var layers []layer32
	for _, shape := range shapes {
		v := cpuref.NewLayer[float32](shape.In, shape.Out)
		poison(v.W.Data)
		poison(v.B)
		layers = append(layers, v)
	}
	return s.parameters(layers...)
}

func (s suite) layer(p device.Parameters, l int) layer32 {
	s.Helper()
	shape := p.Shapes()[l]
	v := cpuref.NewLayer[float32](shape.In, shape.Out)
	s.ok(s.e.ReadParameters(v.W.Data, v.B, p, l))
	return v
}

func (s suite) index(rows []int32) device.Index {
	s.Helper()
	x, err := s.e.NewIndex(len(rows))
	s.ok(err)
	s.Cleanup(x.Release)
	s.ok(s.e.WriteIndex(x, rows))
	return x
}

func (s suite) tally() device.Tally {
	s.Helper()
	t, err := s.e.NewTally()
	s.ok(err)
	s.Cleanup(t.Release)
	return t
}

func (s suite) sums(t device.Tally) device.Sums {
	s.Helper()
	sums, err := s.e.ReadTally(t)
	s.ok(err)
	return sums
}

func (s suite) prepare(ops ...device.Op) device.Plan {
	s.Helper()
	p, err := s.e.Prepare(ops...)
	if errors.Is(err, device.ErrOneDevice) {
		s.Skip(err)
	}
	s.ok(err)
	s.Cleanup(p.Release)
	return p
}

// do prepares operations and runs them once.
func (s suite) do(ops ...device.Op) {
	s.Helper()
	s.run(s.prepare(ops...))
}

// run runs a plan, and sees by the counters that the work was done where the
// engine says it is: kernels on an OpenCL device, calls on the reference.
func (s suite) run(p device.Plan) {
	s.Helper()
	before := s.e.Counters()
	s.ok(p.Run())
	after := s.e.Counters()
	launches, calls := after.Launches-before.Launches, after.Calls-before.Calls
	if launches != int64(p.Launches()) {
		s.Errorf("a plan of %d launches launched %d kernels", p.Launches(), launches)
	}
	if s.e.Info().Kind == device.KindGroup { // which may have both
		if launches+calls < 1 {
			s.Errorf("%s launched no kernel, and called no function", s.e.Info().Name)
		}
		return
	}
	if s.e.Info().OpenCL() {
		if launches < 1 || after.Calls != 0 {
			s.Errorf("%s launched %d kernels, and called the reference %d times", s.e.Info().Name, launches, after.Calls)
		}
	} else if calls < 1 || after.Launches != 0 {
		s.Errorf("the reference was called %d times, and launched %d kernels", calls, after.Launches)
	}
}

// normal returns random numbers around 0; name tells matrices of a case apart.
func normal(name uint32, rows, cols int, scale float64) matrix32 {
	s := cpuref.NewStream(20, name, uint32(rows*1000+cols))
	m := cpuref.NewMatrix[float32](rows, cols)
	for i := range m.Data {
		m.Data[i] = float32(scale * s.Normal(uint64(i)))
	}
	return m
}

// integers returns whole numbers in −2 … 2.
func integers(name uint32, rows, cols int) matrix32 {
	s := cpuref.NewStream(21, name, uint32(rows*1000+cols))
	m := cpuref.NewMatrix[float32](rows, cols)
	for i := range m.Data {
		m.Data[i] = float32(math.Floor(5*s.Float64(uint64(i)))) - 2
	}
	return m
}

// activations returns random a = g(z), as hidden layers have them; z itself where that
// is what is kept.
func activations(act device.Activation, name uint32, rows, cols int) matrix32 {
	m := normal(name, rows, cols, 1.5)
	if !act.NeedsZ() {
		cpuref.Activate(act, m, m)
	}
	return m
}

// weights returns random weights of rows, some of them 0.
func weights(name uint32, rows int) matrix32 {
	w := normal(name, rows, 1, 2)
	for i, v := range w.Data {
		w.Data[i] = max(0, v)
	}
	return w
}

// classes returns one-hot rows for the softmax, quantities for regression, and zeros
// and ones for the others.
func classes(loss device.Loss, name uint32, rows, k int) matrix32 {
	s := cpuref.NewStream(22, name, uint32(rows*1000+k))
	if loss.Regression() {
		return normal(name, rows, k, 2)
	}
	y := cpuref.NewMatrix[float32](rows, k)
	for i := range rows {
		if loss == device.SoftmaxCrossEntropy {
			y.Row(i)[int(s.Float64(uint64(i))*float64(k))] = 1
			continue
		}
		for j := range k {
			y.Row(i)[j] = float32(math.Round(s.Float64(uint64(i*k + j))))
		}
	}
	return y
}

// randomLayer scales the weights so that z has about the variance of a.
func randomLayer(name uint32, in, out int) layer32 {
	return layer32{
		W: normal(2*name, out, in, 1/math.Sqrt(float64(in))),
		B: normal(2*name+1, 1, out, 0.5).Data,
	}
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
func absolute(m matrix64) matrix64 {
	abs := cpuref.NewMatrix[float64](m.Rows, m.Cols)
	for i, v := range m.Data {
		abs.Data[i] = math.Abs(v)
	}
	return abs
}

func wideLayer(l layer32) layer64 {
	return layer64{W: wide(l.W), B: wide(matrix32{Rows: 1, Cols: len(l.B), Data: l.B}).Data}
}

func absoluteLayer(l layer64) layer64 {
	return layer64{W: absolute(l.W), B: absolute(matrix64{Rows: 1, Cols: len(l.B), Data: l.B}).Data}
}

// within checks |got_i − want_i| ≤ tolerance(i), so that a NaN fails, and
// reports the worst element.
func within(t testing.TB, what string, got []float32, want []float64, tolerance func(i int) float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d elements, want %d", what, len(got), len(want))
	}
	worst, bad, at := 1.0, 0, 0
	for i, w := range want {
		ratio := math.Abs(float64(got[i])-w) / (tolerance(i) + flushed)
		if ratio <= 1 {
			continue
		}
		bad++
		if ratio > worst || math.IsNaN(ratio) {
			worst, at = ratio, i
		}
	}
	if bad > 0 {
		t.Errorf("%s: %d of %d elements are off: element %d is %v, want %v ± %.3g",
			what, bad, len(want), at, got[at], want[at], tolerance(at))
	}
}

// same checks for equal bits.
func same(t testing.TB, what string, got, want []float32) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d elements, want %d", what, len(got), len(want))
	}
	for i := range want {
		if math.Float32bits(got[i]) != math.Float32bits(want[i]) {
			t.Errorf("%s: element %d is %v (%08x), want %v (%08x)", what, i,
				got[i], math.Float32bits(got[i]), want[i], math.Float32bits(want[i]))
			return
		}
	}
}
