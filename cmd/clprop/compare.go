package main

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/clprop/clprop/trainer"
	"github.com/clprop/clprop/trainer/durable"
	"github.com/spf13/cobra"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/plotutil"
	"gonum.org/v1/plot/vg"
)

const compareLong = `Compare puts runs side by side: a table of what came of them, and with --out a picture of
their losses by epoch, of the validation set where there is one. Of a run that is not
finished it has the epochs so far.`

const compareExample = `  clprop compare digits wider
  clprop compare digits wider --out losses.svg`

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
			r, _, err := e.loadRun(folder)
			if err != nil {
				return err
			}
			if r.Unfinished {
				r.Score = "not finished"
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
