package kernels

import (
	"testing"

	"github.com/clprop/clprop/cpuref"
)

// TestAccumulate sums a batch afresh, whatever was there, and a second one onto it.
// What is there is one more product, of 1, so k = batches·(b + 1) in the bound
// 2·k·u·(|Aᵀ||D|).
func TestAccumulate(t *testing.T) {
	eachProduct(t, func(f fixture) {
		for _, n := range f.sizes {
			sum := f.outputWeights(n.in, n.out)
			want, bound := cpuref.NewLayer[float64](n.in, n.out), cpuref.NewLayer[float64](n.in, n.out)
			for batch := range 2 {
				delta, a := normal(uint32(2*batch), n.b, n.out, 1), normal(uint32(2*batch+1), n.b, n.in, 1)
				inDelta, inA := f.matrix(delta), f.matrix(a)
				f.run(f.set.Accumulate(inDelta, inA, Panels{}, sum, batch == 0))
				cpuref.Accumulate(wide(delta), wide(a), want)
				cpuref.Accumulate(absolute(delta), absolute(a), bound)
				k, got := float64((batch+1)*(n.b+1)), f.layer(sum)
				f.compare(n, "weights", got.W.Data, want.W.Data, func(i int) float64 { return 2 * k * u * bound.W.Data[i] })
				f.compare(n, "biases", got.B, want.B, func(i int) float64 { return 2 * k * u * bound.B[i] })
				f.unchanged(inDelta.Buf, inA.Buf)
			}
		}
	})
}
