package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/clprop/clprop/cl/cltest"
	"github.com/clprop/clprop/device"
	"github.com/clprop/clprop/trainer"
)

// posing is the CPU reference as if it were an OpenCL device, faults included.
type posing struct {
	device.Engine
	launches bool          // counts its calls as launches
	wrong    bool          // leaves the weights of the first layer as they are
	delay    time.Duration // at each run of a plan
	initial  []float32
	ran      func() // at each run of a plan
}

func (p *posing) Info() device.Info {
	return device.Info{Name: "posing", Platform: "test", Driver: "1", Kind: "GPU", Units: 1}
}

func (p *posing) Counters() device.Counters {
	c := p.Engine.Counters()
	if p.launches {
		c.Launches, c.Calls = c.Calls, 0
	}
	return c
}

func (p *posing) Prepare(ops ...device.Op) (device.Plan, error) {
	plan, err := p.Engine.Prepare(ops...)
	return posingPlan{plan, p}, err
}

func (p *posing) WriteParameters(dst device.Parameters, layer int, weights, bias []float32) error {
	if layer == 0 {
		p.initial = append([]float32(nil), weights...)
	}
	return p.Engine.WriteParameters(dst, layer, weights, bias)
}

func (p *posing) ReadParameters(weights, bias []float32, src device.Parameters, layer int) error {
	err := p.Engine.ReadParameters(weights, bias, src, layer)
	if p.wrong && layer == 0 {
		copy(weights, p.initial)
	}
	return err
}

type posingPlan struct {
	device.Plan
	on *posing
}

func (p posingPlan) Run() error {
	time.Sleep(p.on.delay)
	if p.on.ran != nil {
		p.on.ran()
	}
	return p.Plan.Run()
}

// Launches is 1: the reference does more calls than that in a plan.
func (p posingPlan) Launches() int { return 1 }

// posingBudget leaves even a busy machine the time for a tiny step.
const posingBudget = 400 * time.Millisecond

// benchOn measures a tiny net on the CPU reference and on what posing says.
func benchOn(t *testing.T, eng *posing) (results []benchResult, log string) {
	t.Helper()
	var stderr bytes.Buffer
	b := &bench{env: &env{stdout: io.Discard, stderr: &stderr}, repeat: 2, budget: posingBudget}
	b.open = func(spec string, _ device.Options) (device.Engine, error) {
		reference := device.OpenReference()
		if spec == "cpuref" {
			return reference, nil
		}
		eng.Engine = reference
		return eng, nil
	}
	results, err := b.run(context.Background(), []benchCase{tinyBench}, []string{"posing"})
	if err != nil || len(results) != 2 {
		t.Fatalf("%d results, error %v", len(results), err)
	}
	return results, stderr.String()
}

var tinyBench = benchCase{sizes: []int{5, 4, 3}, batch: 2, hidden: device.Sigmoid, loss: device.SigmoidCrossEntropy}

// A device that works itself gets a ratio and agrees, here exactly: it is the
// same code.
func TestBenchRatio(t *testing.T) {
	results, _ := benchOn(t, &posing{launches: true})
	r := results[1]
	if r.Status != measured || r.Refused != "" || r.Ratio == nil || r.Difference == nil || *r.Difference != 0 {
		t.Fatalf("status %q, refused %q, ratio %v, difference %v", r.Status, r.Refused, r.Ratio, r.Difference)
	}
	if want := r.Samples.Median / results[0].Samples.Median; *r.Ratio != want {
		t.Errorf("ratio is %v, samples/s give %v", *r.Ratio, want)
	}
	if err := benchFailure(results); err != nil {
		t.Error(err)
	}
}

func TestBenchRefusesRatio(t *testing.T) {
	for _, c := range []struct {
		name    string
		eng     *posing
		status  string
		refused string
		failure bool
	}{
		{"the reference posing as a device", &posing{}, measured, "fallback: ", false},
		{"a wrong result", &posing{launches: true, wrong: true}, measured, "wrong result: ", true},
		// The probe is 40 of 304 FLOPs; that a step takes longer than the patience
		// is all that it can conclude from one that sleeps for a fifth of it.
		{"too slow", &posing{launches: true, delay: patience * posingBudget / 5}, skipped, "not measured", false},
	} {
		results, log := benchOn(t, c.eng)
		r := results[1]
		if r.Status != c.status || r.Ratio != nil || !strings.HasPrefix(r.Refused, c.refused) {
			t.Errorf("%s: status %q, ratio %v, refused %q", c.name, r.Status, r.Ratio, r.Refused)
		}
		if err := benchFailure(results); (err != nil) != c.failure {
			t.Errorf("%s: failure %v", c.name, err)
		}
		if c.status == skipped && (!strings.Contains(log, "posing skipped: too slow") || r.Why == "") {
			t.Errorf("%s: why %q, stderr %q", c.name, r.Why, log)
		}
		table := benchTable([]benchCase{tinyBench}, results)
		if !strings.Contains(table, "posing: ") || strings.Count(table, "—") < 2 {
			t.Errorf("%s: the table does not say so:\n%s", c.name, table)
		}
	}
}

// Without a reference a fallback still shows, and nothing gets a ratio.
func TestBenchUnchecked(t *testing.T) {
	own := benchResult{Status: measured, Device: deviceJSON{OpenCL: true}, Runs: []int64{1}, StepsPerRun: 2, Launches: 3,
		grew: device.Counters{Launches: 6}}
	fewer := own
	fewer.grew.Launches = 5
	for _, c := range []struct {
		result benchResult
		want   string
	}{{own, unchecked}, {fewer, "fallback: 5 kernels launched while it was timed, of 6"}} {
		c.result.compare(tinyBench, benchResult{Status: skipped})
		if c.result.Refused != c.want || c.result.Ratio != nil || c.result.Difference != nil {
			t.Errorf("refused %q, want %q", c.result.Refused, c.want)
		}
	}
}

// By hand: weights 3, 4 that were 0, 0 and came out 3, 4.5: ‖(0, 0.5)‖/‖(3, 4)‖ = 0.1;
// a bias of 1 that did not change and came out 1 + 1e-5: 1e-5 of the weight is 0.1
// of the smallest change that counts.
func TestDifference(t *testing.T) {
	layers := func(w1, w2, b float32) []trainer.Layer {
		return []trainer.Layer{{W: []float32{w1, w2}, B: []float32{b}}}
	}
	initial, want := layers(0, 0, 1), layers(3, 4, 1)
	nan := float32(math.NaN())
	for _, c := range []struct {
		got  []trainer.Layer
		want float64
	}{
		{layers(3, 4, 1), 0},
		{layers(3, 4.5, 1), 0.1},
		{layers(3, 4, 1.00001), 0.1},
		{layers(nan, 4, 1), math.NaN()},
	} {
		got := difference(c.got, want, initial)
		// float32 keeps 1.00001 to 2⁻²⁴, 0.6% of its distance from 1.
		if !(math.Abs(got-c.want) <= 0.006*c.want) && !(math.IsNaN(got) && math.IsNaN(c.want)) {
			t.Errorf("difference of %v is %v, want %v", c.got, got, c.want)
		}
	}
}

// 2 batches of 10 steps, in 1 and 4 seconds, make 20 and 5 samples a second; the
// median time of the two is 2.5 s. 480 FLOPs in 0.25 s are 1920 FLOPS.
func TestBenchSummary(t *testing.T) {
	r := benchResult{Batch: 2, StepsPerRun: 10, Runs: []int64{4e9, 1e9}, FLOPs: 480}
	r.summarise()
	if r.Samples != (benchSpread{Median: 8, Min: 5, Max: 20}) {
		t.Errorf("samples/s: %+v", r.Samples)
	}
	if math.Abs(r.GFLOPS-1.92e-6) > 1e-15 {
		t.Errorf("GFLOPS: %v", r.GFLOPS)
	}
}

// The probe begins small and never with more than the case itself.
func TestBenchSmaller(t *testing.T) {
	for _, c := range []benchCase{
		{sizes: []int{784, 4096, 4096, 10}, batch: 512},
		{sizes: []int{1, 1}, batch: 1},
		{sizes: []int{2, 3, 1}, batch: 3},
		{sizes: []int{1 << 20, 2}, batch: 1 << 10},
	} {
		last := 0.0
		for i, s := range c.smaller() {
			f := s.flops()
			if f < last || f > c.flops() || (i == 0 && f > probeFLOPs && c.flops() > probeFLOPs) {
				t.Errorf("%v: rung %d, %v batch %d, is %g FLOPs after %g", c, i, s, s.batch, f, last)
			}
			last = f
		}
	}
}

// runBench is the command in process, alone under a root of its own.
func runBench(ctx context.Context, args ...string) (code int, stdout, stderr string) {
	var out, errs bytes.Buffer
	e := &env{stdin: strings.NewReader(""), stdout: &out, stderr: &errs}
	root := newRootCommand(e)
	if c, _, err := root.Find([]string{"bench"}); err != nil || c == root {
		root.AddCommand(newBenchCommand(e))
	}
	root.SetArgs(append([]string{"bench"}, args...))
	code = e.exit(ctx, root.ExecuteContext(ctx))
	return code, out.String(), errs.String()
}

func TestBenchTable(t *testing.T) {
	code, out, errs := runBench(context.Background(), "--net", "5-4-3, 6-2", "--batch", "2,3", "--devices", "cpuref", "--seconds", "0.2")
	if code != 0 {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	for _, want := range []string{
		// 2·(6·(5·4 + 4·3) − 2·5·4) = 304, and so on.
		"5-4-3, batch 2, sigmoid hidden, sigmoid output, 304 FLOP a step\n",
		"5-4-3, batch 3, sigmoid hidden, sigmoid output, 456 FLOP a step\n",
		"6-2, batch 2, sigmoid hidden, sigmoid output, 96 FLOP a step\n",
		"6-2, batch 3, ",
		"samples/s", "min … max", "GFLOPS", "launches", "× cpuref", "difference", "A step: resident examples: gather",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	if n := strings.Count(out, "\n  cpuref "); n != 4 {
		t.Errorf("%d rows of cpuref, want 4, in\n%s", n, out)
	}
	if !strings.Contains(errs, "5-4-3, batch 2: measuring CPU reference") {
		t.Errorf("stderr: %s", errs)
	}
}

func TestBenchJSON(t *testing.T) {
	code, out, errs := runBench(context.Background(), "--net", "5-4-3", "--batch", "2", "--output", "softmax",
		"--activation", "relu", "--devices", "cpuref", "--seconds", "0.2", "--repeat", "3", "--json")
	if code != 0 {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	var got benchJSON
	decoder := json.NewDecoder(strings.NewReader(out))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&got); err != nil {
		t.Fatal(err)
	}
	if got.Schema != schemaVersion || got.Repeat != 3 || got.Seconds != 0.2 || got.Steps != 3 || len(got.Results) != 1 {
		t.Fatalf("%+v", got)
	}
	r := got.Results[0]
	if r.Net != "5-4-3" || r.Batch != 2 || r.Activation != "relu" || r.Output != "softmax" || r.Status != measured ||
		!strings.HasPrefix(r.Device.Name, "cpuref") || r.FLOPs != 304 || r.StepsPerRun < 1 || len(r.Runs) < 1 || r.Cold.First <= 0 ||
		r.Ratio == nil || *r.Ratio != 1 || r.Device.Calls == 0 {
		t.Errorf("%+v", r)
	}
	for _, ns := range r.Runs {
		if ns <= 0 {
			t.Errorf("a run of %d ns", ns)
		}
	}
}

// On every OpenCL device present a tiny net is measured and agrees with the CPU
// reference: the rounding of the design's bound, 1e-5 of a step, three steps.
func TestBenchDevices(t *testing.T) {
	if _, err := device.List(); err != nil {
		cltest.Missing(t, err)
	}
	code, out, errs := runBench(context.Background(), "--net", "5-4-3", "--batch", "2", "--seconds", "0.5", "--repeat", "1", "--json")
	if code != 0 {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	var got benchJSON
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatal(err)
	}
	for _, r := range got.Results[1:] {
		if r.Status == skipped {
			continue
		}
		if r.Ratio == nil || r.Device.Launches == 0 || r.Device.Calls != 0 || r.Launches == 0 {
			t.Errorf("%s: refused %q, %d launches, %d calls", r.Device.Name, r.Refused, r.Device.Launches, r.Device.Calls)
		}
		if r.Difference == nil || *r.Difference > 3e-5 {
			t.Errorf("%s: difference %v", r.Device.Name, r.Difference)
		}
	}
}

func TestBenchUsage(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"--net 784", `--net "784": need at least two sizes`},
		{"--net 784-x-10", `--net "784-x-10": layer 2 is "x": need a whole number`},
		{"--net 784--10", `layer 2 is ""`},
		{"--net 3-2,4-0", `--net "4-0": layer 2 is "0"`},
		{"--net 100000-100000-10", "more than 1073741824 parameters by layer 2"},
		{"--net 99999999999999999999-1", "layer 1 is"},
		{"--net 4-1 --output softmax", "softmax of one output is always 1"},
		{"--batch 0", `--batch "0": need a whole number, at least 1`},
		{"--batch 32,many", `--batch "many"`},
		{"--batch 999999999", "--batch 999999999: too large for a layer of 784"},
		{"--activation softmax", "--activation: softmax is for the output layer only"},
		{"--activation swish", `--activation: unknown activation "swish"`},
		{"--output relu", `--output: unknown output "relu": have sigmoid, softmax`},
		{"--repeat 0", "--repeat 0"},
		{"--seconds 0", "--seconds 0"},
		{"--seconds NaN", "--seconds NaN"},
		{"--gemm=", "--gemm: no size given"},
		{"--devices=", "--devices: none given"},
		{"--devices ,", `--devices ",": a name is missing`},
		{"--devices cpuref,", `--devices "cpuref,": a name is missing`},
		{"--devices +", `--devices "+": a name is missing`},
		{"--devices cpuref+", `--devices "cpuref+": a name is missing`},
		{"extra", `unexpected argument "extra"`},
	} {
		code, out, errs := runBench(context.Background(), strings.Fields(c.args)...)
		if code != exitUsage || out != "" || !strings.Contains(errs, c.want) || strings.Count(errs, "\n") != 1 {
			t.Errorf("%s: exit code %d, stdout %q, stderr %q; want %q", c.args, code, out, errs, c.want)
		}
	}
}

// An unknown device ends the command before anything is measured.
func TestBenchUnknownDevice(t *testing.T) {
	code, out, errs := runBench(context.Background(), "--devices", "no such device", "--net", "3-2")
	if code != exitNoDevice || out != "" || strings.Contains(errs, "measuring") {
		t.Errorf("exit code %d, stdout %q, stderr %q", code, out, errs)
	}
}

// A device that fails has its row, the others theirs, and the command an error
// that keeps the cause.
func TestBenchFailedDevice(t *testing.T) {
	cause := errors.New("smoke")
	var out, errs bytes.Buffer
	b := &bench{env: &env{stdout: &out, stderr: &errs}, repeat: 1, budget: time.Millisecond}
	b.open = func(spec string, _ device.Options) (device.Engine, error) {
		if spec == "cpuref" {
			return device.OpenReference(), nil
		}
		return nil, fmt.Errorf("open %s: %w", spec, cause)
	}
	err := b.report(context.Background(), []benchCase{tinyBench}, []string{"broken"}, asTable)
	if !errors.Is(err, cause) {
		t.Errorf("error is %v", err)
	}
	for _, want := range []string{"failed", "broken: open broken: smoke"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
}

func TestBenchInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	code, out, _ := runBench(ctx, "--devices", "cpuref", "--net", "3-2")
	if code != exitInterrupt || out != "" {
		t.Errorf("exit code %d, stdout %q", code, out)
	}
}
