package main

import (
	"bytes"
	"context"
	"encoding/json"
	"runtime"
	"strings"
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

// A group that cannot be is refused before anything is measured, by the name that it was given, and
// so are the kernels of several devices or of a part of one, with the reason.
func TestBenchImpossibleGroup(t *testing.T) {
	if _, err := device.List(); err != nil {
		cltest.Missing(t, err)
	}
	for _, c := range []struct{ args, want string }{
		{"--devices 0+0", "--devices 0+0: no such group or parts of devices: "},
		{"--devices cpuref+cpuref", "--devices cpuref+cpuref: no such group or parts of devices: the CPU reference is named twice"},
		{"--devices 0/4000", "and 4000 are asked for in parts"},
		{"--kernels --devices 0/1", "launches are divided among the queues of its parts, which take no times: name the whole, 0"},
		{"--kernels --devices 0+cpuref", "a profile is of one whole device, and these are several: name one"},
	} {
		code, out, errs := runBench(context.Background(), append(strings.Fields(c.args), "--net", "3-2")...)
		if code != exitUsage || out != "" || !strings.Contains(errs, c.want) || strings.Count(errs, "\n") != 1 {
			t.Errorf("%s: exit code %d, stdout %q, stderr %q; want %q", c.args, code, out, errs, c.want)
		}
	}
}

// Without OpenCL the best device is the CPU reference, which is measured once.
func TestBenchWithoutOpenCL(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("OCL_ICD_VENDORS is the Linux loader's")
	}
	for _, spec := range []string{"auto", "all"} {
		cmd := process(t, []string{"OCL_ICD_VENDORS=/nonexistent"}, "bench", "--devices", spec, "--net", "3-2", "--batch", "2", "--seconds", "0.1", "--json")
		var out, errs bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &errs
		if err := cmd.Run(); err != nil {
			t.Fatalf("%s: %v: %s", spec, err, errs.String())
		}
		var got benchJSON
		if err := json.Unmarshal(out.Bytes(), &got); err != nil {
			t.Fatal(err)
		}
		if len(got.Results) != 1 || !strings.Contains(errs.String(), "warning: no OpenCL device: ") {
			t.Errorf("%s: %d results, stderr %s", spec, len(got.Results), errs.String())
		}
	}
}
