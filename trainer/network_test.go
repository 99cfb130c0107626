package trainer

import (
	"fmt"
	"math"
	"runtime"
	"strings"
	"testing"

	"github.com/clprop/clprop/cpuref"
	"github.com/clprop/clprop/device"
)

func TestNewNetworkDefaults(t *testing.T) {
	n := newNetwork(t, NetworkConfig{Sizes: []int{4, 3, 2}})
	if n.Hidden != device.ReLU || n.Loss != device.SoftmaxCrossEntropy || n.Parameters() != 3*5+2*4 || n.String() != "4-3-2" {
		t.Errorf("got %v, %s, %s, %d parameters", n, n.Hidden, n.Loss, n.Parameters())
	}
	if n := newNetwork(t, NetworkConfig{Sizes: []int{4, 1}}); n.Loss != device.SigmoidCrossEntropy {
		t.Errorf("one output: %s", n.Loss)
	}
}

// The first weights have the range or deviation of their paper. Of n uniform
// numbers in ±r the sample variance is within r²/3·(1 ± 5·√(0.8/n)), of n normal
// ones within σ²·(1 ± 5·√(2/n)), but for one case in a million.
func TestInit(t *testing.T) {
	const in, out = 150, 100
	uniform := func(r float64) (float64, float64) { return r * r / 3, r }
	xavier := math.Sqrt(6. / (in + out))
	for _, c := range []struct {
		init   Init
		hidden device.Activation
		layer  int
		normal bool
		factor float64 // of the range of InitXavier, or of the variance 1/in
	}{
		{"", device.ReLU, 0, true, 2},
		{InitAuto, device.ReLU, 0, true, 2},
		{InitAuto, device.ReLU, 1, false, 1},
		{InitAuto, device.Tanh, 0, false, 1},
		{InitAuto, device.Sigmoid, 0, false, 4},
		{InitAuto, device.Sigmoid, 1, false, 1},
		{InitXavier, device.Sigmoid, 0, false, 1},
		{InitXavier, device.ReLU, 0, false, 1},
		{InitHe, device.Tanh, 0, true, 2},
		{InitHe, device.Tanh, 1, true, 2},
		{InitAuto, device.GELU, 0, true, 2},
		{InitAuto, device.LeakyReLU, 0, true, 2},
		{InitAuto, device.SELU, 0, true, 1},
		{InitLeCun, device.ReLU, 1, true, 1},
		{InitAuto, device.HardSigmoid, 0, false, 6},
		{InitAuto, device.GELU, 1, false, 1},
	} {
		sizes := []int{in, out, in} // layer 1 has in and out the other way round
		net := newNetwork(t, NetworkConfig{Sizes: sizes, Hidden: c.hidden, Init: c.init, Seed: 4})
		variance, limit := uniform(c.factor * xavier)
		spread := 0.8
		if c.normal {
			variance, limit, spread = c.factor/float64(sizes[c.layer]), math.Inf(1), 2
		}
		w := net.Layers[c.layer].W
		sum := 0.0
		for _, x := range w {
			sum += float64(x) * float64(x)
			if math.Abs(float64(x)) > limit*(1+0x1p-23) { // rounded to float32
				t.Fatalf("%+v: weight %v is beyond %v", c, x, limit)
			}
		}
		if n := float64(len(w)); math.Abs(sum/n/variance-1) > 5*math.Sqrt(spread/n) {
			t.Errorf("%+v: variance %v, want %v", c, sum/n, variance)
		}
		for _, b := range net.Layers[c.layer].B {
			if b != 0 {
				t.Fatalf("%+v: bias %v", c, b)
			}
		}
	}
}

// A layer's weights depend on seed, layer and place alone: not on what comes
// after, and differently in each layer.
func TestInitIsKeyed(t *testing.T) {
	a := newNetwork(t, NetworkConfig{Sizes: []int{6, 6, 6, 2}, Hidden: device.Tanh, Seed: 1})
	b := newNetwork(t, NetworkConfig{Sizes: []int{6, 6, 6, 5, 2}, Hidden: device.Tanh, Seed: 1})
	if fmt.Sprint(a.Layers[:2]) != fmt.Sprint(b.Layers[:2]) {
		t.Error("the first layers depend on the last")
	}
	if fmt.Sprint(a.Layers[0]) == fmt.Sprint(a.Layers[1]) {
		t.Error("two layers have the same weights")
	}
	c := newNetwork(t, NetworkConfig{Sizes: []int{6, 6, 6, 2}, Hidden: device.Tanh, Seed: 2})
	if fmt.Sprint(a.Layers[0]) == fmt.Sprint(c.Layers[0]) {
		t.Error("two seeds give the same weights")
	}
}

// However many cores draw the weights of a layer, each is that of its place.
func TestInitIsShared(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(3))
	const in, out = 301, 307 // shares that are not equal
	net := newNetwork(t, NetworkConfig{Sizes: []int{in, out, 1}, Hidden: device.ReLU, Seed: 6})
	stream := cpuref.NewStream(6, streamWeights, 0)
	for e, got := range net.Layers[0].W {
		if want := float32(math.Sqrt(2./in) * stream.Normal(uint64(e))); got != want {
			t.Fatalf("weight %d is %v, want %v", e, got, want)
		}
	}
}

func TestBadNetworks(t *testing.T) {
	for want, c := range map[string]NetworkConfig{
		"at least two layer sizes":                   {Sizes: []int{3}},
		"layer 2 has 0 units":                        {Sizes: []int{3, 0, 2}},
		"layer 1 has -1 units":                       {Sizes: []int{-1, 2}},
		"more than 8589934592 parameters by layer 2": {Sizes: []int{math.MaxInt32, math.MaxInt32}},
		"parameters by layer 3":                      {Sizes: []int{50_000, 100_000, 100_000}},
		"10001 layers":                               {Sizes: make([]int, 10_001)},
		`unknown activation "swish"`:                 {Sizes: []int{3, 2}, Hidden: "swish"},
		"softmax is for the output layer only":       {Sizes: []int{3, 2}, Hidden: device.Softmax},
		`unknown loss "absent"`:                      {Sizes: []int{3, 2}, Loss: "absent"},
		"softmax of one output":                      {Sizes: []int{3, 1}, Loss: device.SoftmaxCrossEntropy},
		`unknown initialisation "ones"`:              {Sizes: []int{3, 2}, Init: "ones"},
	} {
		if _, err := NewNetwork(c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %s", err, want)
		}
	}
	for want, spoil := range map[string]func(*Network){
		"1 layers of weights, need 2":              func(n *Network) { n.Layers = n.Layers[:1] },
		"layer 1 has 7 weights and 2 biases":       func(n *Network) { n.Layers[1].W = n.Layers[1].W[:7] },
		"layer 0 has 12 weights and 3 biases":      func(n *Network) { n.Layers[0].B = n.Layers[0].B[:3] },
		"layer 0: weight [2,1] is NaN":             func(n *Network) { n.Layers[0].W[7] = float32(math.NaN()) },
		"network 3-4-2: layer 1: bias [1] is -Inf": func(n *Network) { n.Layers[1].B[1] = float32(math.Inf(-1)) },
	} {
		n := newNetwork(t, NetworkConfig{Sizes: []int{3, 4, 2}})
		spoil(n)
		if err := n.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %s", err, want)
		}
		if _, err := New(n, device.OpenReference()); err == nil {
			t.Errorf("New takes a network with %s", want)
		}
	}
}

func ExampleNewNetwork() {
	net, err := NewNetwork(NetworkConfig{Sizes: []int{784, 128, 10}, Seed: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(net, net.Hidden, net.Loss, net.Parameters())
	// Output: 784-128-10 relu softmax-cross-entropy 101770
}
