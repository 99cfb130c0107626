package onnx

import (
	"math"

	"github.com/clprop/clprop/device"
)

// base is what values are written from: the input of the graph, or z of a layer.
type base struct {
	layer  int // −1 for the input
	width  int // units; 0 while that of the input is not known
	biased bool
}

// value is what a node gives: scale·f(z) + shift, where z is its base.
type value struct {
	*base
	f device.Activation // or erf, or missing
	affine
}

// What values may be besides activations: steps on the way to one.
const (
	erf     device.Activation = "erf"
	missing device.Activation = "missing" // whether z is NaN
)

// affine is scale·x + shift, a number each, or one for each unit; nil are 1 and 0.
type affine struct{ scale, shift []float64 }

// tolerance is for constants that were rounded to float32 more than once, such as √2.
const tolerance = 1e-6

func near(x, y float64) bool { return math.Abs(x-y) <= tolerance*math.Abs(y) }

// identity reports whether nothing is scaled or shifted.
func (a affine) identity() bool {
	for _, s := range a.scale {
		if !near(s, 1) {
			return false
		}
	}
	for _, s := range a.shift {
		if s != 0 {
			return false
		}
	}
	return true
}

// scalar returns scale and shift where each is one number.
func (a affine) scalar() (scale, shift float64, ok bool) {
	return element(a.scale, 0, 1), element(a.shift, 0, 0), len(a.scale) <= 1 && len(a.shift) <= 1
}

// element is v[i], or v[0] for all i, or otherwise if there are none.
func element(v []float64, i int, otherwise float64) float64 {
	switch len(v) {
	case 0:
		return otherwise
	case 1:
		return v[0]
	}
	return v[i]
}
