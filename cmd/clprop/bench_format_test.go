package main

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/clprop/clprop/cl/cltest"
	"github.com/clprop/clprop/device"
)

// Two results: one measured, in runs of 10 steps of 4 examples that took 1 and 2 µs
// a step, and one that is not a figure of its device.
func formatted() []benchResult {
	good := benchResult{
		Net: "3-2", Batch: 4, Activation: "tanh", Output: "sigmoid", Status: measured,
		Device: deviceJSON{Name: "A device, 2/4", Platform: "test"}, StepsPerRun: 10, Runs: []int64{10_000, 20_000}, FLOPs: 3000,
		Peaks: &peaksJSON{GFLOPS: 50, GBps: 5, Launch: 7},
	}
	good.summarise()
	bad := good
	bad.Refused, bad.Device.Name = "fallback: the CPU reference did the work", "bad"
	return []benchResult{good, bad, {Net: "3-2", Batch: 4, Status: skipped, Why: "too slow", Device: deviceJSON{Name: "slow"}}}
}

func TestBenchLines(t *testing.T) {
	lines := strings.Split(strings.TrimSpace(benchLines(formatted())), "\n")
	form := regexp.MustCompile(`^BenchmarkStep/dev=A_device,_2_4/net=3-2/batch=4-\d+\t10\t(\S+) ns/op\t(\S+) samples/s\t(\S+) GFLOPS$`)
	if len(lines) != 5 {
		t.Fatalf("%d lines, want three of the machine and one for each run:\n%s", len(lines), strings.Join(lines, "\n"))
	}
	for i, want := range [][]string{{"1000.0", "4e+06", "3"}, {"2000.0", "2e+06", "1.5"}} {
		got := form.FindStringSubmatch(lines[3+i])
		if got == nil || strings.Join(got[1:], " ") != strings.Join(want, " ") {
			t.Errorf("line %q, want %v", lines[3+i], want)
		}
	}
}

func TestBenchCSV(t *testing.T) {
	text, err := benchCSV(formatted())
	if err != nil {
		t.Fatal(err)
	}
	records, err := csv.NewReader(strings.NewReader(text)).ReadAll() // also checks that all have as many fields
	if err != nil || len(records) != 4 {
		t.Fatalf("%d records, error %v", len(records), err)
	}
	for name, want := range map[string][3]string{
		"device": {"A device, 2/4", "bad", "slow"}, "status": {measured, measured, skipped}, "why": {"", "", "too slow"},
		"peak_gflops": {"50", "50", ""}, "launch_ns": {"7", "7", ""}, "runs": {"2", "2", ""},
		"samples_per_second_max": {"4e+06", "4e+06", ""}, "ratio_refused": {"", "fallback: the CPU reference did the work", ""},
	} {
		for column, title := range records[0] {
			if title != name {
				continue
			}
			for i := range want {
				if got := records[1+i][column]; got != want[i] {
					t.Errorf("%s of result %d is %q, want %q", name, i, got, want[i])
				}
			}
		}
		if !strings.Contains(","+strings.Join(records[0], ",")+",", ","+name+",") {
			t.Errorf("no column %s", name)
		}
	}
}

// --kernels shows as many runs of kernels as there are launches, and the peaks.
func TestBenchKernels(t *testing.T) {
	listing, err := device.List()
	if err != nil {
		cltest.Missing(t, err)
	}
	args := []string{"--devices", strconv.Itoa(listing.Ranked()[0].Index), "--net", "5-4-3", "--batch", "2", "--seconds", "0.2", "--repeat", "1", "--kernels"}
	code, out, errs := runBench(context.Background(), append(args, "-o", "json")...)
	if code != 0 {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	var got benchJSON
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatal(err)
	}
	reference, r := got.Results[0], got.Results[1]
	if reference.Peaks != nil || reference.Kernels != nil || reference.OfPeak != nil {
		t.Errorf("the reference has peaks %v and kernels %v", reference.Peaks, reference.Kernels)
	}
	if r.Peaks == nil || r.Peaks.GFLOPS <= 0 || r.Peaks.GBps <= 0 || r.Peaks.Launch <= 0 || r.OfPeak == nil {
		t.Fatalf("peaks %v", r.Peaks)
	}
	runs, share := 0, 0.0
	for _, k := range r.Kernels {
		runs += k.Count
		share += k.Share
		if k.Limited == "" || k.Count == 0 {
			t.Errorf("%+v", k)
		}
	}
	if runs == 0 || runs%r.Launches != 0 || share < 0.999 || share > 1.001 {
		t.Errorf("%d runs at %d launches a step, shares add up to %v", runs, r.Launches, share)
	}
	code, out, errs = runBench(context.Background(), args...)
	if code != 0 || !strings.Contains(out, "peaks: ") || !strings.Contains(out, "limited by") {
		t.Errorf("exit code %d, stderr %s, stdout\n%s", code, errs, out)
	}
}

func TestBenchFormatUsage(t *testing.T) {
	for args, want := range map[string]string{
		"--json --csv":         "two formats",
		"-o csv --json":        "two formats",
		"-o xml":               `--format is "xml": have table, json, csv, gobench`,
		"--kernels --csv":      "no place for kernels",
		"--kernels -o gobench": "no place for kernels",
	} {
		code, out, errs := runBench(context.Background(), strings.Fields(args)...)
		if code != exitUsage || out != "" || !strings.Contains(errs, want) {
			t.Errorf("%s: exit code %d, stdout %q, stderr %q", args, code, out, errs)
		}
	}
}
