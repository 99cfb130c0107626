package trainer

import (
	"context"
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
	return groupFitWith(t, eng, NormNone, set, change)
}

// groupFitWith is groupFit with a normalisation.
func groupFitWith(t *testing.T, eng device.Engine, norm Norm, set *data.Set, change func(*Config)) (*Network, *History) {
	t.Helper()
	defer eng.Close()
	net := newNetwork(t, NetworkConfig{Sizes: []int{6, 9, 4}, Hidden: device.Tanh, Norm: norm, Seed: 3})
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

// The parts of a device share its memory and divide each launch: the weights are those of
// the device to the bit, and the same each time.
func TestPartsTrainAsTheDevice(t *testing.T) {
	set := randomSet(1, 23, 6, 4)
	fit := func(spec string) *Network {
		eng, err := device.Open(spec)
		if err != nil {
			cltest.Missing(t, err)
		}
		net, _ := groupFit(t, eng, set, func(c *Config) { c.MicroBatch = 3 })
		return net
	}
	want := fit("pthread/2")
	for range 2 {
		if !sameBits(fit("pthread/1x2"), want) {
			t.Error("two parts of one compute unit have other bits than one part of two")
		}
	}
}
