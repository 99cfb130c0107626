package trainer

import (
	"context"
	"errors"
	"testing"

	"github.com/clprop/clprop/cl/cltest"
	"github.com/clprop/clprop/device"
	"github.com/clprop/clprop/trainer/data"
)

func referenceGroup(t *testing.T, n int, shares ...float64) device.Engine {
	t.Helper()
	var members []device.Engine
	for range n {
		members = append(members, device.OpenReference())
	}
	g, err := device.NewGroup(members, shares)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// groupFit trains five epochs of four steps, the last of two examples, and closes eng.
func groupFit(t *testing.T, eng device.Engine, set *data.Set, change func(*Config)) (*Network, *History) {
	t.Helper()
	defer eng.Close()
	net := newNetwork(t, NetworkConfig{Sizes: []int{6, 9, 4}, Hidden: device.Tanh, Seed: 3})
	tr, err := New(net, eng)
	if err != nil {
		t.Fatal(err)
	}
	defer tr.Close()
	c := Config{Epochs: 5, BatchSize: 7, Rate: 0.1, Lambda: 0.3, Seed: 4, Optimizer: Optimizer{Name: "momentum"},
		Regularizers: Regularizers{Dropout: 0.2, ClipNorm: 1}}
	change(&c)
	h, err := tr.Fit(context.Background(), set, randomSet(2, 10, 6, 4), c)
	if err != nil {
		t.Fatal(err)
	}
	return net, h
}

// 20 steps on a group are those of one device to rounding, dropout, clipping and moments
// among them, streamed or not, whole or in parts, with more members than the last batch has
// rows; and the same bits each time. A step is within 1e-5 of float64 on either (the
// design's bound for a step), so that the two are within 2e-5 a step, 4e-4 after 20.
func TestGroupTrainsAsOne(t *testing.T) {
	const bound = 20 * 2e-5
	set := randomSet(1, 23, 6, 4)
	for _, resident := range []Resident{ResidentYes, ResidentNo} {
		for _, part := range []int{0, 3} {
			change := func(c *Config) { c.Resident, c.MicroBatch = resident, part }
			want, one := groupFit(t, device.OpenReference(), set, change)
			for _, shares := range [][]float64{{1, 1}, {1, 1, 1}, {5, 1}, {1, 0.01, 2, 3, 0.4}} {
				got, many := groupFit(t, referenceGroup(t, len(shares), shares...), set, change)
				if d := distance(got.Layers, newOracle(want).theta); !(d <= bound) {
					t.Errorf("%s, parts of %d, shares %v: weights are %.1e off", resident, part, shares, d)
				}
				a, b := one.Last(), many.Last()
				if d := a.Loss - b.Loss; !(d <= bound*a.Loss && -d <= bound*a.Loss) || a.Accuracy != b.Accuracy || !(b.ValLoss > 0) {
					t.Errorf("%s, parts of %d, shares %v: %+v, one device %+v", resident, part, shares, b, a)
				}
				again, _ := groupFit(t, referenceGroup(t, len(shares), shares...), set, change)
				if !sameBits(again, got) {
					t.Errorf("%s, parts of %d, shares %v: other bits again", resident, part, shares)
				}
			}
		}
	}
}

// A device of two that is lost in an epoch is dropped, the first or the second, and training
// ends as that on one device does, to the bound of TestGroupTrainsAsOne.
func TestGroupGoesOn(t *testing.T) {
	cltest.WithDouble(t, func(d *cltest.Double) {
		t.Setenv("CLPROP_CACHE", "off")
		set := randomSet(1, 23, 6, 4)
		for _, resident := range []Resident{ResidentYes, ResidentNo} {
			want, _ := groupFit(t, device.OpenReference(), set, func(c *Config) { c.Resident = resident })
			for _, spec := range []string{"pthread,cpuref", "cpuref,pthread"} {
				for _, launch := range []int{1, 5, 9, 14, 23, 40} { // in the stage before the sum, and after it
					eng, err := device.OpenWith(spec, device.Options{Shares: []float64{1, 1}})
					if err != nil {
						t.Fatal(err)
					}
					var drops []Dropped
					got, h := groupFit(t, eng, set, func(c *Config) {
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
					if off := distance(got.Layers, newOracle(want).theta); !(off <= 20*2e-5) {
						t.Errorf("%s, %s, launch %d: weights are %.1e off", resident, spec, launch, off)
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
