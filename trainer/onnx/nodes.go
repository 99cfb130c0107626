package onnx

import (
	"errors"
	"fmt"
	"math"

	"github.com/clprop/clprop/device"
)

// activations are the operators that are one activation, with the attributes that it has
// then and what they are by default.
var activations = map[string]struct {
	f          device.Activation
	attributes map[string][2]float64 // need, default
}{
	"Sigmoid":   {device.Sigmoid, nil},
	"Tanh":      {device.Tanh, nil},
	"Relu":      {device.ReLU, nil},
	"LeakyRelu": {device.LeakyReLU, map[string][2]float64{"alpha": {0.01, 0.01}}},
	"Elu":       {device.ELU, map[string][2]float64{"alpha": {1, 1}}},
	"Selu": {device.SELU, map[string][2]float64{
		"alpha": {1.6732632423543772, 1.6732632423543772}, "gamma": {1.0507009873554805, 1.0507009873554805}}},
	"Softplus":    {device.Softplus, nil},
	"HardSigmoid": {device.HardSigmoid, map[string][2]float64{"alpha": {1.0 / 6, 0.2}, "beta": {0.5, 0.5}}},
	"HardSwish":   {device.HardSwish, nil},
	"Softmax":     {device.Softmax, nil},
}

// takeNode reads a node and keeps what it gives.
func (r *reader) takeNode(b []byte) error {
	n, err := parseNode(b)
	if err == nil {
		err = r.eval(&n)
	}
	if err != nil {
		return fmt.Errorf("node %.60q of operator %.40q: %w", n.name, n.op, err)
	}
	return nil
}

func (r *reader) eval(n *parsedNode) (err error) {
	if !isDefault(n.domain) {
		return fmt.Errorf("operators of domain %.40q are not supported", n.domain)
	}
	if string(n.op) == "Constant" {
		return r.constantNode(n)
	}
	if c := r.constants[string(n.inputs[0])]; c != nil && string(n.op) == "Identity" {
		return r.addConstant(n.output, *c) // PyTorch writes constants that are alike once
	}
	var v *value
	switch op := string(n.op); op {
	case "Identity":
		v, err = r.operand(n, 0)
	case "Flatten":
		if v, err = r.operand(n, 0); err == nil && n.integer("axis", 1) != 1 {
			err = errors.New("axis is not 1")
		}
	case "Gemm", "MatMul":
		v, err = r.product(n)
	case "Add", "Sub", "Mul", "Div":
		v, err = r.arithmetic(n)
	case "BatchNormalization", "LayerNormalization":
		v, err = r.norm(n)
	case "Erf", "IsNaN", "Clip":
		v, err = r.step(n)
	case "Where":
		v, err = r.where(n)
	default:
		v, err = r.activation(n)
	}
	if err != nil {
		return err
	}
	if n.outputs != 1 {
		return fmt.Errorf("%d outputs: need one", n.outputs)
	}
	return r.addValue(n.output, v)
}

// operand is input i of a node, which is not a constant.
func (r *reader) operand(n *parsedNode, i int) (*value, error) {
	if i >= n.in {
		return nil, fmt.Errorf("%d inputs: need %d", n.in, i+1)
	}
	if v := r.values[string(n.inputs[i])]; v != nil {
		return v, nil
	}
	if r.constants[string(n.inputs[i])] != nil {
		return nil, fmt.Errorf("input %d is a constant", i)
	}
	return nil, fmt.Errorf("no node before it gives its input %.40q", n.inputs[i])
}

// constant is input i of a node, checked, or nil if that is none.
func (r *reader) constant(n *parsedNode, i int) (*constant, error) {
	if i >= n.in {
		return nil, nil
	}
	c := r.constants[string(n.inputs[i])]
	if c == nil {
		return nil, nil
	}
	return c, c.check()
}

// constantNode keeps what a node of operator Constant gives.
func (r *reader) constantNode(n *parsedNode) error {
	a := n.find("value")
	if a == nil || a.tensor == nil {
		return errors.New("need the attribute value, a tensor")
	}
	_, c, err := parseTensor(a.tensor)
	if err != nil {
		return err
	}
	return r.addConstant(n.output, c)
}

// activation is a node that is an activation by itself.
func (r *reader) activation(n *parsedNode) (*value, error) {
	a, ok := activations[string(n.op)]
	if !ok {
		return nil, errors.New("this operator is not supported: a fully connected network has none")
	}
	v, err := r.z(n)
	if err != nil {
		return nil, err
	}
	for name, want := range a.attributes {
		if got := n.number(name, want[1]); !near(got, want[0]) {
			return nil, fmt.Errorf("%s is %v: %s here has %v", name, got, a.f, want[0])
		}
	}
	if a.f == device.Softmax {
		// Over the last of two dimensions; before set 13 that is the default as well.
		if axis := n.integer("axis", -1); axis != -1 && axis != 1 {
			return nil, fmt.Errorf("axis is %d: need that of the outputs, −1", axis)
		}
	}
	if !v.identity() {
		return nil, errors.New("what it takes is scaled or shifted after the layer")
	}
	return &value{base: v.base, f: a.f}, nil
}

// z is the only operand of a node, which is z of the last layer, maybe scaled.
func (r *reader) z(n *parsedNode) (*value, error) {
	v, err := r.operand(n, 0)
	switch {
	case err != nil:
		return nil, err
	case v.layer < 0:
		return nil, errors.New("it comes before the first layer")
	case v.f != device.Linear:
		return nil, fmt.Errorf("it comes after %s: need one activation to a layer", v.f)
	}
	return v, nil
}

// step is a node on the way to an activation, or to filling in missing values.
func (r *reader) step(n *parsedNode) (*value, error) {
	if string(n.op) == "IsNaN" {
		v, err := r.operand(n, 0)
		if err == nil && (v.layer >= 0 || v.f != device.Linear) {
			err = errors.New("it is not about the input of the graph")
		}
		if err != nil {
			return nil, err
		}
		return &value{base: v.base, f: missing}, nil
	}
	v, err := r.z(n)
	if err != nil {
		return nil, err
	}
	scale, shift, ok := v.scalar()
	if string(n.op) == "Erf" {
		if !ok || shift != 0 || !near(scale, 1/math.Sqrt2) {
			return nil, errors.New("it is not of z/√2, as in a GELU")
		}
		return &value{base: v.base, f: erf}, nil
	}
	// min(m, max(0, scale·z + shift)) = m·hard sigmoid(z) if scale = m/6 and shift = m/2.
	low, high, err := r.clipBounds(n)
	if err != nil {
		return nil, err
	}
	if !ok || low != 0 || !near(scale, high/6) || !near(shift, high/2) {
		return nil, errors.New("it is not part of a hard sigmoid or hard swish")
	}
	return &value{base: v.base, f: device.HardSigmoid, affine: affine{scale: []float64{high}}}, nil
}

// clipBounds are the bounds of Clip: inputs since set 11, attributes before.
func (r *reader) clipBounds(n *parsedNode) (low, high float64, err error) {
	bounds := [2]float64{n.number("min", math.Inf(-1)), n.number("max", math.Inf(1))}
	for i := range bounds {
		c, err := r.constant(n, i+1)
		if err != nil {
			return 0, 0, err
		}
		if c != nil && c.len() == 1 {
			bounds[i] = float64(c.at(0))
		}
	}
	return bounds[0], bounds[1], nil
}

// where is Where(IsNaN(x), fill, x) for x an input, maybe scaled: of the input itself,
// (fill − shift)/scale takes the place.
func (r *reader) where(n *parsedNode) (*value, error) {
	if n.in != 3 {
		return nil, fmt.Errorf("%d inputs: need 3", n.in)
	}
	test, err := r.operand(n, 0)
	if err != nil {
		return nil, err
	}
	fill, err := r.constant(n, 1)
	if err != nil {
		return nil, err
	}
	x, err := r.operand(n, 2)
	if err != nil {
		return nil, err
	}
	if test.f != missing || fill == nil || !fill.row() || x.base != test.base || x.base != r.current || x.f != device.Linear || r.fill != nil {
		return nil, errors.New("it is not what takes the place of missing inputs: Where(IsNaN(x), constant, x)")
	}
	if err := r.fits(x.base, fill); err != nil {
		return nil, err
	}
	width := max(fill.len(), len(x.scale), len(x.shift))
	if err := r.spend(8 * int64(width)); err != nil {
		return nil, err
	}
	r.fill = make([]float64, width)
	for i := range r.fill {
		r.fill[i] = (float64(fill.at(i%fill.len())) - element(x.shift, i, 0)) / element(x.scale, i, 1)
	}
	r.current = &base{layer: -1, width: x.width}
	return &value{base: r.current, f: device.Linear, affine: x.affine}, nil
}

// fits checks that a constant has one value, or one for each unit of a base.
func (r *reader) fits(b *base, c *constant) error {
	switch n := c.len(); {
	case n == 1:
	case b.width == 0:
		b.width = n
	case n != b.width:
		return fmt.Errorf("a constant has %d values for %d units", n, b.width)
	}
	return nil
}
