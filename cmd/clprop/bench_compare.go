package main

import (
	"cmp"
	"fmt"
	"math"

	"github.com/clprop/clprop/device"
	"github.com/clprop/clprop/trainer"
)

// maxDifference is up to what difference a device counts as right. Rounding makes
// about 1e-4 of it: float32 weights keep 2⁻²⁴ of themselves, three steps of two
// engines lose six such, and a change is counted as at least 1e-4 of the weights
// (see difference), so that makes 6·2⁻²⁴/1e-4 = 0.4% at the very worst. A ReLU
// whose z rounds to the other side of 0 adds to that, one of b·s. A wrong product,
// or a layer left out, makes 10% and more.
const maxDifference = 0.01

// smallestChange is the least change, as a share of the weights, that differences
// are measured by.
const smallestChange = 1e-4

// wrongResult begins a refusal that makes the command fail.
const wrongResult = "wrong result"

// unchecked is the refusal where all is well but for the reference.
const unchecked = "the CPU reference was not measured"

// compare fills in the difference from the reference and the ratio, or why there
// is none.
func (r *benchResult) compare(c benchCase, reference benchResult) {
	if r.Status != measured {
		r.Refused = "not measured"
		return
	}
	r.Refused = r.fallback()
	if reference.Status != measured {
		r.Refused = cmp.Or(r.Refused, unchecked)
		return
	}
	initial, err := c.network()
	if err != nil { // it was made before, so it can be made
		r.Refused = oneLine(err.Error())
		return
	}
	d := difference(r.weights, reference.weights, initial.Layers)
	if r.Difference = &d; !(d <= maxDifference) { // so written that NaN is refused too
		r.Difference, r.Refused = orNull(d), cmp.Or(r.Refused, fmt.Sprintf(
			wrongResult+": differs from the CPU reference by %.2g of the change, more than %g", d, maxDifference))
	}
	if r.Refused == "" {
		ratio := r.Samples.Median / reference.Samples.Median
		r.Ratio = &ratio
	}
}

// fallback says why a speed is not the device's own, "" if it is.
func (r *benchResult) fallback() string {
	due := int64(len(r.Runs)) * int64(r.StepsPerRun) * int64(r.Launches)
	if r.Launches == 1 { // several steps may be one
		due = (due + device.RunsALaunch - 1) / device.RunsALaunch
	}
	switch {
	case r.Device.Fallback != "" || !r.Device.OpenCL:
		return "fallback: the CPU reference did the work"
	case r.grew.Calls > 0:
		return fmt.Sprintf("fallback: %d calls of the CPU reference while it was timed", r.grew.Calls)
	case due == 0 || r.grew.Launches < due:
		return fmt.Sprintf("fallback: %d kernels launched while it was timed, of %d", r.grew.Launches, due)
	}
	return ""
}

// difference is the largest, over the weights and the biases of each layer, of
//
//	‖θ − θ_ref‖ / max(‖θ_ref − θ_initial‖, smallestChange·‖θ_ref‖)
//
// It is relative to the change and not to the weights, because a step changes a
// weight by a thousandth of itself: a gradient twice too large would hardly show.
func difference(got, want, initial []trainer.Layer) float64 {
	largest := 0.0
	for l := range want {
		for _, part := range [][3][]float32{
			{got[l].W, want[l].W, initial[l].W},
			{got[l].B, want[l].B, initial[l].B},
		} {
			var off, change, size float64 // squared norms
			for i, w := range part[1] {
				off += square(float64(part[0][i]) - float64(w))
				change += square(float64(w) - float64(part[2][i]))
				size += square(float64(w))
			}
			scale := max(math.Sqrt(change), smallestChange*math.Sqrt(size))
			if off > 0 || scale > 0 {
				largest = max(largest, math.Sqrt(off)/scale) // NaN stays
			}
		}
	}
	return largest
}

func square(x float64) float64 { return x * x }

func copyLayers(layers []trainer.Layer) []trainer.Layer {
	copies := make([]trainer.Layer, len(layers))
	for l, layer := range layers {
		copies[l] = trainer.Layer{W: append([]float32(nil), layer.W...), B: append([]float32(nil), layer.B...)}
	}
	return copies
}
