package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/clprop/clprop/device"
	"github.com/clprop/clprop/kernels"
)

// tuneJSON is what tune --json prints.
type tuneJSON struct {
	Schema  int              `json:"schema"`
	Version string           `json:"version"` // of clprop
	Budget  float64          `json:"budget_seconds"`
	Results []tuneResultJSON `json:"results"`
}

// tuneResultJSON is one network on one device. Times are in nanoseconds.
type tuneResultJSON struct {
	Sizes    []int             `json:"sizes"` // features first
	Batch    int               `json:"batch"`
	Device   string            `json:"device"`
	Platform string            `json:"platform"`
	Driver   string            `json:"driver"`
	Index    int               `json:"index"`
	Kernels  string            `json:"kernels"` // the tuning in a line
	Tuning   kernels.Tuning    `json:"tuning"`
	Changed  bool              `json:"changed"` // it is not the default
	Products []tuneProductJSON `json:"products"`
	Default  int64             `json:"default_ns"` // of all products of a step
	Tuned    int64             `json:"tuned_ns"`
	Speedup  float64           `json:"speedup"`
	device.TuneCounts
	Took    int64  `json:"took_ns"`
	Path    string `json:"path"`     // where it is kept; "" if it is not
	NotKept string `json:"not_kept"` // why; "" if it is
}

type tuneProductJSON struct {
	Product string       `json:"product"`
	Batch   int          `json:"batch"`
	In      int          `json:"in"`
	Out     int          `json:"out"`
	Count   int          `json:"count"`
	Default tuneTimeJSON `json:"default"`
	Tuned   tuneTimeJSON `json:"tuned"`
}

type tuneTimeJSON struct {
	Choice string  `json:"kernel"`
	Time   int64   `json:"ns"`
	GFLOPS float64 `json:"gflops"`
}

func newTuneJSON(budget time.Duration, results []*device.TuneResult) tuneJSON {
	all := tuneJSON{
		Schema: schemaVersion, Version: currentVersion().Version, Budget: budget.Seconds(), Results: []tuneResultJSON{},
	}
	for _, r := range results {
		before, after := r.Step()
		one := tuneResultJSON{
			Sizes: r.Workload.Sizes, Batch: r.Workload.Batch,
			Device: r.Info.Name, Platform: r.Info.Platform, Driver: r.Info.Driver, Index: r.Info.Index,
			Kernels: r.Tuning.String(), Tuning: r.Tuning, Changed: r.Changed,
			Default: before.Nanoseconds(), Tuned: after.Nanoseconds(), Speedup: ratio(before, after),
			TuneCounts: r.TuneCounts, Took: r.Took.Nanoseconds(), Path: r.Path,
		}
		if r.NotKept != nil {
			one.NotKept = oneLine(r.NotKept.Error())
		}
		for _, p := range r.Products {
			one.Products = append(one.Products, tuneProductJSON{
				string(p.Product), p.Batch, p.In, p.Out, p.Count, newTuneTime(p.Default), newTuneTime(p.Tuned),
			})
		}
		all.Results = append(all.Results, one)
	}
	return all
}

func newTuneTime(t device.TunedTime) tuneTimeJSON {
	return tuneTimeJSON{t.Choice, t.Time.Nanoseconds(), t.GFLOPS}
}

// tuneText lays the results out, a table for each network.
func tuneText(results []*device.TuneResult) string {
	var text strings.Builder
	for _, r := range results {
		fmt.Fprintf(&text, "%v, on %s (%s, %s)\n", r.Workload, oneLine(r.Info.Name), oneLine(r.Info.Platform), oneLine(r.Info.Driver))
		rows := [][]string{{"product", "batch·in·out", "default", "tuned", "times", "µs", "GFLOPS", "µs", "GFLOPS", "speedup"}}
		for _, p := range r.Products {
			rows = append(rows, []string{
				string(p.Product), fmt.Sprintf("%d·%d·%d", p.Batch, p.In, p.Out), p.Default.Choice, p.Tuned.Choice, strconv.Itoa(p.Count),
				micro(p.Default.Time), fmt.Sprintf("%.1f", p.Default.GFLOPS), micro(p.Tuned.Time), fmt.Sprintf("%.1f", p.Tuned.GFLOPS),
				fmt.Sprintf("%.2f", ratio(p.Default.Time, p.Tuned.Time)),
			})
		}
		before, after := r.Step()
		rows = append(rows, []string{"all of a step", "", "", "", "", micro(before), "", micro(after), "", fmt.Sprintf("%.2f", ratio(before, after))})
		writeColumns(&text, rows, 4)
		chosen := "the default is the best found"
		if r.Changed {
			chosen = "chosen"
		}
		fmt.Fprintf(&text, "  %s: %v\n", chosen, r.Tuning)
		fmt.Fprintf(&text, "  %d tried, %d failed, %d rejected, in %.1f s", r.Tried, r.Failed, r.Rejected, r.Took.Seconds())
		if r.Path != "" {
			fmt.Fprintf(&text, "; kept in %s", oneLine(r.Path))
		}
		fmt.Fprint(&text, "\n\n")
	}
	text.WriteString("A product: with the copies that it reads and the update behind it. GFLOPS: 2·batch·in·out operations.\n")
	return text.String()
}

func micro(d time.Duration) string { return fmt.Sprintf("%.1f", float64(d)/1e3) }
