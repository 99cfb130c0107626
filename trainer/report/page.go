package report

import (
	"bytes"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"image"
	"image/png"
	"io"
	"math"

	"github.com/clprop/clprop/trainer"
	"github.com/clprop/clprop/trainer/metrics"
)

//go:embed page.html
var pageText string

// Style is the style sheet of the page: light or dark, as who looks at it has set.
//
//go:embed style.css
var Style template.CSS

var page = template.Must(template.New("").Funcs(template.FuncMap{"style": func() template.CSS { return Style }}).Parse(pageText))

// The most that a page draws: more is nothing that one can look at.
const (
	maxClasses = 40
	maxUnits   = 48
	maxPoints  = 500 // of a curve, which is narrower than that
)

// view is what page.html takes.
type view struct {
	*Report
	Name     string
	Curves   []figure
	Rows     []row
	PerClass []Label
	Wrong    []wrong
	Weights  []figure
	Slopes   []figure // the gradients
	First    []template.URL
}

type figure struct {
	Title string
	SVG   template.HTML
}

type row struct {
	Name  string
	Cells []cell
}

type cell struct {
	Count, Share int    // share of the row, of 60 percent
	Kind         string // a class of page.html
}

type wrong struct {
	Mistake
	Actual, Predicted string
	Image             template.URL
}

// HTML writes the page. name is its title; net, whose weights are drawn, may be nil.
func (r *Report) HTML(w io.Writer, name string, net *trainer.Network) error {
	return page.ExecuteTemplate(w, "page", r.view(name, net))
}

// Body writes what the page has below its title and score, for a page that has others.
func (r *Report) Body(w io.Writer) error { return page.ExecuteTemplate(w, "body", r.view("", nil)) }

func (r *Report) view(name string, net *trainer.Network) view {
	v := view{Report: r, Name: name, Curves: curves(r.Epochs)}
	if len(r.Confusion) > 0 {
		v.confusion(r)
	}
	for _, m := range r.Mistakes {
		v.Wrong = append(v.Wrong, wrong{m, r.Classes[m.Actual], r.Classes[m.Predicted], picture(m.Pixels, r.Width, r.Height)})
	}
	for l, h := range r.Gradients {
		v.Slopes = append(v.Slopes, figure{fmt.Sprintf("D(%d)", l+1), h.svg()})
	}
	if net != nil {
		v.weights(net, r.Width, r.Height)
	}
	return v
}

func (v *view) confusion(r *Report) {
	scores := metrics.OfConfusion(r.Confusion)
	for k, s := range scores.Each {
		v.PerClass = append(v.PerClass, Label{r.Classes[k], scores.Support[k], s})
	}
	if len(r.Confusion) > maxClasses {
		return
	}
	for i, counts := range r.Confusion {
		line := row{Name: r.Classes[i]}
		for k, n := range counts {
			kind := "miss"
			if i == k {
				kind = "hit"
			}
			line.Cells = append(line.Cells, cell{n, 60 * n / max(1, scores.Support[i]), kind})
		}
		v.Rows = append(v.Rows, line)
	}
}

func (v *view) weights(net *trainer.Network, width, height int) {
	for l, layer := range net.Layers {
		v.Weights = append(v.Weights, figure{fmt.Sprintf("Θ(%d), %d to %d units", l+1, net.Sizes[l], net.Sizes[l+1]), NewHistogram(layer.W).svg()})
	}
	if n := net.Sizes[0]; width > 0 && n == width*height && n <= maxPixels {
		for unit := range min(net.Sizes[1], maxUnits) {
			v.First = append(v.First, picture(grey(net.Layers[0].W[unit*n:][:n], true), width, height))
		}
	}
}

// picture is an image as a URL that holds it; "" of no pixels.
func picture(pixels []byte, width, height int) template.URL {
	if len(pixels) == 0 {
		return ""
	}
	var b bytes.Buffer
	if err := png.Encode(&b, &image.Gray{Pix: pixels, Stride: width, Rect: image.Rect(0, 0, width, height)}); err != nil {
		return "" // a Buffer takes all, and the size is one that PNG has
	}
	return template.URL("data:image/png;base64," + base64.StdEncoding.EncodeToString(b.Bytes()))
}

// curves are loss, accuracy and rate by epoch.
func curves(epochs []trainer.Epoch) []figure {
	if len(epochs) == 0 {
		return nil
	}
	epochs = thinned(epochs)
	first, last := epochs[0].Epoch, epochs[len(epochs)-1].Epoch
	draw := func(title string, training, validation func(trainer.Epoch) float64) figure {
		var a, b []float64
		for _, e := range epochs {
			a = append(a, training(e))
			if validation != nil && e.Validated {
				b = append(b, validation(e))
			}
		}
		return figure{title, lines(first, last, a, b)}
	}
	list := []figure{draw("loss", func(e trainer.Epoch) float64 { return e.Loss }, func(e trainer.Epoch) float64 { return e.ValLoss })}
	for _, e := range epochs {
		if e.Accuracy > 0 {
			list = append(list, draw("accuracy", func(e trainer.Epoch) float64 { return e.Accuracy }, func(e trainer.Epoch) float64 { return e.ValAccuracy }))
			break
		}
	}
	return append(list, draw("learning rate", func(e trainer.Epoch) float64 { return e.Rate }, nil))
}

// thinned is every so many epochs, and the last: as many as a curve can show.
func thinned(epochs []trainer.Epoch) []trainer.Epoch {
	last := len(epochs) - 1
	step := 1 + last/maxPoints
	if step == 1 {
		return epochs
	}
	var list []trainer.Epoch
	for i := 0; i < last; i += step {
		list = append(list, epochs[i])
	}
	return append(list, epochs[last])
}

// The area of a chart in its own units, with room for numbers on the left and below.
const left, top, right, bottom = 66.0, 10.0, 470.0, 210.0

// lines draws a and b, the second maybe empty, from epoch first to last.
func lines(first, last int, a, b []float64) template.HTML {
	low, high := math.Inf(1), math.Inf(-1)
	for _, v := range append(append([]float64(nil), a...), b...) {
		low, high = min(low, v), max(high, v)
	}
	if !(high > low) { // all the same
		high, low = low+max(1e-9, math.Abs(low)/10), low-max(1e-9, math.Abs(low)/10)
	}
	s := axes(low, high, fmt.Sprint(first), fmt.Sprint(last))
	for _, line := range []struct {
		class  string
		values []float64
	}{{"a", a}, {"b", b}} {
		if len(line.values) == 0 {
			continue
		}
		if len(line.values) == 1 { // a line of one point cannot be seen
			fmt.Fprintf(s, `<circle class="%s" cx="%g" cy="%.1f" r="3"/>`, line.class, left, bottom-(bottom-top)*(line.values[0]-low)/(high-low))
			continue
		}
		fmt.Fprintf(s, `<polyline class="%s" points="`, line.class)
		for i, v := range line.values {
			x := left + (right-left)*float64(i)/float64(max(1, len(line.values)-1))
			fmt.Fprintf(s, "%.1f,%.1f ", x, bottom-(bottom-top)*(v-low)/(high-low))
		}
		s.WriteString(`"/>`)
	}
	s.WriteString("</svg>")
	return template.HTML(s.String())
}

// axes begins a chart: lines at quarters of its height, and numbers.
func axes(low, high float64, from, to string) *bytes.Buffer {
	s := &bytes.Buffer{}
	s.WriteString(`<svg viewBox="0 0 480 232">`)
	marks := marks(low, high)
	for i := range marks {
		y := bottom - (bottom-top)*float64(i)/4
		fmt.Fprintf(s, `<line class="axis" x1="%g" x2="%g" y1="%g" y2="%g"/><text x="%g" y="%g" text-anchor="end">%s</text>`,
			left, right, y, y, left-6, y+4, marks[i])
	}
	fmt.Fprintf(s, `<text x="%g" y="228">%s</text><text x="%g" y="228" text-anchor="end">%s</text>`, left, from, right, to)
	return s
}

// marks are the numbers beside an axis: of three digits, or more, up to what there is room for,
// if it takes more to tell one from the next.
func marks(low, high float64) (m [5]string) {
	for digits := 3; digits <= 6; digits++ {
		different := true
		for i := range m {
			m[i] = short(low+(high-low)*float64(i)/4, digits)
			different = different && (i == 0 || m[i] != m[i-1])
		}
		if different {
			break
		}
	}
	return m
}

// short is a number of so many digits.
func short(v float64, digits int) string {
	switch a := math.Abs(v); {
	case a >= 1000 && a < 1e6:
		return fmt.Sprintf("%.0f", v)
	case a > 0 && a < 1e-3:
		return fmt.Sprintf("%.*e", digits-2, v)
	}
	return fmt.Sprintf("%.*g", digits, v)
}
