package trainer

import (
	"fmt"
	"math"
	"strings"

	"github.com/clprop/clprop/device"
)

// Optimizer says how Θ is changed by D, or, by lbfgs and cg, by the cost and D of the whole
// training set, see WholeSetOptimizers. A number that is 0 means the default of the
// optimizer, which is PyTorch's; one that it does not have must be 0. The formulas
// and their sources are at the functions of package cpuref with these names.
type Optimizer struct {
	// Name is one of Optimizers or WholeSetOptimizers; "" means sgd.
	Name string
	// Momentum is μ of momentum and nesterov; default 0.9.
	Momentum float64
	// Beta1 is β1 of adam, adamw and lion; default 0.9.
	Beta1 float64
	// Beta2 is β2 of adam and adamw, default 0.999, and of lion, default 0.99, and ρ
	// of rmsprop, default 0.99.
	Beta2 float64
	// Eps is ε of rmsprop, adam and adamw, default 1e-8, and of adagrad, default 1e-10.
	Eps float64
	// WeightDecay is the decoupled decay of weights, not of biases: of adamw, default
	// 0.01, and of lion, default none. Every step takes it times the learning rate.
	WeightDecay float64
}

// optimizerDefaults are the numbers that each optimizer has, and its learning rate.
// Lion's rate is that of its paper's programs; sgd's and momentum's are this package's.
var optimizerDefaults = []struct {
	Optimizer
	rate   float64
	decays bool
}{
	{Optimizer{Name: "sgd"}, 0.1, false},
	{Optimizer{Name: "momentum", Momentum: 0.9}, 0.01, false},
	{Optimizer{Name: "nesterov", Momentum: 0.9}, 0.01, false},
	{Optimizer{Name: "rmsprop", Beta2: 0.99, Eps: 1e-8}, 0.01, false},
	{Optimizer{Name: "adagrad", Eps: 1e-10}, 0.01, false},
	{Optimizer{Name: "adam", Beta1: 0.9, Beta2: 0.999, Eps: 1e-8}, 0.001, false},
	{Optimizer{Name: "adamw", Beta1: 0.9, Beta2: 0.999, Eps: 1e-8, WeightDecay: 0.01}, 0.001, true},
	{Optimizer{Name: "lion", Beta1: 0.9, Beta2: 0.99}, 0.0001, true},
	{Optimizer{Name: "lbfgs"}, wholeSetRate, false},
	{Optimizer{Name: "cg"}, wholeSetRate, false},
}

// Optimizers lists the names of those that take a step a batch.
func Optimizers() []string {
	var names []string
	for _, d := range optimizerDefaults {
		if !d.Optimizer.WholeSet() {
			names = append(names, d.Name)
		}
	}
	return names
}

// DefaultRate is the learning rate where Config.Rate is 0; 0 for an unknown name.
func (o Optimizer) DefaultRate() float64 {
	for _, d := range optimizerDefaults {
		if d.Name == o.Name || o.Name == "" {
			return d.rate // the first is sgd
		}
	}
	return 0
}

// WithDefaults returns o with its zeros filled in, or an error that names the first
// number that is out of range or that the optimizer does not have.
func (o Optimizer) WithDefaults() (Optimizer, error) {
	for _, d := range optimizerDefaults {
		if d.Name != o.Name && o.Name != "" {
			continue
		}
		o.Name = d.Name
		for _, n := range []struct {
			name         string
			v            *float64
			byDefault    float64
			has          bool
			least, below float64
		}{
			{"momentum", &o.Momentum, d.Momentum, d.Momentum > 0, 0, 1},
			{"beta1", &o.Beta1, d.Beta1, d.Beta1 > 0, 0, 1},
			{"beta2", &o.Beta2, d.Beta2, d.Beta2 > 0, 0, 1},
			{"eps", &o.Eps, d.Eps, d.Eps > 0, device.MinEps, math.MaxFloat32},
			{"weight decay", &o.WeightDecay, d.WeightDecay, d.decays, 0, math.MaxFloat32},
		} {
			switch {
			case *n.v == 0:
				*n.v = n.byDefault
			case !n.has:
				return o, fmt.Errorf("optimizer %s has no %s, which is %v", o.Name, n.name, *n.v)
			case !(*n.v >= n.least && *n.v < n.below): // so that NaN fails
				low := "above 0"
				if n.least > 0 {
					low = fmt.Sprintf("of at least %v", n.least)
				}
				return o, fmt.Errorf("%s of %s is %v: need a number %s and below %v", n.name, o.Name, *n.v, low, n.below)
			}
		}
		return o, nil
	}
	return o, fmt.Errorf("unknown optimizer %q: have %s", o.Name, strings.Join(append(Optimizers(), WholeSetOptimizers()...), ", "))
}

// moments are the names of what an optimizer keeps from step to step, each shaped as Θ
// and 0 before the first step of a Fit.
func (o Optimizer) moments() []string {
	switch o.Name {
	case "momentum", "nesterov":
		return []string{"velocity"}
	case "rmsprop", "adagrad":
		return []string{"square"}
	case "adam", "adamw":
		return []string{"m", "v"}
	case "lion":
		return []string{"m"}
	}
	return nil
}

// optimizing is an Optimizer with its state.
type optimizing struct {
	Optimizer
	state []stateful     // what moments names
	rate  *device.Scalar // α
	step  *device.Scalar // t of this Fit, 1 for the first step
}

// optimizing allocates the state; o has its defaults.
func (m *memory) optimizing(o Optimizer, rate float64, shapes []device.Shape) optimizing {
	p := optimizing{Optimizer: o, rate: device.NewScalar(rate), step: device.NewScalar(1)}
	for _, name := range o.moments() {
		p.state = append(p.state, stateful{name, m.parameters("moment "+name, shapes)})
	}
	return p
}

// update is the operation that changes Θ by D.
func (p optimizing) update(theta, grad device.Parameters) device.Op {
	switch p.Name {
	case "momentum", "nesterov":
		return device.Momentum{Theta: theta, Grad: grad, Velocity: p.state[0].of, Rate: p.rate,
			Mu: p.Momentum, Nesterov: p.Name == "nesterov"}
	case "rmsprop":
		return device.RMSprop{Theta: theta, Grad: grad, Square: p.state[0].of, Rate: p.rate, Rho: p.Beta2, Eps: p.Eps}
	case "adagrad":
		return device.Adagrad{Theta: theta, Grad: grad, Square: p.state[0].of, Rate: p.rate, Eps: p.Eps}
	case "adam", "adamw":
		return device.Adam{Theta: theta, Grad: grad, M: p.state[0].of, V: p.state[1].of, Rate: p.rate, Step: p.step,
			Beta1: p.Beta1, Beta2: p.Beta2, Eps: p.Eps, Decay: p.WeightDecay}
	case "lion":
		return device.Lion{Theta: theta, Grad: grad, M: p.state[0].of, Rate: p.rate,
			Beta1: p.Beta1, Beta2: p.Beta2, Decay: p.WeightDecay}
	}
	return device.SGD{Theta: theta, Grad: grad, Rate: p.rate}
}
