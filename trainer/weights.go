package trainer

import (
	"fmt"
	"math"

	"github.com/clprop/clprop/device"
	"github.com/clprop/clprop/trainer/data"
)

// ClassWeights says how much the examples of each class count.
type ClassWeights struct {
	// Balanced gives class k the weight n/(K·n_k) with n_k of the n training examples
	// in it, so that all classes count the same: G. King and L. Zeng, "Logistic
	// regression in rare events data", Political Analysis 9 (2001), §4.2.
	Balanced bool `json:",omitempty"`
	// Given are the weights by class, 0 or more; nil means none are given. A single
	// output has two classes, 0 and 1.
	Given []float64 `json:",omitempty"`
}

// examples returns the training set as the steps see it: with smoothed labels, and
// weights whose mean is 1. It shares what is not changed with set.
//
// The weight w_i of an example multiplies its loss and so its part of Δ; m of D and of
// the cost stays the number of examples in the batch. Over a whole set that is the
// weighted mean Σ w_i loss_i/Σ w_i, as the mean of w is 1, and λ keeps its meaning.
func (c Config) examples(set *data.Set, loss device.Loss) (*data.Set, error) {
	smooth, weigh := c.LabelSmoothing > 0, c.ClassWeights.Balanced || c.ClassWeights.Given != nil
	if !smooth && !weigh && set.Weights == nil {
		return set, nil
	}
	changed := *set
	if weigh || set.Weights != nil {
		weights, err := c.weights(set, loss)
		if err != nil {
			return nil, err
		}
		changed.Weights = weights
	}
	if smooth {
		if loss != device.SoftmaxCrossEntropy && loss != device.SigmoidCrossEntropy {
			return nil, fmt.Errorf("label smoothing is for the cross-entropies, not for %s", loss)
		}
		changed.Y = smoothed(set.Y, c.LabelSmoothing, loss, set.Outputs)
	}
	return &changed, nil
}

// unweighted is the set as it is judged on: weights are for training.
func unweighted(set *data.Set) *data.Set {
	if set == nil || set.Weights == nil {
		return set
	}
	plain := *set
	plain.Weights = nil
	return &plain
}

// smoothed returns labels with ε of each moved to the mean of all that it could be.
func smoothed(y []float32, eps float64, loss device.Loss, outputs int) []float32 {
	mean := 0.5
	if loss == device.SoftmaxCrossEntropy {
		mean = 1 / float64(outputs)
	}
	s := make([]float32, len(y))
	for i, v := range y {
		s[i] = float32((1-eps)*float64(v) + eps*mean)
	}
	return s
}

// weights returns a weight for each example: that of its class times its own, over
// their mean.
func (c Config) weights(set *data.Set, loss device.Loss) ([]float32, error) {
	byClass, err := c.ClassWeights.of(set, loss)
	if err != nil {
		return nil, err
	}
	w, sum := make([]float64, set.Rows), 0.0
	for i := range w {
		w[i] = 1
		if byClass != nil {
			w[i] = byClass[labelOf(set, i)]
		}
		if set.Weights != nil {
			own := float64(set.Weights[i])
			if !(own >= 0 && !math.IsInf(own, 1)) { // so that NaN fails
				return nil, fmt.Errorf("%w: the weight of example %d is %v: need 0 or more", ErrData, i, own)
			}
			w[i] *= own
		}
		sum += w[i]
	}
	mean := sum / float64(set.Rows)
	if !(mean > 0 && !math.IsInf(mean, 1)) {
		return nil, fmt.Errorf("%w: the weights of all examples have the mean %v: need one above 0", ErrData, mean)
	}
	scaled := make([]float32, len(w))
	for i := range w {
		scaled[i] = float32(w[i] / mean)
		if !finite(float64(scaled[i])) {
			return nil, fmt.Errorf("%w: the weight of example %d is %v times the mean: is it a mistake?", ErrData, i, w[i]/mean)
		}
	}
	return scaled, nil
}

// of returns the weight of each class; nil if all count the same.
func (c ClassWeights) of(set *data.Set, loss device.Loss) ([]float64, error) {
	classes := max(set.Outputs, 2)
	switch {
	case !c.Balanced && c.Given == nil:
		return nil, nil
	case loss.Regression():
		return nil, fmt.Errorf("class weights: %s is for quantities, which have no classes", loss)
	case c.Balanced && c.Given != nil:
		return nil, fmt.Errorf("class weights: both balanced and given: choose one")
	case c.Balanced:
		counts := make([]float64, classes)
		for i := range set.Rows {
			counts[labelOf(set, i)]++
		}
		for k, n := range counts {
			if n > 0 {
				counts[k] = float64(set.Rows) / (float64(classes) * n)
			}
		}
		return counts, nil
	case len(c.Given) != classes:
		return nil, fmt.Errorf("class weights: %d for %d classes", len(c.Given), classes)
	}
	for k, w := range c.Given {
		if !(w >= 0 && !math.IsInf(w, 1)) {
			return nil, fmt.Errorf("class weights: that of class %d is %v: need 0 or more", k, w)
		}
	}
	return c.Given, nil
}

// labelOf is the class of an example.
func labelOf(set *data.Set, i int) int { return class(set.Y[i*set.Outputs:][:set.Outputs], 0.5) }
