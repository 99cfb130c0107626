package kernels

import (
	"slices"
	"testing"
)

// TestDescendAll compares the descent of all layers in one launch with Descend layer by
// layer, whose bits it promises and which is compared with float64 in TestDescend.
func TestDescendAll(t *testing.T) {
	each(t, func(f fixture) {
		if !f.set.DescendsAll(1) {
			return
		}
		for at, n := range narrowNets {
			if f.simulated && n.batch > 17 {
				continue
			}
			lambda, m := []float32{0, 0.3}[at%2], n.batch+at%3
			one, many := f.descents(n.batch, n.sizes), f.descents(n.batch, n.sizes)
			l, err := f.set.DescendAll(one, lambda, m)
			f.ok(err)
			f.ok(l.SetDescentRateAll(0.7))
			f.enqueue(l)
			l.Release()
			for i, d := range many {
				l, err := f.set.Descend(d.Delta, d.A, Panels{}, d.Theta, lambda, m)
				f.ok(err)
				f.ok(l.SetDescentRate(0.7))
				f.enqueue(l)
				l.Release()
				got, want := f.layer(one[i].Theta), f.layer(d.Theta)
				if !slices.Equal(got.W.Data, want.W.Data) || !slices.Equal(got.B, want.B) {
					f.Errorf("%v: layer %d differs from Descend", n.sizes, i)
				}
				f.unchanged(one[i].A.Buf, one[i].Delta.Buf)
			}
		}
	})
}

// descents are the layers of a net with random a and δ.
func (f fixture) descents(batch int, sizes []int) []Descent {
	f.Helper()
	var all []Descent
	for l, out := range sizes[1:] {
		all = append(all, Descent{
			A:     f.matrix(normal(uint32(50+l), batch, sizes[l], 1)),
			Delta: f.matrix(normal(uint32(70+l), batch, out, 1)),
			Theta: f.weights(randomLayer(uint32(3+l), sizes[l], out)),
		})
	}
	return all
}

// TestGradientAll compares the gradient of all layers in one launch with Accumulate and
// Gradient layer by layer, whose bits it promises.
func TestGradientAll(t *testing.T) {
	each(t, func(f fixture) {
		if !f.set.DescendsAll(1) {
			return
		}
		for at, n := range narrowNets {
			if f.simulated && n.batch > 17 {
				continue
			}
			lambda, m := []float32{0, 0.3}[at%2], n.batch+at%3
			layers := f.descents(n.batch, n.sizes)
			var grad []Weights
			for _, d := range layers {
				grad = append(grad, f.outputWeights(d.Theta.In, d.Theta.Out))
			}
			f.run(f.set.GradientAll(layers, lambda, m, grad))
			for i, d := range layers {
				sum, want := f.outputWeights(d.Theta.In, d.Theta.Out), f.outputWeights(d.Theta.In, d.Theta.Out)
				f.run(f.set.Accumulate(d.Delta, d.A, Panels{}, sum, true))
				f.run(f.set.Gradient(sum, d.Theta, lambda, m, want))
				if got, want := f.layer(grad[i]), f.layer(want); !slices.Equal(got.W.Data, want.W.Data) || !slices.Equal(got.B, want.B) {
					f.Errorf("%v: layer %d differs from Accumulate and Gradient", n.sizes, i)
				}
				f.unchanged(d.A.Buf, d.Delta.Buf, d.Theta.Buf)
			}
		}
	})
}
