package kernels

import (
	"math"
	"slices"
	"testing"

	"github.com/clprop/clprop/cl"
	"github.com/clprop/clprop/cpuref"
)

// TestDescendAll compares the descent of all layers in one launch with Descend layer by
// layer, whose bits it promises and which is compared with float64 in TestDescend.
func TestDescendAll(t *testing.T) {
	each(t, func(f fixture) {
		if !f.set.DescendsAll(1) {
			return
		}
		for _, n := range f.narrowNets() {
			lambda, m := []float32{0, 0.3}[n.turn%2], n.batch+n.turn%3
			one, many := f.descents(n.batch, n.sizes), f.descents(n.batch, n.sizes)
			tallied, tally := f.tallied(n.batch)
			l, err := f.set.DescendAll(one, lambda, m, tallied)
			f.ok(err)
			f.ok(l.SetDescentRateAll(0.7))
			f.enqueue(l)
			l.Release()
			if tallied != nil {
				f.run(f.set.Tally(n.batch, tallied.Loss, tallied.Right, tally))
				if got, want := f.floats(tallied.Tally, TallyWords), f.floats(tally, TallyWords); !slices.Equal(got, want) {
					f.Errorf("%v: tally %v, by Tally %v", n.sizes, got, want)
				}
			}
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

// tallied is a batch of losses to be added to a tally that is not empty, and a tally of the
// same sums; nil for an odd batch, which has none.
func (f fixture) tallied(rows int) (*Tallied, *cl.MemObject) {
	f.Helper()
	if rows%2 == 1 && rows > 1 {
		return nil, nil
	}
	losses, right := make([]float32, rows), make([]int32, rows)
	for i := range rows {
		losses[i], right[i] = float32(i)+0.1, int32(i%3%2)
	}
	before := []float32{7.3, 1e-7, 0, 0, 2.5, 1.5, 0, 0}
	return &Tallied{Losses: Losses{f.buffer(losses), f.index(right)}, Tally: f.buffer(before)}, f.buffer(before)
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
		for _, n := range f.narrowNets() {
			lambda, m := []float32{0, 0.3}[n.turn%2], n.batch+n.turn%3
			layers := f.descents(n.batch, n.sizes)
			var grad []Weights
			for _, d := range layers {
				grad = append(grad, f.outputWeights(d.Theta.In, d.Theta.Out))
			}
			f.run(f.set.GradientAll(layers, lambda, m, grad, nil))
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

// A gradient that is infinite is ±∞, as by the division of Gradient, and not NaN: ClipValue may follow.
func TestGradientAllInfinite(t *testing.T) {
	each(t, func(f fixture) {
		if !f.set.DescendsAll(1) {
			return
		}
		const batch, in, out = 3, 4, 20 // 1/3 is no power of two
		delta, a := cpuref.NewMatrix[float32](batch, out), normal(1, batch, in, 1)
		for o := range out {
			delta.Data[o] = float32(math.Inf(1 - o%2*2)) // of one example, the others have 0
		}
		d := Descent{A: f.matrix(a), Delta: f.matrix(delta), Theta: f.weights(cpuref.NewLayer[float32](in, out))}
		grad := f.outputWeights(in, out)
		f.run(f.set.GradientAll([]Descent{d}, 0, batch, []Weights{grad}, nil))
		got := f.layer(grad)
		for o := range out {
			for i := range in {
				if want := delta.Data[o] * a.Data[i]; got.W.Data[o*in+i] != want {
					t.Fatalf("%v·%v/%d: %v, not %v", delta.Data[o], a.Data[i], batch, got.W.Data[o*in+i], want)
				}
			}
		}
	})
}

// TestDescentParts says which layers are parts of a descent: large ones one by one, and what is small between them.
func TestDescentParts(t *testing.T) {
	eachWidth(t, func(f fixture) {
		if !f.set.DescendsAll(1) || f.simulated {
			return
		}
		p := f.netPass(cpuref.SoftmaxCrossEntropy, 5, []int{3, 131, 137, 140, 2, 3})
		launches := f.stepLaunches(p)
		l := launches[len(launches)-1]
		items := 0
		for _, n := range l.parts {
			items += n
		}
		if len(l.parts) != 4 || l.parts[0] < 2 || items != l.WorkItems() { // the tally with the first
			f.Errorf("parts %v of %d work-items, want a small one, two layers, and a small one", l.parts, l.WorkItems())
		}
		for _, l := range launches {
			l.Release()
		}
	})
}
