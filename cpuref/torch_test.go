package cpuref

import (
	"encoding/json"
	"math"
	"os"
	"testing"
)

// TestAsPyTorch compares activations, losses and what they are differentiated to with
// PyTorch in float64, out to logits of ±100: testdata/losses.json, which losses.py beside
// it writes. Each value is a few operations, of terms of up to 300 in the losses, and
// the functions of either side are good to some 2⁻⁵²: 1e-13 of the largest term.
func TestAsPyTorch(t *testing.T) {
	var f struct {
		Z           []float64
		Activations map[Activation]struct{ A, Slope []float64 }
		Rows, Cols  int
		Logits      []float64
		Weight      []float64
		Losses      map[string]struct {
			Loss     Loss
			Y, Delta []float64
			Sum      float64
		}
	}
	text, err := os.ReadFile("testdata/losses.json")
	if err == nil {
		err = json.Unmarshal(text, &f)
	}
	if err != nil || len(f.Activations) != 8 || len(f.Losses) != 8 {
		t.Fatalf("%d activations, %d losses: %v", len(f.Activations), len(f.Losses), err)
	}
	agree := func(what string, got, want []float64, largest float64) {
		for i := range want {
			if !(math.Abs(got[i]-want[i]) <= 1e-13*largest) {
				t.Errorf("%s: element %d is %v, PyTorch has %v", what, i, got[i], want[i])
			}
		}
	}
	for act, want := range f.Activations {
		z, a := one(f.Z...), NewMatrix[float64](1, len(f.Z))
		Activate(act, z, a)
		agree(string(act), a.Data, want.A, 30)
		slope, saved := NewMatrix[float64](1, len(f.Z)), a.Data
		for i := range slope.Data {
			slope.Data[i] = 1
		}
		if act.NeedsZ() {
			saved = z.Data
		}
		scaleByDerivative(act, saved, slope.Data)
		largest := 2.0
		if act == HardSigmoid { // PyTorch has 1/6 in float32
			largest = 0x1p-24 / 6 / 1e-13
		}
		agree("g′ of "+string(act), slope.Data, want.Slope, largest)
	}
	z, weight := Matrix[float64]{f.Rows, f.Cols, f.Logits}, Matrix[float64]{f.Rows, 1, f.Weight}
	for name, want := range f.Losses {
		y := Matrix[float64]{f.Rows, f.Cols, want.Y}
		sum, _ := WeightedCost(want.Loss, z, y, weight)
		agree(name, []float64{sum}, []float64{want.Sum}, math.Abs(want.Sum))
		delta := NewMatrix[float64](f.Rows, f.Cols)
		Activate(want.Loss.Output(), z, delta)
		OutputDelta(want.Loss, delta, y, delta)
		ScaleRows(weight, delta)
		agree("δ of "+name, delta.Data, want.Delta, 200)
	}
}
