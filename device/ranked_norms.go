package device

import (
	"fmt"
	"time"

	"github.com/clprop/clprop/cpuref"
)

// joint is a part of a list that ends where ranks need a word from each other for a batch
// normalisation: about the mean and variance of their rows, or about Δγ and Δβ of them.
type joint struct {
	plan  Plan
	given *normGiven // nil: the sums are meant
	sums  normSums
}

// joints are those of a list, and what comes after the last. One rank needs none.
func (e *Ranked) joints(ops []Op) (list []joint, rest []Op, err error) {
	if e.Ranks() == 1 {
		return nil, ops, nil
	}
	all, err := normsInParts(ops, func(o BatchNormDelta) (int, error) { return batchOf(o, ops) })
	if err != nil {
		return nil, nil, err
	}
	from := 0
	for i, op := range all {
		j := joint{}
		switch o := op.(type) {
		case normMoments:
			given := all[i+1].(normGiven)
			j.given = &given
		case normSums:
			j.sums = o
		default:
			continue
		}
		if j.plan, err = e.prepareJoint(all[from : i+1]); err != nil {
			releaseJoints(list)
			return nil, nil, err
		}
		list, from = append(list, j), i+1
	}
	return list, all[from:], nil
}

// prepareJoint is a plan of the engine, which has all rows of this rank in one place.
func (e *Ranked) prepareJoint(ops []Op) (Plan, error) {
	switch e.Engine.(type) {
	case *group, *columns:
		return nil, fmt.Errorf("prepare: ranks of several devices each: %w", ErrOneDevice)
	}
	return e.Engine.Prepare(ops...)
}

// batchOf is how many rows the batch of a way back has on all ranks: Gradient knows.
func batchOf(o BatchNormDelta, ops []Op) (int, error) {
	for _, op := range ops {
		if g, ok := op.(Gradient); ok && g.Sum == o.Sum {
			return g.M, nil
		}
	}
	return 0, fmt.Errorf("prepare: a %T without the Gradient that says how large the batch is: %w", o, ErrOneDevice)
}

func releaseJoints(list []joint) {
	for _, j := range list {
		j.plan.Release()
	}
}

// run does what is before a joint, and joins.
func (j *joint) run(e *Ranked) error {
	if err := j.plan.Run(); err != nil {
		return err
	}
	var err error
	if j.given != nil {
		err = e.joinMoments(*j.given)
	} else {
		err = e.joinSums(j.sums)
	}
	if err != nil {
		return fmt.Errorf("joining the batch normalisation of rank %d: %w", e.Rank(), err)
	}
	return nil
}

// joinMoments makes Saved what the rows of all ranks come to, added in their order, and moves the
// running numbers: to the same bits on all.
func (e *Ranked) joinMoments(o normGiven) error {
	values := make([]float32, 2*o.Saved.Cols())
	if err := e.Read(values, o.Saved, 0); err != nil {
		return err
	}
	own := []float64{float64(o.Z.Rows())}
	for _, v := range values {
		own = append(own, float64(v))
	}
	began := time.Now()
	all, err := e.comm.Gather(own)
	e.waits(time.Since(began))
	if err != nil {
		return err
	}
	parts, units := make([]cpuref.Moments, e.Ranks()), o.Saved.Cols()
	for r := range parts {
		of := all[r*len(own):][:len(own)]
		parts[r] = cpuref.Moments{Rows: int(of[0]), Mean: of[1 : 1+units], Variance: of[1+units:]}
	}
	moments := cpuref.JoinMoments(parts)
	moments.Saved(values)
	if err := e.Write(o.Saved, 0, values); err != nil {
		return err
	}
	return moveRunning(e, o.BatchNorm, moments)
}

// joinSums makes Δγ and Δβ their sums over ranks: as float32 however the rest of Δ travels, since
// every δ that goes back has them in it.
func (e *Ranked) joinSums(o normSums) error {
	units := o.Z.Cols()
	values := make([]float32, 2*units)
	for i := range 2 {
		if err := e.ReadParameters(nil, values[i*units:][:units], o.Sum, o.Layer+i); err != nil {
			return err
		}
	}
	began := time.Now()
	_, err := e.comm.Sum(values)()
	e.waits(time.Since(began))
	if err != nil {
		return err
	}
	for i := range 2 {
		if err := e.WriteParameters(o.Sum, o.Layer+i, nil, values[i*units:][:units]); err != nil {
			return err
		}
	}
	return nil
}

// waits counts a sum in which the engine did nothing else.
func (e *Ranked) waits(took time.Duration) {
	e.summed += took
	e.waited += took
}
