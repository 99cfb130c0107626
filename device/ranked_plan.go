package device

import (
	"errors"
	"fmt"
	"slices"
)

// rankedPlan is a plan with a sum over ranks in it.
type rankedPlan struct {
	engine  *Ranked
	copies  layerCopier
	before  []joint    // of batch normalisations
	sum     Parameters // Δ
	buckets []*bucket
	update  Plan
}

// layerCopier is an engine that copies layers as they lie in its memory, which is the same
// on all ranks, without waiting: a sum does not care where a weight is.
type layerCopier interface {
	// layerFloats is how many values a layer takes.
	layerFloats(p Parameters, layer int) (int, error)
	// readLayer begins to copy a layer, as it is after all plans that were run; wait is
	// called once. Plans that run meanwhile do not change it.
	readLayer(dst []float32, p Parameters, layer int) (wait func() error, err error)
	// writeLayer writes what readLayer has read, or the sum of it. It may return before that is
	// done: the next plan comes after it, and so does the next readLayer to the same memory.
	writeLayer(p Parameters, layer int, src []float32) error
}

// copier is the engine's own, or else copies by ReadParameters.
func (e *Ranked) copier() layerCopier {
	if c, ok := e.Engine.(layerCopier); ok {
		return c
	}
	return plainCopier{e.Engine}
}

// plainCopier copies weights and then biases.
type plainCopier struct{ Engine }

func (c plainCopier) layerFloats(p Parameters, layer int) (int, error) {
	s := p.Shapes()[layer]
	return (s.In + 1) * s.Out, nil
}

func (c plainCopier) readLayer(dst []float32, p Parameters, layer int) (func() error, error) {
	weights := p.Shapes()[layer].In * p.Shapes()[layer].Out
	return func() error { return nil }, c.ReadParameters(dst[:weights], dst[weights:], p, layer)
}

func (c plainCopier) writeLayer(p Parameters, layer int, src []float32) error {
	weights := p.Shapes()[layer].In * p.Shapes()[layer].Out
	return c.WriteParameters(p, layer, src[:weights], src[weights:])
}

// Prepare is that of the engine, except for a list that Split cuts.
func (e *Ranked) Prepare(ops ...Op) (Plan, error) {
	if e.common != nil {
		return e.prepareCommon(ops)
	}
	if err := checkOps(ops); err != nil {
		return nil, err
	}
	if err := unscaled(ops); err != nil {
		return nil, err
	}
	before, ops, err := e.joints(ops)
	if err != nil {
		return nil, err
	}
	p := &rankedPlan{engine: e, copies: e.copier(), before: before}
	stages := Split(ops)
	last := stages[len(stages)-1]
	switch {
	case len(before) == 0 && len(stages) == 1 && len(last.Sums) == 0:
		return e.Engine.Prepare(ops...)
	case len(stages) > 2 || len(last.Sums) > 1 || len(stages) == 2 && len(stages[0].Sums) > 0:
		err = errors.New("prepare: the list sums over ranks more than once: make a plan for each sum")
	case len(last.Sums) == 1:
		p.sum = last.Sums[0]
		err = p.prepare(ops[:len(ops)-len(last.Ops)])
	}
	if err == nil {
		p.update, err = e.Engine.Prepare(last.Ops...)
	}
	if err != nil {
		p.Release()
		return nil, err
	}
	return p, nil
}

// unsummed are the layers of a bucket without those that a joint has summed.
func (p *rankedPlan) unsummed(layers []int) []int {
	return slices.DeleteFunc(layers, func(l int) bool {
		return slices.ContainsFunc(p.before, func(j joint) bool {
			return j.given == nil && j.sums.Sum == p.sum && slices.Contains(addedLayers(j.sums), l)
		})
	})
}

// prepare cuts the operations before Gradient: a bucket begins with those that Δ of its
// layers takes. Where no Accumulate is among them, Δ is what other lists made it.
func (p *rankedPlan) prepare(ops []Op) error {
	shapes, from := p.sum.Shapes(), 0
	complete := make([]int, len(shapes)) // how many operations Δ of a layer takes
	for i, op := range ops {
		if addsTo(op) == p.sum {
			for _, l := range addedLayers(op) {
				complete[l] = i + 1
			}
		}
	}
	buckets := bucketLayers(shapes)
	for i, layers := range buckets {
		layers = p.unsummed(layers)
		to := from
		for _, l := range layers {
			to = max(to, complete[l])
		}
		if i == len(buckets)-1 {
			to = len(ops)
		}
		b, err := p.newBucket(layers)
		if err != nil {
			return err
		}
		p.buckets = append(p.buckets, b)
		if to > from {
			if b.plan, err = p.engine.Engine.Prepare(ops[from:to]...); err != nil {
				return err
			}
		}
		from = to
	}
	return nil
}

// Run begins the sum of a bucket as soon as its Δ is there. On a device that computes while
// the host waits, everything before the sums is queued first, so that it goes on with the lower
// layers while those above are copied and summed.
func (p *rankedPlan) Run() error {
	for i := range p.before {
		if err := p.before[i].run(p.engine); err != nil {
			return err
		}
	}
	_, atOnce := p.copies.(plainCopier)
	begun := 0
	begin := func(b *bucket) error {
		err := p.begin(b)
		if err == nil {
			begun++
		}
		return err
	}
	var err error
	for i := 0; err == nil && i < len(p.buckets); i++ {
		if err = p.queue(p.buckets[i]); err == nil && atOnce {
			err = begin(p.buckets[i])
		}
	}
	for err == nil && begun < len(p.buckets) {
		err = begin(p.buckets[begun])
	}
	if err != nil {
		p.abandon(begun)
		return err
	}
	var errs []error
	for _, b := range p.buckets {
		errs = append(errs, p.end(b))
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("the sum over ranks: %w", err)
	}
	return p.update.Run()
}

func (p *rankedPlan) Launches() int {
	launches := p.update.Launches()
	for _, j := range p.before {
		launches += j.plan.Launches()
	}
	for _, b := range p.buckets {
		if b.plan != nil {
			launches += b.plan.Launches()
		}
	}
	return launches
}

func (p *rankedPlan) Release() {
	releaseJoints(p.before)
	for _, b := range p.buckets {
		if b.plan != nil {
			b.plan.Release()
		}
	}
	if p.update != nil {
		p.update.Release()
	}
}
