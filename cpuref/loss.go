package cpuref

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Loss names the error of one example, together with the output activation that
// it is written for. Its derivative with respect to z(L) is OutputDelta's.
type Loss string

// The losses. Of what is written with 1/K the cost is a mean over all outputs of
// all examples, as PyTorch's losses of these names have it.
const (
	// SigmoidCrossEntropy is −Σ_k [ y_k log h_k + (1−y_k) log(1−h_k) ] with
	// h = sigmoid(z): each output unit is a yes/no question of its own.
	SigmoidCrossEntropy Loss = "sigmoid-cross-entropy"
	// SoftmaxCrossEntropy is −Σ_k y_k log h_k with h = softmax(z): exactly one
	// class is right.
	SoftmaxCrossEntropy Loss = "softmax-cross-entropy"
	// MultiLabelCrossEntropy is SigmoidCrossEntropy where any number of the labels of an
	// example may be 1: the example is right where every one of them is. C. M. Bishop, Pattern
	// Recognition and Machine Learning (2006), eq. 5.22; J. Nam, J. Kim, E. Loza Mencía, I.
	// Gurevych and J. Fürnkranz, "Large-scale multi-label text classification: revisiting neural
	// networks", ECML PKDD (2014), compare it with others for labels.
	MultiLabelCrossEntropy Loss = "multilabel-cross-entropy"
	// Hinge is Σ_k max(0, 1 − t_k h_k) with h = z and t = 2y − 1, so that t is ±1:
	// one support vector machine against the rest for each class. C. Cortes and V.
	// Vapnik, "Support-vector networks", Machine Learning 20 (1995), eq. 16 and 17;
	// R. Rifkin and A. Klautau, "In defense of one-vs-all classification", JMLR 5
	// (2004), §3.
	Hinge Loss = "hinge"
	// MeanSquaredError is (1/K) Σ_k (h_k − y_k)² with h = z.
	MeanSquaredError Loss = "mse"
	// MeanAbsoluteError is (1/K) Σ_k |h_k − y_k| with h = z.
	MeanAbsoluteError Loss = "mae"
	// Huber is (1/K) Σ_k ½r² where r = |h_k − y_k| is at most δ, and δ(r − ½δ)
	// beyond, with h = z and δ = 1; HuberLoss has another δ. P. J. Huber, "Robust
	// estimation of a location parameter", Ann. Math. Statist. 35 (1964), p. 75.
	Huber Loss = "huber"
)

// HuberLoss is the Huber loss with a threshold of its own, such as "huber:0.5".
func HuberLoss(delta float64) Loss {
	return Huber + ":" + Loss(strconv.FormatFloat(delta, 'g', -1, 64))
}

// Losses lists every loss there is, Huber's with δ = 1.
func Losses() []Loss {
	return []Loss{SigmoidCrossEntropy, SoftmaxCrossEntropy, MultiLabelCrossEntropy, Hinge, MeanSquaredError, MeanAbsoluteError, Huber}
}

// Kind is the loss without its threshold: Huber for every HuberLoss.
func (l Loss) Kind() Loss {
	kind, _, _ := strings.Cut(string(l), ":")
	return Loss(kind)
}

// HuberDelta is δ of the Huber loss: 1 where the name has none. It is NaN where
// the name has something else behind the colon, which Check refuses.
func (l Loss) HuberDelta() float64 {
	_, text, ok := strings.Cut(string(l), ":")
	if !ok {
		return 1
	}
	delta, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return math.NaN()
	}
	return delta
}

// Output returns the output activation that the loss belongs to.
func (l Loss) Output() Activation {
	switch l {
	case SoftmaxCrossEntropy:
		return Softmax
	case SigmoidCrossEntropy, MultiLabelCrossEntropy:
		return Sigmoid
	}
	return Linear
}

// MultiLabel reports whether each output is a label by itself, and not one of the classes of
// which an example has one.
func (l Loss) MultiLabel() bool { return l == MultiLabelCrossEntropy }

// Regression reports whether the outputs are quantities, and neither classes nor labels.
func (l Loss) Regression() bool {
	kind := l.Kind()
	return kind == MeanSquaredError || kind == MeanAbsoluteError || kind == Huber
}

// Check returns an error that lists the known names when l is not one of them, or
// the δ of a Huber loss is not a number above 0 that float32 holds.
func (l Loss) Check() error {
	for _, known := range Losses() {
		if l == known {
			return nil
		}
	}
	if l.Kind() != Huber {
		return fmt.Errorf("unknown loss %q: have %v", string(l), Losses())
	}
	if delta := l.HuberDelta(); !(delta >= 0x1p-126 && delta <= math.MaxFloat32) { // so that NaN fails
		return fmt.Errorf("loss %q: the threshold is not a number from %.3g to %.3g: write huber:0.5", string(l), 0x1p-126, math.MaxFloat32)
	}
	return nil
}
