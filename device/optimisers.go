package device

import (
	"errors"
	"fmt"
)

// Momentum is v := μ v + D, Θ := Θ − α v, or with Nesterov Θ := Θ − α (D + μ v), all
// layers. Velocity is 0 before the first step. See cpuref.Momentum.
type Momentum struct {
	Theta, Grad, Velocity Parameters
	Rate                  *Scalar // α
	Mu                    float64 // μ, 0 ≤ μ < 1
	Nesterov              bool
}

// RMSprop is s := ρ s + (1−ρ) D², Θ := Θ − α D/(√s + ε), all layers. Square is 0
// before the first step. See cpuref.RMSprop.
type RMSprop struct {
	Theta, Grad, Square Parameters
	Rate                *Scalar // α
	Rho                 float64 // ρ, 0 ≤ ρ < 1
	Eps                 float64 // ε, at least MinEps
}

// Adagrad is s := s + D², Θ := Θ − α D/(√s + ε), all layers. Square is 0 before the
// first step. See cpuref.Adagrad.
type Adagrad struct {
	Theta, Grad, Square Parameters
	Rate                *Scalar // α
	Eps                 float64 // ε, at least MinEps
}

// Adam is a step of Adam, or with a Decay of AdamW, all layers; weights decay, biases
// do not. M and V are 0 before the first step. See cpuref.Adam.
type Adam struct {
	Theta, Grad, M, V Parameters
	Rate              *Scalar // α
	Step              *Scalar // t, 1 for the first step; less counts as 1
	Beta1, Beta2      float64 // β1 and β2, 0 ≤ β < 1
	Eps               float64 // ε, at least MinEps
	Decay             float64 // λ of the decoupled decay, at least 0
}

// Lion is a step of Lion, all layers; weights decay, biases do not. M is 0 before the
// first step. See cpuref.Lion.
type Lion struct {
	Theta, Grad, M Parameters
	Rate           *Scalar // α
	Beta1, Beta2   float64 // β1 and β2, 0 ≤ β < 1
	Decay          float64 // λ of the decoupled decay, at least 0
}

// MinEps is the least ε of an optimiser, the least normal float32: where s is 0,
// D/(√s + ε) is 0/ε.
const MinEps = 0x1p-126

// number is a setting of an optimiser, and what it may be.
type number struct {
	name          string
	v, low, above float64 // low ≤ v < above
}

func beta(name string, v float64) number { return number{name, v, 0, 1} }
func epsilon(v float64) number           { return number{"ε", v, MinEps, 1e30} }
func decay(v float64) number             { return number{"the decay", v, 0, 1e30} }

// checkUpdate validates an optimiser: parameters are Θ, D and the moments.
func checkUpdate(op string, parameters []Parameters, scalars []*Scalar, numbers ...number) error {
	for i, p := range parameters {
		if p == nil {
			return fmt.Errorf("%s: operand %d is missing", op, i)
		}
	}
	for _, s := range scalars {
		if s == nil {
			return errors.New(op + ": a Scalar is missing")
		}
	}
	for _, n := range numbers {
		if !(n.v >= n.low && n.v < n.above) { // so that NaN fails
			return fmt.Errorf("%s: %s is %v: need %v or more, and below %v", op, n.name, n.v, n.low, n.above)
		}
	}
	for i, p := range parameters {
		for _, q := range parameters[:i] {
			if p == q {
				return fmt.Errorf("%s: operand %d is another operand too: each needs memory of its own", op, i)
			}
		}
	}
	return sameLayers(op, parameters[0], parameters[1:]...)
}

func (o Momentum) check() error {
	return checkUpdate("momentum", []Parameters{o.Theta, o.Grad, o.Velocity}, []*Scalar{o.Rate}, beta("μ", o.Mu))
}

func (o RMSprop) check() error {
	return checkUpdate("rmsprop", []Parameters{o.Theta, o.Grad, o.Square}, []*Scalar{o.Rate}, beta("ρ", o.Rho), epsilon(o.Eps))
}

func (o Adagrad) check() error {
	return checkUpdate("adagrad", []Parameters{o.Theta, o.Grad, o.Square}, []*Scalar{o.Rate}, epsilon(o.Eps))
}

func (o Adam) check() error {
	return checkUpdate("adam", []Parameters{o.Theta, o.Grad, o.M, o.V}, []*Scalar{o.Rate, o.Step},
		beta("β1", o.Beta1), beta("β2", o.Beta2), epsilon(o.Eps), decay(o.Decay))
}

func (o Lion) check() error {
	return checkUpdate("lion", []Parameters{o.Theta, o.Grad, o.M}, []*Scalar{o.Rate},
		beta("β1", o.Beta1), beta("β2", o.Beta2), decay(o.Decay))
}
