package trainer

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/clprop/clprop/device"
	"github.com/clprop/clprop/trainer/data"
)

// threeLabels has as its labels whether x₁ > 0, x₂ > 0, and x₁ + x₂ > 0.
func threeLabels(seed uint64, rows int) *data.Set {
	set := randomSet(seed, rows, 2, 3)
	set.Classes, set.MultiLabel = []string{"a", "b", "c"}, true
	for i := range rows {
		a, b := set.X[2*i], set.X[2*i+1]
		for k, v := range []float32{a, b, a + b} {
			set.Y[3*i+k] = 0
			if v > 0 {
				set.Y[3*i+k] = 1
			}
		}
	}
	return set
}

// Several labels at once are learned on every engine; the accuracy of training, validation and
// Evaluate is the share of examples of which every label is right; and the model comes back
// from its file.
func TestMultiLabel(t *testing.T) {
	train, validation := threeLabels(1, 300), threeLabels(2, 100)
	eachEngine(t, func(t *testing.T, eng device.Engine) {
		net := newNetwork(t, NetworkConfig{Sizes: []int{2, 8, 3}, Loss: device.MultiLabelCrossEntropy, Seed: 1})
		tr := open(t, net, eng)
		h, err := tr.Fit(context.Background(), train, validation, Config{Epochs: 60, BatchSize: 20, Optimizer: Optimizer{Name: "adam"}, Rate: 0.01, Seed: 1})
		if err != nil {
			t.Fatal(err)
		}
		e, err := tr.Evaluate(context.Background(), validation)
		if err != nil {
			t.Fatal(err)
		}
		right := 0
		for i := range validation.Rows {
			all := true
			for k := range 3 {
				all = all && (e.H[3*i+k] > 0.5) == (validation.Y[3*i+k] == 1)
			}
			if all {
				right++
			}
		}
		if want := float64(right) / 100; e.Accuracy != want || h.Last().ValAccuracy != want || want < 0.9 || h.Last().Accuracy < 0.9 || e.Confusion != nil {
			t.Errorf("accuracy %v, in training %+v, by hand %v", e.Accuracy, h.Last(), want)
		}
		m := &Model{Network: net, Classes: train.Classes, Preprocess: &data.Preprocess{
			Columns: plainColumns([]string{"x", "y"}), Classes: train.Classes, MultiLabel: true}}
		path := saved(t, m)
		if again, err := LoadModel(path); err != nil || !reflect.DeepEqual(again, m) {
			t.Errorf("%+v, %v", again, err)
		}
	})
}

// Labels and losses that do not belong together are refused, each by name.
func TestMultiLabelRefused(t *testing.T) {
	set := threeLabels(1, 20)
	for _, loss := range []device.Loss{device.SoftmaxCrossEntropy, device.SigmoidCrossEntropy, device.Hinge} {
		net := newNetwork(t, NetworkConfig{Sizes: []int{2, 3}, Loss: loss})
		_, err := open(t, net, device.OpenReference()).Fit(t.Context(), set, nil, Config{})
		if !errors.Is(err, ErrData) || !strings.Contains(err.Error(), "use multilabel-cross-entropy") {
			t.Errorf("%s: %v", loss, err)
		}
	}
	if _, err := NewNetwork(NetworkConfig{Sizes: []int{2, 1}, Loss: device.MultiLabelCrossEntropy}); err == nil || !strings.Contains(err.Error(), "use sigmoid-cross-entropy") {
		t.Errorf("one label: %v", err)
	}
	for loss, several := range map[device.Loss]bool{device.MultiLabelCrossEntropy: false, device.SigmoidCrossEntropy: true} {
		net := newNetwork(t, NetworkConfig{Sizes: []int{2, 3}, Loss: loss})
		m, err := net.Passthrough([]string{"a", "b", "c"})
		if err != nil {
			t.Fatal(err)
		}
		if m.Preprocess.MultiLabel == several {
			t.Errorf("%s: several %v", loss, m.Preprocess.MultiLabel)
		}
		if m.Preprocess.MultiLabel = several; m.Check() == nil {
			t.Errorf("%s with preprocessing of several labels %v: no error", loss, several)
		}
	}
}
