package trainer

import (
	"context"
	"errors"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/clprop/clprop/device"
)

// eachEngine runs a test on the reference and on the best OpenCL device.
func eachEngine(t *testing.T, test func(*testing.T, device.Engine)) {
	t.Run("reference", func(t *testing.T) { test(t, device.OpenReference()) })
	t.Run("OpenCL", func(t *testing.T) { test(t, openOpenCL(t)) })
}

// partsConfigs have what an update does once a step, whatever the parts: moments, clipping,
// penalties, a mean; and what depends on an example's place: weights and masks.
var partsConfigs = map[string]Config{
	"sgd": {Rate: 0.2, Lambda: 0.3},
	"momentum": {Rate: 0.05, Lambda: 0.3, Optimizer: Optimizer{Name: "momentum"}, ClassWeights: ClassWeights{Balanced: true},
		Regularizers: Regularizers{ClipNorm: 0.5, ClipValue: 0.1, Dropout: 0.3, InputDropout: 0.2}},
	"augmentation": {Rate: 0.1, ClassWeights: ClassWeights{Balanced: true},
		Augment: Augment{Shift: 1, Flip: true, Noise: 0.2, Mixup: 0.4, Image: device.ImageShape{Height: 3, Width: 2, Channels: 1}}},
	"adam": {Rate: 0.01, Optimizer: Optimizer{Name: "adam"}, LabelSmoothing: 0.1,
		Regularizers: Regularizers{L1: 0.2, MaxNorm: 1, Average: 0.9}},
}

// 21 steps of batches of 10, 10 and 3 come to the same whole and in parts of 4, 4 and 2,
// and 3: a step is within 1e-5 of float64 either way (the design's bound), so all of them
// within 21 · 2e-5; a cost is one of the last of them. In the same parts, examples on the
// device or streamed, it is the same bits.
func TestPartsAsWhole(t *testing.T) {
	const bound = 21 * 2e-5
	train, validation := randomSet(1, 23, 6, 3), randomSet(2, 11, 6, 3)
	n := NetworkConfig{Sizes: []int{6, 40, 17, 3}, Hidden: device.Tanh, Seed: 5}
	eachEngine(t, func(t *testing.T, eng device.Engine) {
		for name, c := range partsConfigs {
			c.Epochs, c.BatchSize, c.Seed = 7, 10, 7
			fit := func(micro int, resident Resident) (*Network, *History) {
				c.MicroBatch, c.Resident = micro, resident
				net := newNetwork(t, n)
				h, err := open(t, net, eng).Fit(context.Background(), train, validation, c)
				if err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				return net, h
			}
			whole, want := fit(0, ResidentYes)
			parts, got := fit(4, ResidentYes)
			if d := distance(parts.Layers, newOracle(whole).theta); d > bound {
				t.Errorf("%s: weights are %.1e off", name, d)
			}
			for i, w := range want.Epochs {
				g := got.Epochs[i]
				off := max(math.Abs(g.Cost-w.Cost)/w.Cost, math.Abs(g.Loss-w.Loss)/w.Loss, math.Abs(g.ValLoss-w.ValLoss)/w.ValLoss)
				if !(off <= bound) || g.Accuracy != w.Accuracy {
					t.Errorf("%s: epoch %+v, whole %+v", name, g, w)
				}
			}
			if got.BatchSize != 10 || got.MicroBatch != 4 || want.MicroBatch != 10 {
				t.Errorf("%s: history says %d in parts of %d, and %d", name, got.BatchSize, got.MicroBatch, want.MicroBatch)
			}
			for _, resident := range []Resident{ResidentYes, ResidentNo} {
				if again, _ := fit(4, resident); !sameBits(again, parts) {
					t.Errorf("%s: resident %s: other bits", name, resident)
				}
			}
		}
	})
}

// Δ begins at 0 with the first part, and only the last is followed by an update, of the
// whole batch's m.
func TestPartsOfAStep(t *testing.T) {
	var seen []string
	net := onDevice{hidden: device.Tanh, loss: device.SoftmaxCrossEntropy}
	eng := device.OpenReference()
	m := memory{eng: eng}
	n := newNetwork(t, NetworkConfig{Sizes: []int{3, 2}, Seed: 1})
	net.theta = m.parameters("Θ", n.shapes())
	to := descent{sum: m.parameters("Δ", n.shapes()), grad: m.parameters("D", n.shapes()), tally: m.tally(),
		by: optimizing{rate: device.NewScalar(1)}}
	p := m.pass("training", examples{Set: randomSet(1, 12, 3, 2)}, 5, false, m.inputs(n, 2, 2), func(b batch, of part) []device.Op {
		ops := trainingStep(net, to, m.units(n, 2, true), b, of)
		text := ""
		for _, op := range ops {
			switch o := op.(type) {
			case device.Accumulate:
				text += map[bool]string{true: "Δ=", false: "Δ+="}[o.Fresh]
			case device.Gradient:
				text += map[int]string{5: " D/5", 2: " D/2"}[o.M]
			}
		}
		seen = append(seen, text)
		return ops
	})
	if m.err != nil {
		t.Fatal(m.err)
	}
	// Batches of 2+2+1, 2+2+1 and 2, with two inputs that take turns.
	want := []string{"Δ=", "Δ+=", "Δ+= D/5", "Δ=", "Δ+=", "Δ+= D/5", "Δ= D/2"}
	if !slices.Equal(seen, want) || p.steps() != 3 || p.parts(0) != 3 || p.parts(2) != 1 {
		t.Errorf("plans %q, want %q", seen, want)
	}
	for i, want := range []int{0, 1, 0, 1, 0, 1, 0} {
		if of, from := p.part(i/3, i%3); of.slot != want || from != []int{0, 2, 4, 5, 7, 9, 10}[i] {
			t.Errorf("part %d is from %d on, in input %d", i, from, of.slot)
		}
	}
	m.release()
}

// What is chosen is the largest power of two that leaves a quarter of the memory; on an
// engine that pads nothing its bytes are counted by hand.
func TestAutoSizes(t *testing.T) {
	train := randomSet(1, 1000, 100, 10)
	small := &recorder{Engine: device.OpenReference(), info: &device.Info{Name: "thimble", TotalMemory: 150_000}}
	tr := open(t, newNetwork(t, NetworkConfig{Sizes: []int{100, 50, 10}, Seed: 1}), small)
	free := small.info.TotalMemory - small.Counters().Allocated
	bytes := func(part int) int64 { // Δ and D, a part's activations, errors, z(L), and inputs and labels twice, and the sums
		return int64(4*(2*(100*50+50+50*10+10)+part*(2*(50+10)+10+2*(100+10))) + 32)
	}
	part := 1
	for bytes(2*part) <= free/4*3 {
		part *= 2
	}
	for _, c := range []struct {
		batch, micro         int
		wantBatch, wantMicro int
	}{
		{AutoSize, 0, part, 0},
		{AutoSize, AutoSize, part, 0},
		{900, AutoSize, 900, part},
		{AutoSize, 16, 512, 16},
		{16, AutoSize, 16, 0},
		{5000, part, 1000, part},
		{50, 50, 50, 0},
	} {
		got, err := tr.Settle(train, nil, Config{BatchSize: c.batch, MicroBatch: c.micro})
		if err != nil || got.BatchSize != c.wantBatch || got.MicroBatch != c.wantMicro {
			t.Errorf("batch %d, micro-batch %d: %d in parts of %d, error %v; want %d, %d", c.batch, c.micro, got.BatchSize, got.MicroBatch, err, c.wantBatch, c.wantMicro)
		}
	}
	h, err := tr.Fit(context.Background(), train, nil, Config{Epochs: 1, BatchSize: 1000, MicroBatch: AutoSize})
	if err != nil || h.BatchSize != 1000 || h.MicroBatch != part {
		t.Errorf("%+v, error %v", h, err)
	}
	_, err = tr.Fit(context.Background(), train, nil, Config{Epochs: 1, BatchSize: 1000})
	if !errors.Is(err, ErrMemory) || !strings.Contains(err.Error(), "or this one in parts with a micro-batch of ") {
		t.Errorf("error %v", err)
	}
	_, err = tr.Fit(context.Background(), train, nil, Config{Epochs: 1, BatchSize: 1000, MicroBatch: 900})
	if !errors.Is(err, ErrMemory) || !strings.Contains(err.Error(), "batch 1000 in parts of 900") || !strings.Contains(err.Error(), "a micro-batch of ") {
		t.Errorf("error %v", err)
	}
	small.info.TotalMemory = small.Counters().Allocated + 1000
	if _, err = tr.Fit(context.Background(), train, nil, Config{Epochs: 1, BatchSize: AutoSize}); !errors.Is(err, ErrMemory) || !strings.Contains(err.Error(), "no batch fits") {
		t.Errorf("error %v", err)
	}
}

// What AutoSize chose goes on, where there is more memory too; another size is refused.
func TestAutoSizesResumed(t *testing.T) {
	train, folder := randomSet(1, 100, 20, 3), t.TempDir()
	eng := &recorder{Engine: device.OpenReference(), info: &device.Info{TotalMemory: 24_000}}
	n := NetworkConfig{Sizes: []int{20, 30, 3}, Seed: 1}
	c := Config{Epochs: 4, BatchSize: 100, MicroBatch: AutoSize, Seed: 2, Checkpoints: &Checkpoints{Folder: folder, Keep: 9}}
	net := newNetwork(t, n)
	h, err := open(t, net, eng).Fit(context.Background(), train, nil, c)
	if err != nil || h.MicroBatch >= 100 {
		t.Fatalf("%+v, %v", h, err)
	}
	files, err := filepath.Glob(filepath.Join(folder, "*"+"00002*"))
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	if c.Resume, err = LoadSnapshot(files[0]); err != nil {
		t.Fatal(err)
	}
	c.Checkpoints = nil
	resumed := newNetwork(t, n)
	again, err := open(t, resumed, device.OpenReference()).Fit(context.Background(), train, nil, c)
	if err != nil || again.MicroBatch != h.MicroBatch || !sameBits(resumed, net) {
		t.Errorf("parts of %d, were %d; error %v", again.MicroBatch, h.MicroBatch, err)
	}
	c.MicroBatch = 0
	if _, err := open(t, newNetwork(t, n), device.OpenReference()).Fit(context.Background(), train, nil, c); !errors.Is(err, ErrMismatch) || !strings.Contains(err.Error(), "MicroBatch") {
		t.Errorf("error %v", err)
	}
}
