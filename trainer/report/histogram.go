package report

import (
	"fmt"
	"html/template"
	"math"

	"github.com/clprop/clprop/trainer"
)

// bins is how many a histogram has that is made here, maxBins one from a file.
const (
	bins    = 40
	maxBins = 1000
)

// Histogram is how many values there are of each size: the bins are equally wide and go
// from Low to High.
type Histogram struct {
	Low, High float64
	Counts    []int
}

// NewHistogram counts values, of which there is at least one and all are finite, in 40 bins.
func NewHistogram(values []float32) Histogram {
	h := Histogram{math.Inf(1), math.Inf(-1), make([]int, bins)}
	for _, v := range values {
		h.Low, h.High = min(h.Low, float64(v)), max(h.High, float64(v))
	}
	for _, v := range values {
		i := 0
		if h.High > h.Low {
			i = min(bins-1, int(bins*(float64(v)-h.Low)/(h.High-h.Low)))
		}
		h.Counts[i]++
	}
	return h
}

// Histograms are those of the weights of layers, without the biases; none is finite where a
// weight is not.
func Histograms(layers []trainer.Layer) []Histogram {
	var list []Histogram
	for _, layer := range layers {
		list = append(list, NewHistogram(layer.W))
	}
	return list
}

// svg draws it.
func (h Histogram) svg() template.HTML {
	most := 1
	for _, n := range h.Counts {
		most = max(most, n)
	}
	s := axes(0, float64(most), fmt.Sprintf("%.3g", h.Low), fmt.Sprintf("%.3g", h.High))
	width := (right - left) / float64(len(h.Counts))
	for i, n := range h.Counts {
		height := (bottom - top) * float64(n) / float64(most)
		fmt.Fprintf(s, `<rect class="bar" x="%.1f" y="%.1f" width="%.1f" height="%.1f"/>`, left+float64(i)*width, bottom-height, max(0.5, width-1), height)
	}
	s.WriteString("</svg>")
	return template.HTML(s.String())
}
