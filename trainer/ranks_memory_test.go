package trainer

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/clprop/clprop/device"
	"github.com/clprop/clprop/device/enginetest"
	"github.com/clprop/clprop/trainer/data"
)

// fitOnOneMemory trains a new network of the same seed on each of n ranks, which are
// goroutines that share the memory of an OpenCL device; 0 ranks are a plain run.
func fitOnOneMemory(t *testing.T, n int, train, validation *data.Set, c Config, norm Norm, change func(rank int, ctx *context.Context, c *Config)) []ranked {
	t.Helper()
	out := make([]ranked, max(n, 1))
	fit := func(r int, eng device.Engine) {
		ctx, own := context.Background(), c
		if change != nil {
			change(r, &ctx, &own)
		}
		net, err := NewNetwork(NetworkConfig{Sizes: []int{train.Features, 40, 9, train.Outputs}, Norm: norm, Seed: 3})
		if err != nil {
			out[r].err = err
			return
		}
		tr, err := New(net, eng)
		if err != nil {
			out[r].err = err
			return
		}
		defer tr.Close()
		history, err := tr.Fit(ctx, train, validation, own)
		out[r] = ranked{net, history, err}
	}
	if n == 0 {
		fit(0, openOpenCL(t))
		return out
	}
	var all sync.WaitGroup
	for r, comm := range enginetest.Ranks(n) {
		local := openOpenCL(t)
		all.Go(func() {
			eng := device.NewRanked(local, comm)
			if out[r].err = eng.ShareMemory(); out[r].err == nil {
				fit(r, eng)
			}
		})
	}
	all.Wait()
	return out
}

func sameResults(t *testing.T, what string, want ranked, all []ranked) {
	t.Helper()
	if want.err != nil {
		t.Fatal(want.err)
	}
	for r, got := range all {
		if errors.Is(got.err, device.ErrOwnMemory) {
			t.Skip(got.err) // the best device is no CPU
		}
		if got.err != nil {
			t.Fatalf("%s, rank %d: %v", what, r, got.err)
		}
		if !sameBits(want.net, got.net) {
			t.Errorf("%s, rank %d: weights differ by %g from those of one process", what, r, largestDifference(want.net, got.net))
		}
		a, b := want.history.Last(), got.history.Last()
		if a.Loss != b.Loss || a.Cost != b.Cost || a.ValLoss != b.ValLoss || a.Accuracy != b.Accuracy {
			t.Errorf("%s, rank %d: %+v, want %+v", what, r, b, a)
		}
	}
}

// Ranks on one memory are training without ranks, to the bit, whatever is trained: what sums
// over ranks come to in another order, or refuse, too.
func TestRanksOnOneMemoryTrainTheSameNetwork(t *testing.T) {
	train, validation := digitsParts(t, 131) // 131 = 4·32 + 3: the last batch has three examples
	for name, c := range map[string]Config{
		"sgd":          {Epochs: 3, BatchSize: 32, Seed: 5, Lambda: 0.1},
		"streamed":     {Epochs: 2, BatchSize: 32, Seed: 5, Resident: ResidentNo},
		"parts":        {Epochs: 2, BatchSize: 32, MicroBatch: 5, Seed: 5},
		"dropout":      {Epochs: 2, BatchSize: 32, Seed: 5, Regularizers: Regularizers{Dropout: 0.3, InputDropout: 0.1}},
		"adam, clip":   {Epochs: 3, BatchSize: 32, Seed: 5, Rate: 0.001, Optimizer: Optimizer{Name: "adamw"}, Regularizers: Regularizers{ClipNorm: 1, L1: 1e-4}, Lambda: 0.1},
		"mixup":        {Epochs: 2, BatchSize: 30, Seed: 5, Rate: 0.01, Augment: Augment{Mixup: 0.3}},
		"average, few": {Epochs: 1, BatchSize: 2, Seed: 5, Rate: 0.01, Regularizers: Regularizers{Average: 0.9}},
		"batch norm":   {Epochs: 2, BatchSize: 32, Seed: 5},
	} {
		t.Run(name, func(t *testing.T) {
			norm := NormNone
			if name == "batch norm" {
				norm = BatchNorm
			}
			plain := fitOnOneMemory(t, 0, train, validation, c, norm, nil)[0]
			for _, n := range []int{1, 2, 3} {
				sameResults(t, name, plain, fitOnOneMemory(t, n, train, validation, c, norm, nil))
			}
		})
	}
}

// A checkpoint of ranks on one memory, which rank 0 makes while the others go on, is one of
// one process: another number of ranks, or one process, goes on from it to the same bits.
func TestRanksOnOneMemoryStopAndGoOn(t *testing.T) {
	train, validation := digitsParts(t, 131)
	folder := t.TempDir()
	c := Config{Epochs: 3, BatchSize: 16, Seed: 5, Interval: time.Nanosecond, Optimizer: Optimizer{Name: "adam"}, Rate: 0.001}
	plain := fitOnOneMemory(t, 0, train, validation, c, NormNone, nil)[0]
	for r, got := range fitOnOneMemory(t, 2, train, validation, c, NormNone, func(rank int, ctx *context.Context, c *Config) {
		if rank == 0 {
			c.Checkpoints = &Checkpoints{Folder: folder, Every: Every{Steps: 2}}
			return
		}
		stopping, stop := context.WithCancel(*ctx)
		*ctx = stopping
		c.OnBatch = func(p Progress) {
			if p.Epoch == 2 && p.Step >= 3 {
				stop()
			}
		}
	}) {
		if errors.Is(got.err, device.ErrOwnMemory) {
			t.Skip(got.err)
		}
		if !errors.Is(got.err, context.Canceled) || len(got.history.Epochs) != 1 {
			t.Fatalf("rank %d: %+v, %v", r, got.history, got.err)
		}
	}
	for _, n := range []int{0, 1, 3} {
		sameResults(t, "going on", plain, fitOnOneMemory(t, n, train, validation, c, NormNone, func(_ int, _ *context.Context, c *Config) {
			snapshot, _, _, err := recoverCopy(t, folder)
			if err != nil {
				t.Error(err)
				return
			}
			if list := snapshot.Machine.Differences(snapshot.Machine.Of(1)); len(list) > 0 {
				t.Errorf("the checkpoint says %v", list)
			}
			c.Resume = snapshot
		}))
	}
}
