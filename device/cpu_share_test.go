package device

import (
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/clprop/clprop/cpuref"
)

// wideStep trains for two steps with operations large enough to be shared, and
// returns the weights and how many reference functions were called.
func wideStep(t *testing.T) (weights []float32, calls int64) {
	t.Helper()
	const b, in, hidden, out = 41, 53, 401, 11
	e := OpenReference()
	t.Cleanup(func() { e.Close() })
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	matrix := func(rows, cols int, what uint32) Matrix {
		m, err := e.NewMatrix(rows, cols)
		must(err)
		random, values := cpuref.NewStream(5, what, 0), make([]float32, rows*cols)
		for i := range values {
			values[i] = float32(random.Float64(uint64(i)) - 0.5)
		}
		must(e.Write(m, 0, values))
		return m
	}
	shapes := []Shape{{in, hidden}, {hidden, out}}
	parameters := func() Parameters {
		p, err := e.NewParameters(shapes)
		must(err)
		return p
	}
	theta, sum, m, v := parameters(), parameters(), parameters(), parameters()
	for l, s := range shapes {
		w := make([]float32, s.In*s.Out)
		for i := range w {
			w[i] = float32(i%17)/17 - 0.5
		}
		must(e.WriteParameters(theta, l, w, make([]float32, s.Out)))
	}
	x, y := matrix(b, in, 0), matrix(b, out, 1)
	a, z, delta, back := matrix(b, hidden, 2), matrix(b, out, 3), matrix(b, out, 4), matrix(b, hidden, 5)
	plan, err := e.Prepare(
		Forward{Act: Tanh, A: x, Theta: theta, Layer: 0, Out: a},
		Forward{Act: Linear, A: a, Theta: theta, Layer: 1, Out: z},
		Activate{Act: Softmax, Z: z, A: z},
		OutputDelta{A: z, Y: y, Delta: delta},
		HiddenDelta{Act: Tanh, Next: delta, Theta: theta, Layer: 1, A: a, Delta: back},
		Accumulate{Delta: delta, A: a, Sum: sum, Layer: 1, Fresh: true},
		Accumulate{Delta: back, A: x, Sum: sum, Layer: 0, Fresh: true},
		Gradient{Sum: sum, Theta: theta, Lambda: 0.1, M: b, Grad: sum},
		Adam{Theta: theta, Grad: sum, M: m, V: v, Rate: NewScalar(0.01), Step: NewScalar(1), Beta1: 0.9, Beta2: 0.999, Eps: 1e-8},
		SGD{Theta: theta, Grad: sum, Rate: NewScalar(0.1)},
	)
	must(err)
	must(plan.Run())
	must(plan.Run())
	for l, s := range shapes {
		w, bias := make([]float32, s.In*s.Out), make([]float32, s.Out)
		must(e.ReadParameters(w, bias, theta, l))
		weights = append(append(weights, w...), bias...)
	}
	return weights, e.Counters().Calls
}

// Cores change neither the bits of a step nor the calls that it counts: 14 a step, of
// which Forward of the hidden layer is two, and Gradient, Adam and SGD are one a layer.
func TestReferenceSharesWork(t *testing.T) {
	t.Setenv(EnvBLAS, "off")
	var want []float32
	for _, cores := range []int{1, 2, 3, 8} {
		func() {
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(cores))
			got, calls := wideStep(t)
			if calls != 2*14 {
				t.Errorf("%d cores: %d calls, want 28", cores, calls)
			}
			if want == nil {
				want = got
			}
			if !slices.Equal(got, want) {
				t.Errorf("%d cores: other bits than on one", cores)
			}
		}()
	}
}

// What a step runs on is what Info says, and what counts the products.
func TestReferenceBLAS(t *testing.T) {
	t.Setenv(EnvBLAS, "")
	library, err := cpuref.UseBLAS("")
	if err != nil {
		t.Fatal(err)
	}
	if library == nil {
		t.Skip("no BLAS library on this machine")
	}
	e, err := Open("cpuref")
	if err != nil {
		t.Fatal(err)
	}
	if want := "cpuref (" + library.String() + ")"; e.Info().Name != want {
		t.Errorf("name %q, want %q", e.Info().Name, want)
	}
	before := library.Calls()
	wideStep(t)
	if got := library.Calls() - before; got != 2*5 {
		t.Errorf("%v computed %d products of two steps, want 5 a step", library, got)
	}
}

func TestReferenceBLASMistake(t *testing.T) {
	path := filepath.Join(t.TempDir(), "no-such-library")
	t.Setenv(EnvBLAS, path)
	if _, err := Open("cpuref"); err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), EnvBLAS) {
		t.Errorf("error %v: want the variable and the path", err)
	}
	e := OpenReference()
	if e.Info().Name != "cpuref" {
		t.Errorf("name %q: the library that was not there is in it", e.Info().Name)
	}
}
