package onnx

import (
	"math"

	"github.com/clprop/clprop/device"
)

// single are the activations that one node computes.
var single = map[device.Activation]struct {
	op         string
	attributes []attribute
}{
	device.Sigmoid:     {"Sigmoid", nil},
	device.Tanh:        {"Tanh", nil},
	device.ReLU:        {"Relu", nil},
	device.LeakyReLU:   {"LeakyRelu", []attribute{{"alpha", float32(0.01)}}},
	device.ELU:         {"Elu", []attribute{{"alpha", float32(1)}}},
	device.SELU:        {"Selu", nil}, // α and γ of the paper are the operator's defaults
	device.Softplus:    {"Softplus", nil},
	device.HardSigmoid: {"HardSigmoid", []attribute{{"alpha", float32(1) / 6}, {"beta", float32(0.5)}}},
	device.HardSwish:   {"HardSwish", nil},
	device.Softmax:     {"Softmax", []attribute{{"axis", -1}}},
}

// activate appends the nodes of a = g(z), and returns the name of a, which is output
// unless g is linear.
func (g *graph) activate(act device.Activation, z, output string) string {
	switch act {
	case device.Linear:
		return z
	case device.SiLU: // z·Sigmoid(z)
		g.node("Sigmoid", []string{z}, output+".sigmoid")
		g.node("Mul", []string{z, output + ".sigmoid"}, output)
	case device.GELU: // z·½(1 + Erf(z/√2)), cpuref.GELU with Φ(z) = ½(1 + Erf(z/√2))
		g.node("Div", []string{z, g.scalar("sqrt2", math.Sqrt2)}, output+".scaled")
		g.node("Erf", []string{output + ".scaled"}, output+".erf")
		g.node("Add", []string{output + ".erf", g.scalar("one", 1)}, output+".sum")
		g.node("Mul", []string{output + ".sum", g.scalar("half", 0.5)}, output+".phi")
		g.node("Mul", []string{z, output + ".phi"}, output)
	default:
		s := single[act]
		g.node(s.op, []string{z}, output, s.attributes...)
	}
	return output
}
