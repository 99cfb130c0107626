package main

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/clprop/clprop/device"
)

const allFigures = "flops=1e13,copy=1e10,update=1e11,bandwidth=1e10,latency=1e-5"

// With all figures given the table is the model's, and without them one process is told what
// it takes.
func TestBenchNetworkAlone(t *testing.T) {
	args := []string{"--network", "--net", "784-2048-10", "--batch", "1024", "--assume", allFigures}
	code, out, errs := runBench(context.Background(), append(args, "--json")...)
	if code != exitOK {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	var got benchNetworkJSON
	decoder := json.NewDecoder(strings.NewReader(out))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&got); err != nil {
		t.Fatal(err)
	}
	if len(got.Results) != 1 || got.Results[0].Measured != nil || len(got.Results[0].Scale) != len(scaleRanks) {
		t.Fatalf("%+v", got)
	}
	m := device.StepModel{FLOPS: 1e13, Copy: 1e10, Update: 1e11, Bandwidth: 1e10, Latency: 1e-5}
	shapes := []device.Shape{{In: 784, Out: 2048}, {In: 2048, Out: 10}}
	for _, s := range got.Results[0].Scale {
		if want := m.Step(shapes, 1024, s.Ranks).Total; s.Seconds != want {
			t.Errorf("%d ranks: %v s, the model says %v", s.Ranks, s.Seconds, want)
		}
	}
	code, out, errs = runBench(context.Background(), args...)
	if code != exitOK || !strings.Contains(out, "784-2048-10, batch 1024: 10 TFLOPS, copies 10 GB/s, update 100 GB/s, network 10 GB/s, latency 10 µs") ||
		strings.Count(out, "\n") < len(scaleRanks)+3 {
		t.Errorf("exit code %d: %s%s", code, out, errs)
	}
	for _, c := range []struct{ args, want string }{
		{"--network", "this is one process: start several, as in mpirun -n 2"},
		{"--network --assume flops=1e12", "this is one process"},
		{"--network --assume speed=1", "need NAME=NUMBER of 1e-15 to 1e+30"},
		{"--network --assume flops=0", "need NAME=NUMBER of 1e-15 to 1e+30"},
		{"--network --assume flops", "need NAME=NUMBER of 1e-15 to 1e+30"},
		{"--network --assume flops=1e-320", "need NAME=NUMBER of 1e-15 to 1e+30"},
		{"--network --csv --assume " + allFigures, "choose table or json"},
		{"--assume flops=1", "--assume is for --network"},
	} {
		code, out, errs := runBench(context.Background(), strings.Fields(c.args)...)
		if code != exitUsage || out != "" || !strings.Contains(errs, c.want) {
			t.Errorf("%s: exit code %d, stdout %q, stderr %q; want %q", c.args, code, out, errs, c.want)
		}
	}
}

// Steps shorter than a nanosecond, and longer than a Duration, have times and speeds like others.
func TestBenchNetworkExtremes(t *testing.T) {
	for _, c := range []struct{ figures, net, batch string }{
		{allFigures, "5-5", "2"},
		{allFigures, "20-33-5", "2"},
		{"flops=1e30,copy=1e30,update=1e30,bandwidth=1e30,latency=1e-15", "1-1", "1"},
		{"flops=1e-15,copy=1e-15,update=1e-15,bandwidth=1e-15,latency=1e30", "16384-16384", "16384"},
		{"flops=1,copy=1,update=1,bandwidth=1,latency=1e12", "16384-16384", "16384"},
	} {
		code, out, errs := runBench(context.Background(), "--network", "--assume", c.figures, "--net", c.net, "--batch", c.batch, "--json")
		if code != exitOK {
			t.Errorf("%v: exit code %d: %s", c, code, errs)
			continue
		}
		var got benchNetworkJSON
		if err := json.Unmarshal([]byte(out), &got); err != nil {
			t.Fatal(err)
		}
		scale := got.Results[0].Scale
		for _, s := range scale {
			if !(s.Seconds > 0) || math.Abs(s.Speedup*s.Seconds/scale[0].Seconds-1) > 1e-9 {
				t.Errorf("%v: %+v", c, s)
			}
		}
		// By hand: two products of 2·b·in·out on one rank.
		if c.net == "5-5" && math.Abs(scale[0].Seconds-200e-13) > 1e-20 || c.batch == "16384" && scale[0].Seconds < 1e13 {
			t.Errorf("%v: one rank takes %v s", c, scale[0].Seconds)
		}
	}
}

// The latency of two ranks is half of the smallest sum, and the bandwidth what the larger
// one of the two largest sums sends more by the time it takes more.
func TestFitNetwork(t *testing.T) {
	latency, bandwidth := fitNetwork([]sumJSON{{1024, 4e-5, 0}, {1 << 20, 2e-3, 0}, {1<<20 + 1e6, 3e-3, 0}}, 2)
	if math.Abs(latency-2e-5) > 1e-12 || math.Abs(bandwidth-1e9) > 1 {
		t.Errorf("latency %v, bandwidth %v", latency, bandwidth)
	}
}

func TestBenchNetworkUnderLaunchers(t *testing.T) {
	for launcher := range launchers {
		o := mpirun(t, launcher, nil, "-n", "2", os.Args[0], "bench", "--network", "--net", "40-30-10", "--batch", "16", "--devices", "cpuref", "--seconds", "0.05", "--json")
		if o.code != exitOK {
			t.Fatalf("%s: exit code %d:\n%s", launcher, o.code, o.stderr)
		}
		var got benchNetworkJSON
		if err := json.Unmarshal([]byte(o.stdout), &got); err != nil {
			t.Fatalf("%s: %v:\n%s", launcher, err, o.stdout)
		}
		if got.Ranks != 2 || len(got.Sums) != 9 || got.Sums[8].Bytes != 64<<20 || len(got.Results) != 1 {
			t.Fatalf("%s: %+v", launcher, got)
		}
		r := got.Results[0]
		if m := r.Model; !m.complete() || r.Measured == nil || !(r.Measured.Seconds > 0) || !(r.Measured.Sums > 0) || r.Predicted == nil || !(r.Predicted.Seconds > 0) {
			t.Errorf("%s: %+v", launcher, r)
		}
	}
}
