package cpuref

import (
	"math"
	"testing"
)

func ones(rows, cols int) Matrix[float64] {
	m := NewMatrix[float64](rows, cols)
	for i := range m.Data {
		m.Data[i] = 1
	}
	return m
}

// The mask is what the formula says, element by element; a part of the rows has the mask of
// the whole; in place is as elsewhere.
func TestDropoutMask(t *testing.T) {
	const seed, layer, step, p = 0x123456789a, 3, 7, 0.375
	a, out := ones(5, 150), NewMatrix[float64](5, 150)
	a.Data[0] = 2.5
	Dropout(NewStream(seed, layer, step), p, 0, a, out)
	kept := 0
	for i := range a.Rows {
		for j, v := range out.Row(i) {
			counter := [4]uint32{uint32(j/64*16 + j%16), uint32(i), layer, step}
			want := 0.0
			if Philox(counter, [2]uint32{0x3456789a, 0x12})[j%64/16] >= 0x60000000 { // 0.375 · 2³²
				want = a.Row(i)[j] * 1.6 // 1/(1 − 0.375)
				kept++
			}
			if v != want {
				t.Errorf("(%d, %d) is %v, want %v", i, j, v, want)
			}
		}
	}
	if kept == 0 || kept == len(a.Data) {
		t.Errorf("%d of %d are kept", kept, len(a.Data))
	}
	part := Matrix[float64]{Rows: 2, Cols: 150, Data: a.Data[2*150 : 4*150]}
	Dropout(NewStream(seed, layer, step), p, 2, part, part)
	for i, v := range part.Data {
		if v != out.Data[2*150+i] {
			t.Fatalf("rows 2 and 3 alone, in place: element %d is %v, want %v", i, v, out.Data[2*150+i])
		}
	}
}

// The share that is kept is 1−p, and does not depend on the row, the column, the step or
// the layer: sums of n independent elements are within 5 deviations, √(n p (1−p)), which
// one of the 600 here exceeds with a probability of 4e-4.
func TestDropoutShare(t *testing.T) {
	const rows, cols = 100, 100
	for _, p := range []float64{0.1, 0.5, 0.9} {
		var byRow, byColumn [100]float64
		for step := range uint32(20) {
			out := NewMatrix[float64](rows, cols)
			Dropout(NewStream(1, 2, step), p, 0, ones(rows, cols), out)
			for i := range rows {
				for j, v := range out.Row(i) {
					byRow[i] += v * (1 - p)
					byColumn[j] += v * (1 - p)
				}
			}
		}
		n := 20.0 * cols
		for i := range byRow {
			for _, kept := range []float64{byRow[i], byColumn[i]} {
				if !(math.Abs(kept-n*(1-p)) <= 5*math.Sqrt(n*p*(1-p))) {
					t.Errorf("p %v: of row or column %d %v of %v are kept", p, i, kept, n)
				}
			}
		}
	}
	out := ones(3, 70)
	Dropout(NewStream(1, 2, 3), 0, 0, out, out)
	for _, v := range out.Data {
		if v != 1 {
			t.Fatalf("with p = 0 a 1 became %v", v)
		}
	}
}

// What is dropped is 0 whatever it was, what is kept stays what it is.
func TestDropoutNaN(t *testing.T) {
	a, mask := NewMatrix[float32](4, 40), NewMatrix[float32](4, 40)
	for i := range a.Data {
		a.Data[i], mask.Data[i] = float32(math.NaN()), 1
	}
	Dropout(NewStream(1, 1, 1), 0.5, 0, a, a)
	Dropout(NewStream(1, 1, 1), 0.5, 0, mask, mask)
	for i, v := range a.Data {
		if (v != v) != (mask.Data[i] != 0) {
			t.Errorf("element %d: NaN became %v, 1 %v", i, v, mask.Data[i])
		}
	}
}

// D is ∂J/∂Θ with dropout between the layers and before the first, for every hidden
// activation: δ(l) goes through the mask that a(l) went through, and g′ is of the a before
// it. Central differences in float64, as in TestGradientIsDerivative, whose tolerance
// grows by the factor 1/(1−p)² ≤ 4 that the masks scale by.
func TestDropoutGradientIsDerivative(t *testing.T) {
	const eps, p = 1e-6, 0.5
	mask := func(l uint32, m Matrix[float64]) { Dropout(NewStream(9, l, 4), p, 0, m, m) }
	for c, hidden := range HiddenActivations() {
		n := randomNet(uint64(c), hidden, SoftmaxCrossEntropy, []int{5, 6, 4, 3})
		x, y := randomMatrix(NewStream(1, 3, 0), 6, 5, 1), labels(NewStream(1, 4, 0), SoftmaxCrossEntropy, 6, 3)
		mask(0, x)
		// forward returns a(l) before the masks, what the next layer reads, and z.
		forward := func() (plain, read, z []Matrix[float64]) {
			read = []Matrix[float64]{x}
			for l, theta := range n.theta {
				zl := NewMatrix[float64](6, theta.W.Rows)
				Forward(Linear, read[l], theta, zl)
				a, dropped := NewMatrix[float64](6, theta.W.Rows), NewMatrix[float64](6, theta.W.Rows)
				if l < len(n.theta)-1 {
					Activate(hidden, zl, a)
					copy(dropped.Data, a.Data)
					mask(uint32(l+1), dropped)
				}
				plain, read, z = append(plain, a), append(read, dropped), append(z, zl)
			}
			return plain, read, z
		}
		cost := func() float64 {
			_, _, z := forward()
			loss, _ := Cost(n.loss, z[len(z)-1], y)
			return loss / 6
		}
		plain, read, z := forward()
		delta := NewMatrix[float64](6, 3)
		Activate(Softmax, z[2], delta)
		OutputDelta(n.loss, delta, y, delta)
		for l := 2; l >= 0; l-- {
			sum := NewLayer[float64](n.theta[l].W.Cols, n.theta[l].W.Rows)
			Accumulate(delta, read[l], sum)
			Gradient(sum, n.theta[l], 0, 6, sum)
			for part, theta := range [][]float64{n.theta[l].W.Data, n.theta[l].B} {
				d := [][]float64{sum.W.Data, sum.B}[part]
				for i, was := range theta {
					theta[i] = was + eps
					above := cost()
					theta[i] = was - eps
					below := cost()
					theta[i] = was
					if want := (above - below) / (2 * eps); !(math.Abs(d[i]-want) <= 4*(100*0x1p-53*2/eps+1e-9)) {
						t.Fatalf("%s: layer %d, part %d, element %d: D = %v, difference quotient %v", hidden, l, part, i, d[i], want)
					}
				}
			}
			if l == 0 {
				break
			}
			saved := plain[l-1]
			if hidden.NeedsZ() {
				saved = z[l-1]
			}
			back := NewMatrix[float64](6, n.theta[l].W.Cols)
			HiddenDelta(hidden, delta, n.theta[l], saved, back)
			mask(uint32(l), back)
			delta = back
		}
	}
}
