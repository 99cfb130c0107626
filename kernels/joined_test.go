package kernels

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/clprop/clprop/cl"
	"github.com/clprop/clprop/cpuref"
)

// TestJoined compares a step whose launches are one with the same launches one by one, whose
// bits it promises and which have tests of their own: one run, several as one launch, and one again,
// so that a state that is not clear afterwards shows, also to a launch of more workers; and with more of them than
// there are cores, so that some find everything done.
func TestJoined(t *testing.T) {
	ran := false
	eachProduct(t, func(f fixture) {
		if f.set.Tuning.Family != Block || !joins(f.device) {
			return
		}
		nets := f.narrowNets()
		if f.byHand() {
			nets = nets[:1]
		} else if !f.simulated { // two layers that are parts of the descent, and small ones around them
			nets = append(nets, narrowNet{batch: 5, sizes: []int{3, 131, 137, 140, 2}})
		}
		for i, n := range nets {
			if len(n.sizes) > 6 {
				continue // more arguments than a launch has
			}
			state := f.buffer(make([]float32, JoinedFloats(33)))
			workers := []int{2, 1, 7}
			if i == 0 || i == len(nets)-1 { // each is a program, which takes a second to compile
				workers = []int{2, 33, 1, 7}
			}
			for _, workers := range workers {
				one, many := f.netPass(cpuref.SoftmaxCrossEntropy, n.batch, n.sizes), f.netPass(cpuref.SoftmaxCrossEntropy, n.batch, n.sizes)
				together, apart := f.stepLaunches(one), f.stepLaunches(many)
				f.ok(together[len(together)-1].SetDescentRateAll(0.3))
				l, err := f.set.Joined(together, workers, workers%2 == 0, state)
				f.ok(err)
				for i := range l.Holds() + 2 {
					for _, l := range slices.Concat(together, apart) {
						if l.Name == "gather" {
							f.ok(l.SetFrom(int32(i % 2)))
						}
					}
					alpha := 0.1 + 0.1*float32(i*i%7)
					f.ok(together[len(together)-1].SetDescentRateAll(alpha)) // of the joined launch now
					f.ok(apart[len(apart)-1].SetDescentRateAll(alpha))
					switch { // the first run is a launch alone, then as many as there may be are one, then the last
					case i == 0:
						f.enqueue(l)
					case l.Hold() == l.Holds():
						f.enqueue(l)
					}
					for _, a := range apart {
						f.enqueue(a)
					}
				}
				f.enqueue(l)
				l.Release()
				f.samePass(n.sizes, one, many)
				f.sameBits(n.sizes, "x", one.X, many.X)
				for i := range one.Theta {
					f.sameLayer(n.sizes, one.Theta[i], many.Theta[i])
				}
				f.unchanged(one.Y.Buf)
				for _, a := range apart {
					a.Release()
				}
				ran = true
			}
		}
	})
	if !ran && !checked() {
		t.Error("no device here joins launches; PoCL does")
	}
}

// TestWrites runs the launches of a step and looks at all buffers that each does not say it writes:
// joined launches do not wait where a buffer is only read.
func TestWrites(t *testing.T) {
	eachProduct(t, func(f fixture) {
		if f.set.Tuning.Family != Block {
			return
		}
		n := f.narrowNets()[0]
		p := f.netPass(cpuref.SoftmaxCrossEntropy, n.batch, n.sizes)
		launches := f.stepLaunches(p)
		l, err := f.set.ForwardKeepingZ("silu", p.X, p.Theta[0], p.A[0], f.output(p.A[0].Rows, p.A[0].Cols))
		f.ok(err)
		turned := f.set.NewTransposedDelta(p.A[0])
		turned.Buf = f.scratch(f.set.TransposedDeltaFloats(p.A[0]))
		k, err := f.set.PackDelta(p.A[0], turned)
		f.ok(err)
		for _, l := range append(launches, l, k) {
			for buf := range f.was {
				f.was[buf] = f.read(buf)
			}
			f.enqueue(l)
			for i, value := range l.values {
				if buf, ok := value.(*cl.MemObject); ok && !slices.Contains(l.written(), buf) {
					f.intact(fmt.Sprintf("%s, argument %d", l.Name, i), buf, f.read(buf), func(int) bool { return false })
				}
			}
			l.Release()
		}
	})
}

// TestJoinedPanels compares a copy of weights and the product that reads it, of which one core does a panel of each,
// with the same launches one by one.
func TestJoinedPanels(t *testing.T) {
	eachWidth(t, func(f fixture) {
		if f.set.Tuning.Family != Block || !joins(f.device) {
			return
		}
		for _, n := range []size{{1, 17, 2}, {33, 63, 31}, {64, 64, 64}, {17, 127, 65}} {
			w, next, a := f.weights(randomLayer(1, n.in, n.out)), f.matrix(normal(0, n.b, n.out, 1)), f.matrix(normal(2, n.b, n.in, 1))
			copied := f.set.NewTransposed(w)
			copied.Buf = f.scratch(f.set.TransposedFloats(w))
			launches := func(delta Matrix) []*Launch {
				pack, err := f.set.Pack(w, copied)
				f.ok(err)
				product, err := f.set.hiddenPacked("tanh", next, w, copied, a, delta)
				f.ok(err)
				return []*Launch{pack, product}
			}
			apart, together := f.output(n.b, n.in), f.output(n.b, n.in)
			for _, l := range launches(apart) {
				f.enqueue(l)
				l.Release()
			}
			both, workers := launches(together), ceilDiv(n.in, copied.NR)
			if phases := Phases(both, workers); phases != 1 {
				f.Errorf("%v: %d phases of a copy and its product, want 1", n, phases)
			}
			l, err := f.set.Joined(both, workers, false, f.buffer(make([]float32, JoinedFloats(workers))))
			f.ok(err)
			for range 3 {
				l.Hold()
			}
			f.enqueue(l)
			l.Release()
			if got, want := f.values(together).Data, f.values(apart).Data; !slices.Equal(got, want) {
				f.Errorf("%v: joined %v, one by one %v", n, got, want)
			}
			f.unchanged(w.Buf, next.Buf, a.Buf)
		}
	})
}

// joins reports whether a device's compiler takes joined.cl: PoCL's does, for CPUs. The
// simulator reports those that do not.
func joins(d *cl.Device) bool { return strings.HasPrefix(d.Platform().Name(), "Portable") }

// stepLaunches are the launches of a step of training, of all shapes that launches have, the
// descent last.
func (f fixture) stepLaunches(p netPass) (all []*Launch) {
	f.Helper()
	add := func(l *Launch, err error) {
		f.Helper()
		f.ok(err)
		all = append(all, l)
	}
	last := len(p.Theta) - 1
	loss := f.loss(cpuref.SoftmaxCrossEntropy, nil)
	rows := make([]int32, p.X.Rows+1)
	for i := range rows {
		rows[i] = int32(i * i % (p.X.Rows + 3))
	}
	index := f.index(rows)
	for _, to := range []Matrix{p.X, p.A[0]} { // of the second nothing is left after the first product
		add(f.set.Gather(f.matrix(normal(9, p.X.Rows+3, to.Cols, 1)), index, to))
		f.ok(all[len(all)-1].SetFrom(1))
	}
	inputs := append([]Matrix{p.X}, p.A[:last]...)
	var layers []Descent
	for l, a := range inputs {
		if l < last {
			add(f.set.Forward("tanh", a, p.Theta[l], p.A[l]))
		} else {
			add(f.set.Forward("linear", a, p.Theta[l], p.Z))
		}
		layers = append(layers, Descent{Delta: p.Delta[l], A: a, Theta: p.Theta[l]})
	}
	add(f.set.Activate("softmax", p.Z, p.A[last]))
	losses := Losses{f.scratch(p.X.Rows), f.scratch(p.X.Rows)}
	add(f.set.RowCost(loss, p.Z, p.Y, losses.Loss, losses.Right))
	add(f.set.OutputDelta(loss, p.A[last], p.Y, p.Delta[last]))
	for l := last; l > 0; l-- {
		packed := f.set.NewTransposed(p.Theta[l])
		packed.Buf = f.scratch(f.set.TransposedFloats(p.Theta[l]))
		add(f.set.Pack(p.Theta[l], packed))
		add(f.set.HiddenDelta("tanh", p.Delta[l], p.Theta[l], packed, p.A[l-1], p.Delta[l-1]))
	}
	add(f.set.DescendAll(layers, 0.3, p.X.Rows, &Tallied{losses, f.buffer(make([]float32, TallyWords))}))
	for f.set.Joinable(all) < len(all) { // too many arguments: the end of the step will do
		all[0].Release()
		all = all[1:]
	}
	return all
}

// sameLayer compares the bits of two layers.
func (f fixture) sameLayer(sizes []int, one, many Weights) {
	f.Helper()
	got, want := f.layer(one), f.layer(many)
	same := func(a, b float32) bool { return math.Float32bits(a) == math.Float32bits(b) }
	if !slices.EqualFunc(got.W.Data, want.W.Data, same) || !slices.EqualFunc(got.B, want.B, same) {
		f.Errorf("%v: weights %v differ from those of the launches one by one", sizes, one)
	}
}

// TestEveryKernelJoins builds programs of all launches that a CPU has.
func TestEveryKernelJoins(t *testing.T) {
	for _, b := range open(t) {
		f := b.fixture(t, "block", DefaultTuning(b.device))
		if !joins(b.device) {
			continue
		}
		var all []*Launch
		for _, launcher := range f.set.launchers(f.scratch(1 << 14)) {
			l, err := launcher()
			f.ok(err)
			defer l.Release()
			all = append(all, l)
		}
		for left := all; len(left) > 0; {
			n := f.set.Joinable(left)
			l, err := f.set.Joined(left[:n], 1, true, f.buffer(make([]float32, JoinedFloats(1))))
			if err != nil {
				t.Error(err)
				break
			}
			l.Release()
			left = left[n:]
		}
	}
}

// TestJoinable counts arguments: no more than every device takes, and none of the tiles or on AMX.
func TestJoinable(t *testing.T) {
	set := &Set{Tuning: Tuning{Family: Block}}
	mixed := &Launch{values: []any{&cl.MemObject{}, 1, float32(2), &cl.MemObject{}, uint32(3)}} // 8, a size, 4, 8 and 4 bytes
	var many []*Launch
	for range 100 {
		many = append(many, mixed)
	}
	// 32 bytes for the state, the workers and the steps; then pointers begin at the next 8: 32
	// bytes each launch, but the last.
	if got, want := set.Joinable(many), (1024-32+4)/32; got != want {
		t.Errorf("%d launches can be one, want %d", got, want)
	}
	// A number that changes has 32 bytes, of at least 8 runs, and not its own 4.
	mixed.numbers = []*number{{arg: 2}}
	if got, want := set.Joinable(many), (1024-32+4)/(32+24); got != want {
		t.Errorf("%d launches with a number can be one, want %d", got, want)
	}
	set.Tuning.Family = Tile
	if got := set.Joinable(many); got != 0 {
		t.Errorf("%d launches of tiles can be one", got)
	}
}
