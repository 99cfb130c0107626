package kernels

import (
	"math"
	"testing"

	"github.com/clprop/clprop/cpuref"
)

// TestSGD runs one launch twice, with another α; roundings: α, αD, the difference.
func TestSGD(t *testing.T) {
	eachWidth(t, func(f fixture) {
		for _, n := range f.sizes {
			theta, grad := randomLayer(0, n.in, n.out), randomLayer(2, n.in, n.out)
			w, inGrad := f.weights(theta), f.weights(grad)
			l, err := f.set.SGD(w, inGrad)
			f.ok(err)
			was := theta
			for _, alpha := range []float64{0.1, -3} {
				f.ok(l.SetRate(float32(alpha)))
				f.enqueue(l)
				want, got := wideLayer(was), f.layer(w)
				cpuref.SGD(want, wideLayer(grad), alpha)
				tolerance := func(was, d float32) float64 {
					return 3 * u * (math.Abs(float64(was)) + math.Abs(alpha*float64(d)))
				}
				f.compare(n, "weights", got.W.Data, want.W.Data, func(i int) float64 { return tolerance(was.W.Data[i], grad.W.Data[i]) })
				f.compare(n, "biases", got.B, want.B, func(i int) float64 { return tolerance(was.B[i], grad.B[i]) })
				was = got
			}
			l.Release()
			f.unchanged(inGrad.Buf)
		}
	})
}
