package main

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/clprop/clprop/cpuref"
	"github.com/clprop/clprop/device"
	"github.com/clprop/clprop/trainer"
	"github.com/clprop/clprop/trainer/data"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// lossFlags are the flags about what is made small, and whose error counts how much.
type lossFlags struct {
	output       string
	loss         string
	classWeights string
}

func (f *lossFlags) add(flags *pflag.FlagSet, c *trainer.Config, weights *string) {
	flags.StringVar(&f.output, "output", "softmax", "output units of classes, with their cross-entropy: softmax or sigmoid")
	flags.StringVar(&f.loss, "loss", "", "error of an example: "+lossNames()+", or huber:δ (default the cross-entropy of --output, mse for quantities)")
	flags.Float64Var(&c.LabelSmoothing, "label-smoothing", 0, "`SHARE` of each label that goes to all classes alike")
	flags.StringVar(&f.classWeights, "class-weights", "none", "none, balanced so that all classes count the same, or `CLASS=WEIGHT` with commas between, 1 for the others")
	flags.StringVar(weights, "sample-weights", "", "`COLUMN` of a table that says how much each row counts in training")
}

func lossNames() string {
	var names []string
	for _, l := range cpuref.Losses() {
		names = append(names, string(l))
	}
	return strings.Join(names, ", ")
}

// check refuses what cannot be meant. task is that of --task; a loss of quantities
// says what auto is.
func (f *lossFlags) check(cmd *cobra.Command, c *trainer.Config, task *string) error {
	if err := oneOf(cmd, "output", f.output, []string{"softmax", "sigmoid"}); err != nil {
		return err
	}
	if !(c.LabelSmoothing >= 0 && c.LabelSmoothing < 1) { // so that NaN fails
		return usage(cmd, "--label-smoothing is %v: need 0 or more and less than 1", c.LabelSmoothing)
	}
	if _, err := f.weights(nil); err != nil {
		return usage(cmd, "%w", err)
	}
	if f.loss == "" {
		return nil
	}
	loss := device.Loss(f.loss)
	if err := loss.Check(); err != nil {
		return usage(cmd, "--loss: %w", err)
	}
	if cmd.Flags().Changed("output") && string(loss.Output()) != f.output {
		return usage(cmd, "--loss %s has %s outputs, and --output is %s: leave one out", loss, loss.Output(), f.output)
	}
	switch {
	case loss.MultiLabel() && *task != "auto" && *task != "multilabel":
		return usage(cmd, "--loss %s is for several labels at once, and --task is %s", loss, *task)
	case *task == "multilabel" && !loss.MultiLabel() && loss != device.SigmoidCrossEntropy:
		return usage(cmd, "--loss %s is not for several labels at once, and --task is multilabel: have %s", loss, device.MultiLabelCrossEntropy)
	case *task == "classification" && loss.Regression():
		return usage(cmd, "--loss %s is for quantities, and --task is classification", loss)
	case *task == "regression" && !loss.Regression():
		return usage(cmd, "--loss %s is for classes, and --task is regression: have mse, mae, huber", loss)
	case loss.Regression():
		*task = "regression"
	case loss.MultiLabel():
		*task = "multilabel"
	}
	return nil
}

// of returns the loss for labels as they are, and fills in the weights of classes and
// the rate for quantities.
func (f *lossFlags) of(cmd *cobra.Command, c *trainer.Config, p *data.Preprocess) (loss device.Loss, err error) {
	if loss, err = f.choose(cmd, p); err != nil {
		return loss, err
	}
	quantities := len(p.Targets) > 0
	if c.LabelSmoothing > 0 && loss.Output() == device.Linear {
		return loss, usage(cmd, "--label-smoothing is for the cross-entropies, and --loss is %s", loss)
	}
	if f.classWeights != "none" && quantities {
		return loss, usage(cmd, "--class-weights is for classes, and the labels are quantities")
	}
	if f.classWeights != "none" && p.MultiLabel {
		return loss, usage(cmd, "--class-weights is for classes, and the labels are %s: --sample-weights weighs examples", labelsText(p))
	}
	// A squared error is steeper than a cross-entropy, whose slope is at most 1.
	if quantities && c.Optimizer.Name == "sgd" && !cmd.Flags().Changed("lr") {
		c.Rate = 0.01
	}
	if c.ClassWeights, err = f.weights(p.Classes); err != nil {
		return loss, usage(cmd, "%w", err)
	}
	return loss, nil
}

// choose is the loss for labels as they are.
func (f *lossFlags) choose(cmd *cobra.Command, p *data.Preprocess) (loss device.Loss, err error) {
	quantities := len(p.Targets) > 0
	switch {
	case p.MultiLabel && (f.loss == "" || f.loss == string(device.SigmoidCrossEntropy)):
		loss = device.MultiLabelCrossEntropy
	case f.loss != "":
		loss = device.Loss(f.loss)
	case quantities:
		loss = device.MeanSquaredError
	case f.output == "sigmoid":
		loss = device.SigmoidCrossEntropy
	default:
		loss = device.SoftmaxCrossEntropy
	}
	if loss.Regression() != quantities || loss.MultiLabel() != p.MultiLabel {
		return "", usage(cmd, "--loss %s does not go with the labels, which are %s", loss, labelsText(p))
	}
	if p.MultiLabel && cmd.Flags().Changed("output") && f.output != "sigmoid" {
		return "", usage(cmd, "--output %s is for one class of several, and the labels are %s: leave it out", f.output, labelsText(p))
	}
	return loss, nil
}

// labelsText says what labels are.
func labelsText(p *data.Preprocess) string {
	switch {
	case len(p.Targets) > 0:
		return "quantities"
	case p.MultiLabel:
		return "several at once (--task)"
	}
	return "classes"
}

// weights reads --class-weights. Without classes it only looks at how it is written.
func (f *lossFlags) weights(classes []string) (trainer.ClassWeights, error) {
	switch f.classWeights {
	case "none":
		return trainer.ClassWeights{}, nil
	case "balanced":
		return trainer.ClassWeights{Balanced: true}, nil
	}
	given := slices.Repeat([]float64{1}, len(classes))
	for part := range strings.SplitSeq(f.classWeights, ",") {
		at := strings.LastIndexByte(part, '=')
		weight, err := strconv.ParseFloat(part[at+1:], 64)
		if at < 0 || err != nil || !(weight >= 0 && weight <= math.MaxFloat32) {
			return trainer.ClassWeights{}, fmt.Errorf("--class-weights: %q is not CLASS=WEIGHT with a weight from 0 to %.3g: write none, balanced, or cat=2,dog=0.5", part, math.MaxFloat32)
		}
		if classes == nil {
			continue
		}
		k := slices.Index(classes, part[:at])
		if k < 0 {
			return trainer.ClassWeights{}, fmt.Errorf("--class-weights: no class %q: have %s", part[:at], strings.Join(classes[:min(len(classes), maxTableClasses)], ", "))
		}
		given[k] = weight
	}
	if classes != nil && slices.Max(given) == 0 {
		return trainer.ClassWeights{}, errors.New("--class-weights: all are 0: need one above 0")
	}
	return trainer.ClassWeights{Given: given}, nil
}

// lossJSON is what is made small, beside the loss of the network.
type lossJSON struct {
	LabelSmoothing float64 `json:"label_smoothing"`
	ClassWeights   string  `json:"class_weights"`
	SampleWeights  string  `json:"sample_weights"`
}
