package main

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/clprop/clprop/cl/cltest"
	"github.com/clprop/clprop/device"
)

// + joins devices to a group, but for the units of the parts of one device.
func TestGroupSpec(t *testing.T) {
	for given, want := range map[string]string{
		"0": "0", "0+1": "0,1", "cpu/1x2": "cpu/1x2", "cpu/3+1": "cpu/3+1", "cpu/1+cpu/1": "cpu/1,cpu/1",
		"cpu/3+1+0:1": "cpu/3+1,0:1", "0+cpu/2+1+1": "0,cpu/2+1+1", "1+0": "1,0",
	} {
		if got := groupSpec(given); got != want {
			t.Errorf("%q: %q, want %q", given, got, want)
		}
	}
}

// Groups and parts are measured as devices are, and agree with the CPU reference to the
// design's bound, 1e-5 of a step, three steps.
func TestBenchGroups(t *testing.T) {
	if _, err := device.List(); err != nil {
		cltest.Missing(t, err)
	}
	code, out, errs := runBench(context.Background(), "--net", "5-4-3", "--batch", "4", "--devices", "pthread/1x2,pthread/1+pthread/1",
		"--seconds", "0.2", "--repeat", "1", "--json")
	if code != exitOK {
		t.Fatalf("exit code %d: %s", code, errs)
	}
	var got benchJSON
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Results) != 3 || len(got.Results[1].Device.Members) != 0 || len(got.Results[2].Device.Members) != 2 {
		t.Fatalf("%+v", got.Results)
	}
	for _, r := range got.Results[1:] {
		if r.Status != measured || r.Difference == nil || *r.Difference > 3e-5 {
			t.Errorf("%s: %s, %s, difference %v", r.Device.Name, r.Status, r.Why, r.Difference)
		}
	}
	if code, _, errs := runBench(context.Background(), "--devices", "0+no such device", "--net", "3-2"); code != exitNoDevice {
		t.Errorf("exit code %d: %s", code, errs)
	}
}
