package kernels

import (
	"math"
	"slices"
	"testing"

	"github.com/clprop/clprop/cpuref"
)

// TestRegularisers compares what changes D or Θ in place with cpuref in float64. Limits
// are such that about half of the elements, or units, are cut. Norms of k numbers: the sum
// of squares is off by at most (k+2)u of itself however it is added up, its root by half of
// that and 3u, the quotient by 3u more and the product by u: (k/2+8)u of the result.
func TestRegularisers(t *testing.T) {
	each(t, func(f fixture) {
		for _, n := range f.sizes {
			theta, grad := randomLayer(0, n.in, n.out), randomLayer(2, n.in, n.out)
			theta.W.Data[0] = 0
			same := func(what string, w Weights, want layer32) {
				got := f.layer(w)
				if !slices.Equal(flat(got), flat(want)) {
					f.Errorf("%v: %s: %v, want %v", n, what, flat(got), flat(want))
				}
			}

			// L1: one product and one sum, as in cpuref's float32
			w, d := f.weights(theta), f.weights(grad)
			f.run(f.set.L1(w, d, 0.3/7))
			want := clone(grad)
			cpuref.L1(theta, want, 0.3, 7)
			same("l1", d, want)
			f.unchanged(w.Buf)

			d = f.weights(grad)
			f.run(f.set.ClipValue(d, 0.25))
			want = clone(grad)
			cpuref.ClipValue(want, 0.25)
			same("clipvalue", d, want)

			w = f.weights(theta)
			f.run(f.set.MaxNorm(w, 0.8))
			bound := wideLayer(theta)
			cpuref.MaxNorm(bound, 0.8)
			wants := flat(bound)
			f.compare(n, "maxnorm", flat(f.layer(w)), wants, func(i int) float64 { return u * (float64(n.in)/2 + 8) * math.Abs(wants[i]) })

			w, d = f.weights(theta), f.weights(grad)
			l, err := f.set.Average(w, d)
			f.ok(err)
			mean := wideLayer(grad)
			for _, share := range []float64{0.25, 0.01} {
				f.ok(l.SetRate(float32(share)))
				f.enqueue(l)
				cpuref.Average(wideLayer(theta), mean, float64(float32(share)))
			}
			l.Release()
			means, thetas, grads := flat(mean), flat(theta), flat(grad)
			f.compare(n, "average", flat(f.layer(d)), means, func(i int) float64 { // three roundings, twice
				return 6 * u * (math.Abs(float64(thetas[i])) + math.Abs(float64(grads[i])))
			})
			f.unchanged(w.Buf)
		}
	})
}

// TestClipNorm clips two layers by their common norm, at a limit that cuts and at one that
// does not: then not a bit changes.
func TestClipNorm(t *testing.T) {
	each(t, func(f fixture) {
		for _, n := range f.sizes {
			first, second := randomLayer(0, n.in, n.out), randomLayer(2, n.out, n.in)
			for _, limit := range []float64{0.5, 1e6} {
				a, b := f.weights(first), f.weights(second)
				parts, scale := f.scratch(2*NormParts), f.scratch(1)
				f.run(f.set.SumSquares(a, 0, parts))
				f.run(f.set.SumSquares(b, 1, parts))
				f.run(f.set.ClipScale(2, limit, parts, scale))
				f.run(f.set.Rescale(a, scale))
				f.run(f.set.Rescale(b, scale))
				want := []layer64{wideLayer(first), wideLayer(second)}
				cpuref.ClipNorm(want, limit)
				for l, got := range []layer32{f.layer(a), f.layer(b)} {
					wants := flat(want[l])
					// the longest chain of sums: those of a work-item, of its lanes, of all
					k := float64(len(wants))/2 + 8
					if limit > 1e3 {
						k = 0
					}
					f.compare(n, "clipnorm", flat(got), wants, func(i int) float64 { return u * k * math.Abs(wants[i]) })
				}
			}
		}
	})
}

func clone(l layer32) layer32 {
	return layer32{W: matrix32{Rows: l.W.Rows, Cols: l.W.Cols, Data: slices.Clone(l.W.Data)}, B: slices.Clone(l.B)}
}
