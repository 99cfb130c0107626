package trainer

import (
	"context"
	"errors"
	"math"
	"testing"

	"github.com/clprop/clprop/device"
	"github.com/clprop/clprop/trainer/data"
)

// A Predictor of several sizes says what Predict says, of any number of examples, and so
// do predictions after others, which leave old examples behind.
func TestPredictor(t *testing.T) {
	for name, eng := range map[string]device.Engine{"reference": device.OpenReference(), "OpenCL": openOpenCL(t)} {
		net := newNetwork(t, NetworkConfig{Sizes: []int{5, 7, 3}, Hidden: device.Tanh})
		tr := open(t, net, eng)
		p, err := tr.NewPredictor(16, 3, 16, 8)
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		for _, rows := range []int{40, 1, 3, 4, 8, 9, 16, 17, 33, 0} {
			x := make([]float32, 5*rows)
			for i := range x {
				x[i] = float32(math.Sin(float64(i + rows)))
			}
			want, err := tr.Predict(t.Context(), x, 0)
			if err != nil {
				t.Fatal(err)
			}
			h := make([]float32, 3*rows)
			if err := p.Predict(t.Context(), h, x); err != nil {
				t.Fatal(err)
			}
			for i := range h {
				// Products of other sizes may add up in another order: eight terms below 1.
				if math.Abs(float64(h[i]-want[i])) > 16*0x1p-24 {
					t.Errorf("%s: %d rows: h[%d] is %v, want %v", name, rows, i, h[i], want[i])
				}
			}
		}
		if err := p.Predict(t.Context(), make([]float32, 3), make([]float32, 6)); !errors.Is(err, ErrData) {
			t.Errorf("a row and a bit: %v", err)
		}
	}
	tr := open(t, newNetwork(t, NetworkConfig{Sizes: []int{2, 2}}), device.OpenReference())
	stopped, stop := context.WithCancel(t.Context())
	stop()
	if h, err := tr.Predict(stopped, make([]float32, 4), 0); !errors.Is(err, context.Canceled) || h != nil {
		t.Errorf("predicted %v with %v", h, err)
	}
	set := &data.Set{Rows: 1, Features: 2, Outputs: 2, X: make([]float32, 2), Y: []float32{1, 0}}
	if e, err := tr.Evaluate(stopped, set); !errors.Is(err, context.Canceled) || e.Count != 0 {
		t.Errorf("evaluated %+v with %v", e, err)
	}
	if _, err := tr.NewPredictor(4, 0); err == nil {
		t.Error("a batch of 0 was taken")
	}
}
