package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/clprop/clprop/trainer"
	"github.com/clprop/clprop/trainer/live"
)

// progress shows how far training is: a line an epoch, and, as a bar, one more
// line that is drawn again and again until the epoch is over. Only a bar writes
// control characters, and of them only the carriage return.
type progress struct {
	w    io.Writer
	bar  bool
	none bool
	// quantities are predicted, and not classes: there is no accuracy.
	quantities bool
	fit        bool       // lines of epochs are to fit into a terminal
	width      func() int // columns of the terminal
	now        func() time.Time

	began time.Time // of the first epoch
	from  int       // epochs that were done before it
	last  int       // number of the last epoch
	drawn int       // columns of the bar on the screen
	brief int       // how much lines of epochs leave out, see line
}

// noticedData is the share of an epoch from which on it is said that examples took it.
const noticedData = 0.1

// newProgress shows epochs on w. mode is one of auto, bar, plain and none; auto is
// a bar where w is a terminal that can draw one, and plain elsewhere.
func newProgress(w io.Writer, mode string, epochs int) *progress {
	p := &progress{w: w, none: mode == "none", bar: mode == "bar", now: time.Now, last: epochs}
	_, ok := terminal(w)
	p.fit = ok
	p.bar = p.bar || mode == "auto" && ok && os.Getenv("TERM") != "dumb"
	p.width = func() int { // asked each time: windows change their size
		if width, ok := terminal(w); ok {
			return width
		}
		return defaultColumns
	}
	return p
}

// batch is called now and then during an epoch, and at its end. It draws the bar.
func (p *progress) batch(b trainer.Progress) {
	if p.began.IsZero() {
		p.began = p.now().Add(-b.Elapsed) // compiling and uploading are not in the estimate
		p.from = b.Epoch - 1
	}
	if !p.bar || p.none {
		return
	}
	share := float64(b.Step) / float64(b.Steps)
	left := p.left(float64(b.Epoch-1) + share)
	rate := float64(b.Examples) / max(b.Elapsed.Seconds(), 1e-9)
	p.draw(share,
		fmt.Sprintf("epoch %*d/%d ", digits(p.last), b.Epoch, p.last),
		fmt.Sprintf(" loss %.4f%s  %s samples/s  %s left", b.Loss, p.accuracy(b.Accuracy), thousands(rate), duration(left)))
}

// epoch writes the line of an epoch. What one line had to leave out, none after it has, so
// that they stay one below the other.
func (p *progress) epoch(e trainer.Epoch) {
	if p.none {
		return
	}
	p.clear()
	line := p.line(e)
	for p.fit && p.brief < briefest && utf8.RuneCountInString(line) >= p.width() {
		p.brief++
		line = p.line(e)
	}
	fmt.Fprintln(p.w, line)
}

// What a line of an epoch leaves out to fit into a narrow terminal, one more than the other.
const (
	noRate   = 1 + iota // the learning rate, which metrics.csv has
	abridged            // letters of words
	noSpeed             // samples/s, which the bar has
	noWait              // the share of waiting for data
	noLeft              // the time to go, which the bar has
	noShare             // the accuracy in training
	briefest = noShare
)

// line is the line of an epoch, as p.brief has it.
func (p *progress) line(e trainer.Epoch) string {
	var b strings.Builder
	add := func(until int, format string, values ...any) {
		if p.brief < until {
			fmt.Fprintf(&b, format, values...)
		}
	}
	validation := "validation"
	if p.brief >= abridged {
		validation = "val"
	}
	fmt.Fprintf(&b, "epoch %*d/%d  cost %.4f", digits(p.last), e.Epoch, p.last, e.Cost)
	add(noShare, "%s", p.accuracy(e.Accuracy))
	if e.Validated {
		fmt.Fprintf(&b, "  %s loss %.4f%s", validation, e.ValLoss, p.accuracy(e.ValAccuracy))
	}
	add(noRate, "  rate %.3g", e.Rate)
	add(noSpeed, "  %s samples/s", thousands(e.SamplesPerSecond))
	// Of what is not on the device; a device that is busy meanwhile does not wait.
	if e.DataSeconds > noticedData*e.Seconds {
		add(noWait, "  data %.0f%%", 100*e.DataSeconds/e.Seconds)
	}
	if e.Epoch < p.last {
		add(noLeft, "  %s left", duration(p.left(float64(e.Epoch))))
	}
	return b.String()
}

// accuracy is a share of classes told right, as text.
func (p *progress) accuracy(share float64) string {
	name := "accuracy"
	if p.quantities {
		return ""
	}
	if p.brief >= abridged {
		name = "acc"
	}
	return fmt.Sprintf("  %s %5.2f%%", name, 100*share)
}

// left estimates the time to go.
func (p *progress) left(done float64) time.Duration {
	return live.Left(p.now().Sub(p.began), float64(p.from), done, float64(p.last))
}

// draw writes before, a bar as wide as there is room for, and after, over what
// was drawn before.
func (p *progress) draw(share float64, before, after string) {
	room := p.width() - 1 // a full line would wrap
	line := before
	if cells := min(room-len(before)-utf8.RuneCountInString(after)-2, 30); cells >= 5 {
		full := min(int(share*float64(cells)), cells)
		line += "[" + strings.Repeat("#", full) + strings.Repeat(".", cells-full) + "]"
	}
	runes := []rune(line + after)
	runes = runes[:min(len(runes), max(room, 0))]
	fmt.Fprintf(p.w, "\r%s%s", string(runes), strings.Repeat(" ", max(p.drawn-len(runes), 0)))
	p.drawn = len(runes)
}

// clear takes the bar off the screen; something else is written there.
func (p *progress) clear() {
	if p.drawn > 0 {
		fmt.Fprintf(p.w, "\r%s\r", strings.Repeat(" ", p.drawn))
		p.drawn = 0
	}
}

// digits is the number of digits of n.
func digits(n int) int { return len(fmt.Sprint(n)) }

// thousands writes a number with three digits and a unit, such as 12.3k.
func thousands(v float64) string {
	unit := 0
	for v >= 999.5 && unit < 3 {
		v, unit = v/1000, unit+1
	}
	decimals := 0
	switch {
	case v < 9.995:
		decimals = 2
	case v < 99.95:
		decimals = 1
	}
	return fmt.Sprintf("%.*f%s", decimals, v, [...]string{"", "k", "M", "G"}[unit])
}

// duration writes a time for a person to read: 0.8s, 12s, 3m05s, 2h07m.
func duration(d time.Duration) string {
	seconds := int(d.Round(time.Second).Seconds())
	switch {
	case d < 9950*time.Millisecond:
		return fmt.Sprintf("%.1fs", d.Seconds())
	case seconds < 60:
		return fmt.Sprintf("%ds", seconds)
	case seconds < 3600:
		return fmt.Sprintf("%dm%02ds", seconds/60, seconds%60)
	}
	return fmt.Sprintf("%dh%02dm", seconds/3600, seconds/60%60)
}
