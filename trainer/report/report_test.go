package report

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"image/png"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/clprop/clprop/trainer"
	"github.com/clprop/clprop/trainer/data"
)

// Three 2 × 1 images of two classes: the second is taken for class 0 with 0.75, the third
// for class 1 with 0.875, which is surer.
func example() *Report {
	set := &data.Set{
		X: []float32{0, 1, 1, 0, 0, 0.5}, Y: []float32{1, 0, 0, 1, 1, 0},
		Rows: 3, Features: 2, Outputs: 2, Classes: []string{"cat", "<b>dog"},
	}
	h := []float32{0.5, 0.25, 0.75, 0.25, 0.125, 0.875}
	return &Report{
		Settings: []Setting{{"--lr", "0.1"}}, Score: "test accuracy 33.33%",
		Epochs:  []trainer.Epoch{{Epoch: 1, Loss: 2, Accuracy: 0.5, Rate: 0.1}, {Epoch: 2, Loss: 1, Accuracy: 0.75, Rate: 0.1}},
		Classes: set.Classes, Confusion: [][]int{{1, 1}, {1, 0}}, Width: 2, Height: 1,
		Gradients: []Histogram{{-0.5, 0.25, []int{3, 1}}},
		Mistakes:  Mistakes(set, h, &data.Preprocess{Image: &data.Image{Width: 2, Height: 1, Scale: 1}}),
	}
}

func TestMistakes(t *testing.T) {
	want := []Mistake{
		{Example: 2, Actual: 0, Predicted: 1, Output: 0.875, Pixels: []byte{0, 255}},
		{Example: 1, Actual: 1, Predicted: 0, Output: 0.75, Pixels: []byte{255, 0}},
	}
	if got := example().Mistakes; !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got := grey([]float32{-1, 0, 0.5, 1}, true); !bytes.Equal(got, []byte{0, 127, 191, 255}) { // 255·(v+1)/2, cut
		t.Errorf("signed: %v", got)
	}
}

// The page has every part, no text of a file as HTML, and names nothing elsewhere.
func TestPage(t *testing.T) {
	net, err := trainer.NewNetwork(trainer.NetworkConfig{Sizes: []int{2, 3, 2}, Hidden: "relu", Loss: "softmax-cross-entropy", Init: trainer.InitAuto, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := example().HTML(&b, "run <1>", net); err != nil {
		t.Fatal(err)
	}
	text := b.String()
	for _, part := range []string{
		"run &lt;1&gt;", "&lt;b&gt;dog", "test accuracy 33.33%", `<polyline class="a" points="66.0,10.0 470.0,210.0 "/>`, // the loss, from 2 to 1
		"Confusion matrix", "Worst mistakes", "Θ(2), 3 to 2 units", "Weights of the first layer", "D(1)", `x="268.0" y="143.3"`, // the second of two bins, a third as high
		"<td>--lr</td><td>0.1</td>", "prefers-color-scheme",
	} {
		if !strings.Contains(text, part) {
			t.Errorf("no %q", part)
		}
	}
	for _, bad := range []string{"<b>", "http:", "https:", "<script", "<link", "@import", "ZgotmplZ"} {
		if strings.Contains(text, bad) {
			t.Errorf("it has %q", bad)
		}
	}
	if n := strings.Count(text, "data:image/png"); n != 2+3 { // mistakes, and units of the first layer
		t.Errorf("%d images", n)
	}
	_, rest, _ := strings.Cut(text, "data:image/png;base64,")
	code, _, _ := strings.Cut(rest, `"`)
	packed, err := base64.StdEncoding.DecodeString(strings.ReplaceAll(code, "&#43;", "+"))
	if err != nil {
		t.Fatal(err)
	}
	if image, err := png.Decode(bytes.NewReader(packed)); err != nil || image.Bounds().Dx() != 2 || image.Bounds().Dy() != 1 {
		t.Errorf("%v", err)
	}
	if err := (&Report{}).HTML(&b, "", nil); err != nil {
		t.Error(err)
	}
}

func TestLoad(t *testing.T) {
	path := filepath.Join(t.TempDir(), File)
	if err := example().Save(path); err != nil {
		t.Fatal(err)
	}
	if got, err := Load(path); err != nil || !reflect.DeepEqual(got, example()) {
		t.Errorf("%v: got %+v", err, got)
	}
	for _, text := range []string{
		"", "[", `{"Confusion":[[1]]}`, `{"Classes":["a"],"Confusion":[[1,2]]}`, `{"Classes":["a"],"Confusion":[[-1]]}`,
		`{"Mistakes":[{"Actual":0}]}`, `{"Classes":["a"],"Mistakes":[{"Pixels":"AAA="}]}`, `{"Width":-1}`,
		`{"Gradients":[{"Low":0,"High":1}]}`, `{"Gradients":[{"Low":1,"High":0,"Counts":[1]}]}`, `{"Gradients":[{"Low":0,"High":1,"Counts":[-1]}]}`,
	} {
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(path); !errors.Is(err, ErrReport) {
			t.Errorf("%s: %v", text, err)
		}
	}
	if _, err := Load(path + "x"); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}

// A weight is in the bin that it lies in, the greatest in the last.
func TestHistogram(t *testing.T) {
	h := NewHistogram([]float32{-1, -1, 0, 0.5, 1}) // bins of 0.05
	if h.Low != -1 || h.High != 1 || h.Counts[0] != 2 || h.Counts[20] != 1 || h.Counts[30] != 1 || h.Counts[39] != 1 || len(h.Counts) != 40 {
		t.Errorf("%+v", h)
	}
	if h := NewHistogram([]float32{2, 2}); h.Counts[0] != 2 || h.Low != 2 || h.High != 2 {
		t.Errorf("all the same: %+v", h)
	}
}

// A page of a run that is not over says so.
func TestUnfinished(t *testing.T) {
	var b bytes.Buffer
	if err := (&Report{Unfinished: true, Epochs: example().Epochs}).HTML(&b, "run", nil); err != nil {
		t.Fatal(err)
	}
	if text := b.String(); !strings.Contains(text, "This run is not finished") || !strings.Contains(text, "after 2 epochs") || strings.Contains(text, "examples/s") {
		t.Error(text)
	}
}

// A long run is drawn with fewer points, its first and last epoch among them.
func TestLongRun(t *testing.T) {
	for _, n := range []int{1, 2, maxPoints, maxPoints + 1, maxPoints + 2, 100003} {
		epochs := make([]trainer.Epoch, n)
		for i := range epochs {
			epochs[i].Epoch = 5 + i
		}
		list := thinned(epochs)
		if len(list) > maxPoints+1 || n <= maxPoints && len(list) != n || list[0].Epoch != 5 || list[len(list)-1].Epoch != 4+n {
			t.Errorf("%d epochs: %d, from %d to %d", n, len(list), list[0].Epoch, list[len(list)-1].Epoch)
		}
		if text := string(curves(epochs)[0].SVG); !strings.Contains(text, fmt.Sprintf(`text-anchor="end">%d</text>`, 4+n)) {
			t.Errorf("%d epochs: the last is not named", n)
		}
	}
}

// Numbers beside an axis are told apart, and fit beside it.
func TestMarks(t *testing.T) {
	for _, c := range []struct {
		low, high float64
		want      [5]string
	}{
		{0, 1, [5]string{"0", "0.25", "0.5", "0.75", "1"}},
		{2.28, 2.3, [5]string{"2.28", "2.285", "2.29", "2.295", "2.3"}},
		{6.9101, 6.9183, [5]string{"6.91", "6.912", "6.914", "6.916", "6.918"}},
		{0, 0.000463, [5]string{"0", "1.2e-04", "2.3e-04", "3.5e-04", "4.6e-04"}},
		{1000, 200000, [5]string{"1000", "50750", "100500", "150250", "200000"}},
	} {
		got := marks(c.low, c.high)
		if got != c.want {
			t.Errorf("%v to %v: %q, want %q", c.low, c.high, got, c.want)
		}
	}
}

// A run of one epoch has points, since a line of one point is not seen.
func TestOneEpoch(t *testing.T) {
	text := string(curves([]trainer.Epoch{{Epoch: 1, Loss: 0.5, ValLoss: 0.6, Validated: true, Accuracy: 0.7, ValAccuracy: 0.6, Rate: 0.1}})[0].SVG)
	if strings.Count(text, `<circle class="a"`) != 1 || strings.Count(text, `<circle class="b"`) != 1 || strings.Contains(text, "polyline") {
		t.Error(text)
	}
}
