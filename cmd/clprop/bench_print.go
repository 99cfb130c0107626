package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// benchJSON is what bench --json prints.
type benchJSON struct {
	Schema  int           `json:"schema"`
	Version string        `json:"version"` // of clprop
	Step    string        `json:"step"`    // what one step is
	Seconds float64       `json:"seconds"`
	Repeat  int           `json:"repeat"`
	Steps   int           `json:"agreement_steps"` // after which the weights were compared
	Results []benchResult `json:"results"`
}

const benchStep = "resident examples: gather, forward, loss, deltas, accumulate, gradient, update"

// report measures, prints, and returns the error that the exit code comes from:
// a device that failed, or a wrong result. A device too slow is neither.
func (b *bench) report(ctx context.Context, cases []benchCase, specs []string, format string) error {
	results, err := b.run(ctx, cases, specs)
	if err != nil {
		return err // interrupted: half a table would pass for a whole one
	}
	if err := b.print(cases, results, format); err != nil {
		return err
	}
	return benchFailure(results)
}

func (b *bench) print(cases []benchCase, results []benchResult, format string) error {
	switch format {
	case asJSON:
		return b.env.printJSON(benchJSON{
			Schema: schemaVersion, Version: currentVersion().Version, Step: benchStep,
			Seconds: b.budget.Seconds(), Repeat: b.repeat, Steps: agreementSteps, Results: results,
		})
	case asCSV:
		text, err := benchCSV(results)
		if err != nil {
			return err
		}
		return b.env.print(text)
	case asGobench:
		return b.env.print(benchLines(results))
	}
	return b.env.print(benchTable(cases, results))
}

// benchFailure is the first thing that should not be.
func benchFailure(results []benchResult) error {
	var bad []error
	for _, r := range results {
		switch {
		case r.err != nil:
			bad = append(bad, fmt.Errorf("bench: %s, batch %d, on %s: %w", r.Net, r.Batch, r.Device.Name, r.err))
		case strings.HasPrefix(r.Refused, wrongResult):
			bad = append(bad, fmt.Errorf("bench: %s, batch %d, on %s: %s", r.Net, r.Batch, r.Device.Name, r.Refused))
		}
	}
	return errors.Join(bad...)
}

// benchTable lays the results out, a table for each case.
func benchTable(cases []benchCase, results []benchResult) string {
	var text strings.Builder
	each := len(results) / max(len(cases), 1)
	for i, c := range cases {
		fmt.Fprintf(&text, "%v, batch %d, %s hidden, %s output, %s FLOP a step\n",
			c, c.batch, c.hidden, c.loss.Output(), quantity(c.flops()))
		rows := [][]string{{"device", "driver", "cold", "samples/s", "min … max", "GFLOPS", "% peak", "launches", "× cpuref", "difference"}}
		var notes []string
		for _, r := range results[i*each : (i+1)*each] {
			row, note := r.row()
			rows = append(rows, row)
			name := shorten(oneLine(r.Device.Name), 40)
			if note != "" {
				notes = append(notes, fmt.Sprintf("  %s: %s", name, note))
			}
			if r.ToFirst != nil {
				notes = append(notes, fmt.Sprintf("  %s: %.2f times the speed of the first device, run by run", name, *r.ToFirst))
			}
		}
		writeColumns(&text, rows, 2)
		for _, note := range notes {
			fmt.Fprintln(&text, note)
		}
		fmt.Fprintln(&text)
		for _, r := range results[i*each : (i+1)*each] {
			if r.Kernels == nil {
				continue
			}
			fmt.Fprintf(&text, "  %s, %s\n", shorten(oneLine(r.Device.Name), 40), r.Peaks)
			fmt.Fprintln(&text, kernelTable(r.Kernels))
		}
	}
	fmt.Fprintf(&text, "A step: %s.\nCold: open, build, first step. Difference: from cpuref after %d steps, by the change they made.\n",
		benchStep, agreementSteps)
	return text.String()
}

// row is one line of the table, and what has to be said below it.
func (r *benchResult) row() (cells []string, note string) {
	const none = "—"
	cells = []string{shorten(oneLine(r.Device.Name), 32), shorten(oneLine(r.Device.Driver), 12)}
	if cells[1] == "" {
		cells[1] = none
	}
	if r.Status != measured {
		return append(cells, none, r.Status, none, none, none, none, none, none), r.Why
	}
	ratio, apart, peak := none, none, none
	if r.OfPeak != nil {
		peak = fmt.Sprintf("%.0f", 100**r.OfPeak)
	}
	if r.Ratio != nil {
		ratio = fmt.Sprintf("%.2f", *r.Ratio)
	}
	if r.Difference != nil {
		apart = fmt.Sprintf("%.1e", *r.Difference)
	}
	cold := time.Duration(r.Cold.Open + r.Cold.Build + r.Cold.First)
	return append(cells,
		fmt.Sprintf("%.2f s", cold.Seconds()),
		fmt.Sprintf("%.0f", r.Samples.Median),
		fmt.Sprintf("%.0f … %.0f", r.Samples.Min, r.Samples.Max),
		fmt.Sprintf("%.1f", r.GFLOPS), peak,
		fmt.Sprint(r.Launches), ratio, apart), r.Refused
}

// writeColumns lines cells up: the first left columns to the left, the others,
// numbers, to the right.
func writeColumns(text *strings.Builder, rows [][]string, left int) {
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	for _, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if i < left {
				line.WriteString("  " + cell + pad)
			} else {
				line.WriteString("  " + pad + cell)
			}
		}
		fmt.Fprintln(text, strings.TrimRight(line.String(), " "))
	}
}

// shorten cuts text to at most n characters, and shows that it did.
func shorten(text string, n int) string {
	if runes := []rune(text); len(runes) > n {
		return string(runes[:n-1]) + "…"
	}
	return text
}

// quantity writes a large number in a few characters, such as "412 M".
func quantity(x float64) string {
	unit := 0
	for x >= 999.5 && unit < 4 {
		x, unit = x/1000, unit+1
	}
	return strings.TrimSpace(fmt.Sprintf("%.3g %s", x, []string{"", "k", "M", "G", "T"}[unit]))
}
