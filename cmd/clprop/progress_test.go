package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/clprop/clprop/trainer"
)

// played shows two epochs of two batches, each of which takes a second, and what
// was written.
func played(mode string, width int) string {
	var b strings.Builder
	p := newProgress(&b, mode, 2)
	now := time.Unix(1000, 0)
	p.now = func() time.Time { return now }
	p.width = func() int { return width }
	for epoch := 1; epoch <= 2; epoch++ {
		for step := 1; step <= 2; step++ {
			now = now.Add(time.Second)
			p.batch(trainer.Progress{
				Epoch: epoch, Epochs: 2, Step: step, Steps: 2, Examples: 500 * step, Loss: 0.5, Accuracy: 0.75,
				Elapsed: time.Duration(step) * time.Second,
			})
		}
		p.epoch(trainer.Epoch{
			Epoch: epoch, Cost: 0.5, Accuracy: 0.75, Validated: epoch == 2, ValLoss: 0.25, ValAccuracy: 0.875, Rate: 0.1, SamplesPerSecond: 500,
		})
	}
	return b.String()
}

const twoEpochs = `epoch 1/2  cost 0.5000  accuracy 75.00%  rate 0.1  500 samples/s  2.0s left
epoch 2/2  cost 0.5000  accuracy 75.00%  validation loss 0.2500  accuracy 87.50%  rate 0.1  500 samples/s
`

func TestProgressPlain(t *testing.T) {
	for _, mode := range []string{"plain", "auto"} { // a strings.Builder is no terminal
		if got := played(mode, 80); got != twoEpochs {
			t.Errorf("%s: got\n%q\nwant\n%q", mode, got, twoEpochs)
		}
	}
	if got := played("none", 80); got != "" {
		t.Errorf("none: got %q", got)
	}
}

func TestProgressBar(t *testing.T) {
	got := played("bar", 80)
	// Of 79 columns, 10 + 55 are text and 2 brackets.
	want := "\repoch 1/2 [######......] loss 0.5000  accuracy 75.00%  500 samples/s  3.0s left"
	if !strings.HasPrefix(got, want+"\r") {
		t.Errorf("got  %q\nwant %q at its start", got, want)
	}
	if screen := onScreen(got); screen != twoEpochs {
		t.Errorf("on the screen is\n%s\nwant\n%s", screen, twoEpochs)
	}
	for _, width := range []int{0, 1, 5, 20, 60, 72, 80, 200} {
		for _, part := range strings.FieldsFunc(played("bar", width), func(r rune) bool { return r == '\r' || r == '\n' }) {
			if !strings.HasPrefix(part, "epoch") || strings.Contains(part, "cost") {
				continue
			}
			if n := len([]rune(part)); n >= max(width, 1) {
				t.Errorf("width %d: a bar of %d columns would wrap: %q", width, n, part)
			}
		}
	}
}

// Lines of epochs fit into a terminal, and those after a short one are as short. Elsewhere
// they are whole, whatever a width is.
func TestEpochsFitTheTerminal(t *testing.T) {
	for _, c := range []struct {
		columns     int
		first, last string
	}{
		{0, "epoch   1/100  cost 0.5000  accuracy 75.00%  validation loss 0.2500  accuracy 87.50%  rate 0.001  123k samples/s  data 50%  1m39s left",
			"epoch 100/100  cost 0.5000  accuracy 75.00%  validation loss 0.2500  accuracy 87.50%  rate 0.001  123k samples/s  data 50%"},
		{200, "epoch   1/100  cost 0.5000  accuracy 75.00%  validation loss 0.2500  accuracy 87.50%  rate 0.001  123k samples/s  data 50%  1m39s left",
			"epoch 100/100  cost 0.5000  accuracy 75.00%  validation loss 0.2500  accuracy 87.50%  rate 0.001  123k samples/s  data 50%"},
		{120, "epoch   1/100  cost 0.5000  acc 75.00%  val loss 0.2500  acc 87.50%  123k samples/s  data 50%  1m39s left",
			"epoch 100/100  cost 0.5000  acc 75.00%  val loss 0.2500  acc 87.50%  123k samples/s  data 50%"},
		{80, "epoch   1/100  cost 0.5000  acc 75.00%  val loss 0.2500  acc 87.50%  1m39s left",
			"epoch 100/100  cost 0.5000  acc 75.00%  val loss 0.2500  acc 87.50%"},
		{60, "epoch   1/100  cost 0.5000  val loss 0.2500  acc 87.50%", "epoch 100/100  cost 0.5000  val loss 0.2500  acc 87.50%"},
		{10, "epoch   1/100  cost 0.5000  val loss 0.2500  acc 87.50%", "epoch 100/100  cost 0.5000  val loss 0.2500  acc 87.50%"},
	} {
		var b strings.Builder
		p := newProgress(&b, "plain", 100)
		now := time.Unix(1000, 0)
		p.now, p.fit, p.width = func() time.Time { return now }, c.columns > 0, func() int { return c.columns }
		p.began = now.Add(-time.Second)
		e := trainer.Epoch{Epoch: 1, Cost: 0.5, Accuracy: 0.75, Validated: true, ValLoss: 0.25, ValAccuracy: 0.875, Rate: 0.001, SamplesPerSecond: 123456, Seconds: 1, DataSeconds: 0.5}
		p.epoch(e)
		e.Epoch = 100
		p.epoch(e)
		if want := c.first + "\n" + c.last + "\n"; b.String() != want {
			t.Errorf("%d columns:\n%s\nwant\n%s", c.columns, b.String(), want)
		}
	}
}

// onScreen is what a terminal shows once all of text was written to it.
func onScreen(text string) string {
	var screen strings.Builder
	var line []rune
	at := 0
	for _, r := range text {
		switch r {
		case '\r':
			at = 0
		case '\n':
			screen.WriteString(strings.TrimRight(string(line), " ") + "\n")
			line, at = nil, 0
		default:
			if at == len(line) {
				line = append(line, ' ')
			}
			line[at] = r
			at++
		}
	}
	screen.WriteString(strings.TrimRight(string(line), " "))
	return screen.String()
}

func TestThousands(t *testing.T) {
	for v, want := range map[float64]string{
		0: "0.00", 9.99: "9.99", 9.996: "10.0", 99.96: "100", 999.4: "999", 999.6: "1.00k", 12345: "12.3k", 123456: "123k", 2.5e6: "2.50M", 3e9: "3.00G", 4e12: "4000G",
	} {
		if got := thousands(v); got != want {
			t.Errorf("%v: got %s, want %s", v, got, want)
		}
	}
}

func TestDuration(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0.0s", 1234 * time.Millisecond: "1.2s", 9960 * time.Millisecond: "10s", 12400 * time.Millisecond: "12s",
		59600 * time.Millisecond: "1m00s", 185 * time.Second: "3m05s", 2*time.Hour + 7*time.Minute: "2h07m",
	} {
		if got := duration(d); got != want {
			t.Errorf("%v: got %s, want %s", d, got, want)
		}
	}
}

// What takes bytes without being a terminal gets plain lines.
func TestTerminal(t *testing.T) {
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	file, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for _, w := range []io.Writer{null, file, &strings.Builder{}} {
		if columns, ok := terminal(w); ok {
			t.Errorf("%T is a terminal of %d columns", w, columns)
		}
	}
}

// A note is broken between words; a word that is too long stays whole.
func TestFold(t *testing.T) {
	for _, c := range []struct {
		columns    int
		line, want string
	}{
		{79, "net     4-16-3, relu, softmax: 131 parameters", "net     4-16-3, relu, softmax: 131 parameters"},
		{45, "net     4-16-3, relu, softmax: 131 parameters", "net     4-16-3, relu, softmax: 131 parameters"},
		{44, "net     4-16-3, relu, softmax: 131 parameters", "net     4-16-3, relu, softmax: 131\n        parameters"},
		{20, "data    größe.csv: 344 examples", "data    größe.csv:\n        344 examples"},
		{20, "data    /a/path/that/is/longer: 344 examples", "data    /a/path/that/is/longer:\n        344 examples"},
		{0, "data    a b", "data    a\n        b"},
		{9, "", ""},
	} {
		if got := fold(c.line, c.columns); got != c.want {
			t.Errorf("%d columns:\n%s\nwant\n%s", c.columns, got, c.want)
		}
	}
}
