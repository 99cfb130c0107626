package trainer

import (
	"context"
	"math"
	"slices"
	"testing"

	"github.com/clprop/clprop/cpuref"
	"github.com/clprop/clprop/device"
	"github.com/clprop/clprop/trainer/data"
)

// randomSet makes normal inputs and labels: one-hot for several outputs.
func randomSet(seed uint64, rows, features, outputs int) *data.Set {
	s := &data.Set{Rows: rows, Features: features, Outputs: outputs, X: make([]float32, rows*features), Y: make([]float32, rows*outputs)}
	inputs, labels := cpuref.NewStream(seed, 1, 0), cpuref.NewStream(seed, 2, 0)
	for i := range s.X {
		s.X[i] = float32(inputs.Normal(uint64(i)))
	}
	for i := range rows {
		class := int(labels.Float64(uint64(i)) * float64(max(outputs, 2)))
		if outputs > 1 {
			s.Y[i*outputs+class] = 1
		} else {
			s.Y[i] = float32(class)
		}
	}
	return s
}

// xor is the smallest set that needs a hidden layer.
func xor() *data.Set {
	return &data.Set{Rows: 4, Features: 2, Outputs: 1, X: []float32{0, 0, 0, 1, 1, 0, 1, 1}, Y: []float32{0, 1, 1, 0}}
}

func newNetwork(t *testing.T, c NetworkConfig) *Network {
	t.Helper()
	net, err := NewNetwork(c)
	if err != nil {
		t.Fatal(err)
	}
	return net
}

// open returns a Trainer that is closed, and must have leaked nothing, when the
// test ends.
func open(t *testing.T, net *Network, eng device.Engine) *Trainer {
	t.Helper()
	before := eng.Counters().Allocated
	tr, err := New(net, eng)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		tr.Close()
		tr.Close() // twice is safe
		if after := eng.Counters().Allocated; after != before {
			t.Errorf("%d bytes allocated after Close, %d before New", after, before)
		}
	})
	return tr
}

// fitted trains a new network and returns it.
func fitted(t *testing.T, n NetworkConfig, train, validation *data.Set, c Config) (*Network, *History) {
	t.Helper()
	net := newNetwork(t, n)
	history, err := open(t, net, device.OpenReference()).Fit(context.Background(), train, validation, c)
	if err != nil {
		t.Fatal(err)
	}
	return net, history
}

// sameBits reports whether two networks have the same weights, bit for bit.
func sameBits(a, b *Network) bool {
	same := func(x, y []float32) bool {
		return slices.EqualFunc(x, y, func(x, y float32) bool { return math.Float32bits(x) == math.Float32bits(y) })
	}
	return slices.EqualFunc(a.Layers, b.Layers, func(a, b Layer) bool { return same(a.W, b.W) && same(a.B, b.B) })
}

// clone copies a network.
func (n *Network) clone() *Network {
	c := *n
	c.Layers = nil
	for _, l := range n.Layers {
		c.Layers = append(c.Layers, Layer{slices.Clone(l.W), slices.Clone(l.B)})
	}
	return &c
}

func TestLearnsXOR(t *testing.T) {
	for _, hidden := range []device.Activation{device.Sigmoid, device.Tanh, device.ReLU} {
		_, history := fitted(t, NetworkConfig{Sizes: []int{2, 8, 1}, Hidden: hidden, Seed: 1}, xor(), xor(),
			Config{Epochs: 500, BatchSize: 4, Rate: 1})
		last := history.Last()
		if len(history.Epochs) != 500 || last.Epoch != 500 || last.ValAccuracy != 1 || last.ValLoss > 0.1 {
			t.Errorf("%s: after %d epochs %+v", hidden, len(history.Epochs), last)
		}
	}
}

// Four hidden layers of sigmoids are where the range of the first weights
// decides: with eq. 16 as it stands the net still answers at chance.
func TestLearnsDeepSigmoid(t *testing.T) {
	digits, _, err := data.Digits()
	if err != nil {
		t.Fatal(err)
	}
	accuracy := map[Init]float64{}
	for _, init := range []Init{InitAuto, InitXavier} {
		_, history := fitted(t, NetworkConfig{Sizes: []int{64, 50, 50, 50, 50, 10}, Hidden: device.Sigmoid, Init: init, Seed: 1},
			digits, nil, Config{Epochs: 8, Rate: 0.5, Seed: 1})
		accuracy[init] = history.Last().Accuracy
	}
	if accuracy[InitAuto] < 0.8 || accuracy[InitXavier] > 0.2 {
		t.Errorf("accuracies %v: want above 0.8 with auto, about 0.1 with xavier", accuracy)
	}
}

// Where the examples lie must not show in a single bit; nor must a validation
// set, how often the host looks, or whether Fit is called once or twice.
func TestSameBits(t *testing.T) {
	train, validation := randomSet(1, 23, 5, 3), randomSet(2, 11, 5, 3)
	n := NetworkConfig{Sizes: []int{5, 7, 4, 3}, Hidden: device.Tanh, Seed: 3}
	c := Config{Epochs: 4, BatchSize: 5, Seed: 7, Lambda: 0.1}
	want, first := fitted(t, n, train, validation, c)
	if !first.Resident {
		t.Error("the reference has room, but the set was streamed")
	}

	streamed := c
	streamed.Resident = ResidentNo
	got, history := fitted(t, n, train, validation, streamed)
	if history.Resident || !sameBits(got, want) {
		t.Errorf("streamed (%v): other weights than resident", !history.Resident)
	}
	for i, e := range history.Epochs {
		f := first.Epochs[i]
		if e.Loss != f.Loss || e.Cost != f.Cost || e.ValLoss != f.ValLoss || e.Accuracy != f.Accuracy || e.ValAccuracy != f.ValAccuracy {
			t.Errorf("streamed: epoch %+v\nresident: epoch %+v", e, f)
		}
	}

	if got, _ := fitted(t, n, train, nil, c); !sameBits(got, want) {
		t.Error("without validation set: other weights")
	}
	looking := c
	looking.Interval, looking.OnBatch = 1, func(Progress) {}
	if got, _ := fitted(t, n, train, validation, looking); !sameBits(got, want) {
		t.Error("with progress after every step: other weights")
	}

	net, half := newNetwork(t, n), c
	half.Epochs = 2
	tr := open(t, net, device.OpenReference())
	for _, last := range []int{2, 4} {
		history, err := tr.Fit(context.Background(), train, nil, half)
		if err != nil || history.Last().Epoch != last {
			t.Fatalf("last epoch %d (%v), want %d", history.Last().Epoch, err, last)
		}
	}
	if !sameBits(net, want) {
		t.Error("twice two epochs: other weights than four")
	}

	other := c
	other.Seed++
	if got, _ := fitted(t, n, train, validation, other); sameBits(got, want) {
		t.Error("another seed for the order: the same weights")
	}
	n.Seed++
	if got, _ := fitted(t, n, train, validation, c); sameBits(got, want) {
		t.Error("another seed for the first weights: the same weights")
	}
}

func TestShuffle(t *testing.T) {
	const n = 1000
	orders := map[string]bool{}
	for _, k := range []struct {
		seed  uint64
		epoch int
	}{{0, 1}, {0, 2}, {1, 1}, {1 << 40, 1}} {
		rows := make([]int32, n)
		shuffle(rows, k.seed, k.epoch)
		again := slices.Repeat([]int32{5}, n)
		shuffle(again, k.seed, k.epoch)
		if !slices.Equal(rows, again) {
			t.Errorf("%+v: the order depends on what was there", k)
		}
		key := ""
		for _, r := range rows[:20] {
			key += string(rune(r)) + " "
		}
		orders[key] = true
		slices.Sort(rows)
		for i, r := range rows {
			if int(r) != i {
				t.Fatalf("%+v: not every row once", k)
			}
		}
	}
	if len(orders) != 4 {
		t.Errorf("%d orders of 4 keys", len(orders))
	}
}

// All 6 orders of 3 rows come up equally often: with 6000 draws, χ² with 5
// degrees of freedom is above 20.5 once in 1000 times.
func TestShuffleIsFair(t *testing.T) {
	counts := map[[3]int32]int{}
	for epoch := range 6000 {
		var rows [3]int32
		shuffle(rows[:], 42, epoch)
		counts[rows]++
	}
	chi := 0.0
	for _, c := range counts {
		chi += float64((c-1000)*(c-1000)) / 1000
	}
	if len(counts) != 6 || chi > 20.5 {
		t.Errorf("χ² = %v of %v", chi, counts)
	}
}
