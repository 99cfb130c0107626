package kernels

import (
	"slices"
	"testing"
)

// TestDescendSum: one pass has the bits of Gradient and SGD, which have tests of their own, also
// when it runs again with another α; Δ stays what it is.
func TestDescendSum(t *testing.T) {
	eachWidth(t, func(f fixture) {
		for at, n := range f.sizes {
			sum, theta := randomLayer(0, n.in, n.out), randomLayer(2, n.in, n.out)
			lambda, m := []float32{0, 0.3, 1000}[at%3], 7*n.b
			inSum, one, two, grad := f.weights(sum), f.weights(theta), f.weights(theta), f.outputWeights(n.in, n.out)
			pass, err := f.set.DescendSum(inSum, one, lambda, m)
			f.ok(err)
			gradient, err := f.set.Gradient(inSum, two, lambda, m, grad)
			f.ok(err)
			sgd, err := f.set.SGD(two, grad)
			f.ok(err)
			for _, alpha := range []float32{0.1, -3} {
				f.ok(pass.SetDescentRateSum(alpha))
				f.ok(sgd.SetRate(alpha))
				f.enqueue(pass)
				f.enqueue(gradient)
				f.enqueue(sgd)
				got, want := f.layer(one), f.layer(two)
				if !slices.Equal(got.W.Data, want.W.Data) || !slices.Equal(got.B, want.B) {
					t.Errorf("%v, λ %v, m %d, α %v: not the bits of two passes", n, lambda, m, alpha)
				}
			}
			for _, l := range []*Launch{pass, gradient, sgd} {
				l.Release()
			}
			f.unchanged(inSum.Buf)
		}
	})
}
