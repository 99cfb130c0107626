package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/clprop/clprop/device"
)

// Every layout of a ragged product is there once, counted right, and the reference
// differs from itself by nothing.
func TestBenchGEMM(t *testing.T) {
	code, out, errs := runBench(context.Background(), "--gemm", "17x5x33", "--devices", "cpuref", "--seconds", "0.05", "--repeat", "3", "--json")
	if code != 0 {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	var got gemmJSON
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Results) != len(gemmLayouts) || got.Repeat != 3 || got.Seconds != 0.05 {
		t.Fatalf("%+v", got)
	}
	for i, r := range got.Results {
		if r.Layout != gemmLayouts[i] || r.M != 17 || r.N != 5 || r.K != 33 || r.Status != measured || r.Why != "" || r.Difference == nil || *r.Difference != 0 ||
			len(r.Runs) != 3 || r.Device.Calls < int64(3*r.Products) {
			t.Errorf("%+v", r)
		}
		// The median of three is the rate of the run in the middle.
		flops, found := 2*17.*5*33*float64(r.Products), false
		for _, ns := range r.Runs {
			found = found || math.Abs(r.GFLOPS.Median-flops/float64(ns)) <= 1e-9*r.GFLOPS.Median
		}
		if !found || r.GFLOPS.Min > r.GFLOPS.Median || r.GFLOPS.Median > r.GFLOPS.Max {
			t.Errorf("%s: %+v of runs %v", r.Layout, r.GFLOPS, r.Runs)
		}
	}
	_, table, _ := runBench(context.Background(), "--gemm", "2x2x2", "--devices", "cpuref", "--seconds", "0.01")
	if n := strings.Count(table, "2 × 2 × 2"); n != 3 {
		t.Errorf("%d rows, want 3:\n%s", n, table)
	}
}

// gemmBench returns a bench on the CPU reference, and on other devices as open has it.
func gemmBench(budget time.Duration, open func(spec string) (device.Engine, error)) (b *bench, out *bytes.Buffer) {
	out = &bytes.Buffer{}
	b = &bench{env: &env{stdout: out, stderr: io.Discard}, repeat: 1, budget: budget}
	b.open = func(spec string, _ device.Options) (device.Engine, error) {
		if spec == "cpuref" {
			return device.OpenReference(), nil
		}
		return open(spec)
	}
	return b, out
}

// A signal ends products between two runs, however much time there is for them.
func TestBenchGEMMInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	runs, after := 0, 0
	b, out := gemmBench(time.Hour, nil)
	b.open = func(string, device.Options) (device.Engine, error) {
		return &posing{Engine: device.OpenReference(), delay: ahead, ran: func() {
			if ctx.Err() != nil {
				after++
			}
			if runs++; runs == 8 {
				cancel()
			}
		}}, nil
	}
	err := b.reportGEMM(ctx, []gemmSize{{2, 2, 2}}, nil, asTable)
	if !errors.Is(err, context.Canceled) || after > 1 || out.Len() > 0 {
		t.Errorf("error %v, %d runs after the signal, printed %q", err, after, out)
	}
}

// A product that would take longer than there is patience is not begun, and the row says so.
func TestBenchGEMMTooSlow(t *testing.T) {
	runs := 0
	b, out := gemmBench(100*time.Millisecond, func(string) (device.Engine, error) {
		return &posing{Engine: device.OpenReference(), delay: 100 * time.Millisecond, ran: func() { runs++ }}, nil
	})
	if err := b.reportGEMM(context.Background(), []gemmSize{{64, 64, 64}}, []string{"slow"}, asTable); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(out.String(), "posing: too slow: one product would take about "); n != len(gemmLayouts) || runs != 2*len(gemmLayouts) {
		t.Errorf("%d products skipped after %d runs of smaller ones:\n%s", n, runs, out)
	}
}

// What fails on a device has its rows, the other devices theirs, and the command an error that keeps the cause.
func TestBenchGEMMFailedDevice(t *testing.T) {
	b, out := gemmBench(posingBudget, func(spec string) (device.Engine, error) {
		return nil, &device.MemoryError{What: "smoke", Device: spec}
	})
	err := b.reportGEMM(context.Background(), []gemmSize{{3, 4, 5}}, []string{"broken"}, asJSON)
	if exitCode(context.Background(), err) != exitMemory {
		t.Errorf("error is %v", err)
	}
	var got gemmJSON
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Results) != 2*len(gemmLayouts) {
		t.Fatalf("%d results", len(got.Results))
	}
	for i, r := range got.Results {
		if i%2 == 0 && r.Status != measured || i%2 == 1 && (r.Status != failed || !strings.Contains(r.Why, "smoke") || r.Difference != nil) {
			t.Errorf("%+v", r)
		}
	}
}

// Without a reference a device is measured all the same, and a wrong product is a failure.
func TestGEMMConclude(t *testing.T) {
	for _, c := range []struct {
		err        error
		reference  []float32
		status     string
		difference bool
	}{
		{nil, []float32{1}, measured, true},
		{nil, nil, measured, false},
		{nil, []float32{2}, failed, true},
		{errTooSlow, nil, skipped, false},
		{io.ErrUnexpectedEOF, nil, failed, false},
	} {
		r := gemmResult{K: 1, c: []float32{1}}
		if r.conclude(c.err, c.reference); r.Status != c.status || (r.Difference != nil) != c.difference || (r.err != nil) != (c.status == failed) {
			t.Errorf("%v, reference %v: %s, %v, %v", c.err, c.reference, r.Status, r.Difference, r.err)
		}
	}
}

func TestBenchGEMMMistakes(t *testing.T) {
	for _, args := range [][]string{
		{"--gemm", "12x5"}, {"--gemm", "12x5x0"}, {"--gemm", "12xax3"}, {"--gemm", "99999x1x1"}, {"--gemm", "2x2x2", "--csv"},
		{"--gemm", "2x2x2", "--kernels"}, {"--gemm", "2x2x2", "--net", "4-3"}, {"--gemm", "2x2x2", "--batch", "8"}, {"--gemm", "2x2x2", "--activation", "relu"},
		{"--gemm", "2x2x2", "--output", "softmax"}, {"--gemm", "2x2x2", "--network"},
	} {
		code, out, errs := runBench(context.Background(), args...)
		if code != exitUsage || out != "" || !strings.Contains(errs, "--gemm") {
			t.Errorf("%v: exit code %d, %q, %q: want usage, and the flag", args, code, out, errs)
		}
	}
}

func TestApart(t *testing.T) {
	if d := apart([]float32{3, 4, 1}, []float32{3, 4, 0}); d != 0.2 { // ‖(0,0,1)‖ / ‖(3,4,0)‖
		t.Errorf("apart is %v, want 0.2", d)
	}
	if d := apart([]float32{float32(math.NaN())}, []float32{1}); d <= maxApart(1) {
		t.Error("NaN counts as right")
	}
}

// A run is as many products as take so long once they run, however long the first takes to compile; one
// if they take longer.
func TestInRun(t *testing.T) {
	for _, c := range []struct {
		first, each, length time.Duration
		want                int
	}{
		{time.Second, time.Millisecond, 200 * time.Millisecond, 200},
		{time.Microsecond, 50 * time.Microsecond, 200 * time.Millisecond, 4000},
		{2 * time.Second, time.Second, 200 * time.Millisecond, 1},
	} {
		calls := 0
		got, err := inRun(c.length, func(n int, _ time.Duration) (time.Duration, error) {
			if calls++; calls == 1 {
				return c.first, nil
			}
			return time.Duration(n) * c.each, nil
		})
		if got != c.want || err != nil {
			t.Errorf("%+v: %d, %v", c, got, err)
		}
	}
	if _, err := inRun(time.Second, func(int, time.Duration) (time.Duration, error) { return 0, io.ErrUnexpectedEOF }); err != io.ErrUnexpectedEOF {
		t.Error(err)
	}
}
