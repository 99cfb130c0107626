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

const (
	// leastSum and mostSum bound the values of the sums that are measured, 1 KiB to 64 MiB.
	leastSum, mostSum = 1 << 8, 1 << 24
	// sumTries is how often each is measured at most, and fewTries at least: the median counts.
	sumTries, fewTries = 9, 3
)

// networking measures with the other ranks.
type networking struct {
	*env
	ctx    context.Context
	budget time.Duration
}

// measure measures the sums, and each case.
func (n networking) measure(f *benchFlags, cases []benchCase, out *benchNetworkJSON) error {
	j := n.joined
	out.Ranks, out.Machines, out.Library = j.count(), j.machines, j.world.Library()
	spec := "auto"
	if len(f.devices) > 0 && f.devices[0] != "all" {
		spec = groupSpec(f.devices[0])
	}
	n.note("ranks   %d on %s, %s each; %s", out.Ranks, plural(j.machines, "machine"), plural(j.cores, "core"), out.Library)
	var err error
	if out.Sums, err = n.sums(); err != nil {
		return err
	}
	for _, c := range cases {
		if c.batch < out.Ranks {
			return fmt.Errorf("batch %d is less than the %d ranks: raise %s", c.batch, out.Ranks, f.batchFlag)
		}
		r, name, err := n.step(c, j.deviceSpec(n.env, spec))
		if err != nil {
			return err
		}
		out.Device = name
		r.Model.Latency, r.Model.Bandwidth = fitNetwork(out.Sums, out.Ranks)
		out.Results = append(out.Results, r)
	}
	return nil
}

// together times work on all ranks: it begins on all at once, and ends with the last.
func (n networking) together(work func() error) (time.Duration, error) {
	if n.ctx.Err() != nil {
		return 0, context.Cause(n.ctx)
	}
	if _, err := n.joined.world.Gather([]float64{0}); err != nil {
		return 0, err
	}
	began := time.Now()
	err := work()
	took := time.Since(began)
	all, other := n.joined.world.Gather([]float64{took.Seconds()})
	if err := errors.Join(err, other); err != nil {
		return 0, err
	}
	return time.Duration(slices.Max(all) * float64(time.Second)), nil
}

// sums measures all-reduce of ever more values.
func (n networking) sums() ([]sumJSON, error) {
	var list []sumJSON
	values := make([]float32, mostSum)
	ranks := float64(n.joined.count())
	for size := leastSum; size <= mostSum; size *= 4 {
		times, err := n.tries(func() error { _, err := n.joined.world.Sum(values[:size])(); return err })
		if err != nil {
			return nil, err
		}
		slices.Sort(times)
		s := times[len(times)/2]
		list = append(list, sumJSON{4 * size, s, 2 * (ranks - 1) / ranks * 4 * float64(size) / s})
	}
	return list, nil
}

// tries times work on all ranks a few times, less often where that takes longer than the budget: all
// ranks have the same times, and so as many.
func (n networking) tries(work func() error) (times []float64, err error) {
	for spent := time.Duration(0); len(times) < fewTries || len(times) < sumTries && spent < n.budget; {
		took, err := n.together(work)
		if err != nil {
			return nil, err
		}
		spent += took
		times = append(times, max(took.Seconds(), 1e-9))
	}
	return times, nil
}

// fitNetwork finds a and B of S(s, n) from the sums: the smallest gives the latency, the two
// largest, by their difference, the bandwidth.
func fitNetwork(sums []sumJSON, n int) (latency, bandwidth float64) {
	first, last, before := sums[0], sums[len(sums)-1], sums[len(sums)-2]
	latency = first.Seconds / (2 * math.Log2(float64(n)))
	more := last.Seconds - before.Seconds
	if more <= 0 { // noise
		return latency, last.Bandwidth
	}
	return latency, 2 * float64(n-1) / float64(n) * float64(last.Bytes-before.Bytes) / more
}

// step measures one case: what each rank does by itself, and the step of all together.
func (n networking) step(c benchCase, spec string) (r netRankJSON, name string, err error) {
	own := c
	own.batch = (c.batch + n.joined.count() - 1) / n.joined.count()
	r = netRankJSON{Net: c.String(), Batch: c.batch}
	eng, err := n.openDeviceWith(spec, "measuring", device.Options{Context: n.ctx, Workload: own.workload()})
	if err != nil {
		return r, "", err
	}
	defer eng.Close()
	n.note("%v, batch %d: measuring %s ...", c, c.batch, deviceText(eng.Info()))
	alone, err := n.steps(own, eng)
	if err != nil {
		return r, "", err
	}
	r.Model.FLOPS = own.flops() / alone.Seconds
	if err := n.exchange(c, eng, &r.Model); err != nil {
		return r, "", err
	}
	if r.Measured, err = n.steps(c, device.NewRanked(eng, n.joined.world)); err != nil {
		return r, "", err
	}
	return r, eng.Info().Name, n.stepOnOneMemory(c, eng, &r)
}

// stepOnOneMemory measures a step of one rank, on all ranks at once, and that of all on one
// memory, if they can share it.
func (n networking) stepOnOneMemory(c benchCase, eng device.Engine, r *netRankJSON) error {
	var err error
	if r.One, err = n.steps(c, eng); err != nil {
		return err
	}
	ranked := device.NewRanked(eng, n.joined.world)
	if err := ranked.ShareMemory(); errors.Is(err, device.ErrOwnMemory) {
		r.Own = err.Error()
		return nil
	} else if err != nil {
		return err
	}
	r.Shared, err = n.steps(c, ranked)
	return err
}

// steps is a step, the best of a few runs of two within the budget.
func (n networking) steps(c benchCase, eng device.Engine) (*stepJSON, error) {
	_, step, err := c.stepper(eng)
	if err != nil {
		return nil, err
	}
	defer step.Close()
	summing := func() (took, waited time.Duration) { return 0, 0 }
	if ranked, ok := eng.(*device.Ranked); ok {
		summing = ranked.Summing
	}
	const steps = 2
	run := func() (time.Duration, error) {
		return n.together(func() error { _, err := timed(step, steps); return err })
	}
	if _, err = run(); err != nil { // to compile
		return nil, err
	}
	best := &stepJSON{Seconds: math.Inf(1)}
	// All ranks have the same times, and so do the same number of runs.
	for spent := time.Duration(0); spent < n.budget; {
		sums, waits := summing()
		took, err := run()
		if err != nil {
			return nil, err
		}
		if spent += took; took.Seconds()/steps < best.Seconds {
			sumsNow, waitsNow := summing()
			best = &stepJSON{took.Seconds() / steps, (sumsNow - sums).Seconds() / steps, (waitsNow - waits).Seconds() / steps}
		}
	}
	return best, nil
}

// exchange measures the copies of Δ and the update, on all ranks at once: where they share
// cores and memory, they share them then too.
func (n networking) exchange(c benchCase, eng device.Engine, m *modelJSON) error {
	shapes, all := c.shapes(), 0
	for _, s := range shapes {
		all += (s.In + 1) * s.Out
	}
	var held []device.Parameters
	defer func() {
		for _, p := range held {
			p.Release()
		}
	}()
	for range 3 {
		p, err := eng.NewParameters(shapes)
		if err != nil {
			return err
		}
		held = append(held, p)
	}
	sum, theta, grad := held[0], held[1], held[2]
	update, err := eng.Prepare(device.Gradient{Sum: sum, Theta: theta, M: 1, Grad: grad}, device.SGD{Theta: theta, Grad: grad, Rate: device.NewScalar(0)})
	if err != nil {
		return err
	}
	defer update.Release()
	copies, err := n.tries(func() error { return device.CopyLayers(eng, sum) })
	if err != nil {
		return err
	}
	updates, err := n.tries(func() error {
		if err := update.Run(); err != nil {
			return err
		}
		return eng.Sync()
	})
	if err != nil {
		return err
	}
	m.Copy, m.Update = 8*float64(all)/slices.Min(copies), 4*float64(all)/slices.Min(updates)
	return nil
}
