package cpuref

import (
	"math"
	"testing"
)

// Values at points where they are known: sigmoid(±ln 3) = 3/4, 1/4, tanh(ln 2) =
// (4−1)/(4+1), softmax(0, ln 2, ln 5) = (1, 2, 5)/8, and far out, where only the
// limit is left.
func TestActivateKnownValues(t *testing.T) {
	ln := math.Log
	for _, c := range []struct {
		act     Activation
		z, want []float64
	}{
		{Linear, []float64{-2, 0, 3}, []float64{-2, 0, 3}},
		{Sigmoid, []float64{0, ln(3), -ln(3), 1000, -1000}, []float64{0.5, 0.75, 0.25, 1, 0}},
		{Tanh, []float64{0, ln(2), -ln(2), 1000, -1000}, []float64{0, 0.6, -0.6, 1, -1}},
		{ReLU, []float64{-2, 0, 3}, []float64{0, 0, 3}},
		{LeakyReLU, []float64{-200, 0, 3}, []float64{-2, 0, 3}},
		{ELU, []float64{-ln(2), -1000, 0, 3}, []float64{-0.5, -1, 0, 3}},
		{Softplus, []float64{0, ln(3), -ln(3), 1000, -1000}, []float64{ln(2), ln(4), ln(4. / 3), 1000, 0}},
		{GELU, []float64{0, 1, -1, 1000, -1000}, []float64{0, 0.8413447460685429, -0.15865525393145705, 1000, 0}}, // Φ(1)
		{SiLU, []float64{0, ln(3), -ln(3), 1000, -1000}, []float64{0, ln(3) * 3 / 4, -ln(3) / 4, 1000, 0}},
		{HardSigmoid, []float64{-4, -3, 0, 1.5, 3, 4}, []float64{0, 0, 0.5, 0.75, 1, 1}},
		{HardSwish, []float64{-4, -3, -1.5, 0, 1.5, 3, 4}, []float64{0, 0, -0.375, 0, 1.125, 3, 4}},
		{Softmax, []float64{0, ln(2), ln(5)}, []float64{1. / 8, 2. / 8, 5. / 8}},
		{Softmax, []float64{1000, 1000 + ln(2), 1000 + ln(5)}, []float64{1. / 8, 2. / 8, 5. / 8}},
		{Softmax, []float64{-1000, 1000}, []float64{0, 1}},
		{Softmax, []float64{-7}, []float64{1}},
		{Softmax, nil, nil},
	} {
		a := NewMatrix[float64](1, len(c.z))
		Activate(c.act, one(c.z...), a)
		for k := range c.want {
			// z near 1000 is itself rounded by 2⁻⁴⁴ ≈ 6e-14, and g by a few 2⁻⁵³.
			if !(math.Abs(a.Data[k]-c.want[k]) <= 1e-13) {
				t.Errorf("%s(%v) = %v, want %v", c.act, c.z, a.Data, c.want)
				break
			}
		}
	}
}

// The SELU's λ and α are what keeps mean 0 and variance 1: ∫ g φ = 0 and ∫ g² φ = 1
// with φ the standard normal density (Klambauer et al. 2017, eq. 4 and 5 with ω = 0,
// τ = 1). The midpoint rule over ±12, φ's tails beyond being below 1e-32, is off by
// h²/24 · (g′ jump at 0, where a cell ends) ≈ 1e-8 · 0.7.
func TestSELUFixedPoint(t *testing.T) {
	const n, h = 48_000, 24.0 / 48_000
	z := NewMatrix[float64](1, n)
	for i := range z.Data {
		z.Data[i] = -12 + (float64(i)+0.5)*h
	}
	a := NewMatrix[float64](1, n)
	Activate(SELU, z, a)
	var mean, square float64
	for i, a := range a.Data {
		weight := h * math.Exp(-z.Data[i]*z.Data[i]/2) / math.Sqrt(2*math.Pi)
		mean += weight * a
		square += weight * a * a
	}
	if !(math.Abs(mean) <= 1e-7 && math.Abs(square-1) <= 1e-7) {
		t.Errorf("mean %v and mean square %v, want 0 and 1", mean, square)
	}
}

func TestNaNPropagates(t *testing.T) {
	nan := math.NaN()
	for _, act := range Activations() {
		a := NewMatrix[float64](1, 3)
		Activate(act, one(1, nan, 2), a)
		if !math.IsNaN(a.Data[1]) {
			t.Errorf("%s(NaN) = %v", act, a.Data[1])
		}
		if whole := math.IsNaN(a.Data[0]); whole != (act == Softmax) {
			t.Errorf("%s of a row with a NaN = %v", act, a.Data)
		}
	}
	for _, loss := range Losses() {
		if got, _ := Cost(loss, one(1, nan, 2), one(0, 0, 1)); !math.IsNaN(got) {
			t.Errorf("%s of a row with a NaN = %v", loss, got)
		}
		delta := NewMatrix[float64](1, 3)
		if OutputDelta(loss, one(1, nan, 2), one(0, 0, 1), delta); !math.IsNaN(delta.Data[1]) {
			t.Errorf("δ of %s of a NaN = %v", loss, delta.Data)
		}
	}
	theta := Layer[float64]{W: Matrix[float64]{2, 2, []float64{1, 1, nan, 1}}, B: []float64{0, 0}}
	out := NewMatrix[float64](1, 2)
	Forward(Linear, one(0, 1), theta, out)
	if out.Data[0] != 1 || !math.IsNaN(out.Data[1]) {
		t.Errorf("Forward with a NaN weight = %v, want [1 NaN]", out.Data)
	}
	if got := Penalty(theta); !math.IsNaN(got) {
		t.Errorf("Penalty with a NaN weight = %v", got)
	}
}

func TestNames(t *testing.T) {
	for _, a := range Activations() {
		if err := a.Check(); err != nil || a.Elementwise() != (a != Softmax) {
			t.Errorf("%s: %v, elementwise %v", a, err, a.Elementwise())
		}
	}
	for _, l := range Losses() {
		if err := l.Check(); err != nil {
			t.Errorf("%s: %v", l, err)
		}
	}
	for _, l := range []Loss{"absent", "", "mse:1", "huber:", "huber:0", "huber:-1", "huber:NaN", "huber:1e39", "huber:1:2"} {
		if l.Check() == nil {
			t.Errorf("loss %q passes", l)
		}
	}
	if Activation("swish").Check() == nil {
		t.Error("an unknown activation passes")
	}
	if l := HuberLoss(0.25); l != "huber:0.25" || l.Check() != nil || l.HuberDelta() != 0.25 || Huber.HuberDelta() != 1 || !l.Regression() {
		t.Errorf("Huber loss %q: δ %v, %v", l, l.HuberDelta(), l.Check())
	}
	if SigmoidCrossEntropy.Output() != Sigmoid || SoftmaxCrossEntropy.Output() != Softmax {
		t.Error("a loss has the wrong output activation")
	}
}
