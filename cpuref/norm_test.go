package cpuref

import (
	"fmt"
	"math"
	"testing"
)

// normLoss is the loss Σ_ij (w_ij + y_ij/2) y_ij of what a normalisation makes of z: δ of y
// is w + y.
func normLoss(w, y Matrix[float64]) (loss float64, delta Matrix[float64]) {
	delta = NewMatrix[float64](y.Rows, y.Cols)
	for i, v := range y.Data {
		loss += (w.Data[i] + v/2) * v
		delta.Data[i] = w.Data[i] + v
	}
	return loss, delta
}

// The way back through both normalisations, and Δγ and Δβ, are the central differences of a
// loss. With a step of h these are off by h²/6 times a third derivative, which grows as 1/σ³:
// the numbers of a row or column are kept apart, so that σ is about 1 or more, and this
// below 1e-8. The rounding of a loss below 10³ over h is another 1e-8.
func TestNormGradients(t *testing.T) {
	const h = 1e-5
	for i, size := range [][2]int{{2, 3}, {7, 1}, {5, 2}, {9, 67}, {33, 5}} {
		b, s := size[0], size[1]
		stream := func(name uint32) Stream { return NewStream(11, name, uint32(i)) }
		z, w := randomMatrix(stream(1), b, s, 1.5), randomMatrix(stream(2), b, s, 1)
		for at := range z.Data {
			z.Data[at] += 6 * float64((at/s+at%s)%2)
		}
		n := Norm[float64]{Gamma: randomMatrix(stream(3), 1, s, 1).Data, Beta: randomMatrix(stream(4), 1, s, 1).Data}
		n.Mean, n.Variance = make([]float64, s), make([]float64, s)
		for name, c := range map[string]struct {
			saved   Matrix[float64]
			forward func(z Matrix[float64], n Norm[float64], saved, y Matrix[float64])
			back    func(delta, z, saved Matrix[float64], n, sum Norm[float64], back Matrix[float64])
		}{
			"batch": {NewMatrix[float64](2, s), BatchNorm[float64], BatchNormDelta[float64]},
			"layer": {NewMatrix[float64](b, 2), LayerNorm[float64], LayerNormDelta[float64]},
		} {
			y := NewMatrix[float64](b, s)
			loss := func() float64 {
				c.forward(z, n, c.saved, y)
				loss, _ := normLoss(w, y)
				return loss
			}
			loss()
			_, delta := normLoss(w, y)
			sum, got := Norm[float64]{Gamma: make([]float64, s), Beta: make([]float64, s)}, NewMatrix[float64](b, s)
			c.back(delta, z, c.saved, n, sum, got)
			what := fmt.Sprintf("%s norm of %d×%d", name, b, s)
			compareDifferences(t, what+", δ of z", got.Data, z.Data, h, loss)
			compareDifferences(t, what+", Δγ", sum.Gamma, n.Gamma, h, loss)
			compareDifferences(t, what+", Δβ", sum.Beta, n.Beta, h, loss)
		}
	}
}

// compareDifferences moves each of at by ±h.
func compareDifferences(t *testing.T, what string, got, at []float64, h float64, loss func() float64) {
	t.Helper()
	largest := 1.0
	for _, g := range got {
		largest = max(largest, math.Abs(g))
	}
	for i := range at {
		was := at[i]
		at[i] = was + h
		up := loss()
		at[i] = was - h
		down := loss()
		at[i] = was
		if want := (up - down) / (2 * h); !(math.Abs(got[i]-want) <= 1e-7*largest) {
			t.Errorf("%s: [%d] is %v, by differences %v", what, i, got[i], want)
		}
	}
}
