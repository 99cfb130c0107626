package onnx

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/clprop/clprop/trainer"
	"github.com/clprop/clprop/trainer/data"
)

// scaleInputs appends the nodes that turn raw numbers or pixels into inputs, and returns
// the name of those.
func (g *graph) scaleInputs(m *trainer.Model, x string) (string, error) {
	p := m.Preprocess
	switch {
	case p == nil:
		return "", errors.New("the model does not say how raw data becomes its inputs: export it without preprocessing")
	case p.Image != nil:
		scale := float32(p.Image.Scale)
		if scale == 0 || math.IsInf(float64(scale), 0) {
			return "", fmt.Errorf("the scale of pixels, %v, is beyond float32", p.Image.Scale)
		}
		g.node("Mul", []string{x, g.scalar("pixel.scale", scale)}, "scaled")
		return "scaled", nil
	}
	n := len(p.Columns)
	fill := make([]float32, n)
	fills := false
	for i, c := range p.Columns {
		if c.Kind == data.Category {
			return "", fmt.Errorf("column %q is text, and the graph takes numbers: export it without preprocessing, with an input for each category (clprop.inputs in the metadata names them)", c.Name)
		}
		fill[i] = float32(math.NaN())
		if c.Missing != "" {
			// Scaled here, in float64, as data.Preprocess does it.
			fill[i], fills = float32((c.Fill-c.Mean)/c.Std), true
		}
	}
	high, low, std, err := floatsOf(p.Columns)
	if err != nil {
		return "", err
	}
	// x′ = (x − μ)/σ, of data.Column, with the two parts of μ that the package's
	// description tells of.
	x = g.unless(0, "Sub", x, "mean", high, "centred")
	x = g.unless(0, "Sub", x, "mean.rest", low, "centred.exactly")
	x = g.unless(1, "Div", x, "std", std, "scaled")
	if fills {
		g.initializer("fill", fill, n)
		g.node("IsNaN", []string{x}, "missing")
		g.node("Where", []string{"missing", "fill", x}, "filled")
		x = "filled"
	}
	return x, nil
}

// restoreOutputs appends the nodes of y = h·σ + μ for quantities, and returns the name
// of y.
func (g *graph) restoreOutputs(m *trainer.Model, h string) (string, error) {
	high, _, std, err := floatsOf(m.Preprocess.Targets)
	if err != nil {
		return "", err
	}
	h = g.unless(1, "Mul", h, "target.std", std, "restored.scale")
	return g.unless(0, "Add", h, "target.mean", high, "restored"), nil
}

// unless appends a node of x and a constant vector, but where all of that is the neutral
// element of op, and returns the name of the result.
func (g *graph) unless(neutral float32, op, x, name string, values []float32, output string) string {
	if !slices.ContainsFunc(values, func(v float32) bool { return v != neutral }) {
		return x
	}
	g.initializer(name, values, len(values))
	g.node(op, []string{x, name}, output)
	return output
}

// floatsOf returns μ of columns as the sum of two float32, and σ.
func floatsOf(columns []data.Column) (high, low, std []float32, err error) {
	for _, c := range columns {
		h, s := float32(c.Mean), float32(c.Std)
		if math.IsInf(float64(h), 0) || math.IsInf(float64(s), 0) || s == 0 || math.IsInf(float64(float32((c.Fill-c.Mean)/c.Std)), 0) {
			return nil, nil, nil, fmt.Errorf("column %q: mean %v, deviation %v or what takes the place of missing values is beyond float32", c.Name, c.Mean, c.Std)
		}
		high, low, std = append(high, h), append(low, float32(c.Mean-float64(h))), append(std, s)
	}
	return high, low, std, nil
}
