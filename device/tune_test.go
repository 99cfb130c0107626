package device

import (
	"context"
	"errors"
	"math"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/clprop/clprop/kernels"
)

// What Tune finds is kept, Open takes it, and the products have the bits that the default
// gives.
func TestTune(t *testing.T) {
	for _, family := range []kernels.Family{kernels.Block, kernels.Tile} {
		t.Run(string(family), func(t *testing.T) { tune(t, quick(t), family) })
	}
}

func tune(t *testing.T, f Found, family kernels.Family) {
	kept(t)
	var seen []TuneProgress
	r, err := Tune(t.Context(), strconv.Itoa(f.Index), small, TuneOptions{
		Family: family, Budget: time.Second, Progress: func(p TuneProgress) { seen = append(seen, p) },
	})
	if err != nil {
		t.Fatal(err)
	}
	if r.Tuning.Family != family || r.NotKept != nil || r.Tried < 1 || r.Failed != 0 || r.Rejected != 0 || r.Tuning.Check(f.device) != nil || len(seen) < r.Tried-1 {
		t.Errorf("%+v, %d times progress", r, len(seen))
	}
	if _, err := os.Stat(r.Path); err != nil {
		t.Error(err)
	}
	if len(r.Products) != 5 { // 2 layers, the first without hidden delta
		t.Errorf("products %+v", r.Products)
	}
	for _, p := range r.Products {
		flops := 2 * float64(p.Batch) * float64(p.In) * float64(p.Out)
		for _, side := range []TunedTime{p.Default, p.Tuned} {
			if want := flops / float64(side.Time); math.Abs(side.GFLOPS-want) > 1e-9*want || side.Choice == "" {
				t.Errorf("%s: %+v, want %v GFLOPS", p.Product, side, want)
			}
		}
	}
	if before, after := r.Step(); after > before || !r.Changed && after != before {
		t.Errorf("a step of %v became one of %v, changed %v", before, after, r.Changed)
	}
	e, err := OpenWith(strconv.Itoa(f.Index), Options{
		Family: family, Workload: Workload{Sizes: []int{18, 40, 5}, Batch: 20}, // of its bucket
	})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	if i := e.Info(); i.Tuning != TuningTuned || i.Kernels != r.Tuning.String() {
		t.Errorf("after Tune: %+v, want %v", i, r.Tuning)
	}
}

func TestTuneRefuses(t *testing.T) {
	kept(t)
	if _, err := Tune(t.Context(), "cpuref", small, TuneOptions{}); !errors.Is(err, ErrNoTuning) {
		t.Errorf("the reference: %v", err)
	}
	if _, err := Tune(t.Context(), "cpuref", Workload{}, TuneOptions{}); err == nil || errors.Is(err, ErrNoTuning) {
		t.Errorf("no workload: %v", err)
	}
	f := quick(t)
	ctx, stop := context.WithCancelCause(t.Context())
	stop(errors.New("enough"))
	if _, err := Tune(ctx, strconv.Itoa(f.Index), small, TuneOptions{}); err == nil || !errors.Is(err, context.Cause(ctx)) {
		t.Errorf("stopped: %v", err)
	}
	if all, err := ListTuned(nil); len(all) > 0 || err != nil {
		t.Errorf("kept %v, %v", all, err)
	}
	t.Run("little memory", func(t *testing.T) {
		t.Setenv(EnvMemory, "20KiB")
		large := Workload{Sizes: []int{64, 64}, Batch: 128}
		_, err := Tune(t.Context(), strconv.Itoa(f.Index), large, TuneOptions{Budget: time.Millisecond})
		var memory *MemoryError
		if !errors.As(err, &memory) || strings.Count(err.Error(), "needs") != 1 {
			t.Errorf("%v: want why, once", err)
		}
	})
	t.Setenv(kernels.EnvCache, "off")
	r, err := Tune(t.Context(), strconv.Itoa(f.Index), small, TuneOptions{Budget: time.Millisecond})
	if err != nil || !errors.Is(r.NotKept, ErrNotKept) || r.Path != "" {
		t.Errorf("no place: %+v, %v", r, err)
	}
}

// slow is a Tuning that takes several times as long as the default.
func (f Found) slow() kernels.Tuning {
	t := f.defaultTuning("")
	if t.Family == kernels.Tile {
		t.Tiles = t.Tiles[len(t.Tiles)-1:]
	} else {
		t.VW, t.MRs, t.NV = 1, []int{1}, 1
	}
	return t
}

// A candidate that gives a wrong result is out, however fast, one that does not compile is
// counted, and the search goes on after both, even on an engine that failed.
func TestTuneCandidates(t *testing.T) {
	f := quick(t)
	opened := 0
	open := func() (*opencl, error) {
		opened++
		return openDevice(f.devices(), f.info(""), f.slow())
	}
	e, err := open()
	if err != nil {
		t.Fatal(err)
	}
	load := Workload{Sizes: []int{100, 200, 150}, Batch: 64}
	tu := &tuner{
		open: open, engine: e, base: e.set.Tuning, workload: load, products: load.products(), began: time.Now(),
		options: TuneOptions{Budget: time.Hour}, seen: map[string]bool{},
	}
	defer func() { tu.engine.Close() }()
	if tu.best, err = tu.measure(t.Context(), tu.base, nil); err != nil {
		t.Fatal(err)
	}
	try := func(tuning kernels.Tuning, wins bool, want TuneCounts) {
		t.Helper()
		better, err := tu.try(t.Context(), tuning)
		if err != nil || better != wins || tu.counts != want {
			t.Errorf("%v: better %v, counts %+v, error %v", tuning, better, tu.counts, err)
		}
	}
	broken := f.slow()
	if broken.Family == kernels.Block {
		broken.MRs = []int{5} // block.cl has no such height
	} else {
		broken.Tiles = []kernels.TileShape{{TM: 4, TN: 4, TK: -8, WM: 2, WN: 2}}
	}
	try(broken, false, TuneCounts{Tried: 1, Failed: 1})
	fast := f.defaultTuning("")
	tu.verify = func(e *opencl, _ kernels.Tuning, _ Workload, _ int) error {
		e.fail(errors.New("the device is gone too"))
		return errWrong
	}
	try(fast, false, TuneCounts{Tried: 2, Failed: 1, Rejected: 1})
	if tu.best.tuning.String() != tu.base.String() || opened != 2 {
		t.Errorf("the best is %v; opened %d times", tu.best.tuning, opened)
	}
	tu.verify = (*opencl).verify
	try(fast, false, TuneCounts{Tried: 2, Failed: 1, Rejected: 1}) // not again
	fast.RowsPerItem++
	try(fast, true, TuneCounts{Tried: 3, Failed: 1, Rejected: 1})
	if tu.best.tuning.String() != fast.String() {
		t.Errorf("the best is %v, want %v", tu.best.tuning, fast)
	}
}

// The gate lets the bound pass, and nothing more: neither a number beyond it nor a NaN.
func TestTuneGate(t *testing.T) {
	x := &trial{}
	const k = 10
	edge := 2 * k * 0x1p-24 * 3.0
	for _, c := range []struct {
		got  float64
		want bool
	}{{1, true}, {1 + 0.9*edge, true}, {1 - 0.9*edge, true}, {1 + 1.1*edge, false}, {1 - 1.1*edge, false}, {math.NaN(), false}, {math.Inf(1), false}} {
		err := x.compare("test", []float32{1, float32(c.got)}, []float64{1, 1}, []float64{3, 3}, k)
		if (err == nil) != c.want || err != nil && !errors.Is(err, errWrong) {
			t.Errorf("%v: %v", c.got, err)
		}
	}
	if err := x.compare("short", nil, []float64{1}, []float64{3}, k); !errors.Is(err, errWrong) {
		t.Errorf("nothing read: %v", err)
	}
}

// The gate sees kernels that do not fit the memory that they work on: weights laid out
// for one shape and read as another.
func TestTuneGateSeesWrongKernels(t *testing.T) {
	f := quick(t)
	if f.Kernels != kernels.Block {
		t.Skip("the layout of weights is one for all tiles")
	}
	e, err := openDevice(f.devices(), f.info(""), f.defaultTuning(""))
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	if err := e.verify(e.set.Tuning, small, 9); err != nil {
		t.Fatal(err)
	}
	x, err := e.newTrial(batchShape{17, 20, 33})
	if err != nil {
		t.Fatal(err)
	}
	defer x.release()
	e.set.Tuning.NV = 3 - e.set.Tuning.NV // 1 for 2, or 2 for 1
	if err := x.forward(); !errors.Is(err, errWrong) {
		t.Errorf("weights for another width: %v", err)
	}
}
