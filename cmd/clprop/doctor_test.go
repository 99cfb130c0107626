package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/clprop/clprop/cl/cltest"
	"github.com/clprop/clprop/device"
)

// fastDevice is the index of a device that is not the simulator.
func fastDevice(t *testing.T) device.Found {
	t.Helper()
	listing, err := device.List()
	i := slices.IndexFunc(listing.Devices, func(d device.Found) bool { return !cltest.Slow(d.Name) })
	if i < 0 {
		cltest.Missing(t, err)
	}
	return listing.Devices[i]
}

// finding is that of a check, whose status must be as wanted.
func (r doctorJSON) finding(t *testing.T, check, status string) findingJSON {
	t.Helper()
	i := slices.IndexFunc(r.Findings, func(f findingJSON) bool { return f.Check == check })
	if i < 0 || r.Findings[i].Status != status {
		t.Fatalf("no finding %s with status %s in %+v", check, status, r.Findings)
	}
	return r.Findings[i]
}

// A device that works is compiled for, trained on and described.
func TestDoctor(t *testing.T) {
	d := fastDevice(t)
	t.Setenv("CLPROP_CACHE", "on")
	t.Setenv("CLPROP_CACHE_DIR", t.TempDir())
	o := clprop(t, "doctor", "--device", d.Name, "--json").succeeded(t)
	var r doctorJSON
	unpack(t, o.stdout, &r)
	if r.Schema != schemaVersion || len(r.Devices) != 1 || r.Devices[0].Name != d.Name || r.Devices[0].Status != doctorOK ||
		r.Devices[0].Verified != 1 || !slices.Contains(r.Devices[0].Built, "forward") || r.Devices[0].Error != "" {
		t.Errorf("%+v", r)
	}
	if f := r.finding(t, "OpenCL library", doctorOK); f.Text == "" || f.Advice != "" {
		t.Errorf("%+v", f)
	}
	if !r.Cache.Writable || r.Cache.Files == 0 || r.Cache.Bytes == 0 { // what was just compiled
		t.Errorf("%+v", r.Cache)
	}
	if o.stderr == "" {
		t.Error("it says nothing while it works")
	}
}

// Without a driver, the reference is checked all the same, and the exit code says what is
// missing.
func TestDoctorWithoutDriver(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("OCL_ICD_VENDORS is the Linux loader's")
	}
	for variable, check := range map[string]string{"OCL_ICD_VENDORS=/nonexistent": "drivers", "CLPROP_OPENCL_LIBRARY=/nonexistent": "OpenCL library"} {
		cmd := process(t, []string{variable}, "doctor", "--json")
		var stdout, stderr bytes.Buffer
		cmd.Stdout, cmd.Stderr = &stdout, &stderr
		if err := cmd.Run(); cmd.ProcessState.ExitCode() != exitNoDevice || !strings.Contains(stderr.String(), "clprop: no OpenCL") {
			t.Fatalf("%s: %v: %s", variable, err, stderr.String())
		}
		var r doctorJSON
		unpack(t, stdout.String(), &r)
		if f := r.finding(t, check, doctorWarning); f.Advice == "" {
			t.Errorf("%+v", f)
		}
		if r.finding(t, "cpuref", doctorOK); r.Reference.Verified != 1 || len(r.Devices) != 0 {
			t.Errorf("%+v", r)
		}
	}
	if o := clprop(t, "doctor", "--device", "no such thing"); o.code != exitNoDevice || o.stdout != "" {
		t.Errorf("%+v", o)
	}
}

// Findings are printed as they come: a driver may end the process.
func TestDoctorPrintsAsItGoes(t *testing.T) {
	var both bytes.Buffer
	if code := run(t.Context(), []string{"doctor", "--device", "cpuref"}, strings.NewReader(""), &both, &both); code != exitOK {
		t.Fatalf("exit code %d: %s", code, both.String())
	}
	library, checking := strings.Index(both.String(), "OpenCL library"), strings.Index(both.String(), "checking device cpuref")
	if library < 0 || checking < library || strings.Count(both.String(), "OpenCL library") != 1 {
		t.Error(both.String())
	}
}

// The reference alone needs no OpenCL, and a BLAS that is none is found out.
func TestDoctorReference(t *testing.T) {
	t.Setenv("CLPROP_BLAS", "off")
	t.Setenv("CLPROP_CACHE", "off")
	o := clprop(t, "doctor", "--device", "cpuref", "--thorough").succeeded(t)
	if !strings.Contains(o.stdout, "trained and verified 14 networks") || !strings.Contains(o.stdout, "switched off by CLPROP_BLAS") ||
		!strings.Contains(o.stdout, "unset CLPROP_CACHE") {
		t.Errorf("%+v", o)
	}
	t.Setenv("CLPROP_BLAS", "/nonexistent/libblas.so")
	if o := clprop(t, "doctor", "--device", "cpuref"); o.code != exitFailure || !strings.Contains(o.stdout, "/nonexistent/libblas.so") {
		t.Errorf("%+v", o)
	}
}

// A cache is not writable where a part of it is not: a file in place of the folder, say.
func TestDoctorCacheInPart(t *testing.T) {
	t.Setenv("CLPROP_CACHE", "on")
	for _, parts := range [][]string{{"programs"}, {"tuning"}, {"programs", "tuning"}} {
		folder := t.TempDir()
		t.Setenv("CLPROP_CACHE_DIR", folder)
		for _, part := range parts {
			if err := os.WriteFile(filepath.Join(folder, part), nil, 0o666); err != nil {
				t.Fatal(err)
			}
		}
		c, f := cacheFinding()
		if c.Writable || f.Status != doctorWarning || f.Advice == "" || strings.Count(f.Text, " is not writable: ") != len(parts) {
			t.Errorf("%q: %+v, %+v", parts, c, f)
		}
		for _, part := range parts {
			if !strings.Contains(f.Text, filepath.Join(folder, part)+" is not writable: ") {
				t.Errorf("%q: %q", parts, f.Text)
			}
		}
	}
	t.Setenv("CLPROP_CACHE_DIR", t.TempDir())
	if c, f := cacheFinding(); !c.Writable || f.Status != doctorOK {
		t.Errorf("%+v, %+v", c, f)
	}
}

// A library that is not there is no wrong result, and no driver's fault.
func TestDoctorWithoutBLAS(t *testing.T) {
	t.Setenv("CLPROP_BLAS", "/nonexistent/libblas.so")
	o := clprop(t, "doctor", "--device", "cpuref")
	last := strings.TrimSpace(o.stderr[strings.Index(o.stderr, "clprop: "):])
	if o.code != exitFailure || !strings.HasPrefix(last, "clprop: CLPROP_BLAS: BLAS library /nonexistent/libblas.so: ") || !strings.HasSuffix(last, ": name another, or off") {
		t.Errorf("exit code %d, %q", o.code, last)
	}
	for _, wrong := range []string{"update its driver", "wrong results"} {
		if strings.Contains(o.stdout+o.stderr, wrong) {
			t.Errorf("it says %q: %s%s", wrong, o.stdout, o.stderr)
		}
	}
}

// A card that no driver offers is found by its PCI numbers: classes of displays begin with
// 03. One that a driver offers is no finding.
func TestDoctorCards(t *testing.T) {
	root := t.TempDir()
	for name, text := range map[string]string{
		"0/class": "0x030000\n", "0/vendor": "0x10de\n",
		"1/class": "0x038000\n", "1/vendor": "0x1002\n",
		"2/class": "0x020000\n", "2/vendor": "0x8086\n", // a network card
		"3/class": "0x030200\n", "3/vendor": "0x10de\n",
	} {
		path := filepath.Join(root, "sys/bus/pci/devices", name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o777), os.WriteFile(path, []byte(text), 0o666)); err != nil {
			t.Fatal(err)
		}
	}
	makers := func(devices ...device.Found) (list []string) {
		for _, f := range cardFindings(root, &device.Listing{Devices: devices}) {
			list = append(list, strings.Fields(f.Text)[3])
		}
		return list
	}
	if got := makers(); !slices.Equal(got, []string{"NVIDIA", "AMD"}) {
		t.Errorf("without drivers: %q", got)
	}
	if got := makers(device.Found{Kind: "GPU", Vendor: "NVIDIA Corporation"}, device.Found{Kind: "CPU", Vendor: "AuthenticAMD"}); !slices.Equal(got, []string{"AMD"}) {
		t.Errorf("with NVIDIA's: %q", got)
	}
}

// A driver whose library is gone, or a folder without any, is found.
func TestDoctorDrivers(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the loader of Linux")
	}
	folder := t.TempDir()
	t.Setenv("OCL_ICD_VENDORS", folder)
	if got := driverFindings(); len(got) != 1 || got[0].Status != doctorWarning {
		t.Errorf("%+v", got)
	}
	for name, library := range map[string]string{"a.icd": "libsome.so.1\n", "b.icd": "/nonexistent/libother.so\n"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(library), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	got := driverFindings()
	if len(got) != 2 || got[0].Status != doctorOK || got[0].Text != "libsome.so.1" || got[1].Status != doctorWarning || !strings.Contains(got[1].Advice, "b.icd") {
		t.Errorf("%+v", got)
	}

	// PoCL without a linker ends the process when it compiles a kernel.
	if err := os.WriteFile(filepath.Join(folder, "a.icd"), []byte("libpocl.so.2\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", folder)
	if got := driverFindings(); len(got) != 2 || got[0].Status != doctorWarning || !strings.Contains(got[0].Advice, "binutils") {
		t.Errorf("%+v", got)
	}
}
