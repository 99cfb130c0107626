package main

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/clprop/clprop/cl/cltest"
	"github.com/clprop/clprop/device"
)

// --shares is kept with the run and said in its result; what does not fit the devices is
// refused.
func TestShares(t *testing.T) {
	if _, err := device.List(); err != nil {
		cltest.Missing(t, err)
	}
	folder := filepath.Join(t.TempDir(), "run")
	var r trainJSON
	unpack(t, clprop(t, "train", "--device", "pthread/1,cpuref", "--shares", "3,1", "--hidden", "8", "--epochs", "1", "--run", folder, "--quiet", "--json").succeeded(t).stdout, &r)
	if !slices.Equal(r.Device.Shares, []float64{0.75, 0.25}) || len(r.Device.Members) != 2 {
		t.Errorf("shares %v of %q", r.Device.Shares, r.Device.Members)
	}
	for _, c := range []struct {
		device, shares, says string
		code                 int
	}{
		{"cpuref", "1", "--shares 1 is for several devices", exitUsage},
		{"pthread/1x2", "1,1", "2 shares for 1 devices", exitFailure},
		{"pthread/1,cpuref", "1,2,3", "3 shares for 2 devices", exitFailure},
		{"pthread/1,cpuref", "1,0", "need a number above 0 for each device", exitUsage},
		{"pthread/1,cpuref", "1,x", "need a number above 0 for each device", exitUsage},
	} {
		o := clprop(t, "train", "--device", c.device, "--shares", c.shares, "--hidden", "8", "--epochs", "1", "--quiet", "--out", filepath.Join(t.TempDir(), "m"))
		if o.code != c.code || !strings.Contains(o.stderr, c.says) {
			t.Errorf("--device %s --shares %s: exit code %d, stderr %q; want %d, %q", c.device, c.shares, o.code, o.stderr, c.code, c.says)
		}
	}
}

// A device that is lost ends training, or is dropped with a warning, as asked.
func TestOnDeviceLoss(t *testing.T) {
	cltest.WithDouble(t, func(d *cltest.Double) {
		t.Setenv("CLPROP_CACHE", "off")
		for wanted, code := range map[string]int{"stop": exitFailure, "continue": exitOK} {
			folder := filepath.Join(t.TempDir(), "run")
			d.Fail("clEnqueueNDRangeKernel", 500, -36) // an epoch has some 570, and opening measures with 200
			o := clprop(t, "train", "--device", "pthread,cpuref", "--shares", "1,1", "--hidden", "8", "--epochs", "2",
				"--on-device-loss", wanted, "--run", folder, "--quiet")
			d.Reset()
			if o.code != code || !strings.Contains(o.stderr, "device lost") {
				t.Errorf("%s: exit code %d, want %d: %s", wanted, o.code, code, o.stderr)
			}
			if dropped := strings.Contains(o.stderr, "going on with epoch "); dropped != (wanted == "continue") {
				t.Errorf("%s: %s", wanted, o.stderr)
			}
		}
		if o := clprop(t, "train", "--on-device-loss", "perhaps"); o.code != exitUsage {
			t.Errorf("exit code %d", o.code)
		}
	})
}
