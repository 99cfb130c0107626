package kernels

import (
	"math"
	"testing"

	"github.com/clprop/clprop/cpuref"
)

// TestOutputDelta: a − y is one rounding.
func TestOutputDelta(t *testing.T) {
	eachWidth(t, func(f fixture) {
		for _, n := range f.sizes {
			a, y := activations(cpuref.Softmax, 0, n.b, n.out), normal(1, n.b, n.out, 1)
			inA, inY, delta := f.matrix(a), f.matrix(y), f.output(n.b, n.out)
			f.run(f.set.OutputDelta(inA, inY, delta))
			want := cpuref.NewMatrix[float64](n.b, n.out)
			cpuref.OutputDelta(wide(a), wide(y), want)
			f.compare(n, "delta", f.values(delta).Data, want.Data, func(i int) float64 { return u * math.Abs(want.Data[i]) })
			f.unchanged(inA.Buf, inY.Buf)
		}
	})
}
