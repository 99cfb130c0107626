package cltest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/clprop/clprop/cl"
)

// EnvRequire makes tests that need an OpenCL device fail, not skip, without one.
const EnvRequire = "CLPROP_REQUIRE_OPENCL"

// Simulator is part of the name of oclgrind's device, which is a thousand times
// slower than the others: tests give it smaller work.
const Simulator = "Oclgrind"

const (
	vendors  = "/etc/OpenCL/vendors"
	oclgrind = "/usr/lib/oclgrind/liboclgrind-rt-icd.so"
)

// Setup prepares the environment and returns what undoes it. Tests compile their
// kernels, and leave the user's cache of programs alone.
func Setup() (cleanup func()) {
	os.Setenv("CLPROP_CACHE", "off")
	if _, set := os.LookupEnv("RUSTICL_ENABLE"); !set {
		os.Setenv("RUSTICL_ENABLE", "llvmpipe")
	}
	if os.Getenv("OCL_ICD_VENDORS") != "" {
		return func() {}
	}
	registered, _ := filepath.Glob(filepath.Join(vendors, "*.icd"))
	dir, err := os.MkdirTemp("", "clprop-icd-")
	if err != nil || len(registered) == 0 {
		return func() {} // nothing registered: leave that to be found by the tests
	}
	for _, file := range registered {
		if text, err := os.ReadFile(file); err == nil {
			os.WriteFile(filepath.Join(dir, filepath.Base(file)), text, 0o644)
		}
	}
	if _, err := os.Stat(oclgrind); err == nil {
		os.WriteFile(filepath.Join(dir, "oclgrind.icd"), []byte(oclgrind+"\n"), 0o644)
	}
	os.Setenv("OCL_ICD_VENDORS", dir)
	return func() { os.RemoveAll(dir) }
}

// envPrograms is the folder of SharePrograms, for the processes that a test starts.
const envPrograms = "CLPROP_TEST_PROGRAMS"

// SharePrograms is for packages whose tests open many engines, and comes after Setup: what
// one engine has compiled, the next one loads from a folder that lasts as long as the tests
// of the package. It returns what removes the folder.
func SharePrograms() (cleanup func()) {
	dir, cleanup := os.Getenv(envPrograms), func() {}
	if dir == "" {
		var err error
		if dir, err = os.MkdirTemp("", "clprop-programs-"); err != nil {
			os.Setenv("CLPROP_CACHE", "off")
			return cleanup
		}
		os.Setenv(envPrograms, dir)
		cleanup = func() { os.RemoveAll(dir) }
	}
	os.Setenv("CLPROP_CACHE", "on")
	os.Setenv("CLPROP_CACHE_DIR", dir)
	return cleanup
}

// Devices returns every device of every platform. Without one the test is skipped,
// or fails if CLPROP_REQUIRE_OPENCL is 1.
func Devices(t testing.TB) []*cl.Device {
	t.Helper()
	var devices []*cl.Device
	platforms, err := cl.GetPlatforms()
	for _, p := range platforms {
		found, _ := p.GetDevices(cl.DeviceTypeAll) // a platform without devices is an error of its own
		devices = append(devices, found...)
	}
	if len(devices) == 0 {
		Missing(t, err)
	}
	return devices
}

// Missing ends a test that finds no OpenCL device: it is skipped, or fails if
// CLPROP_REQUIRE_OPENCL is 1.
func Missing(t testing.TB, err error) {
	t.Helper()
	if os.Getenv(EnvRequire) == "1" {
		t.Fatalf("no OpenCL device, and %s=1: %v", EnvRequire, err)
	}
	t.Skipf("no OpenCL device: %v", err)
}

// Slow reports whether a device is the simulator.
func Slow(name string) bool { return strings.Contains(name, Simulator) }
