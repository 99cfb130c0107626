package trainer

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/clprop/clprop/device"
	"github.com/clprop/clprop/trainer/data"
)

// splitDigits is the digits, and a fifth of them to validate on.
func splitDigits(t *testing.T) (train, validation *data.Set) {
	t.Helper()
	digits, _, err := data.Digits()
	if err != nil {
		t.Fatal(err)
	}
	if train, validation, err = digits.Split(0.2, 1); err != nil {
		t.Fatal(err)
	}
	return train, validation
}

// The digits come out as well as in float32, within one point of validation accuracy, and
// the work is done where the engine says.
func TestHalfPrecisionOnDigits(t *testing.T) {
	train, validation := splitDigits(t)
	eachEngine(t, func(t *testing.T, eng device.Engine) {
		accuracy := map[Precision]float64{}
		for _, p := range []Precision{FP32, FP16} {
			net := newNetwork(t, NetworkConfig{Sizes: []int{64, 48, 10}, Hidden: device.GELU, Seed: 1})
			before := eng.Counters()
			h, err := open(t, net, eng).Fit(context.Background(), train, validation, Config{
				Epochs: 12, BatchSize: 32, Optimizer: Optimizer{Name: "adam"}, Rate: 0.003, Seed: 1, Precision: p})
			if err != nil {
				t.Fatal(err)
			}
			if now := eng.Counters(); eng.Info().OpenCL() && (now.Launches == before.Launches || now.Calls != 0) {
				t.Errorf("%s: not done on the device: %+v", p, now)
			}
			accuracy[p] = h.Last().ValAccuracy
		}
		if accuracy[FP32] < 0.94 || accuracy[FP16] < accuracy[FP32]-0.01 {
			t.Errorf("accuracy %v", accuracy)
		}
	})
}

// The same seed gives the same bits, examples on the device or streamed, and in parts.
func TestHalfPrecisionRepeats(t *testing.T) {
	set := randomSet(1, 23, 5, 3)
	eachEngine(t, func(t *testing.T, eng device.Engine) {
		var want *Network
		for _, resident := range []Resident{ResidentYes, ResidentNo} {
			net := newNetwork(t, resumeNet)
			if _, err := open(t, net, eng).Fit(context.Background(), set, nil, Config{
				Epochs: 3, BatchSize: 10, MicroBatch: 4, Seed: 7, Lambda: 0.1, Resident: resident, Precision: FP16,
				Regularizers: Regularizers{ClipNorm: 0.5}, ClassWeights: ClassWeights{Balanced: true}}); err != nil {
				t.Fatal(err)
			}
			if want == nil {
				want = net
			} else if !sameBits(net, want) {
				t.Errorf("resident %s: other weights", resident)
			}
		}
	})
}

// With dropout, augmentation, mixup, a running mean of Θ and either norm the digits come out as well
// as in float32, within one point and a half, and to the same bits streamed; all of it is done on
// the device.
func TestHalfPrecisionWithAllElse(t *testing.T) {
	train, validation := splitDigits(t)
	image := device.ImageShape{Height: 8, Width: 8, Channels: 1}
	eachEngine(t, func(t *testing.T, eng device.Engine) {
		for _, norm := range []Norm{BatchNorm, LayerNorm} {
			accuracy := map[Precision]float64{}
			var plain, first *Network
			for turn, p := range []Precision{FP32, FP16, FP16} {
				net := newNetwork(t, NetworkConfig{Sizes: []int{64, 48, 10}, Hidden: device.GELU, Norm: norm, Seed: 1})
				c := Config{Epochs: 5, BatchSize: 32, Optimizer: Optimizer{Name: "adam"}, Rate: 0.006, Seed: 1, Precision: p,
					Regularizers: Regularizers{Dropout: 0.2, InputDropout: 0.05, Average: 0.98},
					Augment:      Augment{Shift: 1, Noise: 0.05, Mixup: 0.2, Image: image}}
				if turn == 2 {
					c.Resident = ResidentNo
				}
				before := eng.Counters()
				h, err := open(t, net, eng).Fit(context.Background(), train, validation, c)
				if err != nil {
					t.Fatal(err)
				}
				if now := eng.Counters(); eng.Info().OpenCL() && (now.Launches == before.Launches || now.Calls != 0) {
					t.Errorf("%s, %s: not done on the device: %+v", norm, p, now)
				}
				accuracy[p] = h.Last().ValAccuracy
				switch {
				case turn == 0:
					plain = net
				case turn == 1:
					if first = net; sameBits(net, plain) {
						t.Errorf("%s: the bits of float32", norm)
					}
				case !sameBits(net, first):
					t.Errorf("%s: streamed, other weights", norm)
				}
			}
			if accuracy[FP32] < 0.8 || accuracy[FP16] < accuracy[FP32]-0.015 {
				t.Errorf("%s: accuracy %v", norm, accuracy)
			}
		}
	})
}

// regressionSet is one of quantities of a size, for a net of 5 inputs and 3 outputs.
func regressionSet(size float32) *data.Set {
	set := randomSet(1, 20, 5, 3)
	for i := range set.Y {
		set.Y[i] = size * (set.X[i%len(set.X)] - 0.5*set.Y[i])
	}
	set.Classes, set.Targets = nil, []string{"a", "b", "c"}
	return set
}

// With δ so small that halves have nothing of it, a hidden layer learns by the scale alone:
// it moves as in float32, and without a scale not at all. The output layer's weights and the
// targets are of size 2⁻¹³, so that δ of the hidden layer is below 2⁻²⁵, which rounds to 0.
func TestLossScaleKeepsSmallGradients(t *testing.T) {
	set := regressionSet(0x1p-13)
	n := resumeNet
	n.Loss = device.MeanSquaredError
	eachEngine(t, func(t *testing.T, eng device.Engine) {
		start := newNetwork(t, n)
		for i := range start.Layers[1].W {
			start.Layers[1].W[i] *= 0x1p-13
		}
		moved := func(p Precision, scale []float32) (by []float64) {
			net := start.clone()
			c, err := Config{BatchSize: 20, Rate: 0x1p20, Precision: p}.withDefaults()
			if err != nil {
				t.Fatal(err)
			}
			f := &fit{Trainer: open(t, net, eng), config: c, memory: memory{eng: eng}}
			defer f.memory.release()
			if err := f.prepare(set, nil); err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(f.writeScale(scale), f.train.ordered(), f.train.run(0)); err != nil {
				t.Fatal(err)
			}
			if finite, err := f.read(); !finite || err != nil {
				t.Fatal(finite, err)
			}
			for i, w := range net.Layers[0].W {
				by = append(by, float64(w)-float64(start.Layers[0].W[i]))
			}
			return by
		}
		want, size := moved(FP32, nil), 0.0
		for _, d := range want {
			size = max(size, math.Abs(d))
		}
		for i, d := range moved(FP16, []float32{1, 0}) {
			if d != 0 {
				t.Fatalf("weight %d moves by %v without a scale", i, d)
			}
		}
		// Each of 20 terms has half a dozen roundings of 2⁻¹¹ on its way, and no term is larger
		// than the largest sum by a factor of 3: 20·3·6·2⁻¹¹ is the worst, and a tenth of it,
		// 2%, far from what is tested for.
		for i, d := range moved(FP16, firstScale()) {
			if size < 1e-3 || !(math.Abs(d-want[i]) <= 0.02*size) {
				t.Fatalf("weight %d moves by %v, in float32 by %v; the largest by %v", i, d, want[i], size)
			}
		}
	})
}

// A scale that is too large halves itself, and the steps that overflow change nothing; a
// checkpoint holds it. δ(L) is 2/3 of what is missing from targets of some thousand, times S,
// which the first of 2¹⁵ is too large for, and the last below 16 is not.
func TestLossScaleAdapts(t *testing.T) {
	set := regressionSet(2000)
	n := resumeNet
	n.Loss = device.MeanSquaredError
	eachEngine(t, func(t *testing.T, eng device.Engine) {
		start := newNetwork(t, n)
		for _, steps := range []int{1, 15} {
			net, folder := start.clone(), t.TempDir()
			_, err := open(t, net, eng).Fit(context.Background(), set, nil, Config{
				Epochs: steps, BatchSize: 20, Rate: 1e-7, Precision: FP16, Checkpoints: &Checkpoints{Folder: folder}})
			if err != nil {
				t.Fatal(err)
			}
			s, _, _, err := Recover(folder)
			if err != nil {
				t.Fatal(err)
			}
			scale, stays := s.LossScale[0], sameBits(net, start)
			if steps == 1 && (scale != device.FirstScale/2 || !stays) {
				t.Errorf("after the first step the scale is %v, the weights are the same: %v", scale, stays)
			}
			if steps == 15 && (scale < 8 || scale > 64 || stays) {
				t.Errorf("after %d steps the scale is %v, the weights are the same: %v", steps, scale, stays)
			}
		}
	})
}

// What half precision does not go with is refused before anything is done, by name.
func TestPrecisionRefused(t *testing.T) {
	for what, c := range map[string]Config{
		"optimizer lbfgs": {Optimizer: Optimizer{Name: "lbfgs"}},
		"verifying steps": {VerifyEvery: 1},
	} {
		c.Precision = FP16
		if err := c.Check(); !errors.Is(err, ErrConfig) || !strings.Contains(err.Error(), strings.TrimSpace(what)) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if err := (Config{Precision: "fp8"}).Check(); err == nil || !strings.Contains(err.Error(), "fp32, fp16") {
		t.Errorf("fp8: %v", err)
	}
	set := randomSet(1, 20, 5, 3)
	group, err := device.NewGroup([]device.Engine{device.OpenReference(), device.OpenReference()}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer group.Close()
	if _, err := open(t, newNetwork(t, resumeNet), group).Fit(t.Context(), set, nil, Config{Precision: FP16}); !errors.Is(err, ErrConfig) || !strings.Contains(err.Error(), "precision fp16 is for one device, and there are 2") {
		t.Errorf("two devices: %v", err)
	}
}

// An input that no half holds is refused by name, of either set; one that is no number is
// left to what finds those.
func TestTooLargeForHalf(t *testing.T) {
	good, bad := randomSet(1, 20, 5, 3), randomSet(2, 20, 5, 3)
	bad.X[3*5+2] = -70000
	fit := func(train, validation *data.Set) error {
		_, err := open(t, newNetwork(t, resumeNet), device.OpenReference()).Fit(t.Context(), train, validation, Config{Precision: FP16})
		return err
	}
	for want, err := range map[string]error{"training": fit(bad, good), "validation": fit(good, bad)} {
		if !errors.Is(err, ErrData) || !strings.Contains(err.Error(), "feature 2 of "+want+" example 3 is -70000, more than the 65504 of the largest half") {
			t.Errorf("%s: %v", want, err)
		}
	}
	bad.X[3*5+2] = float32(math.Inf(1))
	if err := fit(bad, nil); errors.Is(err, ErrData) {
		t.Error(err)
	}
}

// A state of a loss scale that none was in is refused.
func TestSnapshotLossScale(t *testing.T) {
	folder := t.TempDir()
	c := Config{Epochs: 1, Precision: FP16, Checkpoints: &Checkpoints{Folder: folder}}
	if _, err := open(t, newNetwork(t, resumeNet), device.OpenReference()).Fit(t.Context(), randomSet(1, 20, 5, 3), nil, c); err != nil {
		t.Fatal(err)
	}
	s, _, _, err := Recover(folder)
	if err != nil || !slices.Equal(s.LossScale, []float32{device.FirstScale, 1}) {
		t.Fatalf("loss scale %v, %v", s.LossScale, err)
	}
	nan := float32(math.NaN())
	for _, state := range [][]float32{nil, {8}, {8, 1, 1}, {7, 1}, {0.5, 1}, {2 * device.MaxScale, 1}, {nan, 1}, {8, nan}, {8, -1}, {8, 0.5}, {8, device.ScaleGrowth}} {
		if s.LossScale = state; s.check() == nil {
			t.Errorf("%v: no error", state)
		}
	}
	s.LossScale, s.Config.Precision = []float32{8, 1}, ""
	if s.check() == nil {
		t.Error("a loss scale in float32: no error")
	}
}
