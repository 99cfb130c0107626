package trainer

import (
	"context"
	"errors"
	"testing"

	"github.com/clprop/clprop/cl/cltest"
	"github.com/clprop/clprop/device"
)

// A device of two that is lost in an epoch is dropped, the first or the second, and training
// ends as that on one device does, to the bound of TestGroupTrainsAsOne: running means and
// variances of a step that begins again move once.
func TestGroupGoesOn(t *testing.T) {
	cltest.WithDouble(t, func(d *cltest.Double) {
		t.Setenv("CLPROP_CACHE", "off")
		set := randomSet(1, 23, 6, 4)
		for resident, norm := range map[Resident]Norm{ResidentYes: NormNone, ResidentNo: NormNone, ResidentAuto: BatchNorm} {
			want, _ := groupFitWith(t, device.OpenReference(), norm, set, func(c *Config) { c.Resident = resident })
			for _, spec := range []string{"pthread,cpuref", "cpuref,pthread"} {
				for _, launch := range []int{1, 5, 9, 14, 23, 40} { // in the stage before the sum, and after it
					eng, err := device.OpenWith(spec, device.Options{Shares: []float64{1, 1}})
					if err != nil {
						t.Fatal(err)
					}
					var drops []Dropped
					got, h := groupFitWith(t, eng, norm, set, func(c *Config) {
						c.Resident, c.OnDeviceLoss = resident, DeviceLossContinue
						c.OnEpoch = func(e Epoch) {
							if e.Epoch == 2 {
								d.Fail("clEnqueueNDRangeKernel", launch, -36)
							}
						}
						c.OnDrop = func(drop Dropped) { drops = append(drops, drop) }
					})
					d.Reset()
					if len(drops) != 1 || len(h.Epochs) != 5 || !errors.Is(drops[0].Cause, device.ErrLost) || len(drops[0].Lost) != 1 || len(drops[0].Now.Members) != 1 {
						t.Fatalf("%s, launch %d: %d epochs, dropped %+v", spec, launch, len(h.Epochs), drops)
					}
					if off := distance(got.all(), wideAll(want)); !(off <= 20*2e-5) {
						t.Errorf("%s, %s norm, %s, launch %d: weights are %.1e off", resident, norm, spec, launch, off)
					}
				}
			}
		}
	})
}

// Without OnDeviceLoss the error ends training.
func TestGroupStops(t *testing.T) {
	cltest.WithDouble(t, func(d *cltest.Double) {
		t.Setenv("CLPROP_CACHE", "off")
		eng, err := device.OpenWith("cpuref,pthread", device.Options{Shares: []float64{1, 1}})
		if err != nil {
			t.Fatal(err)
		}
		defer eng.Close()
		tr, err := New(newNetwork(t, NetworkConfig{Sizes: []int{6, 9, 4}, Seed: 3}), eng)
		if err != nil {
			t.Fatal(err)
		}
		defer tr.Close()
		h, err := tr.Fit(context.Background(), randomSet(1, 23, 6, 4), nil, Config{Epochs: 5, BatchSize: 7,
			OnEpoch: func(e Epoch) { d.Fail("clEnqueueNDRangeKernel", 5, -36) }})
		if !errors.Is(err, device.ErrLost) || len(h.Epochs) != 1 {
			t.Errorf("%d epochs, error %v", len(h.Epochs), err)
		}
	})
}
