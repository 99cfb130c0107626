package cpuref

import (
	"math"
	"testing"
)

// workedExample is a net of four layers, 2-2-2-2, all sigmoid, with weights made
// so that every activation is a simple fraction: sigmoid(0) = 1/2,
// sigmoid(ln 3) = 3/4, sigmoid(−ln 3) = 1/4. The example is x = (1, 2), y = (1, 0).
//
//	z(2)_1 =   1  + 1·1 − 1·2        = 0       a(2)_1 = 1/2
//	z(2)_2 = ln 3 + 2·1 − 1·2        = ln 3    a(2)_2 = 3/4
//	z(3)_1 = −ln 3 + 3·1/2 − 2·3/4   = −ln 3   a(3)_1 = 1/4
//	z(3)_2 = −1/2  − 2·1/2 + 2·3/4   = 0       a(3)_2 = 1/2
//	z(4)_1 = ln 3  + 4·1/4 − 2·1/2   = ln 3    a(4)_1 = 3/4
//	z(4)_2 =  0    − 2·1/4 + 1·1/2   = 0       a(4)_2 = 1/2
func workedExample() (n net, x, y Matrix[float64]) {
	ln3 := math.Log(3)
	row := func(v ...float64) Matrix[float64] { return Matrix[float64]{1, 2, v} }
	square := func(v ...float64) Matrix[float64] { return Matrix[float64]{2, 2, v} }
	return net{hidden: Sigmoid, loss: SigmoidCrossEntropy, theta: []Layer[float64]{
		{W: square(1, -1, 2, -1), B: []float64{1, ln3}},
		{W: square(3, -2, -2, 2), B: []float64{-ln3, -0.5}},
		{W: square(4, -2, -2, 1), B: []float64{ln3, 0}},
	}}, row(1, 2), row(1, 0)
}

// near compares with numbers worked by hand. A handful of float64 roundings of
// values up to 10 separate the two: 10 · 10 · 2⁻⁵³ ≈ 1e-14.
func near(t *testing.T, what string, got []float64, want ...float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s has %d elements, want %d", what, len(got), len(want))
	}
	for i := range want {
		if !(math.Abs(got[i]-want[i]) <= 1e-14) {
			t.Errorf("%s = %v, want %v", what, got, want)
			return
		}
	}
}

func TestWorkedForward(t *testing.T) {
	n, x, y := workedExample()
	a, z := n.forward(x)
	near(t, "a(2)", a[1].Data, 1./2, 3./4)
	near(t, "a(3)", a[2].Data, 1./4, 1./2)
	near(t, "z(4)", z.Data, math.Log(3), 0)

	// −log 3/4 − log(1 − 1/2) = log 8/3. The largest z is where y is.
	loss, correct := Cost(n.loss, z, y)
	near(t, "loss", []float64{loss}, math.Log(8./3))
	if correct != 1 {
		t.Errorf("%d correct, want 1", correct)
	}
	h := NewMatrix[float64](1, 2)
	Activate(Sigmoid, z, h)
	near(t, "a(4)", h.Data, 3./4, 1./2)
}

func TestWorkedDeltas(t *testing.T) {
	n, x, y := workedExample()
	deltas, _ := n.deltas(x, y)
	// δ(4) = a(4) − y = (3/4 − 1, 1/2 − 0)
	near(t, "δ(4)", deltas[2].Data, -1./4, 1./2)
	// W(3)ᵀδ(4) = (4·−1/4 − 2·1/2, −2·−1/4 + 1·1/2) = (−2, 1)
	// a(3)(1−a(3)) = (3/16, 1/4)
	near(t, "δ(3)", deltas[1].Data, -3./8, 1./4)
	// W(2)ᵀδ(3) = (3·−3/8 − 2·1/4, −2·−3/8 + 2·1/4) = (−13/8, 5/4)
	// a(2)(1−a(2)) = (1/4, 3/16)
	near(t, "δ(2)", deltas[0].Data, -13./32, 15./64)
}

// The example is summed twice, so m = 2 and Δ is twice one example's δ(l+1) a(l)ᵀ.
// With λ = 2, D_W = (2 δaᵀ + 2 W)/2 = δaᵀ + W, and D_θ0 = δ.
func TestWorkedGradientAndDescent(t *testing.T) {
	n, x, y := workedExample()
	deltas, a := n.deltas(x, y)
	sums := make([]Layer[float64], 3)
	for l := range sums {
		sums[l] = NewLayer[float64](2, 2)
		Accumulate(deltas[l], a[l], sums[l])
		Accumulate(deltas[l], a[l], sums[l])
	}
	near(t, "Δ(1) weights", sums[0].W.Data, -13./16, -13./8, 15./32, 15./16)
	near(t, "Δ(1) biases", sums[0].B, -13./16, 15./32)
	near(t, "Δ(2) weights", sums[1].W.Data, -3./8, -9./16, 1./4, 3./8)
	near(t, "Δ(2) biases", sums[1].B, -3./4, 1./2)
	near(t, "Δ(3) weights", sums[2].W.Data, -1./8, -1./4, 1./4, 1./2)
	near(t, "Δ(3) biases", sums[2].B, -1./2, 1)

	// 1+1+4+1, 9+4+4+4, 16+4+4+1
	near(t, "Σ W²", []float64{Penalty(n.theta[0]), Penalty(n.theta[1]), Penalty(n.theta[2])}, 7, 21, 25)

	grad := NewLayer[float64](2, 2)
	Gradient(sums[2], n.theta[2], 2, 2, grad)
	near(t, "D(3) weights", grad.W.Data, 4-1./16, -2-1./8, -2+1./8, 1+1./4)
	near(t, "D(3) biases", grad.B, -1./4, 1./2)

	// α = 1/2: W − D/2
	SGD(n.theta[2], grad, 0.5)
	near(t, "W(3) after descent", n.theta[2].W.Data, 2+1./32, -1+1./16, -1-1./16, 3./8)
	near(t, "θ0(3) after descent", n.theta[2].B, math.Log(3)+1./8, -1./4)

	Zero(sums[0])
	near(t, "Δ(1) after Zero", append(sums[0].W.Data, sums[0].B...), 0, 0, 0, 0, 0, 0)
}

// The hidden pass with another activation differs in g′ alone: from a(2) = (1/2, 3/4),
// tanh has 1−a² = (3/4, 7/16), ReLU 1, or 0 where a is 0; the others as
// scaleByDerivative has them, softplus 1−e^−a = (1/2, 3/4). Those that need z have it
// in place of a: SiLU at ln 3 has 3/4 (1 + ln 3/4), GELU at 0 has Φ(0) = 1/2 and at 1
// Φ(1) + φ(1). W(2)ᵀδ(3) is as above.
func TestWorkedHiddenPass(t *testing.T) {
	n, _, _ := workedExample()
	next := Matrix[float64]{1, 2, []float64{-3. / 8, 1. / 4}}
	for _, c := range []struct {
		act  Activation
		a    []float64
		want []float64
	}{
		{Linear, []float64{1. / 2, 3. / 4}, []float64{-13. / 8, 5. / 4}},
		{Sigmoid, []float64{1. / 2, 3. / 4}, []float64{-13. / 32, 15. / 64}},
		{Tanh, []float64{1. / 2, 3. / 4}, []float64{-39. / 32, 35. / 64}},
		{ReLU, []float64{0, 3. / 4}, []float64{0, 5. / 4}},
		{LeakyReLU, []float64{-1. / 2, 3. / 4}, []float64{-13. / 800, 5. / 4}},
		{ELU, []float64{-1. / 2, 3. / 4}, []float64{-13. / 16, 5. / 4}},
		{SELU, []float64{-1. / 2, 3. / 4}, []float64{-13. / 8 * (seluDepth - 1./2), 5. / 4 * seluScale}},
		{Softplus, []float64{math.Log(2), math.Log(4)}, []float64{-13. / 16, 15. / 16}},
		{HardSigmoid, []float64{0, 3. / 4}, []float64{0, 5. / 24}},
		{HardSigmoid, []float64{1. / 2, 1}, []float64{-13. / 48, 0}},
		{GELU, []float64{0, 1}, []float64{-13. / 16, 5. / 4 * (0.8413447460685429 + 0.24197072451914337)}},
		{SiLU, []float64{0, math.Log(3)}, []float64{-13. / 16, 15. / 16 * (1 + math.Log(3)/4)}},
		{SiLU, []float64{-1000, 1000}, []float64{0, 5. / 4}},
		{HardSwish, []float64{0, 3. / 2}, []float64{-13. / 16, 5. / 4}},
		{HardSwish, []float64{-3, 4}, []float64{0, 5. / 4}},
	} {
		delta := one(9, 9) // overwritten, not added to
		HiddenDelta(c.act, next, n.theta[1], Matrix[float64]{1, 2, c.a}, delta)
		near(t, string(c.act), delta.Data, c.want...)
	}
}
