package main

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/clprop/clprop/device"
)

func TestTooSmall(t *testing.T) {
	for share, want := range map[float64]string{0: "", 0.49: "", 0.5: "50%", 0.734: "73%", 1.2: "100%", math.NaN(): ""} {
		if got := tooSmall("GPU", share); (got == "") != (want == "") || !strings.Contains(got, want) {
			t.Errorf("%v: %q, want %q", share, got, want)
		}
	}
}

// The CPU reference has no launches to speak of; a device that did nothing but launch
// for all of the time is told so.
func TestDescribeLaunches(t *testing.T) {
	for _, c := range []struct {
		spec string
		want bool
	}{{"cpuref", false}, {tunable(t), true}} {
		dev, err := device.Open(c.spec)
		if err != nil {
			t.Fatal(err)
		}
		var stderr strings.Builder
		(&env{stderr: &stderr}).describeLaunches(dev, 1e12, time.Second)
		if got := strings.Contains(stderr.String(), "too small for "+dev.Info().Name); got != c.want {
			t.Errorf("%s: %q, want a note: %v", c.spec, stderr.String(), c.want)
		}
		if err := dev.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
