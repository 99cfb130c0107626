package cpuref

import (
	"math"
	"testing"
)

func one(v ...float64) Matrix[float64] { return Matrix[float64]{1, len(v), v} }

// Where h is neither 0 nor 1 to rounding, the formulas from z are those of the
// definition. h and 1−h carry a relative error of a few 2⁻⁵³ each, over at most
// 1−h ≈ e^−8, so log(1−h) is good to e^8 · 4 · 2⁻⁵³ ≈ 1.3e-12; six are summed.
func TestCostIsItsDefinition(t *testing.T) {
	z := one(-8, -2.5, -0.1, 0, 1.5, 8)
	y := one(0, 0.2, 1, 0, 0.5, 1)
	h := NewMatrix[float64](1, 6)

	Activate(Sigmoid, z, h)
	want := 0.0
	for k, h := range h.Data {
		want -= y.Data[k]*math.Log(h) + (1-y.Data[k])*math.Log(1-h)
	}
	if got, _ := Cost(SigmoidCrossEntropy, z, y); math.Abs(got-want) > 1e-11 {
		t.Errorf("sigmoid cross-entropy %v, by definition %v", got, want)
	}

	Activate(Softmax, z, h)
	want = 0
	for k, h := range h.Data {
		want -= y.Data[k] * math.Log(h)
	}
	if got, _ := Cost(SoftmaxCrossEntropy, z, y); math.Abs(got-want) > 1e-11 {
		t.Errorf("softmax cross-entropy %v, by definition %v", got, want)
	}
}

// Far out the losses are linear in z, or vanish like e^−|z|, and never overflow:
//
//	sigmoid, y = 1, z = −1000: log(1 + e^1000) = 1000;  z = 100: log(1 + e^−100) = e^−100
//	softmax, z = (1000, −1000): 2000 for the second class, e^−2000 = 0 for the first
func TestCostFarOut(t *testing.T) {
	for _, c := range []struct {
		loss       Loss
		z, y       Matrix[float64]
		want       float64
		wantRights int
	}{
		{SigmoidCrossEntropy, one(1000), one(1), 0, 1},
		{SigmoidCrossEntropy, one(1000), one(0), 1000, 0},
		{SigmoidCrossEntropy, one(-1000), one(1), 1000, 0},
		{SigmoidCrossEntropy, one(-1000), one(0), 0, 1},
		{SigmoidCrossEntropy, one(100), one(1), math.Exp(-100), 1},
		{SigmoidCrossEntropy, one(-100), one(1), 100, 0},
		{SoftmaxCrossEntropy, one(1000, -1000), one(1, 0), 0, 1},
		{SoftmaxCrossEntropy, one(1000, -1000), one(0, 1), 2000, 0},
		{SoftmaxCrossEntropy, one(-1000, -1000), one(0, 1), math.Ln2, 0},
		{SoftmaxCrossEntropy, one(100, 0), one(1, 0), math.Exp(-100), 1},
		{SoftmaxCrossEntropy, one(100, -100), one(0, 1), 200, 0},
		{Hinge, one(100), one(1), 0, 1},
		{Hinge, one(-1e6), one(1), 1e6 + 1, 0},
		{MeanSquaredError, one(1e6), one(0), 1e12, 0},
		{MeanAbsoluteError, one(-1e6), one(0), 1e6, 0},
		{Huber, one(1e6), one(0), 1e6 - 0.5, 0},
	} {
		got, right := Cost(c.loss, c.z, c.y)
		if math.Abs(got-c.want) > 4*0x1p-53*c.want || right != c.wantRights {
			t.Errorf("%s of z %v, y %v: %v and %d right, want %v and %d",
				c.loss, c.z.Data, c.y.Data, got, right, c.want, c.wantRights)
		}
	}
}

func TestCostCountsRight(t *testing.T) {
	for _, c := range []struct {
		name string
		z, y Matrix[float64]
		want int
	}{
		{"first of equal z", one(2, 2, 1), one(1, 0, 0), 1},
		{"second of equal z", one(2, 2, 1), one(0, 1, 0), 0},
		{"first of equal y", one(1, 3, 0), one(0, 1, 1), 1},
		{"all below zero", one(-3, -1, -2), one(0, 1, 0), 1},
		{"one unit, yes", one(0.1), one(1), 1},
		{"one unit, z = 0 is no", one(0), one(1), 0},
		{"one unit, no", one(0), one(0), 1},
		{"one unit, y = ½ is no", one(-1), one(0.5), 1},
		{"rows", Matrix[float64]{3, 2, []float64{1, 0, 0, 1, 1, 0}}, Matrix[float64]{3, 2, []float64{1, 0, 1, 0, 1, 0}}, 2},
	} {
		for _, loss := range Losses() {
			want := c.want
			if loss.Regression() {
				want = 0 // no quantity is a class
			}
			if loss.MultiLabel() && c.z.Cols > 1 {
				continue // see TestCostCountsLabels
			}
			if _, got := Cost(loss, c.z, c.y); got != want {
				t.Errorf("%s, %s: %d right, want %d", c.name, loss, got, want)
			}
		}
	}
}

// Of several labels a row is right where every unit is: z > 0 just where y > ½.
func TestCostCountsLabels(t *testing.T) {
	z := Matrix[float64]{6, 3, []float64{
		2, -1, 3, // two of three, right
		2, -1, 3, // one is missing
		-2, -1, -3, // none, right
		1, 1, 1, // all, right
		0, 1, 1, // z = 0 is no, wrong
		0, 1, -1, // z = 0 is no, right
	}}
	y := Matrix[float64]{6, 3, []float64{1, 0, 1, 1, 1, 1, 0, 0, 0, 1, 1, 0.75, 1, 1, 1, 0.5, 1, 0}}
	got, right := Cost(MultiLabelCrossEntropy, z, y)
	if want, _ := Cost(SigmoidCrossEntropy, z, y); right != 4 || got != want {
		t.Errorf("%d right, want 4; loss %v, that of sigmoid units %v", right, got, want)
	}
}

// The losses that are written from h, worked by hand, and their δ. Fractions of
// powers of two and thirds of them: exact, or off by a rounding.
func TestLossesByHand(t *testing.T) {
	for _, c := range []struct {
		loss  Loss
		h, y  Matrix[float64]
		want  float64
		delta []float64
	}{
		// t = (1, −1, −1): 1−0.5, 1−2 → 0, 1+0.25
		{Hinge, one(0.5, -2, 0.25), one(1, 0, 0), 0.5 + 1.25, []float64{-1, 0, 1}},
		{Hinge, one(1, -1, 0), one(1, 0, 0.75), 1, []float64{0, 0, -0.5}}, // t h = 1 counts as outside
		{MeanSquaredError, one(1, 2, 5), one(0, 4, 5), (1 + 4) / 3., []float64{2 / 3., -4 / 3., 0}},
		{MeanAbsoluteError, one(1, 2, 5), one(0, 4, 5), (1 + 2) / 3., []float64{1 / 3., -1 / 3., 0}},
		// ½·¼, 1·(2−½), ½·1
		{Huber, one(0.5, 2, 1), one(0, 4, 0), (0.125 + 1.5 + 0.5) / 3, []float64{0.5 / 3, -1 / 3., 1 / 3.}},
		// ¼(½−⅛), ¼(2−⅛), ½·1/64
		{HuberLoss(0.25), one(0.5, 2, 0.125), one(0, 4, 0), (0.09375 + 0.46875 + 0.0078125) / 3, []float64{0.25 / 3, -0.25 / 3, 0.125 / 3}},
	} {
		got, _ := Cost(c.loss, c.h, c.y)
		near(t, string(c.loss), []float64{got}, c.want)
		delta := NewMatrix[float64](1, 3)
		OutputDelta(c.loss, c.h, c.y, delta)
		near(t, "δ of "+string(c.loss), delta.Data, c.delta...)
	}
}

// A weight of 2 is an example twice, a weight of 0 one left out.
func TestWeights(t *testing.T) {
	y := Matrix[float64]{3, 2, []float64{1, 0, 0, 1, 1, 0}}
	z := Matrix[float64]{3, 2, []float64{1, 0.5, 0.25, -2, 3, 1}}
	weight := Matrix[float64]{3, 1, []float64{2, 0, 1}}
	repeated := func(m Matrix[float64]) Matrix[float64] {
		return Matrix[float64]{3, 2, append(append(append([]float64{}, m.Row(0)...), m.Row(0)...), m.Row(2)...)}
	}
	for _, loss := range Losses() {
		got, right := WeightedCost(loss, z, y, weight)
		want, _ := Cost(loss, repeated(z), repeated(y))
		_, rights := Cost(loss, z, y)
		near(t, string(loss), []float64{got}, want)
		if right != rights {
			t.Errorf("%s: %d right with weights, %d without", loss, right, rights)
		}
		plain, weighed := NewMatrix[float64](3, 2), NewMatrix[float64](3, 2)
		OutputDelta(loss, z, y, plain)
		OutputDelta(loss, z, y, weighed)
		ScaleRows(weight, weighed)
		near(t, "δ of "+string(loss), weighed.Data, 2*plain.Data[0], 2*plain.Data[1], 0, 0, plain.Data[4], plain.Data[5])
	}
}
