package trainer

import (
	"context"
	"math"
	"os"
	"testing"

	"github.com/clprop/clprop/device"
)

// openOpenCL opens the best OpenCL device. Without one the test is skipped, or
// fails where one is required.
func openOpenCL(t *testing.T) device.Engine {
	t.Helper()
	eng, err := device.Open("auto")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := eng.Close(); err != nil {
			t.Error(err)
		}
	})
	if !eng.Info().OpenCL() {
		if os.Getenv("CLPROP_REQUIRE_OPENCL") == "1" {
			t.Fatal("CLPROP_REQUIRE_OPENCL=1 and no OpenCL device: ", eng.Info().Fallback)
		}
		t.Skip("no OpenCL device: ", eng.Info().Fallback)
	}
	return eng
}

// On an OpenCL device too, where the examples lie does not show in a bit, and
// training ends where that of the reference does: 15 steps, each within 1e-5 of
// float64 on either side, so within 3e-4.
func TestFitOnOpenCL(t *testing.T) {
	eng := openOpenCL(t)
	train, validation := randomSet(1, 23, 5, 3), randomSet(2, 11, 5, 3)
	n := NetworkConfig{Sizes: []int{5, 70, 33, 3}, Hidden: device.Tanh, Seed: 3}
	reference, want := fitted(t, n, train, validation, Config{Epochs: 3, BatchSize: 5, Seed: 7, Lambda: 0.1})
	var first *Network
	for _, resident := range []Resident{ResidentYes, ResidentNo} {
		net, before := newNetwork(t, n), eng.Counters()
		history, err := open(t, net, eng).Fit(context.Background(), train, validation,
			Config{Epochs: 3, BatchSize: 5, Seed: 7, Lambda: 0.1, Resident: resident})
		if err != nil {
			t.Fatal(err)
		}
		if after := eng.Counters(); after.Launches == before.Launches || after.Calls != before.Calls {
			t.Errorf("launches %d, calls of the reference %d: not done on the device", after.Launches-before.Launches, after.Calls-before.Calls)
		}
		if first == nil {
			first = net
		} else if !sameBits(net, first) {
			t.Error("streamed: other weights than resident")
		}
		if got := distance(net.Layers, newOracle(reference).theta); got > 3e-4 {
			t.Errorf("resident %s: weights are %.1e from the reference's", resident, got)
		}
		for i, e := range history.Epochs {
			if w := want.Epochs[i]; math.Abs(e.Cost/w.Cost-1) > 3e-4 || math.Abs(e.ValLoss/w.ValLoss-1) > 3e-4 {
				t.Errorf("resident %s: epoch %+v\nreference: epoch %+v", resident, e, w)
			}
		}
	}
	evaluation, err := open(t, first, eng).Evaluate(t.Context(), validation)
	if err != nil || math.Abs(evaluation.Loss/want.Last().ValLoss-1) > 3e-4 {
		t.Errorf("evaluation %+v (%v), want loss %v", evaluation, err, want.Last().ValLoss)
	}
}
