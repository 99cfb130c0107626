package main

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/clprop/clprop/trainer"
	"github.com/clprop/clprop/trainer/durable"
	"github.com/clprop/clprop/trainer/report"
	"github.com/spf13/cobra"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/plotutil"
	"gonum.org/v1/plot/vg"
)

const compareLong = `Compare puts runs that are over side by side: a table of what came of them, and with
--out a picture of their losses by epoch, of the validation set where there is one.`

const compareExample = `  clprop compare digits wider
  clprop compare digits wider --out losses.svg`

const plotLong = `Plot draws a picture of a run that is over: its learning curves, or how its weights are
distributed, a line for each layer.`

const plotExample = `  clprop plot digits --out curves.svg
  clprop plot digits --what weights --out weights.png`

func newCompareCommand(e *env) *cobra.Command {
	var out string
	cmd := &cobra.Command{Use: "compare RUN...", Short: "Put runs side by side", Long: compareLong, Example: compareExample}
	cmd.Flags().StringVarP(&out, "out", "o", "", "draw the losses to `FILE`, .svg or .png")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return usage(cmd, "name the folders of runs")
		}
		if err := checkPicture(cmd, out); err != nil && out != "" {
			return err
		}
		var b strings.Builder
		p := plot.New()
		p.Title.Text, p.X.Label.Text, p.Y.Label.Text = "loss by epoch", "epoch", "loss"
		fmt.Fprintf(&b, "%-24s  %6s  %10s  %10s  %8s  %s\n", "run", "epochs", "loss", "val loss", "seconds", "score")
		for i, folder := range args {
			r, err := loadReport(folder)
			if err != nil {
				return err
			}
			last := (&trainer.History{Epochs: r.Epochs}).Last()
			validation := "-"
			if last.Validated {
				validation = fmt.Sprintf("%.4f", last.ValLoss)
			}
			fmt.Fprintf(&b, "%-24s  %6d  %10.4f  %10s  %8.1f  %s\n", clip(oneLine(folder), 24), last.Epoch, last.Loss, validation, r.Seconds, oneLine(r.Score))
			var points plotter.XYs
			for _, epoch := range r.Epochs {
				y := epoch.Loss
				if epoch.Validated {
					y = epoch.ValLoss
				}
				points = append(points, plotter.XY{X: float64(epoch.Epoch), Y: y})
			}
			if out != "" && len(points) > 0 {
				if err := addLine(p, oneLine(folder), points, plotutil.Color(i)); err != nil {
					return fmt.Errorf("%s: %w", folder, err)
				}
			}
		}
		if out != "" {
			if err := draw(out, p); err != nil {
				return err
			}
		}
		return e.print(b.String())
	}
	return cmd
}

func newPlotCommand(e *env) *cobra.Command {
	var out, what string
	cmd := &cobra.Command{Use: "plot RUN", Short: "Draw a picture of a run", Long: plotLong, Example: plotExample}
	cmd.Flags().StringVar(&what, "what", "curves", "curves or weights")
	cmd.Flags().StringVarP(&out, "out", "o", "", "`FILE` to draw to, .svg or .png")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) != 1 {
			return usage(cmd, "name the folder of one run, got %d", len(args))
		}
		if err := oneOf(cmd, "what", what, []string{"curves", "weights"}); err != nil {
			return err
		}
		if err := checkPicture(cmd, out); err != nil {
			return err
		}
		p, err := curvesOf(args[0])
		if what == "weights" {
			p, err = weightsOf(args[0])
		}
		if err != nil {
			return err
		}
		return draw(out, p)
	}
	return cmd
}

func loadReport(folder string) (*report.Report, error) {
	r, err := report.Load(filepath.Join(folder, report.File))
	if err != nil {
		return nil, badFile(fmt.Errorf("%w: a run has a report once its training is over", err))
	}
	return r, nil
}

func curvesOf(folder string) (*plot.Plot, error) {
	r, err := loadReport(folder)
	if err != nil {
		return nil, err
	}
	p := plot.New()
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = "learning curves", "epoch", "loss"
	var training, validation plotter.XYs
	for _, e := range r.Epochs {
		training = append(training, plotter.XY{X: float64(e.Epoch), Y: e.Loss})
		if e.Validated {
			validation = append(validation, plotter.XY{X: float64(e.Epoch), Y: e.ValLoss})
		}
	}
	for i, line := range []plotter.XYs{training, validation} {
		if len(line) == 0 {
			continue
		}
		if err := addLine(p, []string{"training", "validation"}[i], line, plotutil.Color(i)); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// weightsOf counts the weights of each layer in 40 bins.
func weightsOf(folder string) (*plot.Plot, error) {
	m, err := loadModel(filepath.Join(folder, runModel))
	if err != nil {
		return nil, err
	}
	p := plot.New()
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = "weights by layer", "weight", "how many"
	for l, layer := range m.Network.Layers {
		values := make(plotter.Values, len(layer.W))
		for i, w := range layer.W {
			values[i] = float64(w)
		}
		h, err := plotter.NewHist(values, 40)
		if err != nil {
			return nil, fmt.Errorf("weights of layer %d: %w", l+1, err)
		}
		var points plotter.XYs
		for _, bin := range h.Bins {
			points = append(points, plotter.XY{X: (bin.Min + bin.Max) / 2, Y: bin.Weight})
		}
		if err := addLine(p, fmt.Sprintf("layer %d", l+1), points, plotutil.Color(l)); err != nil {
			return nil, err
		}
	}
	return p, nil
}

func checkPicture(cmd *cobra.Command, path string) error {
	if ext := filepath.Ext(path); ext != ".svg" && ext != ".png" {
		return usage(cmd, "--out is %q: need a name that ends in .svg or .png", path)
	}
	return checkWritable("out", path)
}

// draw writes a picture to path, which ends in .svg or .png.
func draw(path string, p *plot.Plot) error {
	p.Legend.Top = true
	drawn, err := p.WriterTo(16*vg.Centimeter, 10*vg.Centimeter, filepath.Ext(path)[1:])
	if err != nil {
		return fmt.Errorf("--out %s: %w", path, err)
	}
	return durable.WriteFile(path, func(w io.Writer) error {
		_, err := drawn.WriteTo(w)
		return err
	})
}
