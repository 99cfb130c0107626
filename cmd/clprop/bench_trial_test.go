package main

import (
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/clprop/clprop/device"
)

// The timed runs of two devices take turns: the first goes on after the second has begun. Of
// steps that take longer than there is time for a run, a run is one.
func TestBenchTakesTurns(t *testing.T) {
	const repeat = 3
	order := ""
	b := &bench{env: &env{stdout: io.Discard, stderr: io.Discard}, repeat: repeat, budget: 300 * time.Millisecond}
	b.open = func(spec string, _ device.Options) (device.Engine, error) {
		reference := device.OpenReference()
		if spec == "cpuref" {
			return reference, nil
		}
		return &posing{Engine: reference, launches: true, delay: 110 * time.Millisecond, ran: func() { order += spec }}, nil
	}
	results, err := b.run(context.Background(), []benchCase{tinyBench}, []string{"a", "b"})
	if err != nil || len(results) != 3 {
		t.Fatalf("%d results, error %v", len(results), err)
	}
	for _, r := range results[1:] {
		if r.Status != measured || r.StepsPerRun != 1 || len(r.Runs) == 0 || len(r.Runs) > repeat {
			t.Errorf("%s: %s, %d runs of %d steps", r.Device.Name, r.Why, len(r.Runs), r.StepsPerRun)
		}
	}
	if !strings.Contains(order, "ba") {
		t.Errorf("the plans ran in the order %s", order)
	}
	if results[0].ToFirst != nil || results[1].ToFirst != nil || results[2].ToFirst == nil {
		t.Errorf("ratios to the first device: %v, %v, %v", results[0].ToFirst, results[1].ToFirst, results[2].ToFirst)
	}
}

// By hand: 10 steps in 20, 30 and 80 ns are 2, 3 and 8 ns a step; 5 steps in 5, 10, 10 and 1 ns
// are 1, 2, 2 and 0.2: 2, 1.5 and 4 times as fast, and the median of the three is 2.
func TestCompareFirst(t *testing.T) {
	first := benchResult{Status: measured, StepsPerRun: 10, Runs: []int64{20, 30, 80}}
	own := benchResult{Status: measured, StepsPerRun: 5, Runs: []int64{5, 10, 10, 1}}
	if own.compareFirst(first); own.ToFirst == nil || *own.ToFirst != 2 {
		t.Errorf("%v, want 2", own.ToFirst)
	}
	own.ToFirst = nil
	if own.compareFirst(benchResult{Status: failed}); own.ToFirst != nil {
		t.Errorf("%v of a device that failed", *own.ToFirst)
	}
}
