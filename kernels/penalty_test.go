package kernels

import (
	"math"
	"testing"

	"github.com/clprop/clprop/cpuref"
)

// integers returns whole numbers in −2 … 2, whose squares sum exactly in any order.
func integers(name uint32, rows, cols int) matrix32 {
	m := normal(name, rows, cols, 1.5)
	for i, v := range m.Data {
		m.Data[i] = min(2, max(-2, float32(math.Round(float64(v)))))
	}
	return m
}

// TestPenalty sets the tally's squared weights and their magnitudes by one layer and adds
// another's. It counts every weight and no bias, exactly, and leaves the other words.
func TestPenalty(t *testing.T) {
	eachWidth(t, func(f fixture) {
		for _, n := range f.sizes {
			tally := f.buffer([]float32{1, 2, 3, 4, 5, 6, 7, 8})
			want, magnitudes := 0.0, 0.0
			for l, shape := range [][2]int{{n.in, n.out}, {n.out, n.in}} {
				theta := layer32{W: integers(uint32(l), shape[1], shape[0]), B: canaries(shape[1])}
				w, parts := f.weights(theta), f.scratch(PenaltyParts)
				f.run(f.set.Squares(w, parts))
				f.floats(parts, PenaltyParts)
				f.run(f.set.AddSquares(l == 0, parts, tally))
				f.unchanged(w.Buf)
				want += cpuref.Penalty(theta)
				magnitudes += cpuref.L1Penalty(theta)
				got := f.floats(tally, TallyWords)
				for i, v := range []float64{1, 2, 3, 4, want, magnitudes, 7, 8} {
					if float64(got[i]) != v {
						f.Errorf("%v, layer %d: word %d of the tally is %v, want %v", n, l, i, got[i], v)
					}
				}
			}
		}
	})
}
