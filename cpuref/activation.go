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
	// GELU is g(z) = z Φ(z) with Φ the standard normal distribution, exactly, by the
	// error function, and not by its approximation with tanh: D. Hendrycks and K.
	// Gimpel, "Gaussian error linear units (GELUs)", arXiv:1606.08415 (2016), §2.
	GELU Activation = "gelu"
	// SiLU is g(z) = z/(1 + e^−z), also called swish: S. Elfwing, E. Uchibe and K.
	// Doya, "Sigmoid-weighted linear units for neural network function approximation
	// in reinforcement learning", Neural Networks 107 (2018), eq. 9.
	SiLU Activation = "silu"
	// HardSigmoid is g(z) = z/6 + ½ cut to 0 … 1, and HardSwish is z times it: A.
	// Howard et al., "Searching for MobileNetV3", ICCV (2019), §5.2.
	HardSigmoid Activation = "hard-sigmoid"
	HardSwish   Activation = "hard-swish"
	Softmax     Activation = "softmax" // g(z)_k = e^z_k / Σ_j e^z_j
)

// leak is the slope of the leaky ReLU below 0; the others are λ and λα of the SELU.
const (
	leak      = 0.01
	seluScale = 1.0507009873554804934193349852946
	seluDepth = seluScale * 1.6732632423543772848170429916717
)

// hiddenActivations are those that work element by element.
var hiddenActivations = []Activation{Linear, Sigmoid, Tanh, ReLU, LeakyReLU, ELU, SELU, Softplus, GELU, SiLU, HardSigmoid, HardSwish}

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

// NeedsZ reports whether g′ cannot be written from a = g(z), because g falls and
// then rises: a net that is trained then keeps z of its hidden layers too.
func (a Activation) NeedsZ() bool { return a == GELU || a == SiLU || a == HardSwish }

// Check returns an error that lists the known names when a is not one of them.
func (a Activation) Check() error {
	if a == Softmax || slices.Contains(hiddenActivations, a) {
		return nil
	}
	return fmt.Errorf("unknown activation %q: have %v", string(a), Activations())
}

// Activate is a = g(z), element by element or, for the softmax, row by row:
//
//	linear z    sigmoid 1/(1+e^−z)    tanh z    ReLU max(0, z)
//	below 0: leaky ReLU z/100    ELU e^z−1    SELU λα(e^z−1);  else z, z, λz
//	softplus max(0, z) + log(1 + e^−|z|), which is log(1 + e^z) and cannot overflow
//	GELU z/2 · erfc(−z/√2)    SiLU z/(1+e^−z)    hard sigmoid z/6+½ cut to 0 … 1
//	hard swish z · hard sigmoid
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
	case GELU:
		elementwise(z.Data, a.Data, func(z float64) float64 { return z * normalDistribution(z) })
	case SiLU:
		elementwise(z.Data, a.Data, func(z float64) float64 { return z / (1 + math.Exp(-z)) })
	case HardSigmoid:
		elementwise(z.Data, a.Data, hardSigmoid)
	case HardSwish:
		elementwise(z.Data, a.Data, func(z float64) float64 { return z * hardSigmoid(z) })
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

// elementwise is a = g(z).
func elementwise[T Float](z, a []T, g func(float64) float64) {
	for i, z := range z {
		a[i] = T(g(float64(z)))
	}
}

// normalDistribution is Φ(z) = ½ erfc(−z/√2), which, unlike ½(1 + erf(z/√2)), keeps
// its digits where it is small.
func normalDistribution(z float64) float64 { return math.Erfc(-z/math.Sqrt2) / 2 }

func hardSigmoid(z float64) float64 { return min(1, max(0, z/6+0.5)) }

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
//	softplus 1−e^−a, which is the sigmoid of z    hard sigmoid 1/6 where 0 < a < 1
//
// That is possible where g is invertible, or g′ is the same wherever a is. For the
// others, see Activation.NeedsZ, a is z:
//
//	GELU Φ(z) + z φ(z), φ(z) = e^(−z²/2)/√2π    SiLU s(1 + z(1−s)), s = 1/(1+e^−z)
//	hard swish (2z+3)/6 where −3 < z < 3, 0 below and 1 above
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
	case HardSigmoid:
		for i, a := range a {
			if a <= 0 || a >= 1 {
				delta[i] = 0
			} else {
				delta[i] /= 6
			}
		}
	case GELU:
		scaleBy(a, delta, func(z float64) float64 {
			return normalDistribution(z) + z*math.Exp(-z*z/2)/math.Sqrt(2*math.Pi)
		})
	case SiLU:
		scaleBy(a, delta, func(z float64) float64 {
			s, other := 1/(1+math.Exp(-z)), 1/(1+math.Exp(z)) // other is 1−s, with all its digits
			return s * (1 + z*other)
		})
	case HardSwish:
		scaleBy(a, delta, func(z float64) float64 {
			switch {
			case z <= -3:
				return 0
			case z >= 3:
				return 1
			}
			return (2*z + 3) / 6
		})
	}
}

// scaleBy is delta ⊙= prime(z).
func scaleBy[T Float](z, delta []T, prime func(float64) float64) {
	for i, z := range z {
		delta[i] *= T(prime(float64(z)))
	}
}
