package main

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/clprop/clprop/device"
)

// A case that does not fit is named as it was asked for, and the batch that is said to fit does, the
// next larger one not.
func TestBenchTooLarge(t *testing.T) {
	t.Setenv("CLPROP_DEVICE_MEMORY", "1MB")
	try := func(batch int) error {
		eng, err := device.Open("cpuref")
		if err != nil {
			t.Fatal(err)
		}
		defer eng.Close()
		c := tinyBench
		c.batch = batch
		_, step, err := c.stepper(eng)
		if err == nil {
			step.Close()
		}
		return err
	}
	err := try(100_000)
	if err == nil || exitCode(context.Background(), err) != exitMemory || !strings.HasPrefix(err.Error(), "network 5-4-3 with batch 100000, and 4 batches of examples: not enough device memory: ") {
		t.Fatal(err)
	}
	most := 0
	if _, err := fmt.Sscanf(err.Error()[strings.LastIndex(err.Error(), ": ")+2:], "a batch of %d fits", &most); err != nil {
		t.Fatal(err)
	}
	if err := try(most); err != nil {
		t.Errorf("a batch of %d: %v", most, err)
	}
	if try(most+1) == nil {
		t.Errorf("a batch of %d fits too", most+1)
	}
}

// What does not fit at all says so without the sizes of a probe, and without less than no memory.
func TestBenchNothingFits(t *testing.T) {
	t.Setenv("CLPROP_DEVICE_MEMORY", "1")
	code, out, errs := runBench(context.Background(), "--devices", "cpuref", "--net", "5-5", "--batch", "2")
	if code != exitMemory || !strings.Contains(out, "failed") || !strings.Contains(errs, "network 5-5 with batch 2") ||
		!strings.Contains(errs, "no batch fits") || strings.Contains(errs, "2-2") || strings.Contains(errs, "-23") {
		t.Errorf("exit code %d, stdout %s, stderr %s", code, out, errs)
	}
}
