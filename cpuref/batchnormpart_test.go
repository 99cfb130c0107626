package cpuref

import (
	"fmt"
	"math"
	"slices"
	"testing"
)

// Batch normalisation in parts is that of the whole batch: y, what is saved, the running
// numbers, Δγ, Δβ and the δ that goes back, in float64 to the rounding of sums of 23 terms of
// sizes below 100: 1e-13 of the largest. A large mean in all rows loses nothing.
func TestBatchNormInParts(t *testing.T) {
	const rows, units, far = 23, 5, 1000
	z, delta := randomMatrix(NewStream(1, 0, 0), rows, units, 2), randomMatrix(NewStream(2, 0, 0), rows, units, 1)
	for i := range z.Data {
		z.Data[i] += far * float64(i%units)
	}
	for _, cuts := range [][]int{{0, 23}, {0, 12, 23}, {0, 1, 1, 8, 22, 23}, {0, 0, 23}} {
		norm := func() Norm[float64] {
			n := Norm[float64]{Gamma: randomMatrix(NewStream(3, 0, 0), 1, units, 1).Data, Beta: randomMatrix(NewStream(4, 0, 0), 1, units, 1).Data}
			n.Mean, n.Variance = slices.Repeat([]float64{0.5}, units), slices.Repeat([]float64{2.0}, units)
			return n
		}
		empty := func() Norm[float64] {
			return Norm[float64]{Gamma: make([]float64, units), Beta: make([]float64, units)}
		}
		whole, saved, y, back, sums := norm(), NewMatrix[float64](2, units), NewMatrix[float64](rows, units), NewMatrix[float64](rows, units), empty()
		BatchNorm(z, whole, saved, y)
		BatchNormDelta(delta, z, saved, whole, sums, back)

		part := func(m Matrix[float64], k int) Matrix[float64] {
			return Matrix[float64]{cuts[k+1] - cuts[k], units, m.Data[cuts[k]*units : cuts[k+1]*units]}
		}
		var all []Moments
		for k := range len(cuts) - 1 {
			own := NewMatrix[float64](2, units)
			if cuts[k+1] > cuts[k] {
				BatchNormMoments(part(z, k), own)
			}
			all = append(all, Moments{cuts[k+1] - cuts[k], own.Row(0), own.Row(1)})
		}
		joined, given := JoinMoments(all), NewMatrix[float64](2, units)
		for j := range units {
			given.Row(0)[j], given.Row(1)[j] = joined.Mean[j], 1/math.Sqrt(joined.Variance[j]+NormEps)
		}
		inParts, gotY, gotBack, gotSums := norm(), NewMatrix[float64](rows, units), NewMatrix[float64](rows, units), empty()
		for k := range len(cuts) - 1 {
			BatchNormGiven(part(z, k), given, inParts, part(gotY, k))
			BatchNormSums(part(delta, k), part(z, k), given, gotSums)
		}
		for k := range len(cuts) - 1 {
			BatchNormBack(part(delta, k), part(z, k), given, inParts, gotSums, rows, part(gotBack, k))
		}
		single := Norm[float32]{Mean: slices.Repeat([]float32{0.5}, units), Variance: slices.Repeat([]float32{2}, units)}
		joined.Move(single.Mean, single.Variance)
		saved32 := make([]float32, 2*units)
		joined.Saved(saved32)
		near := func(what string, got, want []float64, tolerance float64) {
			for i := range want {
				if !(math.Abs(got[i]-want[i]) <= tolerance) {
					t.Errorf("parts %v: %s %d is %v, want %v", cuts, what, i, got[i], want[i])
				}
			}
		}
		wide := func(v []float32) (w []float64) {
			for _, x := range v {
				w = append(w, float64(x))
			}
			return w
		}
		near("y", gotY.Data, y.Data, 1e-13*far)
		near("back", gotBack.Data, back.Data, 1e-13*far)
		near("Δγ", gotSums.Gamma, sums.Gamma, 1e-13*far)
		near("Δβ", gotSums.Beta, sums.Beta, 1e-13*far)
		near("saved", given.Data, saved.Data, 1e-13*far)
		near("saved in float32", wide(saved32), saved.Data, 0x1p-24*4*far)
		near("running mean", wide(single.Mean), whole.Mean, 0x1p-24*0.4*far)
		near("running variance", wide(single.Variance), whole.Variance, 0x1p-24*4)
		if joined.Rows != rows {
			t.Errorf("parts %v: %d rows", cuts, joined.Rows)
		}
	}
}

// Two parts worked by hand: 1, 3 and 5, 7, 9. The means are 2 and 7, the variances 1 and 8/3;
// together 5 and 8.
func TestJoinMomentsByHand(t *testing.T) {
	got := JoinMoments([]Moments{{2, []float64{2}, []float64{1}}, {0, nil, nil}, {3, []float64{7}, []float64{8.0 / 3}}})
	if fmt.Sprint(got) != fmt.Sprint(Moments{5, []float64{5}, []float64{8}}) {
		t.Errorf("%+v", got)
	}
}
