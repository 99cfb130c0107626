package enginetest

import (
	"math"
	"slices"

	"github.com/clprop/clprop/cpuref"
	"github.com/clprop/clprop/device"
)

// cost adds three batches to a tally, then resets it and adds one.
func cost(s suite) {
	s.each(func(s suite, n size) {
		for turn, loss := range losses {
			if n.b != 31 && turn%4 != (n.b+n.out)%4 {
				continue // a kernel for each loss, with weights and without: compiling takes longest
			}
			tally, want, magnitude := s.tally(), device.Sums{}, 0.0
			add := func(batch uint32) {
				z, y := normal(batch, n.b, n.out, 3), classes(loss, 10+batch, n.b, n.out)
				op := device.Cost{Loss: loss, Z: s.matrix(z), Y: s.matrix(y), Tally: tally}
				weight, most := cpuref.NewMatrix[float32](n.b, 1), 1.0
				for i := range weight.Data {
					weight.Data[i] = 1
				}
				if batch == 1 {
					weight = weights(20, n.b)
					most = float64(slices.Max(weight.Data))
					op.Weight = s.matrix(weight)
				}
				s.do(op)
				sum, correct := cpuref.WeightedCost(loss, wide(z), wide(y), wide(weight))
				want.Loss += sum
				want.Correct += correct
				want.Count += n.b
				magnitude += most * lossMagnitude(loss, z, y)
				s.checkSums(string(loss), s.sums(tally), want, lossTolerance(n.out, want.Count, magnitude))
			}
			for batch := range uint32(3) {
				add(batch)
			}
			s.ok(s.e.ResetTally(tally))
			if got := s.sums(tally); got != (device.Sums{}) {
				s.Errorf("%s: after the reset: %+v", loss, got)
			}
			want, magnitude = device.Sums{}, 0
			add(3)
		}
	})
}

// tallyGoesOn writes sums that were read to another tally: both go on to the same
// bits, also where the sum has a compensation that Loss does not show.
func tallyGoesOn(s suite) {
	s.each(func(s suite, n size) {
		add := func(tally device.Tally, batch uint32) device.Sums {
			z, y := normal(batch, n.b, n.out, 3), classes(device.SoftmaxCrossEntropy, 10+batch, n.b, n.out)
			s.do(device.Cost{Loss: device.SoftmaxCrossEntropy, Z: s.matrix(z), Y: s.matrix(y), Tally: tally})
			return s.sums(tally)
		}
		first, second := s.tally(), s.tally()
		add(second, 9) // is replaced
		half := add(first, 0)
		half.Squares, half.Magnitudes = 12, 5
		s.ok(s.e.WriteTally(second, half))
		if got := s.sums(second); got != half {
			s.Errorf("written %+v, read %+v", half, got)
		}
		for batch := range uint32(3) {
			want, got := add(first, 1+batch), add(second, 1+batch)
			want.Squares, want.Magnitudes = 12, 5
			if got != want {
				s.Errorf("batch %d: sums %+v, want %+v", batch, got, want)
			}
		}
	})
}

// lossMagnitude is the sum of the sizes of all terms that the loss of a batch is
// made of, which roundings are relative to: |z| once for each element, or for the
// softmax the largest of the row, |z y|, and the logarithm. The terms of a regression
// loss are those of their sum, and their differences, each of at least half of what it
// is taken from; those of the hinge are 1 and |z t|.
func lossMagnitude(loss device.Loss, z, y matrix32) float64 {
	total := 0.0
	if loss.Regression() {
		total, _ = cpuref.Cost(loss, wide(z), wide(y))
		return total
	}
	if loss == device.Hinge {
		for i, v := range z.Data {
			total += 1 + math.Abs(float64(v)*(2*float64(y.Data[i])-1))
		}
		return total
	}
	for i := range z.Rows {
		c := float64(slices.Max(z.Row(i)))
		sum := 0.0
		for k, v := range z.Row(i) {
			v, y := float64(v), float64(y.Row(i)[k])
			total += math.Abs(v * y)
			if loss == device.SigmoidCrossEntropy || loss.MultiLabel() {
				total += math.Abs(v) + math.Log1p(math.Exp(-math.Abs(v)))
			}
			sum += math.Exp(v - c)
		}
		if loss == device.SoftmaxCrossEntropy {
			total += math.Abs(c) + math.Log(sum)
		}
	}
	return total
}

// lossTolerance bounds the error of the summed loss of n rows of K units:
//
//	sigmoid  10u of log(1+e^−|z|) (exp 6u, log1p 4u), or as log(1+e) 12u and u
//	         of the 1; u each for z y and the two sums: 14u of the terms, and of 1
//	softmax  Σ e^(z−c): off by u(z−c)e^(z−c) ≤ u and by 6u each, and K u for the
//	         sum, which its logarithm turns from relative to absolute: (6+2K)u;
//	         6u of the logarithm, and u each for z y and two sums
//	others   u for z−y, twice in its square, 3u more for its terms, 5u for /K: 10u; hinge 3u
//	all      K u for adding up a row, u for the weight, n u for adding up the rows in any
//	         order
func lossTolerance(k, n int, magnitude float64) float64 {
	return float64(14+3*k+n) * u * (magnitude + float64(n*k))
}

func (s suite) checkSums(what string, got, want device.Sums, tolerance float64) {
	s.Helper()
	if !(math.Abs(got.Loss-want.Loss) <= tolerance) {
		s.Errorf("%s: loss %v, want %v ± %.3g", what, got.Loss, want.Loss, tolerance)
	}
	if got.Correct != want.Correct || got.Count != want.Count {
		s.Errorf("%s: %d of %d correct, want %d of %d", what, got.Correct, got.Count, want.Correct, want.Count)
	}
}

// costCounts has rows where equal values decide: the first of equals wins, and
// with one unit z = 0 and y = ½ are a no.
func costCounts(s suite) {
	for _, c := range []struct {
		name string
		z, y matrix32
		want int
	}{
		{"equal", matrix32{Rows: 5, Cols: 3, Data: []float32{
			2, 2, 1, // the first, right
			2, 2, 1, // the first, wrong
			-1, -1, -1, // the first, right
			-3, -1, -2, // below 0, right
			1, 3, 3, // the second, y's first of equals, right
		}}, matrix32{Rows: 5, Cols: 3, Data: []float32{
			1, 0, 0,
			0, 1, 0,
			1, 0, 0,
			0, 1, 0,
			0, 1, 1,
		}}, 4},
		{"labels", matrix32{Rows: 4, Cols: 3, Data: []float32{
			2, -1, 3, // one unit is wrong
			2, -1, 3, // right
			-1, -2, -3, // none, right
			1, 0, 1, // 0 is no, right
		}}, matrix32{Rows: 4, Cols: 3, Data: []float32{
			1, 1, 1,
			0.25, 0, 1,
			0, 0, 0,
			1, 0.5, 0.75,
		}}, 3},
		{"one unit", matrix32{Rows: 6, Cols: 1, Data: []float32{0.1, -0.1, 0, 0, -1, 2}},
			matrix32{Rows: 6, Cols: 1, Data: []float32{1, 0, 1, 0, 0.5, 0}}, 4},
	} {
		for _, loss := range losses {
			tally, want := s.tally(), c.want
			if loss.Regression() {
				want = 0 // no quantity is a class
			}
			if loss.MultiLabel() { // every unit for itself: in the first two rows too many are above 0
				_, want = cpuref.Cost(loss, wide(c.z), wide(c.y))
			}
			s.do(device.Cost{Loss: loss, Z: s.matrix(c.z), Y: s.matrix(c.y), Tally: tally})
			if got := s.sums(tally); got.Correct != want || got.Count != c.z.Rows {
				s.Errorf("%s, %s: %d of %d correct, want %d of %d", c.name, loss, got.Correct, got.Count, want, c.z.Rows)
			}
		}
	}
}

// costFarOut has z at which e^z leaves float32; the loss is finite and linear.
func costFarOut(s suite) {
	for _, loss := range losses {
		for _, far := range []float32{100, -100, 1000, -1000, 1e6} {
			z := matrix32{Rows: 2, Cols: 2, Data: []float32{far, 0, far, -far}}
			y := matrix32{Rows: 2, Cols: 2, Data: []float32{0, 1, 0, 1}}
			tally := s.tally()
			s.do(device.Cost{Loss: loss, Z: s.matrix(z), Y: s.matrix(y), Tally: tally})
			sum, correct := cpuref.Cost(loss, wide(z), wide(y))
			s.checkSums(string(loss), s.sums(tally), device.Sums{Loss: sum, Correct: correct, Count: 2},
				lossTolerance(2, 2, lossMagnitude(loss, z, y)))
		}
	}
}

// penalty sets Squares and Magnitudes, leaves the other sums, and counts every weight and no
// bias: the weights are small whole numbers, so the sum is exact in any order.
func penalty(s suite) {
	s.each(func(s suite, n size) {
		layer := func(name uint32, in, out int) layer32 {
			b := make([]float32, out)
			poison(b)
			return layer32{W: integers(name, out, in), B: b}
		}
		tally := s.tally()
		z, y := normal(0, n.b, n.out, 1), classes(device.SigmoidCrossEntropy, 1, n.b, n.out)
		s.do(device.Cost{Loss: device.SigmoidCrossEntropy, Z: s.matrix(z), Y: s.matrix(y), Tally: tally})
		want := s.sums(tally)
		for name := range uint32(2) { // the second replaces the first
			theta := []layer32{layer(3*name, n.in, n.out), layer(3*name+1, n.out, 3), layer(3*name+2, 3, 1)}
			want.Squares, want.Magnitudes = 0, 0
			for _, l := range theta {
				want.Squares += cpuref.Penalty(l)
				want.Magnitudes += cpuref.L1Penalty(l)
			}
			s.do(device.Penalty{Theta: s.parameters(theta...), Tally: tally})
			if got := s.sums(tally); got != want {
				s.Errorf("sums %+v, want %+v", got, want)
			}
		}
		s.ok(s.e.ResetTally(tally))
		if got := s.sums(tally); got != (device.Sums{}) {
			s.Errorf("after the reset: %+v", got)
		}
	})
}
