package kernels

import (
	"math"
	"testing"

	"github.com/clprop/clprop/cpuref"
)

// TestGradient: the roundings are λ and λΘ, the sum, and the division of 2.5 ulp:
// u + u + u + 5u = 8u (|Δ| + |λΘ|)/m at most; for the bias the division alone.
func TestGradient(t *testing.T) {
	eachWidth(t, func(f fixture) {
		for at, n := range f.sizes {
			sum, theta := randomLayer(0, n.in, n.out), randomLayer(2, n.in, n.out)
			lambda, m := []float64{0, 0.3, 1000}[at%3], 7*n.b
			inSum, inTheta, grad := f.weights(sum), f.weights(theta), f.outputWeights(n.in, n.out)
			f.run(f.set.Gradient(inSum, inTheta, float32(lambda), m, grad))
			want := cpuref.NewLayer[float64](n.in, n.out)
			cpuref.Gradient(wideLayer(sum), wideLayer(theta), lambda, m, want)
			got := f.layer(grad)
			f.compare(n, "weights", got.W.Data, want.W.Data, func(i int) float64 {
				return 8 * u * (math.Abs(float64(sum.W.Data[i])) + lambda*math.Abs(float64(theta.W.Data[i]))) / float64(m)
			})
			f.compare(n, "biases", got.B, want.B, func(i int) float64 { return 5 * u * math.Abs(want.B[i]) })
			f.unchanged(inSum.Buf, inTheta.Buf)
		}
	})
}
