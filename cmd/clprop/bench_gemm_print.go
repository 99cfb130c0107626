package main

import (
	"context"
	"fmt"
	"strings"
)

// reportGEMM measures, prints, and returns the error that the exit code comes from, as report does.
func (b *bench) reportGEMM(ctx context.Context, sizes []gemmSize, specs []string, format string) error {
	results, err := b.gemm(ctx, sizes, specs)
	if err != nil {
		return err
	}
	if format == asJSON {
		err = b.env.printJSON(gemmJSON{
			Schema: schemaVersion, Version: currentVersion().Version,
			Seconds: b.budget.Seconds(), Repeat: b.repeat, Results: results,
		})
	} else {
		err = b.env.print(gemmTable(results))
	}
	if err != nil {
		return err
	}
	for _, r := range results {
		if r.err != nil { // the table has the others too
			return fmt.Errorf("bench: %s %dx%dx%d on %s: %w", r.Layout, r.M, r.N, r.K, r.Device.Name, r.err)
		}
	}
	return nil
}

// gemmTable lays products out, and says below what was not measured.
func gemmTable(results []gemmResult) string {
	rows := [][]string{{"product", "device", "m × n × k", "GFLOPS", "min … max", "% peak", "launches", "difference"}}
	var notes []string
	for _, r := range results {
		rows = append(rows, r.row())
		if r.Why != "" {
			notes = append(notes, fmt.Sprintf("  %s %dx%dx%d, %s: %s", r.Layout, r.M, r.N, r.K, shorten(oneLine(r.Device.Name), 40), r.Why))
		}
	}
	var text strings.Builder
	writeColumns(&text, rows, 2)
	for _, note := range notes {
		fmt.Fprintln(&text, note)
	}
	return text.String()
}

func (r *gemmResult) row() []string {
	const none = "—"
	cells := []string{r.Layout, shorten(oneLine(r.Device.Name), 32), fmt.Sprintf("%d × %d × %d", r.M, r.N, r.K)}
	peak, apart := none, none
	if r.OfPeak != nil {
		peak = fmt.Sprintf("%.0f", 100**r.OfPeak)
	}
	if r.Difference != nil {
		apart = fmt.Sprintf("%.1e", *r.Difference)
	}
	if r.Status != measured {
		return append(cells, r.Status, none, none, none, apart)
	}
	return append(cells, fmt.Sprintf("%.1f", r.GFLOPS.Median),
		fmt.Sprintf("%.1f … %.1f", r.GFLOPS.Min, r.GFLOPS.Max), peak, fmt.Sprint(r.Launches), apart)
}
