package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/clprop/clprop/trainer"
	"github.com/clprop/clprop/trainer/data"
	"github.com/clprop/clprop/trainer/durable"
	"github.com/clprop/clprop/trainer/metrics"
)

// File is the name of a report's numbers in the folder of a run, Page that of its page.
const (
	File = "report.json"
	Page = "report.html"
)

// ErrReport is wrapped by errors about a file that does not hold a report.
var ErrReport = errors.New("not a report")

// The most that a report holds: a file may come from anyone.
const (
	maxSize     = 64 << 20 // bytes of a file
	maxMistakes = 24
	maxPixels   = 64 * 64 // of an image that is kept
)

// Setting is a setting of the training, in words.
type Setting struct{ Name, Value string }

// Report is what came of a training.
type Report struct {
	Settings   []Setting
	Score      string // of the examples that it was tested on, in a line; may be ""
	Set        string // which they are
	Seconds    float64
	Throughput float64 // examples trained on in a second
	Epochs     []trainer.Epoch
	Classes    []string  // K names; none for quantities
	Confusion  [][]int   // K × K: of class i, taken for class k; nil for quantities
	Mistakes   []Mistake // the surest first
	// Labels are how well each of several labels at once is told; nil for classes and quantities.
	Labels []Label `json:",omitempty"`
	// Width and Height are the size of the inputs, if they are images; else 0.
	Width, Height int
	// Gradients are how D of each layer was distributed when training was over; nil if it is
	// not known.
	Gradients []Histogram `json:",omitempty"`
	// Unfinished says that training was not over: there is what Epochs tell, and no more.
	Unfinished bool `json:",omitempty"`
}

// Label is how well one of several labels is told: Count examples have it.
type Label struct {
	Name  string
	Count int
	metrics.Score
}

// Mistake is an example that was taken for another class.
type Mistake struct {
	Example           int // its position in the set, from 0
	Actual, Predicted int // classes
	Output            float64
	Pixels            []byte // Height × Width shades of grey; nil if it is no image
}

// Mistakes finds the examples of set that are surest of a wrong class, at most 24: h is
// rows × outputs, row-major, of at least two outputs, which are classes. p may be nil. Outputs that
// are not finite are of no class.
func Mistakes(set *data.Set, h []float32, p *data.Preprocess) []Mistake {
	var list []Mistake
	if set.Regression() || set.MultiLabel || set.Y == nil || set.Outputs < 2 {
		return nil
	}
	for i := range set.Rows {
		row := h[i*set.Outputs:][:set.Outputs]
		best := 0
		for k, v := range row {
			if v > row[best] {
				best = k
			}
		}
		sure := float64(row[best])
		if actual := set.Label(i); actual != best && sure-sure == 0 {
			list = append(list, Mistake{Example: i, Actual: actual, Predicted: best, Output: sure})
		}
	}
	slices.SortStableFunc(list, func(a, b Mistake) int {
		switch {
		case a.Output > b.Output:
			return -1
		case a.Output < b.Output:
			return 1
		}
		return 0
	})
	list = list[:min(len(list), maxMistakes)]
	if p == nil || p.Image == nil || set.Features > maxPixels || set.Features != p.Image.Width*p.Image.Height {
		return list
	}
	for i := range list {
		if x, err := set.Append(nil, []int32{int32(list[i].Example)}); err == nil { // else without a picture
			list[i].Pixels = grey(x, false)
		}
	}
	return list
}

// grey maps values to shades: the least to 0 and the greatest to 255; if signed, 0 to the
// middle.
func grey(x []float32, signed bool) []byte {
	low, high := float64(slices.Min(x)), float64(slices.Max(x))
	if signed {
		high = max(-low, high)
		low = -high
	}
	pixels := make([]byte, len(x))
	for i, v := range x {
		if high > low {
			pixels[i] = byte(255 * (float64(v) - low) / (high - low))
		}
	}
	return pixels
}

// Save writes the numbers of the report to path, whole or not at all.
func (r *Report) Save(path string) error {
	text, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("saving report %s: %w", path, err)
	}
	return durable.WriteFile(path, func(w io.Writer) error {
		_, err := w.Write(text)
		return err
	})
}

// Load reads what Save wrote. The file may come from anyone: what is returned can be
// drawn, or the error wraps ErrReport or that of reading.
func Load(path string) (*Report, error) {
	file, _, err := durable.Open(path, fmt.Errorf("%w: not a file", ErrReport))
	if err != nil {
		return nil, err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxSize+1))
	if err != nil {
		return nil, err
	}
	r := &Report{}
	if len(text) > maxSize {
		err = fmt.Errorf("more than %d bytes", maxSize)
	} else if err = json.Unmarshal(text, r); err == nil {
		err = r.check()
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %w", path, ErrReport, err)
	}
	return r, nil
}

func (r *Report) check() error {
	if r.Confusion != nil && len(r.Confusion) != len(r.Classes) {
		return fmt.Errorf("a confusion matrix of %d classes, and %d names", len(r.Confusion), len(r.Classes))
	}
	for _, row := range r.Confusion {
		if len(row) != len(r.Classes) || slices.ContainsFunc(row, func(n int) bool { return n < 0 }) {
			return errors.New("a confusion matrix that is not one of counts, square")
		}
	}
	for l, h := range r.Gradients {
		if len(h.Counts) == 0 || len(h.Counts) > maxBins || !(h.High >= h.Low) || slices.ContainsFunc(h.Counts, func(n int) bool { return n < 0 }) {
			return fmt.Errorf("the gradient of layer %d is no histogram", l+1)
		}
	}
	if r.Width < 0 || r.Height < 0 || r.Width > 1<<16 || r.Height > 1<<16 {
		return fmt.Errorf("images of %d × %d", r.Width, r.Height)
	}
	for _, m := range r.Mistakes {
		if m.Actual < 0 || m.Predicted < 0 || max(m.Actual, m.Predicted) >= len(r.Classes) || m.Pixels != nil && len(m.Pixels) != r.Width*r.Height {
			return fmt.Errorf("a mistake of example %d whose classes or pixels are not there", m.Example)
		}
	}
	return nil
}
