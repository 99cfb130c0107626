package trainer

import (
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/clprop/clprop/cpuref"
	"github.com/clprop/clprop/device"
)

// Network is a fully connected network in host memory: L layers of units, and
// between each two neighbours a Layer, which is one Θ(l).
type Network struct {
	// Sizes is s_1 … s_L, the units of every layer, bias units not counted:
	// s_1 features in, K = s_L outputs.
	Sizes []int
	// Hidden is g of the layers 2 … L−1. The output layer's g belongs to Loss.
	Hidden device.Activation
	// Loss is the error of one example, with Loss.Output() as g of layer L.
	Loss device.Loss
	// Norm is what normalises z of the layers 2 … L−1, and Norms its numbers, those of layer
	// 2 first; nil with NormNone.
	Norm  Norm
	Norms []NormUnits
	// Layers is Θ(1) … Θ(L−1): Layers[l] leads from Sizes[l] to Sizes[l+1] units.
	Layers []Layer
}

// Layer is one Θ(l), of shape out × (1 + in), with its bias column apart.
type Layer struct {
	W []float32 // [out,in], row-major: the columns j ≠ 0 of Θ(l)
	B []float32 // [out]: column 0 of Θ(l)
}

// NetworkConfig says what NewNetwork makes.
type NetworkConfig struct {
	// Sizes is s_1 … s_L; at least two, each at least 1.
	Sizes []int
	// Hidden is g of the hidden layers; "" means ReLU. Softmax is refused.
	Hidden device.Activation
	// Loss is the error of one example; "" means SoftmaxCrossEntropy, or
	// SigmoidCrossEntropy for a single output unit, which softmax cannot train.
	Loss device.Loss
	// Norm normalises z of the hidden layers; it begins with γ = 1 and β = 0.
	Norm Norm
	// Init chooses the first weights; "" means InitAuto.
	Init Init
	// Seed makes the first weights: the same seed and sizes give the same bits.
	Seed uint64
}

// maxParameters bounds what one network may hold: 2³³ numbers are 32 GiB.
const maxParameters = 1 << 33

// maxLayers bounds the layers of one network.
const maxLayers = 10_000

// NewNetwork returns a network with random weights, see Init, and biases 0.
func NewNetwork(c NetworkConfig) (*Network, error) {
	net := &Network{Sizes: append([]int(nil), c.Sizes...), Hidden: c.Hidden, Loss: c.Loss, Norm: c.Norm}
	if net.Hidden == "" {
		net.Hidden = device.ReLU
	}
	if net.Loss == "" {
		net.Loss = defaultLoss(c.Sizes)
	}
	if err := net.checkArchitecture(); err != nil {
		return nil, err
	}
	if err := c.Init.Check(); err != nil {
		return nil, err
	}
	net.Layers = make([]Layer, len(net.Sizes)-1)
	for l := range net.Layers {
		in, out := net.Sizes[l], net.Sizes[l+1]
		net.Layers[l] = Layer{W: make([]float32, out*in), B: make([]float32, out)}
		c.Init.fill(net, l, c.Seed)
		if l > 0 && net.Norm != NormNone {
			net.Norms = append(net.Norms, newNormUnits(net.Norm, in))
		}
	}
	return net, nil
}

// defaultLoss is the cross-entropy that suits the number of outputs.
func defaultLoss(sizes []int) device.Loss {
	if n := len(sizes); n > 0 && sizes[n-1] == 1 {
		return device.SigmoidCrossEntropy
	}
	return device.SoftmaxCrossEntropy
}

// Parameters returns the number of weights and biases, Σ_l s_{l+1}·(s_l + 1), and with a
// Norm of γ and β, 2 s_l of each hidden layer.
func (n *Network) Parameters() int {
	total := 0
	for l := 1; l < len(n.Sizes); l++ {
		total += n.Sizes[l] * (n.Sizes[l-1] + 1)
		if l < len(n.Sizes)-1 && n.Norm != NormNone {
			total += 2 * n.Sizes[l]
		}
	}
	return total
}

// values is how many numbers Θ has: Parameters, and running means and variances.
func (n *Network) values() int {
	total := 0
	for _, s := range n.shapes() {
		total += s.Out * (s.In + 1)
	}
	return total
}

// String returns the sizes as the literature writes them, such as "784-128-10".
func (n *Network) String() string {
	parts := make([]string, len(n.Sizes))
	for i, s := range n.Sizes {
		parts[i] = fmt.Sprint(s)
	}
	return strings.Join(parts, "-")
}

// shapes lists Θ(1) … Θ(L−1) as a device wants them, and what normalises, see all.
func (n *Network) shapes() []device.Shape {
	shapes := make([]device.Shape, len(n.Sizes)-1)
	for l := range shapes {
		shapes[l] = device.Shape{In: n.Sizes[l], Out: n.Sizes[l+1]}
	}
	for _, units := range n.Sizes[1 : len(n.Sizes)-1] {
		for range n.Norm.layers() {
			shapes = append(shapes, device.Shape{Out: units})
		}
	}
	return shapes
}

// outputs is K = s_L.
func (n *Network) outputs() int { return n.Sizes[len(n.Sizes)-1] }

// Check returns an error if the network is not one that can be trained: too few
// or impossible sizes, an activation or loss that does not belong there, weights
// that do not match the sizes or are not finite.
func (n *Network) Check() error {
	if err := n.checkArchitecture(); err != nil {
		return err
	}
	if len(n.Layers) != len(n.Sizes)-1 {
		return fmt.Errorf("network %v: %d layers of weights, need %d", n, len(n.Layers), len(n.Sizes)-1)
	}
	for l, layer := range n.Layers {
		in, out := n.Sizes[l], n.Sizes[l+1]
		if len(layer.W) != out*in || len(layer.B) != out {
			return fmt.Errorf("network %v: layer %d has %d weights and %d biases, need %d and %d",
				n, l, len(layer.W), len(layer.B), out*in, out)
		}
		if i := firstNonFinite(layer.W); i >= 0 {
			return fmt.Errorf("network %v: layer %d: weight [%d,%d] is %v", n, l, i/in, i%in, layer.W[i])
		}
		if i := firstNonFinite(layer.B); i >= 0 {
			return fmt.Errorf("network %v: layer %d: bias [%d] is %v", n, l, i, layer.B[i])
		}
	}
	return n.checkNorms()
}

// checkArchitecture is Check without the weights. After it, Parameters is exact.
func (n *Network) checkArchitecture() error {
	if len(n.Sizes) < 2 {
		return errors.New("network: need at least two layer sizes, features and outputs")
	}
	if len(n.Sizes) > maxLayers {
		return fmt.Errorf("network: %d layers, at most %d", len(n.Sizes), maxLayers)
	}
	total := 0
	for i, s := range n.Sizes {
		if s < 1 || s > math.MaxInt32 {
			return fmt.Errorf("network: layer %d has %d units, need 1 to %d", i+1, s, math.MaxInt32)
		}
		if i == 0 {
			continue
		}
		// Both factors are below 2³¹ + 1, so the product fits an int64.
		product := int64(s) * (int64(n.Sizes[i-1]) + 1)
		if product > maxParameters-int64(total) || product > math.MaxInt/4-int64(total) {
			return fmt.Errorf("network %v: more than %d parameters by layer %d: make a layer smaller",
				n, min(int64(maxParameters), math.MaxInt/4), i+1)
		}
		total += int(product)
	}
	if err := n.Hidden.Check(); err != nil {
		return fmt.Errorf("network: hidden layers: %w", err)
	}
	if !n.Hidden.Elementwise() {
		return fmt.Errorf("network: hidden layers: %s is for the output layer only: have %v", n.Hidden, cpuref.HiddenActivations())
	}
	if err := n.Norm.Check(); err != nil {
		return fmt.Errorf("network: hidden layers: %w", err)
	}
	if err := n.Loss.Check(); err != nil {
		return fmt.Errorf("network: %w", err)
	}
	if n.Loss == device.SoftmaxCrossEntropy && n.outputs() == 1 {
		return fmt.Errorf("network %v: softmax of one output is always 1: use %s or two outputs", n, device.SigmoidCrossEntropy)
	}
	if n.Loss.MultiLabel() && n.outputs() == 1 {
		return fmt.Errorf("network %v: %s is for two labels or more: of one, use %s", n, n.Loss, device.SigmoidCrossEntropy)
	}
	return nil
}

// firstNonFinite returns the position of the first NaN or infinity, or −1.
func firstNonFinite(v []float32) int {
	for i, x := range v {
		if x-x != 0 {
			return i
		}
	}
	return -1
}
