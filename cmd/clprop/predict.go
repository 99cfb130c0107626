package main

import (
	"bufio"
	"context"
	"encoding/csv"
	"io"
	"os"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/clprop/clprop/device"
	"github.com/clprop/clprop/trainer"
	"github.com/clprop/clprop/trainer/data"
	"github.com/clprop/clprop/trainer/durable"
)

const predictLong = `Predict writes for each example the class that a model takes it for, and the
probability of every class, as CSV:

  predicted,p_setosa,p_versicolor,p_virginica
  setosa,0.98,0.015,0.005

or, of a model of quantities, what it predicts of each, in the units of the data it was
trained on:

  predicted_price,predicted_days
  12800,31.5

or, of a model of several labels at once, whether it gives each, and with what
probability:

  predicted_red,predicted_ripe,p_red,p_ripe
  1,0,0.9,0.2

Rows are in the order of the input. Raw data goes in: the model knows which
columns it needs, by name, and how to scale them. Other columns are passed over, a
label column too. Nothing is written unless all of the input is good, and a file
is written whole or not at all.

` + dataHelp + `

A model with --output sigmoid gives the probability of each class by itself, so
that they need not add up to 1; one with --loss hinge gives scores, above 0 for yes.`

const predictExample = `  clprop predict --model iris.safetensors --data new.csv
  clprop predict --data new.csv --out answers.csv
  generate | clprop predict --data - | head
  clprop predict --model fashion.safetensors --images t10k-images-idx3-ubyte.gz`

func newPredictCommand(e *env) *cobra.Command {
	var f modelFlags
	var out string
	cmd := &cobra.Command{
		Use:        "predict",
		SuggestFor: []string{"infer", "apply", "transform"},
		Short:      "Predict classes or quantities with a model, as CSV",
		Long:       predictLong,
		Example:    predictExample,
		Args:       noArguments,
	}
	f.add(cmd)
	cmd.Flags().StringVar(&out, "out", "-", "`FILE` that predictions are written to, or - for standard output")
	addThreshold(cmd, &f)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		switch {
		case !f.data.given():
			return usage(cmd, "no examples: name them with --data, or - for standard input")
		case out == "":
			return usage(cmd, "--out is empty: name a file, or - for standard output")
		case sameFile(out, f.data.source()) || sameFile(out, f.model):
			return usage(cmd, "--out %s would replace what is read: name another file", out)
		}
		if err := f.check(cmd); err != nil {
			return err
		}
		if out != "-" {
			if err := checkWritable("out", out); err != nil {
				return err
			}
		}
		return e.predict(cmd, &f, out)
	}
	return cmd
}

func (e *env) predict(cmd *cobra.Command, f *modelFlags, out string) (err error) {
	ctx := cmd.Context()
	m, err := loadModel(f.model)
	if err == nil {
		err = f.checkThreshold(cmd, m)
	}
	if err != nil {
		return err
	}
	set, err := f.data.loadForModel(ctx, f.data.source(), m, f.model, e.stdin, false)
	if err != nil {
		return err
	}
	eng, err := e.openFor(ctx, f.device, "predicting", m.Network)
	if err != nil {
		return err
	}
	defer func() { err = first(err, eng.Close()) }()
	t, err := trainer.New(m.Network, eng)
	if err != nil {
		return err
	}
	defer t.Close()
	h, err := outputs(ctx, t, set)
	if err := first(context.Cause(ctx), err); err != nil {
		return err
	}
	if err := checkNumbers(m.Network.Loss, h, set.Rows, f.data.source()); err != nil {
		return err
	}
	write := func(w io.Writer) error { return writePredictions(w, m.Network.Loss, outputNames(m), h, set.Rows) }
	switch {
	case m.Network.Loss.Regression():
		write = func(w io.Writer) error { return writeQuantities(w, m.Preprocess, outputNames(m), h) }
	case m.Network.Loss.MultiLabel():
		write = func(w io.Writer) error { return writeLabels(w, outputNames(m), h, f.threshold) }
	}
	if out == "-" {
		buffer := bufio.NewWriter(e.stdout)
		return first(write(buffer), buffer.Flush())
	}
	if err := durable.WriteFile(out, write); err != nil {
		return err
	}
	e.note("%d predictions written to %s, computed on %s", set.Rows, out, eng.Info().Name)
	return nil
}

// outputs is h of all rows of a set, whose inputs may be in their file.
func outputs(ctx context.Context, t *trainer.Trainer, set *data.Set) ([]float32, error) {
	p, err := t.NewPredictor()
	if err != nil {
		return nil, err
	}
	defer p.Close()
	h := make([]float32, set.Rows*p.Outputs())
	return h, set.EachInputs(func(first int, x []float32) error {
		rows := len(x) / set.Features
		return p.Predict(ctx, h[first*p.Outputs():][:rows*p.Outputs()], x)
	})
}

// checkNumbers refuses h, rows × K, where an output is not a number, and so of no class.
func checkNumbers(loss device.Loss, h []float32, rows int, source string) error {
	i := slices.IndexFunc(h, func(v float32) bool { return v != v })
	if i < 0 || loss.Regression() {
		return nil
	}
	return &data.Error{Path: source, Row: 1 + i*rows/len(h), Offset: -1, Reason: "the outputs of the model are not numbers: a value is too large for it"}
}

// writePredictions writes h, rows × K, as CSV. Of a single output it makes the
// probabilities of two classes, or of a hinge the scores.
func writePredictions(w io.Writer, loss device.Loss, classes []string, h []float32, rows int) error {
	c := csv.NewWriter(w)
	record, prefix, whole := []string{"predicted"}, "p_", float32(1)
	if loss == device.Hinge {
		prefix, whole = "score_", 0
	}
	for _, name := range classes {
		record = append(record, prefix+name)
	}
	if err := c.Write(record); err != nil {
		return err
	}
	single := len(h) == rows
	p := make([]float32, len(classes))
	for i := range rows {
		if single {
			p[0], p[1] = whole-h[i], h[i]
		} else {
			copy(p, h[i*len(p):])
		}
		best := 0
		for k, v := range p {
			if v > p[best] {
				best = k
			}
			record[k+1] = strconv.FormatFloat(float64(v), 'g', -1, 32)
		}
		record[0] = classes[best]
		if err := c.Write(record); err != nil {
			return err
		}
	}
	c.Flush()
	return c.Error()
}

// writeLabels writes for each label whether h, rows × K, is above the threshold, and h, as CSV.
func writeLabels(w io.Writer, names []string, h []float32, threshold float64) error {
	c, k := csv.NewWriter(w), len(names)
	record := make([]string, 2*k)
	for j, name := range names {
		record[j], record[k+j] = "predicted_"+name, "p_"+name
	}
	if err := c.Write(record); err != nil {
		return err
	}
	for ; len(h) > 0; h = h[k:] {
		for j, p := range h[:k] {
			record[j], record[k+j] = "0", strconv.FormatFloat(float64(p), 'g', -1, 32)
			if float64(p) > threshold {
				record[j] = "1"
			}
		}
		if err := c.Write(record); err != nil {
			return err
		}
	}
	c.Flush()
	return c.Error()
}

// writeQuantities writes h, rows × K, as CSV.
func writeQuantities(w io.Writer, p *data.Preprocess, names []string, h []float32) error {
	c := csv.NewWriter(w)
	record := make([]string, len(names))
	for k, name := range names {
		record[k] = "predicted_" + name
	}
	if err := c.Write(record); err != nil {
		return err
	}
	for ; len(h) > 0; h = h[len(names):] {
		for k := range record {
			record[k] = string(p.AppendQuantity(nil, h[k], k))
		}
		if err := c.Write(record); err != nil {
			return err
		}
	}
	c.Flush()
	return c.Error()
}

// sameFile reports whether two paths lead to one file that there is.
func sameFile(a, b string) bool {
	x, err := os.Stat(a)
	if err != nil {
		return false
	}
	y, err := os.Stat(b)
	return err == nil && os.SameFile(x, y)
}
