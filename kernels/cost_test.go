package kernels

import (
	"math"
	"slices"
	"testing"

	"github.com/clprop/clprop/cpuref"
)

// classes returns one-hot rows for the softmax, quantities for regression, and zeros
// and ones for the others.
func classes(loss cpuref.Loss, name uint32, rows, k int) matrix32 {
	s := cpuref.NewStream(31, name, uint32(rows*1000+k))
	if loss.Regression() {
		return normal(name, rows, k, 2)
	}
	y := cpuref.NewMatrix[float32](rows, k)
	for i := range rows {
		if loss == cpuref.SoftmaxCrossEntropy {
			y.Row(i)[int(s.Float64(uint64(i))*float64(k))] = 1
			continue
		}
		for j := range k {
			y.Row(i)[j] = float32(math.Round(s.Float64(uint64(i*k + j))))
		}
	}
	return y
}

// rowTolerance bounds the error of the loss of one row of K units, by the ulps of
// The OpenCL C Specification 1.2, §7.4:
//
//	sigmoid  10u of log1p(e^−|z|) (exp 3 ulp, log1p 2); u each for z y and two sums
//	softmax  Σ e^(z−c): off by u(z−c)e^(z−c) ≤ u and by 6u each, and K u for the
//	         sum, which its logarithm turns from relative to absolute: (7+K)u;
//	         6u of the logarithm, u each for c−z, the sum with it, and y times it
//	hinge    u for t z and the difference each
//	MSE      u for z−y, twice in its square, u for that and u for the division by K: 7u
//	MAE      3u;  Huber, ½r² or δ(r−½δ), whose difference is at least ½r: 8u
//	all      K u for adding up the row, u for the weight
//
// each of the terms, whose sizes are summed here.
func rowTolerance(loss cpuref.Loss, z, y []float32) float64 {
	k, c, size := float64(len(z)), float64(slices.Max(z)), 0.0
	if loss.Kind() == cpuref.Hinge {
		for j := range z {
			size += 1 + math.Abs(float64(z[j])*(2*float64(y[j])-1))
		}
		return (3 + k) * u * size
	}
	if loss.Regression() {
		m := cpuref.Matrix[float32]{Rows: 1, Cols: len(z), Data: z}
		size, _ = cpuref.Cost(loss, wide(m), wide(matrix32{Rows: 1, Cols: len(y), Data: y}))
		return (12 + k) * u * size
	}
	if loss == cpuref.SigmoidCrossEntropy || loss.MultiLabel() {
		for j := range z {
			v := math.Abs(float64(z[j]))
			size += v + v*math.Abs(float64(y[j])) + math.Log1p(math.Exp(-v))
		}
		return (13 + k) * u * size
	}
	for j := range z {
		size += math.Abs(float64(y[j])) * (c - float64(z[j]) + math.Log(k) + 1)
	}
	return (16 + 2*k) * u * size
}

// TestRowCost looks at each row; TestTally at their sums.
func TestRowCost(t *testing.T) {
	eachWidth(t, func(f fixture) {
		for at, n := range f.sizes {
			losses := append(cpuref.Losses(), cpuref.HuberLoss(0.25))
			loss := losses[at%len(losses)]
			z, y := normal(0, n.b, n.out, 3), classes(loss, 1, n.b, n.out)
			z.Data[0] = 150 // e^z leaves float32
			inZ, inY := f.matrix(z), f.matrix(y)
			rows, right := f.scratch(n.b), f.scratch(n.b)
			weight, ones := weightsOf(2, n.b), at%3 > 0
			var column *Matrix
			if !ones {
				inWeight := f.matrix(weight)
				column = &inWeight
			}
			f.run(f.set.RowCost(f.loss(loss, column), inZ, inY, rows, right))
			got, hits := f.floats(rows, n.b), ints(f.floats(right, n.b))
			want, scale := make([]float64, n.b), make([]float64, n.b)
			for i := range n.b {
				var correct int
				want[i], correct = cpuref.Cost(loss, row(z, i), row(y, i))
				scale[i] = rowTolerance(loss, z.Row(i), y.Row(i))
				if !ones {
					want[i] *= float64(weight.Data[i])
					scale[i] *= float64(weight.Data[i])
				}
				if int(hits[i]) != correct {
					f.Errorf("%v, %s: row %d: right %d, want %d", n, loss, i, hits[i], correct)
				}
			}
			f.compare(n, string(loss), got, want, func(i int) float64 { return scale[i] })
			f.unchanged(inZ.Buf, inY.Buf)
		}
	})
}

// row is row i as a matrix in float64.
func row(m matrix32, i int) matrix64 {
	return wide(matrix32{Rows: 1, Cols: m.Cols, Data: m.Row(i)})
}

// TestTally adds batches to a tally. With compensation the sum is off by 2u, and by
// a term of n u² (Kahan 1965), where plain float32 would have lost every loss of
// 0.1 beside 1e7; words 4 to 7 are left.
func TestTally(t *testing.T) {
	eachWidth(t, func(f fixture) {
		tally := f.buffer([]float32{0, 0, 0, 0, 5, 6, 7, 8})
		want, rows, right := 0.0, 0, 0
		for batch, n := range f.sizes {
			losses, hits := make([]float32, n.b), make([]int32, n.b)
			for i := range losses {
				losses[i], hits[i] = 0.1, int32((i+batch)%2)
				right += int(hits[i])
			}
			losses[0] += 1e7
			for _, v := range losses {
				want += float64(v)
			}
			rows += n.b
			inLosses, inHits := f.buffer(losses), f.index(hits)
			f.run(f.set.Tally(n.b, inLosses, inHits, tally))
			words := f.floats(tally, TallyWords)
			counts := ints(words)
			within(f, "loss", words[:1], []float64{want}, func(int) float64 { return 2.1 * u * want })
			if int(counts[2]) != right || int(counts[3]) != rows || !slices.Equal(words[4:], []float32{5, 6, 7, 8}) {
				f.Fatalf("%v: %d of %d right, then %v; want %d of %d, then 5 6 7 8", n, counts[2], counts[3], words[4:], right, rows)
			}
			f.unchanged(inLosses, inHits)
		}
	})
}

// A sum that leaves float32, or has an infinite loss, is infinite from then on and not NaN, whose losses
// are none; what is counted is counted all the same.
func TestTallyInfinite(t *testing.T) {
	eachWidth(t, func(f fixture) {
		inf := float32(math.Inf(1))
		for _, losses := range [][]float32{{inf}, {1, inf, 2, inf, 3}, {math.MaxFloat32, math.MaxFloat32, 1}} {
			tally := f.buffer([]float32{0.5, 0, 0, 0, 5, 6, 7, 8})
			right := make([]int32, len(losses))
			right[0] = 1
			inLosses, inRight := f.buffer(losses), f.index(right)
			for _, turn := range []int32{1, 2} {
				f.run(f.set.Tally(len(losses), inLosses, inRight, tally))
				words := f.floats(tally, TallyWords)
				counts := ints(words)
				if words[0] != inf || counts[2] != turn || counts[3] != turn*int32(len(losses)) {
					f.Fatalf("%v, turn %d: loss %v, %d of %d right", losses, turn, words[0], counts[2], counts[3])
				}
			}
		}
	})
}
