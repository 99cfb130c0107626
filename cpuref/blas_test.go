package cpuref

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas32"
)

// use chooses a BLAS for one test.
func use(t *testing.T, spec string) *BLAS {
	t.Helper()
	before := inUse.Load()
	t.Cleanup(func() { inUse.Store(before) })
	library, err := UseBLAS(spec)
	if err != nil {
		t.Fatal(err)
	}
	return library
}

// needLibrary is the library of this machine. Where tests have to be whole, on CI,
// there must be one.
func needLibrary(t *testing.T) *BLAS {
	t.Helper()
	library := use(t, "")
	switch {
	case library != nil:
	case os.Getenv("CLPROP_REQUIRE_OPENCL") == "1" && runtime.GOOS == "linux":
		t.Fatalf("no BLAS library, tried %v: install libopenblas0-pthread", blasNames[runtime.GOOS])
	default:
		t.Skipf("no BLAS library, tried %v", blasNames[runtime.GOOS])
	}
	return library
}

// The library is held to the bound that gonum is held to, in all three products, and
// computes every one that is not small.
func TestLibraryProducts(t *testing.T) {
	library := needLibrary(t)
	before, due := library.Calls(), int64(0)
	for _, size := range ragged {
		if size[0]*size[1]*size[2] > smallProduct {
			due += 3 // in float32; those in float64 are gonum's
		}
	}
	testProducts(t)
	if got := library.Calls() - before; got != due {
		t.Errorf("%v computed %d products, want %d", library, got, due)
	}
	use(t, "off")
	before = library.Calls()
	testProducts(t)
	if got := library.Calls() - before; got != 0 {
		t.Errorf("off, and %v still computed %d products", library, got)
	}
}

// What is no part of an operand is neither read nor written: the matrices lie in
// rows and columns of NaN, and C keeps its own.
func TestLibraryStaysInside(t *testing.T) {
	library := needLibrary(t)
	const m, n, k, stride = 31, 33, 29, 40
	nan := float32(math.NaN())
	operand := func(rows, cols int) blas32.General {
		g := blas32.General{Rows: rows, Cols: cols, Stride: stride, Data: make([]float32, rows*stride)}
		for i := range g.Data {
			if g.Data[i] = nan; i%stride < cols {
				g.Data[i] = float32(i%5) - 2 // small whole numbers: every sum is exact
			}
		}
		return g
	}
	for _, op := range [][2]blas.Transpose{{blas.NoTrans, blas.Trans}, {blas.NoTrans, blas.NoTrans}, {blas.Trans, blas.NoTrans}} {
		a, b, c, want := operand(m, k), operand(k, n), operand(m, n), operand(m, n)
		if op[0] == blas.Trans {
			a = operand(k, m)
		}
		if op[1] == blas.Trans {
			b = operand(n, k)
		}
		library.gemm(op[0], op[1], k, a, b, 1, c)
		blas32.Gemm(op[0], op[1], 1, a, b, 1, want)
		for i := range want.Data {
			if math.Float32bits(c.Data[i]) != math.Float32bits(want.Data[i]) {
				t.Fatalf("%c%c, row %d, column %d: %v, gonum has %v", op[0], op[1], i/stride, i%stride, c.Data[i], want.Data[i])
			}
		}
	}
}

// The same product has the same bits each time, on a library and on gonum.
func TestProductsRepeat(t *testing.T) {
	for _, spec := range []string{"", "off"} {
		library := use(t, spec)
		for _, size := range [][3]int{{32, 784, 128}, {97, 301, 203}} {
			a, _ := rounded(randomMatrix(NewStream(3, 0, 0), size[0], size[1], 1))
			w, _ := rounded(randomMatrix(NewStream(3, 1, 0), size[2], size[1], 1))
			first := NewMatrix[float32](size[0], size[2])
			gemm(blas.NoTrans, blas.Trans, a, w, 0, first)
			for range 20 {
				again := NewMatrix[float32](size[0], size[2])
				gemm(blas.NoTrans, blas.Trans, a, w, 0, again)
				if !slices.Equal(first.Data, again.Data) {
					t.Fatalf("%v, %v: other bits when repeated", library, size)
				}
			}
		}
	}
}

// Shared by rows, a product of gonum has the bits that it has on one core.
func TestSharedProduct(t *testing.T) {
	for _, op := range [][2]blas.Transpose{{blas.NoTrans, blas.Trans}, {blas.NoTrans, blas.NoTrans}, {blas.Trans, blas.NoTrans}} {
		for _, size := range [][3]int{{2, 7, 3}, {32, 784, 128}, {63, 200, 190}, {129, 65, 64}} {
			m, k, n := size[0], size[1], size[2]
			a, _ := rounded(randomMatrix(NewStream(4, 0, 0), m, k, 1))
			b, _ := rounded(randomMatrix(NewStream(4, 1, 0), k, n, 1))
			if op[0] == blas.Trans {
				a.Rows, a.Cols = k, m
			}
			if op[1] == blas.Trans {
				b.Rows, b.Cols = n, k
			}
			want := general32(NewMatrix[float32](m, n))
			blas32.Gemm(op[0], op[1], 1, general32(a), general32(b), 0, want)
			for shares := range min(m, 7) + 1 {
				if shares == 0 {
					continue
				}
				got := general32(NewMatrix[float32](m, n))
				gemmByRows(shares, op[0], op[1], general32(a), general32(b), 0, got)
				if !slices.Equal(got.Data, want.Data) {
					t.Errorf("%c%c %v in %d shares: other bits than in one", op[0], op[1], size, shares)
				}
			}
		}
	}
}

func TestUseBLASMistakes(t *testing.T) {
	dir := t.TempDir()
	text := filepath.Join(dir, "text.so")
	if err := os.WriteFile(text, []byte("not a library"), 0o600); err != nil {
		t.Fatal(err)
	}
	before := inUse.Load()
	for _, path := range []string{filepath.Join(dir, "missing.so"), text, dir} {
		_, err := UseBLAS(path)
		if err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "or off") {
			t.Errorf("error %v: want the path and the way out", err)
		}
	}
	if _, err := openLibrary("libc.so.6"); err == nil {
		if _, err := UseBLAS("libc.so.6"); err == nil || !strings.Contains(err.Error(), "sgemm_") {
			t.Errorf("libc: error %v: want the function that it has not", err)
		}
	}
	if inUse.Load() != before {
		t.Error("a library that cannot be used changed which one is")
	}
}

func TestBLASNames(t *testing.T) {
	var none *BLAS
	if library := use(t, "OFF"); library != nil || none.String() != "gonum" || none.Calls() != 0 {
		t.Errorf("off is %v, with %d calls", library, none.Calls())
	}
	library := needLibrary(t)
	if again := use(t, ""); again != library {
		t.Error("found twice, a library is opened twice")
	}
	// A file's name would mean that the library was not asked.
	if name := library.String(); strings.Contains(name, "penblas") || len(strings.Fields(name)) > 2 {
		t.Errorf("the name is %q: want a name and a version", name)
	}
}

func ExampleUseBLAS() {
	if _, err := UseBLAS("off"); err != nil {
		fmt.Println(err)
		return
	}
	a := Matrix[float32]{Rows: 1, Cols: 2, Data: []float32{3, 4}}
	theta := Layer[float32]{W: Matrix[float32]{Rows: 1, Cols: 2, Data: []float32{10, 1}}, B: []float32{0.5}}
	z := NewMatrix[float32](1, 1)
	Forward(Linear, a, theta, z)
	fmt.Println(z.Data)
	// Output: [34.5]
}
