package main

import (
	"fmt"
	"image/color"
	"strings"

	"github.com/clprop/clprop/trainer/report"
	"github.com/spf13/cobra"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/palette"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/plotutil"
)

const plotLong = `Plot draws a picture of a run:

  curves      training and validation loss by epoch
  confusion   the confusion matrix of the test set
  weights     how the weights are distributed, a line for each layer
  gradients   the same of the gradient when training was over

Of a run that is not finished there are curves and weights so far.`

const plotExample = `  clprop plot digits --out curves.svg
  clprop plot digits --what confusion --out confusion.png
  clprop plot digits --what weights --out weights.png`

// pictures are what plot can draw.
var pictures = []string{"curves", "confusion", "weights", "gradients"}

func newPlotCommand(e *env) *cobra.Command {
	var out, what string
	cmd := &cobra.Command{Use: "plot RUN", Short: "Draw a picture of a run", Long: plotLong, Example: plotExample}
	cmd.Flags().StringVar(&what, "what", "curves", strings.Join(pictures, ", "))
	cmd.Flags().StringVarP(&out, "out", "o", "", "`FILE` to draw to, .svg or .png")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) != 1 {
			return usage(cmd, "name the folder of one run, got %d", len(args))
		}
		if err := oneOf(cmd, "what", what, pictures); err != nil {
			return err
		}
		if err := checkPicture(cmd, out); err != nil {
			return err
		}
		p, err := e.picture(args[0], what)
		if err != nil {
			return err
		}
		return draw(out, p)
	}
	return cmd
}

// picture draws one of pictures.
func (e *env) picture(folder, what string) (*plot.Plot, error) {
	r, net, err := e.loadRun(folder)
	if err != nil {
		return nil, err
	}
	missing := func(text string) error { return badFile(fmt.Errorf("%s: no %s to draw: %s", folder, what, text)) }
	switch what {
	case "confusion":
		if len(r.Confusion) == 0 {
			return nil, missing("it is of a finished run that had a test set and classes (--test-split, --test-data)")
		}
		return confusionOf(r), nil
	case "weights":
		if net == nil {
			return nil, missing("there is no checkpoint yet")
		}
		return histogramsOf("weights by layer", "weight", report.Histograms(net.Layers))
	case "gradients":
		if len(r.Gradients) == 0 {
			return nil, missing("they are of a run that is finished, and was made by this version or a newer one")
		}
		return histogramsOf("gradients by layer", "element of D", r.Gradients)
	}
	if len(r.Epochs) == 0 {
		return nil, missing("no epoch is over yet")
	}
	return curvesOf(r)
}

func curvesOf(r *report.Report) (*plot.Plot, error) {
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

// histogramsOf draws a line for each layer.
func histogramsOf(title, label string, layers []report.Histogram) (*plot.Plot, error) {
	p := plot.New()
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = title, label, "how many"
	for l, h := range layers {
		var points plotter.XYs
		width := (h.High - h.Low) / float64(len(h.Counts))
		for i, n := range h.Counts {
			points = append(points, plotter.XY{X: h.Low + (float64(i)+0.5)*width, Y: float64(n)})
		}
		if err := addLine(p, fmt.Sprintf("layer %d", l+1), points, plotutil.Color(l)); err != nil {
			return nil, fmt.Errorf("layer %d: %w", l+1, err)
		}
	}
	return p, nil
}

// shares is a confusion matrix as a picture: row i, from above, is class i, and the colour
// of a cell its share of the row.
type shares struct{ counts [][]int }

func (s shares) Dims() (c, r int)   { return len(s.counts), len(s.counts) }
func (s shares) X(c int) float64    { return float64(c) }
func (s shares) Y(r int) float64    { return float64(r) }
func (s shares) row(r int) []int    { return s.counts[len(s.counts)-1-r] }
func (s shares) Z(c, r int) float64 { return float64(s.row(r)[c]) / float64(max(1, sum(s.row(r)))) }

func sum(counts []int) (total int) {
	for _, n := range counts {
		total += n
	}
	return total
}

// mostCounts is up to how many classes the cells have their counts written in.
const mostCounts = 20

// confusionOf draws the confusion matrix: true class down, taken for across.
func confusionOf(r *report.Report) *plot.Plot {
	p, s := plot.New(), shares{r.Confusion}
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = "confusion matrix", "taken for", "true class"
	heat := plotter.NewHeatMap(s, blues{})
	heat.Min, heat.Max = 0, 1 // also where all cells are the same
	p.Add(heat)
	var across, down []plot.Tick
	k := len(r.Classes)
	var labels plotter.XYLabels
	for i, name := range r.Classes {
		name = clip(oneLine(name), 12)
		across = append(across, plot.Tick{Value: float64(i), Label: name})
		down = append(down, plot.Tick{Value: float64(k - 1 - i), Label: name})
		for j, n := range r.Confusion[i] {
			labels.XYs = append(labels.XYs, plotter.XY{X: float64(j), Y: float64(k - 1 - i)})
			labels.Labels = append(labels.Labels, fmt.Sprint(n))
		}
	}
	p.X.Tick.Marker, p.Y.Tick.Marker = plot.ConstantTicks(across), plot.ConstantTicks(down)
	if k <= mostCounts {
		if written, err := plotter.NewLabels(labels); err == nil { // as many labels as points, by construction
			for i := range written.TextStyle {
				written.TextStyle[i].XAlign, written.TextStyle[i].YAlign = -0.5, -0.5 // in the middle
			}
			p.Add(written)
		}
	}
	return p
}

// blues go from white to a blue on which black can be read.
type blues struct{}

var _ palette.Palette = blues{}

func (blues) Colors() []color.Color {
	const n = 64
	var list []color.Color
	for i := range n {
		fade := func(to int) uint8 { return uint8(255 - (255-to)*i/(n-1)) }
		list = append(list, color.RGBA{fade(70), fade(150), fade(230), 255})
	}
	return list
}
