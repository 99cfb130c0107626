package main

import (
	"fmt"
	"time"

	"github.com/clprop/clprop/device"
)

// mostlyLaunches is the share of the time from which a net is too small for its device.
const mostlyLaunches = 0.5

// describeLaunches says so if most of the time went into starting kernels, not running
// them: then the device does not help. The CPU reference has no launches; where they cannot be
// measured there is nothing to say, and what is wrong with the device the next call finds.
func (e *env) describeLaunches(dev device.Engine, launches int64, took time.Duration) {
	cost, err := device.LaunchCost(dev)
	if err != nil || cost == 0 {
		return
	}
	if text := tooSmall(dev.Info().Name, float64(launches)*cost.Seconds()/took.Seconds()); text != "" {
		e.note("%s", text)
	}
}

// tooSmall is what there is to say of a share of the time; "" if it is small.
func tooSmall(name string, share float64) string {
	if !(share >= mostlyLaunches) {
		return ""
	}
	return fmt.Sprintf("note: starting kernels took %.0f%% of the time: the net and its batches are too small for %s to help; "+
		"try a larger --batch-size, or --device cpuref", 100*min(share, 1), name)
}
