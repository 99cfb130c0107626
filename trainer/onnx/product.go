package onnx

import (
	"errors"
	"fmt"

	"github.com/clprop/clprop/device"
	"github.com/clprop/clprop/trainer"
)

// product is Gemm, or MatMul, by constant weights.
func (r *reader) product(n *parsedNode) (*value, error) {
	v, err := r.operand(n, 0)
	if err != nil {
		return nil, err
	}
	w, err := r.constant(n, 1)
	if err != nil {
		return nil, err
	}
	if w == nil || w.rank != 2 || w.len() == 0 {
		return nil, errors.New("its second input is not a constant matrix")
	}
	gemm := string(n.op) == "Gemm"
	if gemm && (n.number("alpha", 1) != 1 || n.number("beta", 1) != 1 || n.integer("transA", 0) != 0) {
		return nil, errors.New("alpha or beta is not 1, or transA is not 0")
	}
	in, out := int(w.dims[0]), int(w.dims[1])
	transposed := gemm && n.integer("transB", 0) != 0
	if transposed {
		in, out = out, in
	}
	if err := r.layerInput(v, in); err != nil {
		return nil, err
	}
	if err := r.spend(4*int64(in)*int64(out) + 4*int64(out) + entryCost); err != nil {
		return nil, err
	}
	layer := trainer.Layer{W: weights(w, in, out, transposed), B: make([]float32, out)}
	r.layers, r.sizes = append(r.layers, layer), append(r.sizes, out)
	r.current = &base{layer: len(r.layers) - 1, width: out}
	z := &value{base: r.current, f: device.Linear}
	if !gemm {
		return z, nil
	}
	r.current.biased = true
	bias, err := r.constant(n, 2)
	if err == nil && n.in > 2 && (bias == nil || !r.setBias(bias)) {
		err = errors.New("its third input is not a constant row")
	}
	return z, err
}

// weights copies a constant [out,in], or one [in,out] that is not transposed.
func weights(c *constant, in, out int, transposed bool) []float32 {
	w := make([]float32, in*out)
	for i := range w {
		if transposed {
			w[i] = c.at(i)
		} else {
			w[i] = c.at(i%in*out + i/in)
		}
	}
	return w
}

// setBias makes a constant the bias of the last layer, and reports whether it can be.
func (r *reader) setBias(c *constant) bool {
	to := r.layers[len(r.layers)-1].B
	if !c.row() || c.len() != len(to) && c.len() != 1 {
		return false
	}
	for j := range to {
		to[j] = c.at(j % c.len())
	}
	return true
}

// layerInput checks that v is what a layer of in inputs can take, and learns from it the
// activation of the hidden layers, or how the inputs are scaled.
func (r *reader) layerInput(v *value, in int) error {
	switch {
	case v.base != r.current:
		return errors.New("it takes an earlier result than the last: the graph is not a chain of layers")
	case v.width != 0 && v.width != in:
		return fmt.Errorf("it takes %d units, and the layer before gives %d", in, v.width)
	case v.layer < 0:
		if v.f != device.Linear {
			return errors.New("the input is not used as it is")
		}
		r.input, r.sizes = v.affine, append(r.sizes, in)
		return nil
	case v.f == device.Softmax || v.f == erf || !v.identity():
		return fmt.Errorf("the layer before ends in %s, which is no activation of a hidden layer here, or is scaled", v.f)
	case r.hidden != "" && v.f != r.hidden:
		return fmt.Errorf("the layer before ends in %s, and others in %s: networks here have one activation", v.f, r.hidden)
	}
	r.hidden = v.f
	return nil
}
