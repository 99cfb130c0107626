package onnx

import (
	"errors"
	"fmt"
	"slices"

	"github.com/clprop/clprop/cpuref"
	"github.com/clprop/clprop/trainer"
)

// normOperators are the operators that normalise, by what they are here.
var normOperators = map[trainer.Norm]string{
	trainer.BatchNorm: "BatchNormalization", // by the running mean and variance
	trainer.LayerNorm: "LayerNormalization", // over the last axis, as it is by default
}

// normalise writes y = γ ẑ + β of z, see trainer.Norm, and returns its name.
func (g *graph) normalise(norm trainer.Norm, u *trainer.NormUnits, module, z string) string {
	inputs, names := []string{z}, trainer.NormTensors() // in the order of the inputs too
	for i, values := range [][]float32{u.Gamma, u.Beta, u.Mean, u.Variance} {
		if values != nil {
			name := module + "." + names[i]
			inputs = append(inputs, name)
			g.initializer(name, values, len(values))
		}
	}
	g.node(normOperators[norm], inputs, module+".y", attribute{"epsilon", float32(cpuref.NormEps)})
	return module + ".y"
}

// norm reads a normalisation, which is of z of the last layer. What follows is written from
// what it gives.
func (r *reader) norm(n *parsedNode) (*value, error) {
	kind := trainer.BatchNorm
	if string(n.op) == normOperators[trainer.LayerNorm] {
		kind = trainer.LayerNorm
	}
	v, err := r.z(n)
	switch {
	case err != nil:
		return nil, err
	case v.base != r.current || len(r.norms) == len(r.layers) || !v.identity():
		return nil, errors.New("it is not of the sums of the layer before it, as they are")
	case len(r.norms) > 0 && kind != r.kind:
		return nil, errors.New("batch and layer normalisation in one network: need one of them")
	case len(r.norms) != len(r.layers)-1:
		return nil, errors.New("a hidden layer before it is not normalised: need all of them, or none")
	case n.integer("training_mode", 0) != 0:
		return nil, errors.New("training_mode is not 0: export the network for inference")
	case !near(n.number("epsilon", 1e-5), cpuref.NormEps):
		return nil, fmt.Errorf("epsilon is %v: networks here have %v", n.number("epsilon", 1e-5), cpuref.NormEps)
	case n.integer("axis", -1) != -1 && n.integer("axis", -1) != 1:
		return nil, fmt.Errorf("axis is %d: need that of the units, −1", n.integer("axis", -1))
	}
	var u trainer.NormUnits
	to := []*[]float32{&u.Gamma, &u.Beta, &u.Mean, &u.Variance}
	if kind == trainer.LayerNorm {
		to = to[:2]
	}
	if err := r.spend(int64(4*v.width*len(to)) + entryCost); err != nil {
		return nil, err
	}
	for i, values := range to {
		if *values, err = r.unitNumbers(n, i+1, v.width); err != nil {
			return nil, err
		}
	}
	r.kind, r.norms = kind, append(r.norms, u)
	r.current = &base{layer: v.layer, width: v.width, biased: true}
	return &value{base: r.current, f: v.f}, nil
}

// unitNumbers copies input i of a node, a constant of one number for each of the units; without
// β, which is optional in LayerNormalization, they are 0.
func (r *reader) unitNumbers(n *parsedNode, i, units int) ([]float32, error) {
	c, err := r.constant(n, i)
	if err != nil {
		return nil, err
	}
	to := make([]float32, units)
	if i == 2 && n.in == 2 {
		return to, nil
	}
	if c == nil || c.rank != 1 || c.len() != units {
		return nil, fmt.Errorf("input %d is not a constant of %d numbers", i, units)
	}
	for j := range to {
		to[j] = c.at(j)
	}
	return to, nil
}

// takeNorms sets the normalisations of a network that was read.
func (r *reader) takeNorms(to *trainer.Network) error {
	if len(r.norms) == 0 {
		return nil
	}
	if hidden := len(r.layers) - 1; len(r.norms) != hidden {
		return fmt.Errorf("%d layers are normalised, and %d are hidden: need all of the hidden ones, or none", len(r.norms), hidden)
	}
	to.Norm, to.Norms = r.kind, slices.Clip(r.norms)
	return nil
}
