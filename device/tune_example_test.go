package device_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/clprop/clprop/device"
)

// A device is tuned once for a network. Every engine opened for that network, or one of
// about its size, then takes what was found; Info().Tuning tells.
func ExampleTune() {
	load := device.Workload{Sizes: []int{784, 128, 10}, Batch: 32}
	_, err := device.Tune(context.Background(), "cpuref", load, device.TuneOptions{})
	fmt.Println("nothing to tune:", errors.Is(err, device.ErrNoTuning))

	e, err := device.OpenWith("cpuref", device.Options{Workload: load})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer e.Close()
	fmt.Printf("tuning %q\n", e.Info().Tuning)
	// Output:
	// nothing to tune: true
	// tuning ""
}
