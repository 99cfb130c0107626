package trainer

import (
	"context"
	"crypto/sha256"
	"testing"

	"github.com/clprop/clprop/device"
	"github.com/clprop/clprop/trainer/durable"
)

// Twenty trainings of one seed, on two engines in turn, give one SHA-256 of weights
// and metrics, with all that is random in it: first weights, order, dropout.
func TestOneSeedOneHash(t *testing.T) {
	train, validation := randomSet(1, 203, 20, 3), randomSet(2, 51, 20, 3)
	for name, open := range map[string]func() (device.Engine, error){
		"reference": func() (device.Engine, error) { return device.OpenReference(), nil },
		"OpenCL":    func() (device.Engine, error) { openOpenCL(t); return device.Open("auto") },
	} {
		t.Run(name, func(t *testing.T) {
			hashes := map[[sha256.Size]byte]int{}
			var engines [2]device.Engine
			for i := range engines {
				var err error
				if engines[i], err = open(); err != nil {
					t.Fatal(err)
				}
				defer engines[i].Close()
			}
			for run := range 20 {
				eng := engines[run%2]
				net := newNetwork(t, NetworkConfig{Sizes: []int{20, 70, 33, 3}, Seed: 5})
				tr, err := New(net, eng)
				if err != nil {
					t.Fatal(err)
				}
				h, err := tr.Fit(context.Background(), train, validation, Config{
					Epochs: 3, BatchSize: 16, Seed: 5, Regularizers: Regularizers{Dropout: 0.3}, Optimizer: Optimizer{Name: "adam"}, Rate: 0.01,
				})
				if err != nil {
					t.Fatal(err)
				}
				tr.Close()
				sum := sha256.New()
				for _, values := range layerValues(net.Layers) {
					if err := durable.WriteFloats(sum, values); err != nil {
						t.Fatal(err)
					}
				}
				sum.Write(metrics(h.Epochs, 13))
				hashes[[sha256.Size]byte(sum.Sum(nil))]++
			}
			if len(hashes) != 1 {
				t.Errorf("%d different results: %v", len(hashes), hashes)
			}
		})
	}
}
