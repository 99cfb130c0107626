package trainer

import (
	"fmt"
	"math"
	"slices"

	"github.com/clprop/clprop/cpuref"
	"github.com/clprop/clprop/device"
)

// shaped does to D and its ends what comes before the optimizer, and returns what is left.
func (v *verifier) shaped(of ends, ops []device.Op) []device.Op {
	for ; ; ops = ops[1:] {
		switch o := ops[0].(type) {
		case device.L1:
			for _, grad := range of {
				for l, layer := range grad {
					cpuref.L1(v.before[nameTheta][l], layer, o.Lambda, o.M)
				}
			}
		case device.ClipValue:
			for _, grad := range of {
				for _, layer := range grad {
					cpuref.ClipValue(layer, o.Limit)
				}
			}
		case device.ClipNorm:
			clipNorm(of, o.Limit)
		default:
			return ops
		}
	}
}

// stepped returns Θ after the optimizer, and how far that of the device may be from it:
//
//   - twice the largest change between D and its ends, for what a square root or a sign makes
//     of it, and what lies between,
//   - 4u of Θ,
//   - 34u of the size of the step, which is the step of |D| and of the magnitudes of the
//     moments: where μv + D or β1 m + (1−β1) D cancels, its roundings are those of its terms.
//
// Adam has the most: m 3u, size·m 2u, √v 8u (the root 3 ulp, and half of the 4u of v), /root
// 6u, +ε 2u, the quotient 5u; 2u where shrink·Θ is larger than what the step leaves of Θ; and
// in m and √v 3u each of D after L1 and ClipValue: λ1 sign(Θ)/m is off by 2u of itself and
// its sum by u, together 2u of D before, which gradient has, and 3u of D after; a limit by u.
//
// Two kinds of numbers have no such roundings. Where what reach finds, or a sum, is beyond
// float32 the device may come to anything. And where D, and the mean of D that the step is in
// proportion to, are below tiny, it may take none of the step, or with Lion the opposite one;
// the size is 0 where D and the mean are, as those of a dead unit.
func (v *verifier) stepped(op device.Op, of ends) (want, bound wideLayers, err error) {
	if o, ok := op.(device.Lion); ok {
		v.unsure(o, of)
	}
	var theta ends
	for i, grad := range of {
		theta[i] = mapped(v.before[nameTheta], same)
		if err := v.optimized(op, theta[i], grad, v.moments(same)); err != nil {
			return nil, nil, err
		}
	}
	sizes, moments, step := mapped(of[0], math.Abs), v.moments(math.Abs), zeros(of[0])
	if err := v.optimized(op, step, sizes, moments); err != nil {
		return nil, nil, err
	}
	bound = mapped(step, math.Abs)
	for l := range bound {
		for part, limit := range parts(bound[l]) {
			w, low, high := parts(theta[0][l])[part].Data, parts(theta[1][l])[part].Data, parts(theta[2][l])[part].Data
			largest, means := v.reach(l, part, sizes, moments)
			for i, size := range limit.Data {
				limit.Data[i] = 2*max(math.Abs(low[i]-w[i]), math.Abs(high[i]-w[i])) + 34*unit*size + 4*unit*math.Abs(w[i])
				switch {
				case !(max(largest[i], limit.Data[i]) <= math.MaxFloat32): // so that NaN counts
					limit.Data[i] = math.Inf(1)
				case means[i] < tiny:
					limit.Data[i] += 2 * size
				}
			}
		}
	}
	return theta[0], bound, nil
}

// tiny is 2⁻¹²⁶/u, eight times: above it the five underflows of D, or of its mean, are below u.
const tiny = 8 * flushed / unit

// reach returns, from the sizes of D and the moments after a step, the larger of D and its
// mean, and the largest of that times α/(1−β1^t), which may be divided by much, of the
// squares and of the moments.
func (v *verifier) reach(l, part int, grad wideLayers, moments []wideLayers) (largest, means []float64) {
	by := v.to.by
	rate := by.rate.Value() / (1 - math.Pow(by.Beta1, by.step.Value()))
	means = slices.Clone(parts(grad[l])[part].Data)
	for _, d := range means {
		largest = append(largest, d*d)
	}
	for k, p := range by.state {
		for i, x := range parts(moments[k][l])[part].Data {
			largest[i] = max(largest[i], x)
			if p.name == "velocity" || p.name == "m" {
				means[i] = max(means[i], x)
			}
		}
	}
	for i, mean := range means {
		largest[i] = max(largest[i], rate*mean)
	}
	return largest, means
}

// unsure widens the ends by what may turn the sign of c = β1 m + (1−β1) D: its terms are off by
// 3u each, and D by 3u more, see stepped.
func (v *verifier) unsure(o device.Lion, of ends) {
	m := v.moments(same)[0]
	for l := range m {
		for part, values := range parts(m[l]) {
			d, low, high := parts(of[0][l])[part].Data, parts(of[1][l])[part].Data, parts(of[2][l])[part].Data
			for i, was := range values.Data {
				by := 6 * unit * (math.Abs(d[i]) + o.Beta1/(1-o.Beta1)*math.Abs(was))
				low[i], high[i] = low[i]-by, high[i]+by
			}
		}
	}
}

// moments are those before the step, or what change makes of them.
func (v *verifier) moments(change func(float64) float64) (list []wideLayers) {
	for _, p := range v.to.by.state {
		list = append(list, mapped(v.before[p.name], change))
	}
	return list
}

// optimized does what an optimizer does, in place.
func (v *verifier) optimized(op device.Op, theta, grad wideLayers, moments []wideLayers) error {
	for l := range theta {
		if !apply(op, theta[l], grad[l], func(moment int) cpuref.Layer[float64] { return moments[moment][l] }) {
			return fmt.Errorf("verifying a step: no rule for %T", op)
		}
	}
	return nil
}
