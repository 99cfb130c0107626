package cpuref

import "fmt"

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
