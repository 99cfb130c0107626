package device

import (
	"fmt"
	"slices"
	"testing"

	"github.com/clprop/clprop/cl/cltest"
	"github.com/clprop/clprop/cpuref"
	"github.com/clprop/clprop/kernels"
)

// TestFusedStepSameBits trains three steps with joined operations and without, on
// every device and both families: the weights must be the same bits, with fewer
// launches. Batches that are and that are not a power of two divide differently. An L1
// between Gradient and SGD keeps these apart, but not the product and the gradient.
func TestFusedStepSameBits(t *testing.T) {
	listing, err := List()
	if err != nil {
		cltest.Missing(t, err)
	}
	for _, found := range listing.Devices {
		for _, family := range []kernels.Family{kernels.Block, kernels.Tile} {
			t.Run(found.Name+"/"+string(family), func(t *testing.T) { fusedSameBits(t, found, family) })
		}
	}
}

func fusedSameBits(t *testing.T, found Found, family kernels.Family) {
	kept(t) // nothing is joined yet
	// one engine for all cases, so that a kernel is compiled once
	joined, single := openFamily(t, found, family, false), openFamily(t, found, family, true)
	sizes, even, odd := []int{17, 33, 5}, 16, 33
	if cltest.Slow(found.Name) { // which takes a minute for a tile of 64
		sizes, even, odd = []int{9, 17, 5}, 8, 17
	}
	for _, c := range []struct {
		batch int
		l1    float64
	}{{even, 0}, {odd, 0}, {odd, 0.1}} {
		t.Run(fmt.Sprintf("%d/%v", c.batch, c.l1), func(t *testing.T) {
			fused, fewer := trainedWeights(t, joined, sizes, c.batch, c.l1)
			plain, more := trainedWeights(t, single, sizes, c.batch, c.l1)
			for l := range plain {
				if !slices.Equal(fused[l], plain[l]) {
					t.Errorf("weights or sums, part %d differs: %v, one by one %v", l, fused[l], plain[l])
				}
			}
			// two layers: product, gradient and update of each become one launch; on CPUs
			// the descents are one, and the pass is another. L1 and SGD are two each.
			want := more - 4
			switch {
			case family == kernels.Block && c.l1 == 0:
				want = 2
			case family == kernels.Block:
				want = 6
			case c.l1 != 0:
				want = more
			}
			if fewer != want {
				t.Errorf("%d launches joined, %d one by one: want %d", fewer, more, want)
			}
		})
	}
}

// findPoCL is PoCL's device, of a test that needs it.
func findPoCL(t *testing.T) Found {
	t.Helper()
	listing, err := List()
	if err != nil {
		cltest.Missing(t, err)
	}
	found, _, err := listing.Find("pthread")
	if err != nil {
		t.Skipf("needs PoCL: %v", err)
	}
	return found
}

// openFamily opens an engine for the time of a test.
func openFamily(t *testing.T, found Found, family kernels.Family, unfused bool) Engine {
	t.Helper()
	e, err := found.open("", Options{Family: family, Unfused: unfused})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e
}

// trainedWeights runs three steps from seeded values and returns weights and biases
// of every layer, then the sums of the tally, and the launches of a step.
func trainedWeights(t *testing.T, e Engine, sizes []int, batch int, l1 float64) ([][]float32, int) {
	t.Helper()
	step := newStep(t, e, sizes, batch, l1)
	return trainedBy(t, e, step, sizes, batch), step.Launches()
}

// trainedBy is trainedWeights with a step that is there.
func trainedBy(t *testing.T, e Engine, step stepPlan, sizes []int, batch int) [][]float32 {
	t.Helper()
	random := cpuref.NewStream(3, 0, 0)
	drawn := uint64(0)
	values := func(n int) []float32 {
		v := make([]float32, n)
		for i := range v {
			v[i] = float32(random.Float64(drawn) - 0.5)
			drawn++
		}
		return v
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(e.Write(step.x, 0, values(2*batch*sizes[0])))
	must(e.Write(step.y, 0, values(2*batch*sizes[len(sizes)-1])))
	for l, s := range step.theta.Shapes() {
		must(e.WriteParameters(step.theta, l, values(s.In*s.Out), values(s.Out)))
	}
	for range 3 {
		must(step.Run())
	}
	var weights [][]float32
	for l, s := range step.theta.Shapes() {
		w, b := make([]float32, s.In*s.Out), make([]float32, s.Out)
		must(e.ReadParameters(w, b, step.theta, l))
		weights = append(weights, w, b)
	}
	sums, err := e.ReadTally(step.tally)
	must(err)
	return append(weights, []float32{float32(sums.Loss), float32(sums.Correct), float32(sums.Count), float32(sums.Running), float32(sums.Lost)})
}

// TestFuseOnlyWhereRight shows fuse lists in which joining would change a result.
func TestFuseOnlyWhereRight(t *testing.T) {
	m := func() Matrix { return &openclMatrix{upload: &upload{}} }
	p := func() Parameters { return &openclParameters{shapes: []Shape{{3, 2}, {2, 1}}} }
	x, a, z, d1, d2 := m(), m(), m(), m(), m()
	theta, sum, grad := p(), p(), p()
	rate := NewScalar(1)
	product1 := Accumulate{Delta: d1, A: x, Sum: sum, Layer: 0, Fresh: true}
	product2 := Accumulate{Delta: d2, A: a, Sum: sum, Layer: 1, Fresh: true}
	hidden := HiddenDelta{Act: Sigmoid, Next: d2, Theta: theta, Layer: 1, A: a, Delta: d1}
	gradient := Gradient{Sum: sum, Theta: theta, M: 4, Grad: grad}
	sgd := SGD{Theta: theta, Grad: grad, Rate: rate}
	more := product1
	more.Fresh = false
	for _, c := range []struct {
		what  string
		ops   []Op
		fused bool
	}{
		{"a step", []Op{product2, hidden, product1, gradient, sgd}, true},
		{"a step and a product after it", []Op{product2, hidden, product1, gradient, sgd, Forward{A: x, Theta: theta, Out: z}}, true},
		{"a step, and what bounds and averages Θ", []Op{product2, hidden, product1, gradient, sgd, MaxNorm{Theta: theta, Limit: 1},
			Average{Theta: theta, Mean: p(), Share: rate}}, true},
		{"L1", []Op{product2, hidden, product1, gradient, L1{Theta: theta, Grad: grad, M: 4}, sgd}, false},
		{"clipped", []Op{product2, hidden, product1, gradient, ClipValue{Grad: grad, Limit: 1}, ClipNorm{Grad: grad, Limit: 1}, sgd}, false},
		{"Θ bounded on the way", []Op{product2, hidden, MaxNorm{Theta: theta, Limit: 1}, product1, gradient, sgd}, true},
		{"x noisy on the way", []Op{product2, hidden, Noise{A: x, Out: z, Step: rate}, product1, gradient, sgd}, true},
		{"a overwritten by a mixture", []Op{product2, hidden, product1, Mixup{A: x, Out: a, Share: rate}, gradient, sgd}, false},
		{"a overwritten by a move", []Op{product2, hidden, product1, Shift{A: x, Out: a, Step: rate}, gradient, sgd}, false},
		{"dropout of δ on the way", []Op{product2, hidden, Dropout{A: d1, Out: d1, Step: rate}, product1, gradient, sgd}, true},
		{"δ dropped after its product", []Op{product2, hidden, product1, Dropout{A: d1, Out: d1, Step: rate}, gradient, sgd}, false},
		{"a overwritten by a dropout", []Op{product2, hidden, product1, Dropout{A: x, Out: a, Step: rate}, gradient, sgd}, false},
		{"no update", []Op{product2, hidden, product1, gradient}, false},
		{"onto what is there", []Op{product2, hidden, more, gradient, sgd}, false},
		{"micro-batches", []Op{product2, hidden, product1, product2, hidden, more, gradient, sgd}, false},
		{"a layer missing", []Op{product1, gradient, sgd}, false},
		{"δ overwritten before the update", []Op{product2, hidden, product1, Activate{Sigmoid, z, d1}, gradient, sgd}, false},
		{"a overwritten by a z that is kept", []Op{product2, hidden, product1, Forward{A: x, Theta: theta, Out: z, Z: a}, gradient, sgd}, false},
		{"a overwritten by a view of it", []Op{product2, hidden, product1, Gather{Dst: a.(*openclMatrix)}, gradient, sgd}, false},
		{"Δ read on the way", []Op{product2, hidden, product1, Penalty{Theta: sum}, gradient, sgd}, false},
		{"another D updates", []Op{product2, hidden, product1, gradient, SGD{Theta: theta, Grad: p(), Rate: rate}}, false},
		{"D is Δ", []Op{product2, hidden, product1, Gradient{Sum: sum, Theta: theta, M: 4, Grad: sum}, SGD{Theta: theta, Grad: sum, Rate: rate}}, false},
		{"D updates another Θ too", []Op{product2, hidden, product1, gradient, sgd, SGD{Theta: p(), Grad: grad, Rate: rate}}, false},
	} {
		_, fused := findIn(fuse(c.ops))
		if fused != c.fused {
			t.Errorf("%s: joined is %v, want %v", c.what, fused, c.fused)
		}
	}
	for _, c := range []struct {
		what   string
		shapes []Shape
		norm   []Op // after δ(2) there is
		fused  bool
	}{
		{"a normalisation", []Shape{{3, 2}, {2, 1}, {0, 2}, {0, 2}}, []Op{LayerNormDelta{Delta: z, Layer: 2, Back: d1}}, true},
		{"one that is not trained", []Shape{{3, 2}, {2, 1}, {0, 2}, {0, 2}}, nil, true},
		{"a normalisation of another net's Θ", []Shape{{3, 2}, {2, 1}, {0, 2}, {0, 2}}, []Op{LayerNormDelta{Delta: z, Theta: theta, Layer: 2, Back: d1}}, false},
		{"biases alone in the middle", []Shape{{3, 2}, {0, 2}, {2, 1}}, nil, false},
		{"δ overwritten on the way back", []Shape{{3, 2}, {2, 1}, {0, 2}, {0, 2}}, []Op{BatchNormDelta{Delta: z, Layer: 2, Back: d2}}, false},
		{"a overwritten by a normalisation", []Shape{{3, 2}, {2, 1}, {0, 2}, {0, 2}}, []Op{BatchNorm{Z: z, Layer: 2, Out: a}}, false},
		{"a overwritten by a y", []Shape{{3, 2}, {2, 1}, {0, 2}, {0, 2}}, []Op{LayerNorm{Z: z, Layer: 2, Out: d1, Y: a}}, false},
	} {
		theta, sum := &openclParameters{shapes: c.shapes}, &openclParameters{shapes: c.shapes}
		second := len(c.shapes) - 1
		if c.shapes[1].In > 0 {
			second = 1
		}
		ops := []Op{Accumulate{Delta: d2, A: a, Sum: sum, Layer: second, Fresh: true}}
		for _, op := range c.norm {
			switch o := op.(type) {
			case LayerNormDelta:
				if o.Sum = sum; o.Theta == nil {
					o.Theta = theta
				}
				op = o
			case BatchNormDelta:
				o.Sum, o.Theta = sum, theta
				op = o
			}
			ops = append(ops, op)
		}
		ops = append(ops, Accumulate{Delta: d1, A: x, Sum: sum, Layer: 0, Fresh: true},
			Gradient{Sum: sum, Theta: theta, M: 4, Grad: grad}, SGD{Theta: theta, Grad: grad, Rate: rate})
		if _, fused := findIn(fuse(ops)); fused != c.fused {
			t.Errorf("%s: joined is %v, want %v", c.what, fused, c.fused)
		}
	}
	for _, c := range []struct {
		what   string
		ops    []Op
		joined bool
	}{
		{"no update", []Op{product2, hidden, product1, gradient}, true},
		{"an update of another kind", []Op{product2, hidden, product1, gradient, Momentum{Theta: theta, Grad: grad}}, true},
		{"L1", []Op{product2, hidden, product1, gradient, L1{Theta: theta, Grad: grad, M: 4}, sgd}, true},
		{"another D updates", []Op{product2, hidden, product1, gradient, SGD{Theta: theta, Grad: p(), Rate: rate}}, true},
		{"D updates another Θ too", []Op{product2, hidden, product1, gradient, sgd, SGD{Theta: p(), Grad: grad, Rate: rate}}, true},
		{"a step", []Op{product2, hidden, product1, gradient, sgd}, false},
		{"onto what is there", []Op{product2, hidden, more, gradient, Momentum{Theta: theta, Grad: grad}}, false},
		{"D read on the way", []Op{product2, hidden, Penalty{Theta: grad}, product1, gradient, Momentum{Theta: theta, Grad: grad}}, false},
		{"Δ read afterwards", []Op{product2, hidden, product1, gradient, Gradient{Sum: sum, Theta: theta, M: 2, Grad: p()}}, false},
		{"D is Θ", []Op{product2, hidden, product1, Gradient{Sum: sum, Theta: theta, M: 4, Grad: theta}}, false},
	} {
		joined := slices.ContainsFunc(fuse(c.ops), func(op Op) bool { _, ok := op.(gradients); return ok })
		if joined != c.joined {
			t.Errorf("%s: gradients joined is %v, want %v", c.what, joined, c.joined)
		}
	}
}

// TestFuseDescentOfSum shows fuse lists whose Δ comes from elsewhere.
func TestFuseDescentOfSum(t *testing.T) {
	p := func() Parameters { return &openclParameters{shapes: []Shape{{3, 2}}} }
	theta, sum, grad := p(), p(), p()
	gradient, sgd := Gradient{Sum: sum, Theta: theta, M: 4, Grad: grad}, SGD{Theta: theta, Grad: grad, Rate: NewScalar(1)}
	more := Accumulate{Delta: &openclMatrix{upload: &upload{}}, A: &openclMatrix{upload: &upload{}}, Sum: sum}
	for _, c := range []struct {
		what   string
		ops    []Op
		joined bool
	}{
		{"a sum over devices", []Op{gradient, sgd}, true},
		{"the last micro-batch", []Op{more, gradient, sgd, MaxNorm{Theta: theta, Limit: 1}}, true},
		{"clipped", []Op{gradient, ClipValue{Grad: grad, Limit: 1}, sgd}, false},
		{"D used again", []Op{gradient, sgd, Average{Theta: theta, Mean: grad}}, false},
		{"another D", []Op{gradient, SGD{Theta: theta, Grad: p(), Rate: NewScalar(1)}}, false},
		{"another Θ", []Op{gradient, SGD{Theta: p(), Grad: grad, Rate: NewScalar(1)}}, false},
		{"D is Δ", []Op{Gradient{Sum: sum, Theta: theta, M: 4, Grad: sum}, SGD{Theta: theta, Grad: sum, Rate: NewScalar(1)}}, false},
		{"no update", []Op{gradient}, false},
	} {
		joined := slices.ContainsFunc(fuse(c.ops), func(op Op) bool { _, ok := op.(descentOfSum); return ok })
		if joined != c.joined {
			t.Errorf("%s: joined is %v, want %v", c.what, joined, c.joined)
		}
	}
}

func findIn(ops []Op) (descent, bool) {
	for _, op := range ops {
		if d, ok := op.(descent); ok {
			return d, true
		}
	}
	return descent{}, false
}
