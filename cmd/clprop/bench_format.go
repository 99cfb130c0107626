package main

import (
	"encoding/csv"
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"unicode"
)

// The formats of bench.
const (
	asTable   = "table"
	asJSON    = "json"
	asCSV     = "csv"
	asGobench = "gobench"
)

// chooseFormat settles --format with --json and --csv, which are short for it.
func (f *benchFlags) chooseFormat() error {
	for _, short := range []struct {
		given  bool
		format string
	}{{f.json, asJSON}, {f.csv, asCSV}} {
		if !short.given {
			continue
		}
		if f.format != "" && f.format != short.format {
			return fmt.Errorf("--%s and %s are two formats: choose one", short.format, f.format)
		}
		f.format = short.format
	}
	switch f.format {
	case "":
		f.format = asTable
	case asTable, asJSON:
	case asCSV, asGobench:
		if f.kernels {
			return fmt.Errorf("--kernels: %s has no place for kernels: choose table or json", f.format)
		}
		if len(f.gemm) > 0 {
			return fmt.Errorf("--gemm: %s is for steps: choose table or json", f.format)
		}
	default:
		return fmt.Errorf("--format is %q: have table, json, csv, gobench", f.format)
	}
	return nil
}

// benchCSV writes a line for each result. What was not measured is empty.
func benchCSV(results []benchResult) (string, error) {
	var text strings.Builder
	w := csv.NewWriter(&text)
	w.Write([]string{
		"net", "batch", "activation", "output", "device", "platform", "driver", "status", "why",
		"open_ns", "build_ns", "first_step_ns", "steps_per_run", "runs",
		"samples_per_second_median", "samples_per_second_min", "samples_per_second_max", "flops_per_step", "gflops",
		"peak_gflops", "peak_gbps", "launch_ns", "of_peak", "launches_per_step", "difference", "ratio", "ratio_refused",
	})
	for _, r := range results {
		line := []string{r.Net, strconv.Itoa(r.Batch), r.Activation, r.Output,
			oneLine(r.Device.Name), oneLine(r.Device.Platform), oneLine(r.Device.Driver), r.Status, r.Why}
		rest := make([]string, 17)
		if r.Status == measured {
			peak := make([]string, 3)
			if p := r.Peaks; p != nil {
				peak = []string{number(p.GFLOPS), number(p.GBps), strconv.FormatInt(p.Launch, 10)}
			}
			rest = []string{
				strconv.FormatInt(r.Cold.Open, 10), strconv.FormatInt(r.Cold.Build, 10), strconv.FormatInt(r.Cold.First, 10),
				strconv.Itoa(r.StepsPerRun), strconv.Itoa(len(r.Runs)),
				number(r.Samples.Median), number(r.Samples.Min), number(r.Samples.Max), number(r.FLOPs), number(r.GFLOPS),
				peak[0], peak[1], peak[2], optional(r.OfPeak), strconv.Itoa(r.Launches), optional(r.Difference), optional(r.Ratio),
			}
		}
		w.Write(append(append(line, rest...), r.Refused))
	}
	w.Flush()
	return text.String(), w.Error()
}

func number(x float64) string { return strconv.FormatFloat(x, 'g', 6, 64) }

func optional(x *float64) string {
	if x == nil {
		return ""
	}
	return number(*x)
}

// benchLines writes a line for each timed run in the format of Go's benchmarks,
// which benchstat reads. Results that are no figure of their device are left out.
//
// Source: "Go Benchmark Data Format", golang.org/design/14313-benchmark-format.
func benchLines(results []benchResult) string {
	var text strings.Builder
	fmt.Fprintf(&text, "goos: %s\ngoarch: %s\npkg: github.com/clprop/clprop/cmd/clprop\n", runtime.GOOS, runtime.GOARCH)
	for _, r := range results {
		if r.Status != measured || r.Refused != "" && r.Refused != unchecked {
			continue
		}
		name := fmt.Sprintf("BenchmarkStep/dev=%s/net=%s/batch=%d-%d", word(r.Device.Name), r.Net, r.Batch, runtime.GOMAXPROCS(0))
		for _, ns := range r.Runs {
			step := max(float64(ns), 1) / float64(r.StepsPerRun) // ns
			fmt.Fprintf(&text, "%s\t%d\t%.1f ns/op\t%.6g samples/s\t%.4g GFLOPS\n",
				name, r.StepsPerRun, step, float64(r.Batch)/step*1e9, r.FLOPs/step)
		}
	}
	return text.String()
}

// word makes of a device's name a part of a benchmark's: no spaces, no slashes.
func word(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || r == '/' || r == '=' || !unicode.IsPrint(r) {
			return '_'
		}
		return r
	}, text)
}
