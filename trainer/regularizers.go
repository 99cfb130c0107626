package trainer

import (
	"fmt"
	"math"

	"github.com/clprop/clprop/device"
)

// Regularizers bound D and Θ, beside Config.Lambda; each is off where it is 0. A step
// is in this order:
//
//	D = (Δ + λΘ + λ1 sign(Θ))/m, biases without λ and λ1
//	D cut to ±ClipValue, then scaled to ‖D‖ ≤ ClipNorm, biases too
//	Θ changed by the Optimizer
//	the weights into each unit scaled to ‖w‖ ≤ MaxNorm
//	the running mean of Θ moved
//
// Dropout is before all this, on the way to Δ. The sources are at the functions of package
// cpuref: L1, ClipValue, ClipNorm, MaxNorm, Average and Dropout.
type Regularizers struct {
	L1        float64 `json:",omitempty"` // λ1 of the penalty λ1/m Σ |Θ|, which Cost includes
	ClipValue float64 `json:",omitempty"` // the largest magnitude of an element of D
	ClipNorm  float64 `json:",omitempty"` // the largest norm of D, all layers together
	MaxNorm   float64 `json:",omitempty"` // the largest norm of the weights into a unit
	// Average is ρ of the running mean E := ρE + (1−ρ)Θ, below 1, such as 0.999. E is what
	// is validated, what the network holds after an epoch, and what it is left with. In
	// step t = 0 … of a Fit ρ is (1+t)/(10+t) where that is less, so that the weights that
	// training began with are soon forgotten.
	Average float64 `json:",omitempty"`
	// Dropout is p, the share of the activations of hidden layers that a step does without,
	// others each time, the rest times 1/(1−p), and InputDropout that of the inputs. Below 1,
	// such as 0.5 and 0.2. The cost of an epoch is that of its steps, with dropout; nothing
	// is dropped from what is validated, evaluated or predicted.
	Dropout      float64 `json:",omitempty"`
	InputDropout float64 `json:",omitempty"`
}

// check names the first field out of range.
func (r Regularizers) check() error {
	for _, n := range []struct {
		name         string
		v            float64
		least, below float64
	}{
		{"l1", r.L1, 0, math.MaxFloat32},
		{"clip-value", r.ClipValue, device.MinEps, math.MaxFloat32},
		{"clip-norm", r.ClipNorm, device.MinEps, math.MaxFloat32},
		{"max-norm", r.MaxNorm, device.MinEps, math.MaxFloat32},
		{"average", r.Average, 0, 1},
		{"dropout", r.Dropout, 0, 1},
		{"input-dropout", r.InputDropout, 0, 1},
	} {
		if n.v != 0 && !(n.v >= n.least && n.v < n.below) { // so that NaN fails
			return fmt.Errorf("%s is %v: need 0 for none, or %.3g or more, and below %.3g", n.name, n.v, n.least, n.below)
		}
	}
	return nil
}

// averaging is the running mean of Θ; the zero value is none.
type averaging struct {
	mean  device.Parameters // nil if there is none
	share *device.Scalar    // 1 − ρ
}

// share is 1 − ρ of a step, counted from 0.
//
// Source: TensorFlow's ExponentialMovingAverage, whose num_updates is t.
func (r Regularizers) share(step int) float64 {
	t := float64(step)
	return 1 - min(r.Average, (1+t)/(10+t))
}

// averaging allocates the mean, which begins as the network's weights.
func (f *fit) averaging(shapes []device.Shape) (a averaging) {
	m := &f.memory
	if f.config.Regularizers.Average == 0 {
		return a
	}
	a = averaging{m.parameters("the mean of Θ", shapes), device.NewScalar(f.config.Regularizers.share(0))}
	if m.err == nil {
		m.err = f.writeTo(a.mean)
	}
	return a
}

// held is what the network gets: the mean of Θ, or Θ.
func (f *fit) held() device.Parameters {
	if f.to.average.mean != nil {
		return f.to.average.mean
	}
	return f.dev.theta
}

// read waits, and copies what is held to the network if all of it is finite.
func (f *fit) read() (finite bool, err error) { return f.readFrom(f.held()) }

// counted sets the numbers that depend on how many steps were taken before: in this Fit,
// and in all.
func (to descent) counted(taken, ever int) {
	to.drop.step.Set(float64(ever))
	to.augment.draw(ever)
	to.by.step.Set(float64(taken + 1))
	if to.average.mean != nil {
		to.average.share.Set(to.regularizers.share(taken))
	}
}

// descend writes down what a step does with Δ of m examples.
func (to descent) descend(theta device.Parameters, m int) []device.Op {
	r := to.regularizers
	var ops []device.Op
	if to.scale != nil {
		ops = append(ops, device.Unscale{Sum: to.sum, Scale: to.scale})
	}
	ops = append(ops, device.Gradient{Sum: to.sum, Theta: theta, Lambda: to.lambda, M: m, Grad: to.grad})
	if to.by.WholeSet() { // which has the rest to itself
		return ops
	}
	if r.L1 > 0 {
		ops = append(ops, device.L1{Theta: theta, Grad: to.grad, Lambda: r.L1, M: m})
	}
	if r.ClipValue > 0 {
		ops = append(ops, device.ClipValue{Grad: to.grad, Limit: r.ClipValue})
	}
	if r.ClipNorm > 0 {
		ops = append(ops, device.ClipNorm{Grad: to.grad, Limit: r.ClipNorm})
	}
	ops = append(ops, to.by.update(theta, to.grad))
	if r.MaxNorm > 0 {
		ops = append(ops, device.MaxNorm{Theta: theta, Limit: r.MaxNorm})
	}
	if mean := to.average.mean; mean != nil {
		ops = append(ops, device.Average{Theta: theta, Mean: mean, Share: to.average.share})
	}
	return ops
}
