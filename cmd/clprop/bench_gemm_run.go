package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/clprop/clprop/device"
)

// gemm measures every product on the CPU reference and on each device. The error is that of ctx;
// what went wrong on a device is in its result.
func (b *bench) gemm(ctx context.Context, sizes []gemmSize, specs []string) ([]gemmResult, error) {
	var results []gemmResult
	for _, s := range sizes {
		for _, layout := range gemmLayouts {
			var reference []float32
			for _, spec := range append([]string{"cpuref"}, specs...) {
				r := gemmResult{Layout: layout, M: s.m, N: s.n, K: s.k, Runs: []int64{}, Device: deviceJSON{Name: spec, Index: -1}}
				err := b.gemmOn(ctx, spec, s, &r)
				if ctx.Err() != nil {
					return nil, fmt.Errorf("bench: %w", context.Cause(ctx))
				}
				if spec == "cpuref" {
					reference = r.c
				}
				r.conclude(err, reference)
				if r.Status != measured {
					b.env.note("%s %v: %s %s: %s", layout, s, r.Device.Name, r.Status, r.Why)
				}
				r.c = nil // it may be large
				results = append(results, r)
			}
		}
	}
	return results, nil
}

// conclude says how a result ended, and compares the product with the reference, if there is one.
func (r *gemmResult) conclude(err error, reference []float32) {
	r.Status = measured
	if err == nil && reference != nil {
		apart := apart(r.c, reference)
		if r.Difference = orNull(apart); !(apart <= maxApart(r.K)) { // so written that NaN fails too
			err = fmt.Errorf("%s: differs from the CPU reference by %.2g, more than %.2g", wrongResult, apart, maxApart(r.K))
		}
	}
	switch {
	case err == nil:
	case errors.Is(err, errTooSlow):
		r.Status, r.Why = skipped, oneLine(err.Error())
	default:
		r.Status, r.Why, r.err = failed, oneLine(err.Error()), err
	}
}

// gemmOn measures one product on one device.
func (b *bench) gemmOn(ctx context.Context, spec string, s gemmSize, r *gemmResult) error {
	// Shapes that "clprop tune --net K-N-N --batch-size M" found, whose products these are.
	eng, err := b.open(spec, device.Options{
		Context: ctx, Workload: device.Workload{Sizes: []int{s.k, s.n, s.n}, Batch: s.m}, Eager: true,
	})
	if err != nil {
		return err
	}
	defer eng.Close()
	r.Device = newDeviceJSON(eng)
	b.env.note("%s %v: measuring %s ...", r.Layout, s, deviceText(eng.Info()))
	if err := b.probeGEMM(ctx, eng, s, r.Layout); err != nil {
		return err
	}
	p, err := newProduct(eng, r.Layout, s)
	if err != nil {
		return err
	}
	defer p.release()
	if err := p.fill(ctx); err != nil {
		return err
	}
	r.Launches = p.plan.Launches()
	if err := b.gemmRuns(ctx, p, s, r); err != nil {
		return err
	}
	peaks, share, err := b.shareOf(spec, eng, r.turns)
	if err != nil {
		return err
	}
	if peaks != nil {
		r.Peaks, r.OfPeak = newPeaks(*peaks), share
	}
	r.Device = newDeviceJSON(eng) // with what it has counted
	r.c, err = p.read()
	return err
}

// probeGEMM is probe of a product.
func (b *bench) probeGEMM(ctx context.Context, eng device.Engine, s gemmSize, layout string) error {
	var rungs []smallerWork
	for _, small := range s.smaller() {
		rungs = append(rungs, smallerWork{small.flops(), func() (first, second time.Duration, err error) {
			return small.twice(ctx, eng, layout)
		}})
	}
	_, err := b.climb(ctx, "product", s.flops(), rungs)
	return err
}

// inRun is how many products make a run of such a length, by the time that ever more of them take. The
// first compiles its program, which can take longer than a run, and says nothing of the rest. each is
// about what one takes.
func inRun(length time.Duration, times func(n int, each time.Duration) (time.Duration, error)) (int, error) {
	first, err := times(1, length)
	if err != nil {
		return 0, err
	}
	for n, each := 1, time.Duration(math.MaxInt64); ; n *= 2 {
		took, err := times(n, min(first, each))
		if err != nil {
			return 0, err
		}
		if each = min(each, max(took/time.Duration(n), 1)); took >= length/2 {
			return int(max(length/each, 1)), nil
		}
	}
}

// gemmRuns times the runs, in turns with the peak.
func (b *bench) gemmRuns(ctx context.Context, p *product, s gemmSize, r *gemmResult) (err error) {
	times := func(n int, each time.Duration) (time.Duration, error) { return queue(ctx, p.times, n, each) }
	length := b.budget / time.Duration(b.repeat)
	if r.Products, err = inRun(length, times); err != nil {
		return err
	}
	if r.turns, err = newTurns(p.eng); err != nil {
		return err
	}
	var rates []float64
	for range b.repeat {
		took, err := times(r.Products, length/time.Duration(r.Products))
		if err != nil {
			return err
		}
		r.Runs = append(r.Runs, took.Nanoseconds())
		rate := s.flops() * float64(r.Products) / max(float64(took), 1)
		rates = append(rates, rate)
		if err := r.turns.ran(rate); err != nil {
			return err
		}
	}
	r.GFLOPS = benchSpread{Median: median(rates), Min: slices.Min(rates), Max: slices.Max(rates)}
	return nil
}

// apart is ‖c − want‖ / ‖want‖.
func apart(c, want []float32) float64 {
	var off, size float64
	for i, w := range want {
		off += square(float64(c[i]) - float64(w))
		size += square(float64(w))
	}
	return math.Sqrt(off / size)
}

// maxApart is up to what a product counts as right. Each of two engines is within
// 2·k·2⁻²⁴·|A||B| of the exact sum. For values even in [−1, 1) an element of |A||B| is
// k/4, and one of AB is √k/3 in the mean square, so that makes 4·k·2⁻²⁴·(3/4)√k; the
// bias is one product more. A wrong product makes 1.
func maxApart(k int) float64 {
	n := float64(k + 1)
	return 3 * n * math.Sqrt(n) * 0x1p-24
}
