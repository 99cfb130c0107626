package kernels

import (
	"math"
	"testing"

	"github.com/clprop/clprop/cpuref"
)

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
