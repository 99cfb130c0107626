package kernels

import (
	"math"
	"slices"
	"testing"

	"github.com/clprop/clprop/cpuref"
)

// TestDescend runs one launch twice, with another α, against float64, and against
// Accumulate, Gradient and SGD, whose bits it promises. The error of Δ is at most
// e = 2·k·u·(|Aᵀ||D|), k = b; Gradient and SGD carry it on and add their own, see
// TestGradient and TestSGD.
func TestDescend(t *testing.T) {
	eachProduct(t, func(f fixture) {
		for at, n := range f.sizes {
			theta, delta, a := randomLayer(0, n.in, n.out), normal(2, n.b, n.out, 1), normal(3, n.b, n.in, 1)
			lambda, m := []float64{0, 0.3, 1000}[at%3], n.b+at%2
			w, inDelta, inA := f.weights(theta), f.matrix(delta), f.matrix(a)
			sum, bound := cpuref.NewLayer[float64](n.in, n.out), cpuref.NewLayer[float64](n.in, n.out)
			cpuref.Accumulate(wide(delta), wide(a), sum)
			cpuref.Accumulate(absolute(delta), absolute(a), bound)
			l, err := f.set.Descend(inDelta, inA, Panels{}, w, float32(lambda), m)
			f.ok(err)
			was := theta
			for _, alpha := range []float64{0.1, -2} {
				f.ok(l.SetDescentRate(float32(alpha)))
				f.enqueue(l)
				grad, want, got := cpuref.NewLayer[float64](n.in, n.out), wideLayer(was), f.layer(w)
				cpuref.Gradient(sum, want, lambda, m, grad)
				cpuref.SGD(want, grad, alpha)
				tolerance := func(was, sum, bound, lambda, d float64) float64 {
					e := 2 * float64(n.b) * u * bound
					e = (e + 8*u*(math.Abs(sum)+lambda*math.Abs(was))) / float64(m)
					return math.Abs(alpha)*e + 3*u*(math.Abs(was)+math.Abs(alpha*d))
				}
				f.compare(n, "weights", got.W.Data, want.W.Data, func(i int) float64 {
					return tolerance(float64(was.W.Data[i]), sum.W.Data[i], bound.W.Data[i], lambda, grad.W.Data[i])
				})
				f.compare(n, "biases", got.B, want.B, func(i int) float64 {
					return tolerance(float64(was.B[i]), sum.B[i], bound.B[i], 0, grad.B[i])
				})
				if one, three := got, f.stepByStep(inDelta, inA, was, lambda, m, alpha); !slices.Equal(one.W.Data, three.W.Data) || !slices.Equal(one.B, three.B) {
					f.Errorf("%v, α = %v: not the bits of accumulate, gradient and sgd", n, alpha)
				}
				was = got
			}
			l.Release()
			f.unchanged(inDelta.Buf, inA.Buf)
		}
	})
}

// stepByStep is what Descend does, in three launches.
func (f fixture) stepByStep(delta, a Matrix, theta layer32, lambda float64, m int, alpha float64) layer32 {
	f.Helper()
	w, sum, grad := f.weights(theta), f.outputWeights(a.Cols, delta.Cols), f.outputWeights(a.Cols, delta.Cols)
	f.run(f.set.Accumulate(delta, a, Panels{}, sum, true))
	f.run(f.set.Gradient(sum, w, float32(lambda), m, grad))
	l, err := f.set.SGD(w, grad)
	f.ok(err)
	defer l.Release()
	f.ok(l.SetRate(float32(alpha)))
	f.enqueue(l)
	return f.layer(w)
}

// TestDescendDivides has one example, Θ = 0 and α = −1, so that Θ becomes δ/m of a = 1: the quotients of
// Go, which are rounded once, of random numbers and of those next to where the rounding turns. fma is
// done by hand where a device has none in hardware, and then slowly: the simulator has fewer.
func TestDescendDivides(t *testing.T) {
	eachProduct(t, func(f fixture) {
		in, out := 16, 128
		if f.byHand() {
			in, out = 2, 16
		}
		one := cpuref.NewMatrix[float32](1, in)
		for i := range one.Data {
			one.Data[i] = float32(math.Ldexp(1, i%5-2))
		}
		for _, m := range []int{1, 2, 3, 5, 7, 10, 25, 100, 128, 200, 333, 641, 60000, 1<<20 + 7, 1<<22 - 1} {
			delta := normal(uint32(m), 1, out, 1)
			for j := 0; j < out; j += 2 {
				// (2q + 1) m / 2 is as far from a quotient q as one can be; rounded, it is next to that.
				q := float64(1<<23 + cpuref.NewStream(31, uint32(m), 0).Uint32(uint64(j))>>9)
				delta.Data[j] = float32(math.Ldexp((2*q+1)*float64(m), -30))
			}
			theta := cpuref.NewLayer[float32](in, out)
			w := f.weights(theta)
			l, err := f.set.Descend(f.matrix(delta), f.matrix(one), Panels{}, w, 0, m)
			f.ok(err)
			f.ok(l.SetDescentRate(-1))
			f.enqueue(l)
			l.Release()
			got := f.layer(w)
			for o := range out {
				for i := range in {
					if want := delta.Data[o] * one.Data[i] / float32(m); got.W.Data[o*in+i] != want {
						f.Fatalf("%v·%v/%d: %v, not %v", delta.Data[o], one.Data[i], m, got.W.Data[o*in+i], want)
					}
				}
			}
		}
	})
}
