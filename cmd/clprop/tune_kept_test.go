package main

import (
	"bytes"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/clprop/clprop/device"
)

// tuned tunes a small net for what spec names and returns the path of what is kept.
func tuned(t *testing.T, spec string) string {
	t.Helper()
	var j tuneJSON
	o := clprop(t, "tune", "--device", spec, "--net", "16-10", "--batch-size", "32", "--budget", "10ms", "--json").succeeded(t)
	unpack(t, o.stdout, &j)
	if len(j.Results) != 1 || j.Results[0].Path == "" {
		t.Fatalf("%+v", j)
	}
	return j.Results[0].Path
}

// What is tuned for a part of a device is shown and removed as that part's.
func TestTuneParts(t *testing.T) {
	spec := tunable(t)
	listing, err := device.List()
	if err != nil {
		t.Fatal(err)
	}
	if found, _, err := listing.Find(spec); err != nil || found.Kind != "CPU" || found.Units < 2 {
		t.Skipf("%s is no CPU of two compute units: %v", found.Name, err)
	}
	needPart(t, spec+"/1")
	tuned(t, spec+"/1")
	for of, shown := range map[string]bool{spec + "/1": true, spec: false, spec + "," + spec + "/1": true} {
		o := clprop(t, "tune", "--show", "--device", of).succeeded(t)
		if strings.Contains(o.stdout, "16-10 at 32") != shown {
			t.Errorf("--device %s:\n%s%s", of, o.stdout, o.stderr)
		}
	}
	lines := strings.Split(clprop(t, "tune", "--show").succeeded(t).stdout, "\n")
	if at := strings.Index(lines[0], "units"); at < 0 || !strings.HasPrefix(lines[1][at:], "1 ") {
		t.Errorf("the units are not in\n%s", strings.Join(lines, "\n"))
	}
	for i, of := range []string{spec, spec + "/1"} {
		if o := clprop(t, "tune", "--clear", "--device", of).succeeded(t); o.stderr != "removed "+strconv.Itoa(i)+"\n" {
			t.Errorf("--clear --device %s: %s", of, o.stderr)
		}
	}
}

// needPart skips a test that needs a part of a device where its driver makes none.
func needPart(t *testing.T, spec string) {
	t.Helper()
	part, err := device.OpenWith(spec, device.Options{})
	if err != nil {
		t.Skip("no parts here:", err)
	}
	if err := part.Close(); err != nil {
		t.Fatal(err)
	}
}

// What train passes over is marked, and devices does not count it.
func TestTuneShowsWhatIsNotValid(t *testing.T) {
	spec := tunable(t)
	path := tuned(t, spec)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	check := func(state, mark string, count int) {
		t.Helper()
		var j tunedJSON
		unpack(t, clprop(t, "tune", "--show", "--json").succeeded(t).stdout, &j)
		if len(j.Entries) != 1 || j.Entries[0].State != state || (j.Entries[0].Why == "") != (mark == "") {
			t.Errorf("%s: %+v", state, j.Entries)
		}
		if o := clprop(t, "tune", "--show", "--device", spec).succeeded(t); !strings.Contains(o.stdout, mark) {
			t.Errorf("%s: no %q in\n%s", state, mark, o.stdout)
		}
		var d devicesJSON
		unpack(t, clprop(t, "devices", "--json").succeeded(t).stdout, &d)
		for _, f := range d.Devices {
			if strconv.Itoa(f.Index) == spec && len(f.Tuned) != count {
				t.Errorf("%s: devices has %q", state, f.Tuned)
			}
		}
	}
	check("valid", "", 1)
	spoilt := bytes.Replace(text, []byte(`"vw": `), []byte(`"vw": 7`), 1)
	if err := os.WriteFile(path, spoilt, 0o600); err != nil {
		t.Fatal(err)
	}
	check("not valid", "not valid: not a tuning for this device: vector width 7", 0)
}

// --show and --clear take what --device takes elsewhere, but for the reference.
func TestTuneKeptDevice(t *testing.T) {
	tunable(t)
	clprop(t, "tune", "--show", "--device", "auto").succeeded(t)
	for _, flag := range []string{"--show", "--clear"} {
		clprop(t, "tune", flag, "--device", "cpuref").failed(t, exitUsage,
			`device "cpuref": no kernels to tune on the CPU reference: name an OpenCL device with --device (try 'clprop tune --help')`)
		for _, spec := range []string{"/1", "none such"} {
			if o := clprop(t, "tune", flag, "--device", spec); o.code != exitNoDevice {
				t.Errorf("%s --device %s: %+v", flag, spec, o)
			}
		}
	}
}
