package main

import (
	"context"
	"fmt"
	"time"

	"github.com/clprop/clprop/device"
	"github.com/clprop/clprop/trainer"
)

// probeFLOPs is at most what the first step on an unknown device costs: even a
// simulator that does a million a second is soon done.
const probeFLOPs = 1e5

// smallerWork is work like another, but smaller.
type smallerWork struct {
	flops float64
	twice func() (first, second time.Duration, err error) // with all that the first needs
}

// probe finds out, before it is too late, whether one step of c would take longer
// than patience allows: a kernel that runs cannot be stopped. It steps through
// smaller copies of the net, each about 8 times as much work as the one before,
// until one shows that the whole is no danger. Time per FLOP falls with size, as
// launches weigh less, so that time·(more FLOPs) is an upper bound of the time.
//
// build is what the first step, with all that came before it, took longer than the
// second: the building of kernels, nearly all of it.
func (b *bench) probe(ctx context.Context, eng device.Engine, c benchCase) (build time.Duration, err error) {
	var rungs []smallerWork
	for _, small := range c.smaller() {
		rungs = append(rungs, smallerWork{small.flops(), func() (first, second time.Duration, err error) { return small.twice(eng) }})
	}
	return b.climb(ctx, "step", c.flops(), rungs)
}

// climb is probe of any work: one of them, of so many operations, after smaller ones.
func (b *bench) climb(ctx context.Context, one string, whole float64, rungs []smallerWork) (build time.Duration, err error) {
	limit := patience * b.budget
	for i, rung := range rungs {
		if ctx.Err() != nil {
			return build, context.Cause(ctx)
		}
		first, second, err := rung.twice()
		if outOfMemory(err) {
			return build, nil // the whole needs more, and says so with its own sizes
		}
		if err != nil {
			return build, err
		}
		build += max(first-second, 0)
		expected := time.Duration(min(float64(second)*whole/rung.flops, float64(24*time.Hour)))
		if expected <= limit {
			return build, nil
		}
		next := whole
		if i+1 < len(rungs) {
			next = rungs[i+1].flops
		}
		if float64(second)*next/rung.flops > float64(limit) {
			return build, fmt.Errorf("%w: one %s would take about %v, more than %v: raise --seconds, or choose smaller sizes",
				errTooSlow, one, roughly(expected), limit)
		}
	}
	return build, nil
}

// smaller lists copies of c with all sizes divided by powers of two, the smallest
// first: it is the largest of at most probeFLOPs.
func (c benchCase) smaller() []benchCase {
	var rungs []benchCase
	for shift := 1; ; shift++ {
		s := c
		s.batch = max(c.batch>>shift, 1)
		s.sizes = make([]int, len(c.sizes))
		most := s.batch
		for i, size := range c.sizes {
			// Two outputs at least, which softmax needs, where there were two.
			s.sizes[i] = max(size>>shift, min(size, 2))
			most = max(most, size>>shift)
		}
		rungs = append([]benchCase{s}, rungs...)
		if most <= 2 || s.flops() <= probeFLOPs {
			return rungs
		}
	}
}

func (c benchCase) flops() float64 {
	return (&trainer.Network{Sizes: c.sizes}).StepFLOPs(c.batch)
}

// twice times the first step of c, with all that it needs, and a second one.
func (c benchCase) twice(eng device.Engine) (first, second time.Duration, err error) {
	began := time.Now()
	_, step, err := c.stepper(eng)
	if err != nil {
		return 0, 0, err
	}
	defer step.Close()
	if _, err := timed(step, 1); err != nil {
		return 0, 0, err
	}
	first = time.Since(began)
	second, err = timed(step, 1)
	return first, second, err
}

// roughly rounds to what a rough guess is worth.
func roughly(d time.Duration) time.Duration {
	switch {
	case d >= time.Minute:
		return d.Round(time.Minute)
	case d >= time.Second:
		return d.Round(time.Second)
	}
	return d.Round(time.Millisecond)
}
