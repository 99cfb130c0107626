package cpuref

import (
	"fmt"
	"math"
	"slices"
)

// Activation names the function g that a layer applies to z.
type Activation string

// The activations. Softmax works on a whole row and is for the output layer
// only; the others work element by element.
const (
	Linear  Activation = "linear"  // g(z) = z
	Sigmoid Activation = "sigmoid" // g(z) = 1/(1+e^−z)
	Tanh    Activation = "tanh"    // g(z) = tanh z
	ReLU    Activation = "relu"    // g(z) = max(0, z)
	Softmax Activation = "softmax" // g(z)_k = e^z_k / Σ_j e^z_j
)

// Activations lists every activation there is.
func Activations() []Activation {
	return []Activation{Linear, Sigmoid, Tanh, ReLU, Softmax}
}

// Elementwise reports whether g(z)_k depends on z_k alone, which is what a
// hidden layer needs: g′ is then a factor per element.
func (a Activation) Elementwise() bool { return a != Softmax }

// Check returns an error that lists the known names when a is not one of them.
func (a Activation) Check() error {
	for _, known := range Activations() {
		if a == known {
			return nil
		}
	}
	return fmt.Errorf("unknown activation %q: have %v", string(a), Activations())
}

// Loss names the error of one example, together with the output activation
// that makes δ(L) = a(L) − y its derivative with respect to z(L).
type Loss string

// The losses.
const (
	// SigmoidCrossEntropy is −Σ_k [ y_k log h_k + (1−y_k) log(1−h_k) ] with
	// h = sigmoid(z): each output unit is a yes/no question of its own.
	SigmoidCrossEntropy Loss = "sigmoid-cross-entropy"
	// SoftmaxCrossEntropy is −Σ_k y_k log h_k with h = softmax(z): exactly one
	// class is right.
	SoftmaxCrossEntropy Loss = "softmax-cross-entropy"
)

// Losses lists every loss there is.
func Losses() []Loss { return []Loss{SigmoidCrossEntropy, SoftmaxCrossEntropy} }

// Output returns the output activation that the loss belongs to.
func (l Loss) Output() Activation {
	if l == SoftmaxCrossEntropy {
		return Softmax
	}
	return Sigmoid
}

// Check returns an error that lists the known names when l is not one of them.
func (l Loss) Check() error {
	for _, known := range Losses() {
		if l == known {
			return nil
		}
	}
	return fmt.Errorf("unknown loss %q: have %v", string(l), Losses())
}

// Activate is a = g(z), element by element or, for the softmax, row by row:
//
//	linear z    sigmoid 1/(1+e^−z)    tanh z    ReLU max(0, z)
//	softmax e^(z_k−c) / Σ_j e^(z_j−c),  c = max_j z_j
//
// z and a have the same shape and may be the same matrix. g is computed in
// float64 and rounded once. It panics on an unknown activation.
func Activate[T Float](act Activation, z, a Matrix[T]) {
	if !z.is(a.Rows, a.Cols) || !a.is(a.Rows, a.Cols) {
		panic(unfit("Activate", "z a", z, a))
	}
	switch act {
	case Linear:
		copy(a.Data, z.Data)
	case Sigmoid:
		for i, z := range z.Data {
			a.Data[i] = T(1 / (1 + math.Exp(-float64(z)))) // e^−z = ∞ gives 0, as it should
		}
	case Tanh:
		for i, z := range z.Data {
			a.Data[i] = T(math.Tanh(float64(z)))
		}
	case ReLU:
		for i, z := range z.Data {
			a.Data[i] = max(0, z)
		}
	case Softmax:
		for i := range z.Rows {
			softmax(z.Row(i), a.Row(i))
		}
	default:
		panic("cpuref.Activate: " + act.Check().Error())
	}
}

// softmax is one row. Taking the maximum c off every z changes nothing in exact
// arithmetic, and no exponential can then overflow.
func softmax[T Float](z, a []T) {
	if len(z) == 0 {
		return
	}
	c := float64(slices.Max(z)) // NaN if any z is
	sum := 0.0
	for _, z := range z {
		sum += math.Exp(float64(z) - c)
	}
	for k, z := range z {
		a[k] = T(math.Exp(float64(z)-c) / sum)
	}
}

// scaleByDerivative is delta ⊙= g′(z), with g′ written from a = g(z), so that z
// need not be kept:
//
//	linear 1    sigmoid a(1−a)    tanh 1−a²    ReLU 1 where a > 0, else 0
func scaleByDerivative[T Float](act Activation, a, delta []T) {
	switch act {
	case Linear:
	case Sigmoid:
		for i, a := range a {
			delta[i] *= a * (1 - a)
		}
	case Tanh:
		for i, a := range a {
			delta[i] *= 1 - a*a
		}
	case ReLU:
		for i, a := range a {
			if a <= 0 {
				delta[i] = 0
			}
		}
	}
}
