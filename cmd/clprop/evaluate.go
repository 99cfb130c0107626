package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/clprop/clprop/trainer"
	"github.com/clprop/clprop/trainer/data"
	"github.com/spf13/cobra"
)

const evaluateLong = `Evaluate tells how good a model is on labelled examples: accuracy, loss, precision,
recall, F1 and area under the ROC curve, and the confusion matrix; of a model of several
labels at once, the share of examples of which every label is right, and the scores of
each; of a model that predicts quantities, R² and the mean errors in the units of the data.

Without --data it takes the embedded digits that 'clprop train' held back, if the
model was trained on them. Raw data goes in: the model knows how to scale it.

` + dataHelp

const evaluateExample = `  clprop evaluate
  clprop evaluate --model iris.safetensors --data iris-test.csv
  clprop evaluate --model fashion.safetensors --data /usr/share/datasets/fashion-mnist
  clprop evaluate --json`

// defaultTop is the k of the top k that one usually asks for.
const defaultTop = 5

// modelFlags are the flags of commands that read a model.
type modelFlags struct {
	data      dataFlags
	model     string
	device    string
	threshold float64 // of several labels at once
}

// defaultThreshold is the probability above which a label is predicted.
const defaultThreshold = 0.5

func addThreshold(cmd *cobra.Command, f *modelFlags) {
	cmd.Flags().Float64Var(&f.threshold, "threshold", defaultThreshold, "of a model of several labels at once, the probability above which each is predicted: `SHARE`")
}

// checkThreshold refuses one that is no probability, or that a model has no use for.
func (f *modelFlags) checkThreshold(cmd *cobra.Command, m *trainer.Model) error {
	switch {
	case !(f.threshold >= 0 && f.threshold <= 1): // so that NaN fails
		return usage(cmd, "--threshold is %v: need 0 to 1", f.threshold)
	case cmd.Flags().Changed("threshold") && !m.Network.Loss.MultiLabel():
		return usage(cmd, "--threshold is for a model of several labels at once, and %s gives %s", f.model, kindOfOutputs(m.Network))
	}
	return nil
}

func (f *modelFlags) add(cmd *cobra.Command) {
	cmd.Flags().SortFlags = false
	cmd.Flags().StringVar(&f.model, "model", defaultModel, "`FILE` of the model")
	f.data.add(cmd)
	addMapFlag(cmd, &f.data)
	addDeviceFlag(cmd, &f.device)
}

// check refuses what cannot be meant.
func (f *modelFlags) check(cmd *cobra.Command) error {
	if err := f.data.checkMap(cmd); err != nil {
		return err
	}
	return f.data.check(cmd)
}

func newEvaluateCommand(e *env) *cobra.Command {
	var f modelFlags
	var asJSON bool
	var top int
	cmd := &cobra.Command{
		Use:        "evaluate",
		SuggestFor: []string{"test", "score"},
		Short:      "Tell how good a model is on labelled examples",
		Long:       evaluateLong,
		Example:    evaluateExample,
		Args:       noArguments,
	}
	f.add(cmd)
	cmd.Flags().IntVar(&top, "top", defaultTop, "`K` of the share of examples whose class is among the K most likely; 0 for none")
	addThreshold(cmd, &f)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the result as a JSON object")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := f.check(cmd); err != nil {
			return err
		}
		if top < 0 {
			return usage(cmd, "--top is %d: need 0 or more", top)
		}
		return e.evaluate(cmd, &f, top, asJSON)
	}
	return cmd
}

func (e *env) evaluate(cmd *cobra.Command, f *modelFlags, top int, asJSON bool) (err error) {
	m, err := loadModel(f.model)
	if err == nil {
		err = f.checkThreshold(cmd, m)
	}
	if err != nil {
		return err
	}
	set, source, err := f.examples(cmd, e, m)
	if err != nil {
		return err
	}
	eng, err := e.openFor(cmd.Context(), f.device, "evaluating", m.Network)
	if err != nil {
		return err
	}
	defer func() { err = first(err, eng.Close()) }()
	e.note("model   %s: %v, %s, %s", f.model, m.Network, hiddenText(m.Network), outputText(m.Network.Loss))
	e.note("data    %s: %d examples, %d %s", source, set.Rows, set.Outputs, kindOfOutputs(m.Network))
	e.note("device  %s", deviceText(eng.Info()))

	t, err := trainer.New(m.Network, eng)
	if err != nil {
		return err
	}
	defer t.Close()
	v, err := t.Evaluate(cmd.Context(), set)
	if stopped := context.Cause(cmd.Context()); stopped != nil {
		return stopped
	}
	if err != nil {
		return fmt.Errorf("%s: %w", source, err)
	}
	s := newScores(m, set, v, top, f.threshold)
	if !asJSON {
		return e.print(s.text("test"))
	}
	return e.printJSON(evaluateJSON{
		Schema: schemaVersion, Version: currentVersion().Version, Device: newDeviceJSON(eng), Model: f.model, Data: source,
		Network: newNetworkJSON(m.Network), Loss: numberJSON(s.Loss), Accuracy: s.Accuracy, Confusion: s.Confusion, Count: s.Count, scoresJSON: s.json(),
	})
}

// examples reads what the model is to be judged on, and says where it is from.
func (f *modelFlags) examples(cmd *cobra.Command, e *env, m *trainer.Model) (*data.Set, string, error) {
	if f.data.given() {
		set, err := f.data.loadForModel(cmd.Context(), f.data.source(), m, f.model, e.stdin, true)
		return set, f.data.source(), err
	}
	set, ok, err := digitsForModel(m)
	if err != nil {
		return nil, "", err
	}
	if !ok {
		return nil, "", usage(cmd, "%s was not trained on the embedded digits: name examples with --data", f.model)
	}
	return set, digitsSource + " held back", nil
}

// loadModel reads a model.
func loadModel(path string) (*trainer.Model, error) {
	m, err := trainer.LoadModel(path)
	if errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("%w: make one with 'clprop train', or name one with --model", err)
	}
	return m, badFile(err)
}

// classNames names the classes of a model: 0, 1, … where the model does not.
func classNames(m *trainer.Model) []string {
	if len(m.Classes) > 0 {
		return m.Classes
	}
	var names []string
	for k := range max(m.Network.Sizes[len(m.Network.Sizes)-1], 2) {
		names = append(names, fmt.Sprint(k))
	}
	return names
}

// evaluateJSON is what evaluate --json prints.
type evaluateJSON struct {
	Schema  int         `json:"schema"`
	Version string      `json:"version"`
	Device  deviceJSON  `json:"device"`
	Model   string      `json:"model"`
	Data    string      `json:"data"`
	Network networkJSON `json:"network"`

	Loss      numberJSON `json:"loss"`
	Accuracy  float64    `json:"accuracy"`
	Confusion [][]int    `json:"confusion"`
	Count     int        `json:"count"`
	scoresJSON
}

// share is part/whole, or nil if there is no whole.
func share(part, whole int) *float64 {
	if whole == 0 {
		return nil
	}
	s := float64(part) / float64(whole)
	return &s
}
