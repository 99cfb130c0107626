package device

import (
	"slices"
	"testing"
)

// TestFusePassOnlyWhereRight shows fusePass lists in which joining would change a result,
// as variations of a step of a net with two hidden layers.
func TestFusePassOnlyWhereRight(t *testing.T) {
	m := func() Matrix { return &openclMatrix{upload: &upload{}} }
	p := func() Parameters { return &openclParameters{shapes: []Shape{{3, 2}, {2, 2}, {2, 1}}} }
	x, a1, a2, z, h, y, d1, d2, d3, other := m(), m(), m(), m(), m(), m(), m(), m(), m(), m()
	theta, sum, grad := p(), p(), p()
	forward := []Op{Forward{Act: Tanh, A: x, Theta: theta, Layer: 0, Out: a1}, Forward{Act: Tanh, A: a1, Theta: theta, Layer: 1, Out: a2}, Forward{Act: Linear, A: a2, Theta: theta, Layer: 2, Out: z}}
	cost := Cost{Loss: SigmoidCrossEntropy, Z: z, Y: y}
	output := []Op{Activate{Sigmoid, z, h}, OutputDelta{A: h, Y: y, Delta: d3}}
	product := []Op{Accumulate{d1, x, sum, 0, true}, Accumulate{d2, a1, sum, 1, true}, Accumulate{d3, a2, sum, 2, true}}
	hidden := []Op{HiddenDelta{Tanh, d2, theta, 1, a1, d1}, HiddenDelta{Tanh, d3, theta, 2, a2, d2}}
	update := []Op{Gradient{Sum: sum, Theta: theta, M: 4, Grad: grad}, SGD{theta, grad, NewScalar(1)}}
	list := func(parts ...[]Op) []Op { return slices.Concat(parts...) }
	one := func(ops ...Op) []Op { return ops }
	back := list(output, one(product[2], hidden[1], product[1], hidden[0], product[0]))
	fetch := one(Gather{Src: other, Dst: x}, Gather{Src: other, Dst: y})
	for _, c := range []struct {
		what  string
		ops   []Op
		fused bool
	}{
		{"a step", list(forward, one(cost), back, update), true},
		{"a step on examples of a set, and a step more", list(fetch, forward, one(cost), back, update, forward), true},
		{"no update", list(forward, back), true},
		{"an update of another kind", list(forward, back, one(update[0], Momentum{Theta: theta, Grad: grad})), true},
		{"one layer trained", list(forward, output, hidden[1:], hidden[:1], product[:1], update), true},
		{"forward only", list(forward, one(cost)), false},
		{"no δ of the first hidden layer", list(forward, output, one(product[2], hidden[1], product[1])), false},
		{"δ of another y", list(forward, output[:1], one(OutputDelta{A: other, Y: y, Delta: d3}), hidden[1:], hidden[:1]), false},
		{"a layer twice", list(forward[:1], forward, back, update), false},
		{"another hidden activation", list(one(forward[0], Forward{Act: ReLU, A: a1, Theta: theta, Layer: 1, Out: a2}), forward[2:], back, update), false},
		{"g′ of another activation", list(forward, output, one(HiddenDelta{ReLU, d3, theta, 2, a2, d2}, hidden[0])), false},
		{"weights of another net on the way back", list(forward, output, one(HiddenDelta{Tanh, d3, p(), 2, a2, d2}, hidden[0])), false},
		{"weights of the examples", list(forward, output[:1], one(OutputDelta{A: h, Y: y, Delta: d3, Weight: other}), hidden[1:], hidden[:1]), false},
		{"z kept", list(one(Forward{Act: Tanh, A: x, Theta: theta, Out: a1, Z: other}), forward[1:], back), false},
		{"x dropped before", list(one(Dropout{A: other, Out: x}), forward, back, update), true},
		{"a dropped on the way", list(forward[:1], one(Dropout{A: a1, Out: a1}), forward[1:], back, update), false},
		{"what is dropped of a read on", list(forward[:1], one(Dropout{A: a1, Out: other}, Forward{Act: Tanh, A: other, Theta: theta, Layer: 1, Out: a2}), forward[2:], back), false},
		{"δ dropped on the way", list(forward, output, one(hidden[1], Dropout{A: d2, Out: d2}, hidden[0])), false},
		{"batch norm before g", list(one(Forward{Act: Linear, A: x, Theta: theta, Layer: 0, Out: other}, BatchNorm{Act: Tanh, Z: other, Theta: theta, Out: a1}), forward[1:], back, update), false},
		{"layer norm before g", list(one(Forward{Act: Linear, A: x, Theta: theta, Layer: 0, Out: other}, LayerNorm{Act: Tanh, Z: other, Theta: theta, Out: a1}), forward[1:], back, update), false},
		{"layer norm of a, in place", list(forward[:1], one(LayerNorm{Act: Linear, Z: a1, Theta: theta, Out: a1}), forward[1:], back, update), false},
		{"δ through a layer norm", list(forward, output, one(hidden[1], LayerNormDelta{Delta: d2, Theta: theta, Sum: sum, Back: d2}, hidden[0])), false},
		{"x changed on the way", list(forward, fetch[:1], back, update), false},
		{"Θ changed on the way", list(forward, update[1:], back, update), false},
		{"z judged before it is there", list(forward[:2], one(cost), forward[2:], back, update), false},
		{"δ summed before it is there", list(forward, output, one(product[0], product[2], hidden[1], product[1], hidden[0]), update), false},
		{"Δ is Θ", list(forward, output, one(Accumulate{d3, a2, theta, 2, true}, hidden[1], hidden[0])), false},
		{"δ in the memory of a", list(forward, output, one(HiddenDelta{Tanh, d3, theta, 2, a2, a2}, HiddenDelta{Tanh, a2, theta, 1, a1, d1})), false},
		{"h in the memory of z", list(forward, one(Activate{Sigmoid, z, z}, OutputDelta{A: z, Y: y, Delta: d3}), hidden[1:], hidden[:1]), false},
	} {
		ops := fusePass(fuse(c.ops), func(backprop) bool { return true })
		fused := slices.ContainsFunc(ops, func(op Op) bool { _, ok := op.(backprop); return ok })
		if fused != c.fused {
			t.Errorf("%s: joined is %v, want %v", c.what, fused, c.fused)
		}
	}
	ops := list(forward, back)
	if got := fusePass(ops, func(backprop) bool { return false }); len(got) != len(ops) {
		t.Error("joined although it does not pay")
	}
}

// TestFusePassTakes shows which Gather and Cost a pass of one layer takes in.
func TestFusePassTakes(t *testing.T) {
	m := func() Matrix { return &openclMatrix{upload: &upload{}} }
	x, y, z, h, delta, setX, setY, weights, setWeights, other := m(), m(), m(), m(), m(), m(), m(), m(), m(), m()
	theta := &openclParameters{shapes: []Shape{{3, 2}}}
	index, from := &openclIndex{}, NewScalar(0)
	gather := func(src, dst Matrix) Op { return Gather{Src: src, Index: index, From: from, Dst: dst} }
	cost := func(loss Loss, weight Matrix) Op { return Cost{Loss: loss, Z: z, Y: y, Weight: weight} }
	pass := func(cost ...Op) []Op {
		back := []Op{Activate{Sigmoid, z, h}, OutputDelta{Loss: SigmoidCrossEntropy, A: h, Y: y, Delta: delta}}
		return slices.Concat([]Op{Forward{Act: Linear, A: x, Theta: theta, Out: z}}, cost, back)
	}
	list := func(before []Op, after []Op) []Op { return slices.Concat(before, after) }
	plain := pass(cost(SigmoidCrossEntropy, nil))
	for _, c := range []struct {
		what         string
		ops          []Op
		fetch, costs bool
		left         int // operations beside the pass
	}{
		{"both", list([]Op{gather(setX, x), gather(setY, y)}, plain), true, true, 0},
		{"y before x, weights of examples between", list([]Op{gather(setY, y), gather(setWeights, weights), gather(setX, x)}, plain), true, true, 1},
		{"x only", list([]Op{gather(setX, x)}, plain), false, true, 1},
		{"another index", list([]Op{Gather{Src: setX, Index: &openclIndex{}, From: from, Dst: x}, gather(setY, y)}, plain), false, true, 2},
		{"another position", list([]Op{Gather{Src: setX, Index: index, From: NewScalar(0), Dst: x}, gather(setY, y)}, plain), false, true, 2},
		{"x changed after", list([]Op{gather(setX, x), gather(setY, y), Noise{A: x, Out: x}}, plain), false, true, 3},
		{"x gathered twice", list([]Op{gather(setY, y), gather(setX, x), gather(setY, x)}, plain), false, true, 3},
		{"x of the memory of z", list([]Op{gather(z, x), gather(setY, y)}, plain), false, true, 2},
		{"a set read from x", list([]Op{gather(x, weights), gather(setX, x), gather(setY, y)}, plain), true, true, 1},
		{"the set of x is filled anew", list([]Op{gather(setX, x), gather(setY, y), gather(other, setX)}, plain), false, true, 3},
		{"the set of y is filled anew between", list([]Op{gather(setY, y), gather(other, setY), gather(setX, x)}, plain), false, true, 3},
		{"x read before it changes", list([]Op{gather(setX, x), gather(x, weights), gather(setY, y)}, plain), false, true, 3},
		{"no cost", list([]Op{gather(setX, x), gather(setY, y)}, pass()), true, false, 0},
		{"a cost with weights", pass(cost(SigmoidCrossEntropy, weights)), false, false, 1},
		{"two costs", pass(cost(SigmoidCrossEntropy, nil), cost(SigmoidCrossEntropy, nil)), false, true, 1},
		{"the cost of the other cross-entropy", pass(cost(SoftmaxCrossEntropy, nil)), false, true, 0},
	} {
		ops := fusePass(c.ops, func(backprop) bool { return true })
		at := slices.IndexFunc(ops, func(op Op) bool { _, ok := op.(backprop); return ok })
		if at < 0 {
			t.Errorf("%s: not joined", c.what)
			continue
		}
		got := ops[at].(backprop)
		if (got.x != nil && got.y != nil) != c.fetch || (got.cost != nil) != c.costs || len(ops)-1 != c.left {
			t.Errorf("%s: took x %v, y %v, cost %v, left %d; want %v, %v, %d", c.what, got.x != nil, got.y != nil, got.cost != nil, len(ops)-1, c.fetch, c.costs, c.left)
		}
	}
	for _, loss := range []Loss{MeanSquaredError, Hinge} {
		ops := pass(cost(loss, nil))
		if got := fusePass(ops, func(backprop) bool { return true }); len(got) != len(ops) {
			t.Errorf("joined with the cost of %s, which is not that of δ", loss)
		}
	}
}
