package trainer

import (
	"fmt"
	"math"
	"slices"

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

// shaping is what training makes of labels and weights of examples: smoothed labels, and
// weights whose mean is 1. The zero value makes nothing of them.
//
// The weight w_i of an example multiplies its loss and so its part of Δ; m of D and of
// the cost stays the number of examples in the batch. Over a whole set that is the
// weighted mean Σ w_i loss_i/Σ w_i, as the mean of w is 1, and λ keeps its meaning.
type shaping struct {
	eps, mean float64   // ε of each label goes to mean; 0 for none
	weighs    bool      // examples have weights
	byClass   []float64 // nil: all classes count the same
	heaviness float64   // mean of w before it is made 1
}

// examples returns the training set as the steps see it. It shares what is not changed with
// set.
func (c Config) examples(set *data.Set, loss device.Loss) (examples, error) {
	s, err := c.shaping(set, loss)
	if err != nil || streams(set) || s.eps == 0 && !s.weighs {
		return examples{set, s}, err
	}
	changed := *set
	if s.eps > 0 {
		changed.Y = slices.Clone(set.Y)
	}
	if s.weighs {
		changed.Weights = slices.Clone(set.Weights)
		if set.Weights == nil {
			changed.Weights = slices.Repeat([]float32{1}, set.Rows)
		}
	}
	return examples{Set: &changed}, s.apply(changed.Y, changed.Weights, set.Outputs)
}

// shaping says what c makes of a training set.
func (c Config) shaping(set *data.Set, loss device.Loss) (s shaping, err error) {
	if s.eps = c.LabelSmoothing; s.eps > 0 {
		switch loss {
		case device.SoftmaxCrossEntropy:
			s.mean = 1 / float64(set.Outputs)
		case device.SigmoidCrossEntropy, device.MultiLabelCrossEntropy:
			s.mean = 0.5
		default:
			return s, conflict("label smoothing is for the cross-entropies, not for %s", loss)
		}
	}
	given := set.Weights != nil || streams(set) && set.Streamed.Weighted()
	if s.weighs = given || c.ClassWeights.Balanced || c.ClassWeights.Given != nil; !s.weighs {
		return s, nil
	}
	counts, weights, err := classTotals(set)
	if err != nil {
		return s, err
	}
	if s.byClass, err = c.ClassWeights.of(set, counts, loss); err != nil {
		return s, err
	}
	for k, w := range weights {
		if s.byClass != nil {
			w *= s.byClass[k]
		}
		s.heaviness += w
	}
	s.heaviness /= float64(set.Rows)
	if s.heaviness == 0 && c.ClassWeights.Given != nil {
		return s, conflict("class weights: no example counts: need one above 0, of a class that has examples")
	}
	if !(s.heaviness > 0 && !math.IsInf(s.heaviness, 1)) {
		return s, fmt.Errorf("%w: the weights of all examples have the mean %v: need one above 0", ErrData, s.heaviness)
	}
	return s, nil
}

// classTotals returns how many examples of a set each class has, and the sum of their weights.
func classTotals(set *data.Set) (counts []int, weights []float64, err error) {
	if streams(set) {
		counts, weights = set.Streamed.Classes()
		return counts, weights, nil
	}
	classes := max(set.Outputs, 2)
	counts, weights = make([]int, classes), make([]float64, classes)
	for i := range set.Rows {
		w, k := 1.0, labelOf(set, i)
		if set.Weights != nil {
			w = float64(set.Weights[i])
		}
		if !(w >= 0 && !math.IsInf(w, 1)) { // so that NaN fails
			return nil, nil, fmt.Errorf("%w: the weight of example %d is %v: need 0 or more", ErrData, i, w)
		}
		counts[k]++
		weights[k] += w
	}
	return counts, weights, nil
}

// apply changes the labels of some examples, outputs each, and their weights, in place.
func (s shaping) apply(y, weights []float32, outputs int) error {
	for i := range weights {
		w := float64(weights[i])
		if s.byClass != nil {
			w *= s.byClass[class(y[i*outputs:][:outputs], 0.5)]
		}
		weights[i] = float32(w / s.heaviness)
		if !finite(float64(weights[i])) {
			return fmt.Errorf("%w: the weight of example %d is %v times the mean: is it a mistake?", ErrData, i, w/s.heaviness)
		}
	}
	if s.eps > 0 {
		for i, v := range y {
			y[i] = float32((1-s.eps)*float64(v) + s.eps*s.mean)
		}
	}
	return nil
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

// of returns the weight of each class, given how many examples each has; nil if all count
// the same.
func (c ClassWeights) of(set *data.Set, counts []int, loss device.Loss) ([]float64, error) {
	classes := len(counts)
	switch {
	case !c.Balanced && c.Given == nil:
		return nil, nil
	case loss.Regression():
		return nil, conflict("class weights: %s is for quantities, which have no classes", loss)
	case loss.MultiLabel():
		return nil, conflict("class weights: %s is for several labels at once, and an example has no one class: weigh the examples", loss)
	case c.Balanced && c.Given != nil:
		return nil, fmt.Errorf("class weights: both balanced and given: choose one")
	case c.Balanced:
		weights := make([]float64, classes)
		for k, n := range counts {
			if n > 0 {
				weights[k] = float64(set.Rows) / (float64(classes) * float64(n))
			}
		}
		return weights, nil
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
