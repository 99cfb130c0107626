package kernels

import (
	"math"
	"testing"

	"github.com/clprop/clprop/cpuref"
)

var crossEntropy = Loss{Name: "softmax-cross-entropy"}

// loss is a loss of cpuref as the kernels take it.
func (f fixture) loss(of cpuref.Loss, weight *Matrix) Loss {
	return Loss{Name: string(of.Kind()), Limit: float32(of.HuberDelta()), Weight: weight}
}

// weightsOf returns random weights of rows, some of them 0.
func weightsOf(name uint32, rows int) matrix32 {
	w := normal(name, rows, 1, 2)
	for i, v := range w.Data {
		w.Data[i] = max(0, v)
	}
	return w
}

// TestOutputDelta: a − y is one rounding, and for MSE, MAE and Huber 1/K or 2/K and its
// product are two more; hinge, with t = ±1, is exact, and so is 1 − t h in its sign. A
// weight is one more product.
func TestOutputDelta(t *testing.T) {
	eachWidth(t, func(f fixture) {
		losses := append(cpuref.Losses(), cpuref.HuberLoss(0.25))
		for at, n := range f.sizes {
			for turn, loss := range losses {
				if f.byHand() && turn != at%len(losses) {
					continue // compiling takes longest
				}
				h, y := normal(0, n.b, n.out, 1), classes(loss, 1, n.b, n.out)
				inH, inY, delta := f.matrix(h), f.matrix(y), f.output(n.b, n.out)
				want := cpuref.NewMatrix[float64](n.b, n.out)
				cpuref.OutputDelta(loss, wide(h), wide(y), want)
				var column *Matrix
				if (at+turn)%2 == 1 {
					weight := weightsOf(2, n.b)
					inWeight := f.matrix(weight)
					column = &inWeight
					cpuref.ScaleRows(wide(weight), want)
				}
				f.run(f.set.OutputDelta(f.loss(loss, column), inH, inY, delta))
				f.compare(n, string(loss), f.values(delta).Data, want.Data, func(i int) float64 { return 4 * u * math.Abs(want.Data[i]) })
				f.unchanged(inH.Buf, inY.Buf)
			}
		}
	})
}

// What a loss does with weights that do not fit, and one that there is no kernel for.
func TestLossErrors(t *testing.T) {
	eachWidth(t, func(f fixture) {
		m, column := f.matrix(normal(0, 3, 2, 1)), f.matrix(weightsOf(1, 4))
		for _, loss := range []Loss{{Name: "mse", Weight: &column}, {Name: "hinge", Weight: &m}, {Name: "absent"}, {}} {
			if _, err := f.set.OutputDelta(loss, m, m, m); err == nil {
				f.Errorf("output delta of %+v: no error", loss)
			}
			if _, err := f.set.RowCost(loss, m, m, m.Buf, m.Buf); err == nil {
				f.Errorf("cost of %+v: no error", loss)
			}
		}
	})
}
