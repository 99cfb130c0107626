package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/clprop/clprop/trainer/data"
	"github.com/spf13/cobra"
)

// learnFlags are the flags of train about what is held back, and about how raw
// values become inputs. What they lead to is learned on the training part and
// travels in the model.
type learnFlags struct {
	valData   string
	testSplit float64

	task         string
	drop         string
	weights      string // --sample-weights
	scale        string
	scaleTargets string
	missing      string
	unseen       string
	imageSize    string
}

func (f *learnFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.Float64Var(&f.testSplit, "test-split", 0, "`SHARE` of the examples held back to test on, with each class alike")
	flags.StringVar(&f.valData, "val-data", "", "`PATH` of examples for validation, as --data takes them, instead of --val-split")
	f.addColumns(cmd)
	flags.StringVar(&f.scale, "scale", "standard", "inputs that are numbers: standard (mean 0, deviation 1), minmax (0 to 1) or none")
	flags.StringVar(&f.scaleTargets, "scale-targets", "standard", "quantities to predict, in training: standard, minmax or none")
	flags.StringVar(&f.missing, "missing", "error", "what missing numbers become: error, mean, median or a `NUMBER`; a missing category then sets no input")
	flags.StringVar(&f.unseen, "unseen", "error", "categories that no training example has: error, or zero to set no input")
}

// addColumns adds the flags about what is what, which inspect has too.
func (f *learnFlags) addColumns(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.task, "task", "auto", "what the labels are: classification, multilabel for several columns of 0 and 1, regression, or auto, by what they look like")
	flags.StringVar(&f.drop, "drop", "", "`COLUMNS` of a table that are no inputs, named as --label does")
	flags.StringVar(&f.imageSize, "image-size", "", "`WIDTHxHEIGHT` that pictures get (default: that of the first)")
}

// check refuses what cannot be meant.
func (f *learnFlags) check(cmd *cobra.Command) error {
	// Written so that NaN fails too: no comparison with it is true.
	if !(f.testSplit >= 0 && f.testSplit < 1) {
		return usage(cmd, "--test-split is %v: need 0 or more and less than 1", f.testSplit)
	}
	for _, name := range []string{"val", "test"} {
		if cmd.Flags().Changed(name+"-data") && cmd.Flags().Changed(name+"-split") {
			return usage(cmd, "--%s-data and --%[1]s-split are both given: name one", name)
		}
	}
	if _, err := f.fit(); err != nil {
		return usage(cmd, "%w", err)
	}
	if err := f.apply(new(data.Options)); err != nil {
		return usage(cmd, "%w", err)
	}
	return nil
}

// apply adds to how data is read.
func (f *learnFlags) apply(opts *data.Options) error {
	opts.Drop, opts.Weights = f.drop, f.weights
	tasks := map[string]data.Task{"": data.AutoTask, "auto": data.AutoTask, "classification": data.Classification, "multilabel": data.MultiLabel, "regression": data.Regression}
	var ok bool
	if opts.Task, ok = tasks[f.task]; !ok {
		return fmt.Errorf("--task is %q: have auto, classification, multilabel, regression", f.task)
	}
	if f.imageSize == "" {
		return nil
	}
	width, height, ok := strings.Cut(f.imageSize, "x")
	w, err1 := strconv.Atoi(width)
	h, err2 := strconv.Atoi(height)
	const most = 1 << 12
	if !ok || err1 != nil || err2 != nil || w < 1 || h < 1 || w > most || h > most {
		return fmt.Errorf("--image-size is %q: need WIDTHxHEIGHT of 1 to %d each, such as 28x28", f.imageSize, most)
	}
	opts.ImageWidth, opts.ImageHeight = w, h
	return nil
}

// fit returns what Fit is told.
func (f *learnFlags) fit() (data.FitOptions, error) {
	opts := data.FitOptions{}
	scales := map[string]data.Scale{"": data.Standard, "standard": data.Standard, "minmax": data.MinMax, "none": data.NoScale}
	var ok bool
	if opts.Scale, ok = scales[f.scale]; !ok {
		return opts, fmt.Errorf("--scale is %q: have standard, minmax, none", f.scale)
	}
	if opts.TargetScale, ok = scales[f.scaleTargets]; !ok {
		return opts, fmt.Errorf("--scale-targets is %q: have standard, minmax, none", f.scaleTargets)
	}
	switch f.missing {
	case "", "error":
	case data.Mean, data.Median:
		opts.Missing = f.missing
	default:
		x, err := strconv.ParseFloat(f.missing, 64)
		if err != nil || x-x != 0 {
			return opts, fmt.Errorf("--missing is %q: have error, mean, median or a number", f.missing)
		}
		opts.Missing, opts.Fill = data.Constant, x
	}
	switch f.unseen {
	case "", "error":
	case data.Zero:
		opts.Unseen = data.Zero
	default:
		return opts, fmt.Errorf("--unseen is %q: have error, zero", f.unseen)
	}
	return opts, nil
}
