package trainer

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/clprop/clprop/device"
	"github.com/clprop/clprop/device/enginetest"
)

// normFit trains eight steps with a normalisation.
func normFit(t *testing.T, eng device.Engine, norm Norm) (*Network, error) {
	net, err := NewNetwork(NetworkConfig{Sizes: []int{6, 9, 5, 4}, Hidden: device.GELU, Norm: norm, Seed: 3})
	if err != nil {
		return nil, err
	}
	tr, err := New(net, eng)
	if err != nil {
		return nil, err
	}
	defer tr.Close()
	_, err = tr.Fit(context.Background(), randomSet(1, 23, 6, 4), randomSet(2, 10, 6, 4), Config{Epochs: 2, BatchSize: 7, Rate: 0.1, Seed: 4})
	return net, err
}

// Layer normalisation is of each example by itself: a group of devices and ranks come to
// the weights, γ and β among them, of one device, to the bound of TestGroupTrainsAsOne for
// eight steps, and ranks to the same bits each. Batch normalisation is refused.
func TestLayerNormOnSeveral(t *testing.T) {
	const bound = 8 * 2e-5
	one := device.OpenReference()
	defer one.Close()
	want, err := normFit(t, one, LayerNorm)
	if err != nil {
		t.Fatal(err)
	}
	check := func(what string, n int, got *Network, err error) {
		if err != nil {
			t.Fatalf("%d %s: %v", n, what, err)
		}
		if d := distance(got.all(), newOracle(want).theta); len(got.all()) != 3+2*device.LayerNormLayers || !(d <= bound) {
			t.Errorf("%d %s: weights are %.1e off", n, what, d)
		}
	}
	for _, n := range []int{2, 3, 5} {
		g := referenceGroup(t, n)
		defer g.Close()
		got, err := normFit(t, g, LayerNorm)
		check("devices", n, got, err)
		if _, err := normFit(t, g, BatchNorm); !errors.Is(err, device.ErrOneDevice) {
			t.Errorf("%d devices: batch norm: %v", n, err)
		}
		nets, errs := make([]*Network, n), make([]error, n)
		var all sync.WaitGroup
		for r, comm := range enginetest.Ranks(n) {
			all.Go(func() {
				local := device.OpenReference()
				defer local.Close()
				nets[r], errs[r] = normFit(t, device.NewRanked(local, comm), LayerNorm)
			})
		}
		all.Wait()
		for r := range nets {
			check("ranks", n, nets[r], errs[r])
			if !sameBits(nets[0], nets[r]) {
				t.Errorf("rank %d of %d has other bits than rank 0", r, n)
			}
		}
	}
}
