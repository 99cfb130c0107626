package kernels

import (
	"math"
	"slices"
	"testing"

	"github.com/clprop/clprop/cpuref"
)

// narrowNet is a net of ragged widths with a batch. turn chooses among activations, losses
// and λ.
type narrowNet struct {
	batch int
	sizes []int
	turn  int
}

// narrowNets are one layer, more units than a panel, one unit, the most layers there may be.
var narrowNets = []narrowNet{
	{1, []int{1, 1}, 0}, {2, []int{3, 2}, 1}, {17, []int{5, 7, 3}, 2}, {16, []int{15, 16, 17, 8}, 3}, {33, []int{33, 31, 10}, 4},
	{65, []int{63, 127, 1}, 5}, {31, []int{257, 65, 13, 26}, 6},
	{13, []int{4, 3, 2, 1, 5, 6, 9, 8, 7, 17, 16, 15, 11, 1, 2, 3, 4}, 7},
}

// narrowNets are those for a Tuning. One made by hand gets nets of two layers in one turn:
// a kernel for all layers is one program for each number of them and each activation.
func (f fixture) narrowNets() []narrowNet {
	var nets []narrowNet
	for _, n := range narrowNets {
		if f.simulated && n.batch > 17 || f.byHand() && len(n.sizes) != 3 {
			continue
		}
		if f.byHand() {
			n.turn = f.set.Tuning.RowsPerItem
		}
		nets = append(nets, n)
	}
	return nets
}

// fromA are the activations whose g′ is written from a.
var fromA = slices.DeleteFunc(cpuref.HiddenActivations(), cpuref.Activation.NeedsZ)

// netPass is a net and a batch on a device, and the values it has there.
type netPass struct {
	Pass
	theta []layer32
	x, y  matrix32
}

func (f fixture) netPass(loss cpuref.Loss, batch int, sizes []int) netPass {
	last := sizes[len(sizes)-1]
	p := netPass{x: normal(1, batch, sizes[0], 1), y: classes(loss, 2, batch, last)}
	p.X, p.Y, p.Z = f.matrix(p.x), f.matrix(p.y), f.output(batch, last)
	for l, out := range sizes[1:] {
		p.theta = append(p.theta, randomLayer(uint32(3+l), sizes[l], out))
		p.Theta = append(p.Theta, f.weights(p.theta[l]))
		p.A = append(p.A, f.output(batch, out))
		p.Delta = append(p.Delta, f.output(batch, out))
	}
	return p
}

// TestBackprop compares a batch through all layers and back with the launchers that it
// replaces, whose bits it promises and which have tests of their own against float64,
// and whole against float64: relative L2 ≤ 1e-5, as for a step.
func TestBackprop(t *testing.T) {
	losses := append(cpuref.Losses(), cpuref.HuberLoss(0.25))
	eachWidth(t, func(f fixture) {
		if !f.set.Backprops(1) {
			return
		}
		for _, n := range f.narrowNets() {
			act, loss := fromA[n.turn%len(fromA)], losses[n.turn%len(losses)]
			output := string(loss.Output())
			one, many := f.netPass(loss, n.batch, n.sizes), f.netPass(loss, n.batch, n.sizes)
			f.run(f.set.Backprop(string(act), output, f.loss(loss, nil), one.Pass, f.scratch(f.set.BackpropFloats(one.Pass))))
			f.layerByLayer(string(act), output, f.loss(loss, nil), many.Pass)
			f.samePass(n.sizes, one, many)
			want := one.reference(act, loss)
			for l := range want {
				f.near(n.sizes, f.values(one.Delta[l]), want[l])
			}
			f.unchanged(one.X.Buf, one.Y.Buf)
			for _, w := range one.Theta {
				f.unchanged(w.Buf)
			}
		}
	})
}

// TestBackpropFetches compares a pass that begins with Gather and ends with the losses with
// one that does neither, and with the launchers of those, whose bits it promises.
func TestBackpropFetches(t *testing.T) {
	losses := append(cpuref.Losses(), cpuref.HuberLoss(0.25))
	eachWidth(t, func(f fixture) {
		if !f.set.Backprops(1) {
			return
		}
		for _, n := range f.narrowNets() {
			const act, from = "tanh", 5
			loss, last := losses[n.turn%len(losses)], n.sizes[len(n.sizes)-1]
			output, of := string(loss.Output()), f.loss(loss, nil)
			setX, setY := normal(1, n.batch+3, n.sizes[0], 1), classes(loss, 2, n.batch+3, last)
			rows := make([]int32, n.batch+from)
			for i := range rows {
				rows[i] = int32((i * i) % setX.Rows)
			}
			fetch := &Fetch{X: f.matrix(setX), Y: f.matrix(setY), Index: f.index(rows)}
			one, many := f.netPass(loss, n.batch, n.sizes), f.netPass(loss, n.batch, n.sizes)
			one.X, one.Y = f.output(n.batch, n.sizes[0]), f.output(n.batch, last)
			many.X, many.Y = f.output(n.batch, n.sizes[0]), f.output(n.batch, last)
			one.Fetch = fetch
			one.Costs = &Losses{f.scratch(n.batch), f.scratch(n.batch)}
			l, err := f.set.Backprop(act, output, of, one.Pass, f.scratch(f.set.BackpropFloats(one.Pass)))
			f.ok(err)
			f.ok(l.SetFirst(from))
			f.enqueue(l)
			l.Release()
			for _, part := range []struct{ from, to Matrix }{{fetch.X, many.X}, {fetch.Y, many.Y}} {
				l, err := f.set.Gather(part.from, fetch.Index, part.to)
				f.ok(err)
				f.ok(l.SetFrom(from))
				f.enqueue(l)
				l.Release()
			}
			f.layerByLayer(act, output, of, many.Pass)
			loss32, right := f.scratch(n.batch), f.scratch(n.batch)
			f.run(f.set.RowCost(of, many.Z, many.Y, loss32, right))
			f.sameBits(n.sizes, "x", one.X, many.X)
			f.sameBits(n.sizes, "y", one.Y, many.Y)
			f.samePass(n.sizes, one, many)
			if got, want := f.floats(one.Costs.Loss, n.batch), f.floats(loss32, n.batch); !slices.Equal(got, want) {
				f.Errorf("%v: losses %v, by RowCost %v", n.sizes, got, want)
			}
			if got, want := ints(f.floats(one.Costs.Right, n.batch)), ints(f.floats(right, n.batch)); !slices.Equal(got, want) {
				f.Errorf("%v: right %v, by RowCost %v", n.sizes, got, want)
			}
			f.unchanged(fetch.X.Buf, fetch.Y.Buf, fetch.Index)
		}
	})
}

// layerByLayer is what Backprop does, a launch an operation.
func (f fixture) layerByLayer(act, output string, loss Loss, p Pass) {
	f.Helper()
	a, last := p.X, len(p.Theta)-1
	for l := range last {
		f.run(f.set.Forward(act, a, p.Theta[l], p.A[l]))
		a = p.A[l]
	}
	f.run(f.set.Forward("linear", a, p.Theta[last], p.Z))
	f.run(f.set.Activate(output, p.Z, p.A[last]))
	f.run(f.set.OutputDelta(loss, p.A[last], p.Y, p.Delta[last]))
	for l := last; l > 0; l-- {
		packed := f.set.NewTransposed(p.Theta[l])
		packed.Buf = f.scratch(f.set.TransposedFloats(p.Theta[l]))
		f.run(f.set.Pack(p.Theta[l], packed))
		f.run(f.set.HiddenDelta(act, p.Delta[l], p.Theta[l], packed, p.A[l-1], p.Delta[l-1]))
	}
}

// reference is every δ in float64.
func (p netPass) reference(act cpuref.Activation, loss cpuref.Loss) []matrix64 {
	last := len(p.theta) - 1
	a, theta := []matrix64{wide(p.x)}, make([]layer64, len(p.theta))
	for l := range p.theta {
		theta[l] = wideLayer(p.theta[l])
		out := cpuref.NewMatrix[float64](p.x.Rows, len(theta[l].B))
		g := act
		if l == last {
			g = cpuref.Linear
		}
		cpuref.Forward(g, a[l], theta[l], out)
		a = append(a, out)
	}
	h := a[last+1]
	cpuref.Activate(loss.Output(), h, h)
	delta := make([]matrix64, len(p.theta))
	delta[last] = cpuref.NewMatrix[float64](h.Rows, h.Cols)
	cpuref.OutputDelta(loss, h, wide(p.y), delta[last])
	for l := last; l > 0; l-- {
		delta[l-1] = cpuref.NewMatrix[float64](a[l].Rows, a[l].Cols)
		cpuref.HiddenDelta(act, delta[l], theta[l], a[l], delta[l-1])
	}
	return delta
}

// samePass compares what two passes have set.
func (f fixture) samePass(sizes []int, one, many netPass) {
	f.Helper()
	f.sameBits(sizes, "z", one.Z, many.Z)
	for l := range one.A {
		f.sameBits(sizes, "a", one.A[l], many.A[l])
		f.sameBits(sizes, "delta", one.Delta[l], many.Delta[l])
	}
}

func (f fixture) sameBits(sizes []int, what string, one, many Matrix) {
	f.Helper()
	got, want := f.values(one), f.values(many)
	for i := range got.Data {
		if math.Float32bits(got.Data[i]) != math.Float32bits(want.Data[i]) {
			f.Errorf("%v: %s %v: element %d is %v, layer by layer %v", sizes, what, one, i, got.Data[i], want.Data[i])
			return
		}
	}
}

// near checks the relative L2 error of a whole pass.
func (f fixture) near(sizes []int, got matrix32, want matrix64) {
	f.Helper()
	off, all := 0.0, 0.0
	for i, w := range want.Data {
		d := float64(got.Data[i]) - w
		off, all = off+d*d, all+w*w
	}
	if !(math.Sqrt(off) <= 1e-5*math.Sqrt(all)+flushed) {
		f.Errorf("%v: delta %d×%d: relative L2 error %.3g", sizes, want.Rows, want.Cols, math.Sqrt(off/all))
	}
}
