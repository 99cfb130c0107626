package cpuref

import (
	"fmt"
	"math"
	"testing"
)

// ragged sizes: one, below, at and above gonum's block of 64 and its vectors, and
// primes; as (b, in, out).
var ragged = [][3]int{
	{0, 3, 2}, {1, 1, 1}, {1, 5, 1}, {2, 1, 3}, {7, 16, 17}, {15, 33, 2}, {31, 64, 65},
	{63, 63, 63}, {64, 64, 64}, {65, 127, 67}, {129, 31, 130}, {130, 257, 131},
}

func rounded(m Matrix[float64]) (Matrix[float32], Matrix[float64]) {
	small := NewMatrix[float32](m.Rows, m.Cols)
	for i, v := range m.Data {
		small.Data[i] = float32(v)
		m.Data[i] = float64(small.Data[i]) // the same inputs for both
	}
	return small, m
}

func absolute(m Matrix[float64]) Matrix[float64] {
	abs := NewMatrix[float64](m.Rows, m.Cols)
	for i, v := range m.Data {
		abs.Data[i] = math.Abs(v)
	}
	return abs
}

// within checks |got − want| ≤ 2·k·2⁻²⁴·bound, element by element, where bound is
// the same sum of k products with every term made positive: k roundings of
// partial sums, each at most 2⁻²⁴ of the bound, k of products, to first order
// (N. J. Higham, Accuracy and Stability of Numerical Algorithms, 2002, §3.1).
func within(t *testing.T, what string, k int, got []float32, want, bound []float64) {
	t.Helper()
	for i := range want {
		if tol := 2 * float64(k) * 0x1p-24 * bound[i]; !(math.Abs(float64(got[i])-want[i]) <= tol) {
			t.Fatalf("%s, element %d: %v, float64 has %v, off by more than %.2e", what, i, got[i], want[i], tol)
		}
	}
}

func TestFloat32Products(t *testing.T) {
	use(t, "off")
	testProducts(t)
}

func testProducts(t *testing.T) {
	for c, size := range ragged {
		b, in, out := size[0], size[1], size[2]
		t.Run(fmt.Sprintf("%dx%dx%d", b, in, out), func(t *testing.T) {
			fill := func(what uint32, rows, cols int) (Matrix[float32], Matrix[float64]) {
				return rounded(randomMatrix(NewStream(uint64(c), what, 0), rows, cols, 1))
			}
			a32, a := fill(0, b, in)
			w32, w := fill(1, out, in)
			bias32, bias := fill(2, 1, out)
			d32, d := fill(3, b, out)

			theta32, theta := Layer[float32]{w32, bias32.Data}, Layer[float64]{w, bias.Data}
			size := Layer[float64]{absolute(w), absolute(bias).Data}
			z32, z, bound := NewMatrix[float32](b, out), NewMatrix[float64](b, out), NewMatrix[float64](b, out)
			Forward(Linear, a32, theta32, z32)
			Forward(Linear, a, theta, z)
			Forward(Linear, absolute(a), size, bound)
			within(t, "Forward", in+1, z32.Data, z.Data, bound.Data)

			p32, p, bound := NewMatrix[float32](b, in), NewMatrix[float64](b, in), NewMatrix[float64](b, in)
			HiddenDelta(Linear, d32, theta32, a32, p32)
			HiddenDelta(Linear, d, theta, a, p)
			HiddenDelta(Linear, absolute(d), size, a, bound)
			within(t, "HiddenDelta", out, p32.Data, p.Data, bound.Data)

			// Onto what is there: W and θ0 serve as the Δ that is added to.
			Accumulate(d32, a32, theta32)
			Accumulate(d, a, theta)
			Accumulate(absolute(d), absolute(a), size)
			within(t, "Accumulate", b+1, theta32.W.Data, theta.W.Data, size.W.Data)
			within(t, "Accumulate bias", b+1, theta32.B, theta.B, size.B)
		})
	}
}

// Two halves of a batch sum to the whole: Δ is added to. The roundings differ at
// most by twice the bound of one product, here in float64.
func TestAccumulateHalves(t *testing.T) {
	const b, in, out = 10, 7, 5
	delta, a := randomMatrix(NewStream(1, 0, 0), b, out, 1), randomMatrix(NewStream(1, 1, 0), b, in, 1)
	half := func(m Matrix[float64], from, to int) Matrix[float64] {
		return Matrix[float64]{to - from, m.Cols, m.Data[from*m.Cols : to*m.Cols]}
	}
	whole, halves, bound := NewLayer[float64](in, out), NewLayer[float64](in, out), NewLayer[float64](in, out)
	Accumulate(delta, a, whole)
	Accumulate(half(delta, 0, 6), half(a, 0, 6), halves)
	Accumulate(half(delta, 6, b), half(a, 6, b), halves)
	Accumulate(absolute(delta), absolute(a), bound)
	check := func(what string, got, want, bound []float64) {
		for i := range want {
			if math.Abs(got[i]-want[i]) > 4*b*0x1p-53*bound[i] {
				t.Errorf("%s %d: %v in halves, %v whole", what, i, got[i], want[i])
			}
		}
	}
	check("weight", halves.W.Data, whole.W.Data, bound.W.Data)
	check("bias", halves.B, whole.B, bound.B)
}

// The float32 activations are the float64 ones of the same z, rounded once.
func TestFloat32Activations(t *testing.T) {
	z32, z := rounded(randomMatrix(NewStream(2, 0, 0), 9, 11, 4))
	for _, act := range Activations() {
		a32, a := NewMatrix[float32](9, 11), NewMatrix[float64](9, 11)
		Activate(act, z32, a32)
		Activate(act, z, a)
		for i := range a.Data {
			if a32.Data[i] != float32(a.Data[i]) {
				t.Errorf("%s(%v) = %v in float32, %v in float64", act, z.Data[i], a32.Data[i], a.Data[i])
			}
		}
	}
}
