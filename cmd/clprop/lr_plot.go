package main

import (
	"cmp"
	"fmt"
	"image/color"
	"io"
	"math"
	"path/filepath"
	"slices"

	"github.com/clprop/clprop/trainer"
	"github.com/clprop/clprop/trainer/durable"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
)

// plotSweep draws the losses by the rate to a file, whose name ends in .svg or .png.
func plotSweep(path string, s *trainer.Sweeping) error {
	p := plot.New()
	p.Title.Text = "learning-rate range test"
	p.X.Label.Text, p.Y.Label.Text = "learning rate", "loss"
	p.X.Scale, p.X.Tick.Marker = plot.LogScale{}, plot.TickerFunc(decades)
	p.Legend.Left = true
	var losses, smoothed plotter.XYs
	for _, point := range s.Points {
		losses = append(losses, plotter.XY{X: point.Rate, Y: point.Loss})
		smoothed = append(smoothed, plotter.XY{X: point.Rate, Y: point.Smoothed})
	}
	if len(s.Points) == 0 {
		return fmt.Errorf("--plot %s: the loss is too high at the first rate: nothing to draw: try a lower --from", path)
	}
	if err := addLine(p, "each batch", losses, color.Gray{190}); err != nil {
		return fmt.Errorf("--plot %s: %w", path, err)
	}
	if err := addLine(p, "smoothed", smoothed, color.RGBA{B: 200, A: 255}); err != nil {
		return fmt.Errorf("--plot %s: %w", path, err)
	}
	p.Y.Max = 1.1 * slices.MaxFunc(smoothed, func(a, b plotter.XY) int { return cmp.Compare(a.Y, b.Y) }).Y // single batches leap
	if s.Suggestion > 0 {
		mark := plotter.XYs{{X: s.Suggestion, Y: p.Y.Min}, {X: s.Suggestion, Y: p.Y.Max}}
		if err := addLine(p, fmt.Sprintf("suggestion %.2g", s.Suggestion), mark, color.RGBA{R: 200, A: 255}); err != nil {
			return fmt.Errorf("--plot %s: %w", path, err)
		}
	}
	drawn, err := p.WriterTo(16*vg.Centimeter, 10*vg.Centimeter, filepath.Ext(path)[1:])
	if err != nil {
		return fmt.Errorf("--plot %s: %w", path, err)
	}
	return durable.WriteFile(path, func(w io.Writer) error {
		_, err := drawn.WriteTo(w)
		return err
	})
}

// decades marks the powers of ten from low to high.
func decades(low, high float64) []plot.Tick {
	var ticks []plot.Tick
	for n := math.Ceil(math.Log10(low)); n <= math.Log10(high); n++ {
		v := math.Pow(10, n)
		ticks = append(ticks, plot.Tick{Value: v, Label: fmt.Sprintf("%.3g", v)})
	}
	return ticks
}

// addLine adds a line with its name in the legend.
func addLine(p *plot.Plot, name string, points plotter.XYs, c color.Color) error {
	line, err := plotter.NewLine(points)
	if err != nil {
		return err
	}
	line.Color, line.Width = c, vg.Points(1.2)
	p.Add(line)
	p.Legend.Add(name, line)
	return nil
}
