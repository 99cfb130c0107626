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
	// LeakyReLU is g(z) = z, or z/100 where z < 0: A. L. Maas, A. Y. Hannun and
	// A. Y. Ng, "Rectifier nonlinearities improve neural network acoustic models",
	// ICML workshop (2013), §2.
	LeakyReLU Activation = "leaky-relu"
	// ELU is g(z) = z, or e^z − 1 where z < 0: D.-A. Clevert, T. Unterthiner and
	// S. Hochreiter, "Fast and accurate deep network learning by exponential linear
	// units (ELUs)", ICLR (2016), eq. 15 with α = 1.
	ELU Activation = "elu"
	// SELU is g(z) = λz, or λα(e^z − 1) where z < 0, with the λ and α at which
	// activations of mean 0 and variance 1 keep them: G. Klambauer, T. Unterthiner,
	// A. Mayr and S. Hochreiter, "Self-normalizing neural networks", NIPS (2017),
	// eq. 2 and 14.
	SELU Activation = "selu"
	// Softplus is g(z) = log(1 + e^z): C. Dugas, Y. Bengio, F. Bélisle, C. Nadeau
	// and R. Garcia, "Incorporating second-order functional knowledge for better
	// option pricing", NIPS (2000), eq. 3.
	Softplus Activation = "softplus"
	Softmax  Activation = "softmax" // g(z)_k = e^z_k / Σ_j e^z_j
)

// leak is the slope of the leaky ReLU below 0; the others are λ and λα of the SELU.
const (
	leak      = 0.01
	seluScale = 1.0507009873554804934193349852946
	seluDepth = seluScale * 1.6732632423543772848170429916717
)

// hiddenActivations are those that work element by element.
var hiddenActivations = []Activation{Linear, Sigmoid, Tanh, ReLU, LeakyReLU, ELU, SELU, Softplus}

// Activations lists every activation there is.
func Activations() []Activation {
	return append(HiddenActivations(), Softmax)
}

// HiddenActivations lists those that a hidden layer can have: the elementwise ones.
func HiddenActivations() []Activation {
	return slices.Clone(hiddenActivations)
}

// Elementwise reports whether g(z)_k depends on z_k alone, which is what a
// hidden layer needs: g′ is then a factor per element.
func (a Activation) Elementwise() bool { return a != Softmax }

// Check returns an error that lists the known names when a is not one of them.
func (a Activation) Check() error {
	if a == Softmax || slices.Contains(hiddenActivations, a) {
		return nil
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
//	below 0: leaky ReLU z/100    ELU e^z−1    SELU λα(e^z−1);  else z, z, λz
//	softplus max(0, z) + log(1 + e^−|z|), which is log(1 + e^z) and cannot overflow
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
	case LeakyReLU:
		piecewise(z.Data, a.Data, 1, func(z float64) float64 { return leak * z })
	case ELU:
		piecewise(z.Data, a.Data, 1, math.Expm1)
	case SELU:
		piecewise(z.Data, a.Data, seluScale, func(z float64) float64 { return seluDepth * math.Expm1(z) })
	case Softplus:
		for i, z := range z.Data {
			z := float64(z)
			a.Data[i] = T(max(0, z) + math.Log1p(math.Exp(-math.Abs(z))))
		}
	case Softmax:
		for i := range z.Rows {
			softmax(z.Row(i), a.Row(i))
		}
	default:
		panic("cpuref.Activate: " + act.Check().Error())
	}
}

// piecewise is a = slope·z, or below(z) where z < 0.
func piecewise[T Float](z, a []T, slope float64, below func(float64) float64) {
	for i, z := range z {
		if z < 0 {
			a[i] = T(below(float64(z)))
		} else {
			a[i] = T(slope * float64(z))
		}
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
//	leaky ReLU 1, or 1/100    ELU 1, or 1+a    SELU λ, or λα+a    where a > 0, or not
//	softplus 1−e^−a, which is the sigmoid of z
//
// That is possible where g is invertible, or g′ is the same wherever a is. It is
// not for SiLU and GELU, which fall and then rise: they would need z.
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
	case LeakyReLU:
		for i, a := range a {
			if a <= 0 {
				delta[i] *= leak
			}
		}
	case ELU:
		for i, a := range a {
			if a <= 0 {
				delta[i] *= 1 + a
			}
		}
	case SELU:
		for i, a := range a {
			if a <= 0 {
				delta[i] *= seluDepth + a
			} else {
				delta[i] *= seluScale
			}
		}
	case Softplus:
		for i, a := range a {
			delta[i] *= T(-math.Expm1(-float64(a)))
		}
	}
}
