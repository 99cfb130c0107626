package onnx

import (
	"errors"

	"github.com/clprop/clprop/device"
)

// arithmetic is Add, Sub, Mul or Div of a value and a constant, or Mul of two values.
func (r *reader) arithmetic(n *parsedNode) (*value, error) {
	left, err := r.constant(n, 0)
	if err != nil {
		return nil, err
	}
	right, err := r.constant(n, 1)
	if err != nil {
		return nil, err
	}
	op := string(n.op)
	switch {
	case n.in != 2 || left != nil && right != nil:
		return nil, errors.New("need two inputs, one of them no constant")
	case right != nil:
		return r.withConstant(op, n, 0, right)
	case left != nil && (op == "Add" || op == "Mul"):
		return r.withConstant(op, n, 1, left)
	case left != nil || op != "Mul":
		return nil, errors.New("a constant less or over what is computed, or a sum of two results, is not supported")
	}
	v, err := r.operand(n, 0)
	if err != nil {
		return nil, err
	}
	w, err := r.operand(n, 1)
	if err != nil {
		return nil, err
	}
	return multiply(v, w)
}

// withConstant is v op c, for v the input i of a node.
func (r *reader) withConstant(op string, n *parsedNode, i int, c *constant) (*value, error) {
	v, err := r.operand(n, i)
	if err != nil {
		return nil, err
	}
	if !c.row() {
		return nil, errors.New("its constant is not a number or a row of numbers")
	}
	if err := r.fits(v.base, c); err != nil {
		return nil, err
	}
	if op == "Add" && r.isBias(v, c) {
		r.setBias(c)
		// A base of its own, so that nothing else can go on from z without it.
		r.current = &base{layer: v.layer, width: v.width, biased: true}
		return &value{base: r.current, f: device.Linear}, nil
	}
	a := v.affine
	if op == "Mul" || op == "Div" {
		if a.scale, err = r.combine(op, a.scale, 1, c); err == nil && a.shift != nil {
			a.shift, err = r.combine(op, a.shift, 0, c)
		}
	} else {
		a.shift, err = r.combine(op, a.shift, 0, c)
	}
	if err != nil {
		return nil, err
	}
	return &value{base: v.base, f: v.f, affine: a}, nil
}

// isBias reports whether v + c is what MatMul and Add make of a layer.
func (r *reader) isBias(v *value, c *constant) bool {
	return v.base == r.current && v.layer >= 0 && !v.biased && v.f == device.Linear && v.identity() && c.len() == v.width
}

// combine is x op c, element by element; x is otherwise where it is nil.
func (r *reader) combine(op string, x []float64, otherwise float64, c *constant) ([]float64, error) {
	n := max(len(x), c.len(), 1)
	if err := r.spend(8 * int64(n)); err != nil {
		return nil, err
	}
	result := make([]float64, n)
	for i := range result {
		a, b := element(x, i, otherwise), float64(c.at(i%c.len()))
		switch op {
		case "Add":
			a += b
		case "Sub":
			a -= b
		case "Mul":
			a *= b
		case "Div":
			a /= b
		}
		if a-a != 0 {
			return nil, errors.New("a constant makes infinity of what is finite")
		}
		result[i] = a
	}
	return result, nil
}

// multiply is the product of two values, which is an activation, times a number:
//
//	s·z · t(1 + Erf(z/√2)) = 2st GELU(z)    s·z · t·Sigmoid(z) = st SiLU(z)
//	s·z · t·hard sigmoid(z) = st hard swish(z)
func multiply(v, w *value) (*value, error) {
	if v.f != device.Linear {
		v, w = w, v
	}
	s, zero, ok := v.scalar()
	t, shift, ok2 := w.scalar()
	if v.base != w.base || v.layer < 0 || v.f != device.Linear || !ok || !ok2 || zero != 0 {
		return nil, errProduct
	}
	product := affine{scale: []float64{s * t}}
	switch {
	case w.f == erf && near(shift, t):
		return &value{base: v.base, f: device.GELU, affine: affine{scale: []float64{2 * s * t}}}, nil
	case w.f == device.Sigmoid && shift == 0:
		return &value{base: v.base, f: device.SiLU, affine: product}, nil
	case w.f == device.HardSigmoid && shift == 0:
		return &value{base: v.base, f: device.HardSwish, affine: product}, nil
	}
	return nil, errProduct
}

var errProduct = errors.New("a product of two results that is no GELU, SiLU or hard swish")
