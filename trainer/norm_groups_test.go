package trainer

import (
	"context"
	"errors"
	"math"
	"strings"
	"sync"
	"testing"

	"github.com/clprop/clprop/device"
	"github.com/clprop/clprop/device/enginetest"
)

// normFit trains six steps with a normalisation, the last of each epoch on 9 examples.
func normFit(t *testing.T, eng device.Engine, norm Norm, c Config) (*Network, *History, error) {
	net, err := NewNetwork(NetworkConfig{Sizes: []int{6, 9, 5, 4}, Hidden: device.GELU, Norm: norm, Seed: 3})
	if err != nil {
		return nil, nil, err
	}
	tr, err := New(net, eng)
	if err != nil {
		return nil, nil, err
	}
	defer tr.Close()
	c.Epochs, c.Rate, c.Seed = 2, 0.1, 4
	h, err := tr.Fit(context.Background(), randomSet(1, 41, 6, 4), randomSet(2, 10, 6, 4), c)
	return net, h, err
}

// A group of devices and ranks come to the weights, γ, β and the running numbers among them,
// of one device, to the bound of TestGroupTrainsAsOne for six steps, and to its losses within 1e-5; ranks
// to the same bits each, and all to the same bits again. Layer normalisation is of each example by
// itself; the mean and variance of batch normalisation are those of the whole batch.
func TestNormsOnSeveral(t *testing.T) {
	const bound = 6 * 2e-5
	one := device.OpenReference()
	defer one.Close()
	for _, norm := range []Norm{LayerNorm, BatchNorm} {
		for name, c := range map[string]Config{
			"plain":   {BatchSize: 16},
			"average": {BatchSize: 16, Resident: ResidentNo, Lambda: 0.1, Regularizers: Regularizers{Average: 0.9, ClipNorm: 1, Dropout: 0.2}},
		} {
			want, history, err := normFit(t, one, norm, c)
			if err != nil {
				t.Fatal(err)
			}
			check := func(what string, n int, got *Network, h *History, err error) {
				if err != nil {
					t.Fatalf("%s norm, %s, %d %s: %v", norm, name, n, what, err)
				}
				if d := distance(got.all(), wideAll(want)); len(got.all()) != 3+2*norm.layers() || !(d <= bound) {
					t.Errorf("%s norm, %s, %d %s: weights are %.1e off", norm, name, n, what, d)
				}
				for i, e := range h.Epochs {
					w := history.Epochs[i]
					if !(math.Abs(e.Loss-w.Loss) <= 1e-5*w.Loss && math.Abs(e.ValLoss-w.ValLoss) <= 1e-5*w.ValLoss) {
						t.Errorf("%s norm, %s, %d %s: epoch %d is %+v, want %+v", norm, name, n, what, i+1, e, w)
					}
				}
			}
			for n, shares := range map[int][]float64{2: nil, 3: {5, 1, 2}, 4: {1, 0.01, 2, 3}} { // one of the four has no rows
				g := referenceGroup(t, n, shares...)
				defer g.Close()
				got, h, err := normFit(t, g, norm, c)
				check("devices", n, got, h, err)
				if again, _, err := normFit(t, g, norm, c); err != nil || !sameBits(got, again) {
					t.Errorf("%s norm, %s, %d devices: other bits again: %v", norm, name, n, err)
				}
				nets, histories, errs := normRanks(t, n, norm, c)
				for r := range nets {
					check("ranks", n, nets[r], histories[r], errs[r])
					if !sameBits(nets[0], nets[r]) {
						t.Errorf("%s norm, %s: rank %d of %d has other bits than rank 0", norm, name, r, n)
					}
				}
			}
		}
	}
}

func normRanks(t *testing.T, n int, norm Norm, c Config) (nets []*Network, histories []*History, errs []error) {
	nets, histories, errs = make([]*Network, n), make([]*History, n), make([]error, n)
	var all sync.WaitGroup
	for r, comm := range enginetest.Ranks(n) {
		all.Go(func() {
			local := device.OpenReference()
			defer local.Close()
			nets[r], histories[r], errs[r] = normFit(t, device.NewRanked(local, comm), norm, c)
		})
	}
	all.Wait()
	return nets, histories, errs
}

// Every rank needs examples in every step; 41 in batches of 18 leave 5 for three ranks. Ranks
// of several devices each are refused.
func TestBatchNormOnRanksRefused(t *testing.T) {
	_, _, errs := normRanks(t, 3, BatchNorm, Config{BatchSize: 18})
	for r, err := range errs {
		if err == nil || !strings.Contains(err.Error(), "batch normalisation on 3 ranks needs 6 examples in each step: 41 in batches of 18 leave fewer: take batches of 21") {
			t.Errorf("rank %d: %v", r, err)
		}
	}
	var all sync.WaitGroup
	for _, comm := range enginetest.Ranks(2) {
		g := referenceGroup(t, 2)
		defer g.Close()
		all.Go(func() {
			if _, _, err := normFit(t, device.NewRanked(g, comm), BatchNorm, Config{BatchSize: 16}); !errors.Is(err, device.ErrOneDevice) {
				t.Errorf("two devices each: %v", err)
			}
		})
	}
	all.Wait()
}
