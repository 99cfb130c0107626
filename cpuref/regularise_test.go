package cpuref

import (
	"math"
	"slices"
	"testing"
)

// layerOf has out rows of the weights w and the biases b.
func layerOf[T Float](out int, w, b []T) Layer[T] {
	return Layer[T]{W: Matrix[T]{Rows: out, Cols: len(w) / out, Data: slices.Clone(w)}, B: slices.Clone(b)}
}

func hasValues[T Float](t *testing.T, what string, l Layer[T], w, b []T) {
	t.Helper()
	if !slices.Equal(l.W.Data, w) || !slices.Equal(l.B, b) {
		t.Errorf("%s: %v %v, want %v %v", what, l.W.Data, l.B, w, b)
	}
}

// By hand, with numbers that are exact in either type.
func TestRegularisers(t *testing.T) {
	t.Run("float64", regularisers[float64])
	t.Run("float32", regularisers[float32])
}

func regularisers[T Float](t *testing.T) {
	theta := layerOf(2, []T{3, -4, 0, 1}, []T{7, -7})
	grad := layerOf(2, []T{1, 1, 1, -1}, []T{1, 2})
	L1(theta, grad, 3, 6)
	hasValues(t, "L1", grad, []T{1.5, 0.5, 1, -0.5}, []T{1, 2})
	if got := L1Penalty(theta); got != 8 {
		t.Errorf("Σ|Θ| is %v, want 8", got)
	}

	grad = layerOf(2, []T{3, -4, 0.5, -1}, []T{1, -2})
	ClipValue(grad, 1)
	hasValues(t, "ClipValue", grad, []T{1, -1, 0.5, -1}, []T{1, -1})

	// ‖D‖ = √(1 + 4 + 16 + 4 + 11·1) = 6 over two layers
	two := func() []Layer[T] {
		return []Layer[T]{layerOf(1, []T{1, -2}, []T{4}), layerOf(1, []T{2, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1}, []T{1})}
	}
	clipped := two()
	ClipNorm(clipped, 3)
	hasValues(t, "ClipNorm", clipped[0], []T{0.5, -1}, []T{2})
	hasValues(t, "ClipNorm", clipped[1], []T{1, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, -0.5}, []T{0.5})
	clipped = two()
	ClipNorm(clipped, 6)
	hasValues(t, "ClipNorm at the limit", clipped[0], []T{1, -2}, []T{4})
	clipped[0].B[0] = T(math.NaN())
	ClipNorm(clipped, 1)
	if !slices.Equal(clipped[0].W.Data, []T{1, -2}) {
		t.Errorf("ClipNorm of NaN: %v", clipped[0].W.Data)
	}

	theta = layerOf(3, []T{3, -4, 3, 0, 0, 0}, []T{9, 9, 9}) // norms 5, 3, 0
	MaxNorm(theta, 2.5)
	hasValues(t, "MaxNorm", layerOf(1, theta.W.Row(0), nil), []T{1.5, -2}, nil)
	hasValues(t, "MaxNorm", layerOf(1, theta.W.Row(1), nil), []T{2.5, 0}, nil)
	hasValues(t, "MaxNorm", layerOf(1, theta.W.Row(2), theta.B), []T{0, 0}, []T{9, 9, 9})

	mean := layerOf(1, []T{4, -2}, []T{0})
	Average(layerOf(1, []T{8, 2}, []T{1}), mean, 0.25)
	hasValues(t, "Average", mean, []T{5, -1}, []T{0.25})
	Average(layerOf(1, []T{8, 2}, []T{1}), mean, 1)
	hasValues(t, "Average with s = 1", mean, []T{8, 2}, []T{1})
}

// D of L1 is the derivative of λ1/m Σ|Θ|: where it has one, by central differences,
// which are exact but for the rounding of the sums, 2·n·2⁻⁵³ of them by 2h.
func TestL1IsADerivative(t *testing.T) {
	const lambda, m, h = 0.7, 5, 0x1p-10
	theta, grad := NewLayer[float64](4, 3), NewLayer[float64](4, 3)
	s := NewStream(1, 2, 3)
	for i := range theta.W.Data {
		theta.W.Data[i] = s.Normal(uint64(i))
	}
	L1(theta, grad, lambda, m)
	for i, w := range theta.W.Data {
		theta.W.Data[i] = w + h
		up := L1Penalty(theta)
		theta.W.Data[i] = w - h
		down := L1Penalty(theta)
		theta.W.Data[i] = w
		if want := lambda / m * (up - down) / (2 * h); math.Abs(w) > h && math.Abs(grad.W.Data[i]-want) > 2*12*up*0x1p-53/h {
			t.Errorf("weight %v: %v, want %v", w, grad.W.Data[i], want)
		}
	}
	if !slices.Equal(grad.B, []float64{0, 0, 0}) {
		t.Errorf("biases %v", grad.B)
	}
}
