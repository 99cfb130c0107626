package device

import "github.com/clprop/clprop/cpuref"

// moved is a running mean and variance that has to follow a batch.
type moved struct {
	of      BatchNorm
	moments cpuref.Moments
}

// join makes Saved of a normGiven, on all members, what the parts of the members come to, in
// their order. The running numbers move when the step is sure to be done: one that a lost
// member ends begins again.
func (g *group) join(o normGiven) (moved, error) {
	z, saved := o.Z.(*groupMatrix), o.Saved.(*groupMatrix)
	parts := make([]cpuref.Moments, len(g.members))
	err := g.each(func(k int) error {
		_, rows := z.share(k)
		if rows == 0 {
			return nil
		}
		values := make([]float32, 2*saved.cols)
		if err := g.members[k].Read(values, saved.copyFor(g, k), 0); err != nil {
			return err
		}
		parts[k] = momentsOf(rows, values)
		return nil
	})
	if err != nil {
		return moved{}, err
	}
	m := moved{o.BatchNorm, cpuref.JoinMoments(parts)}
	values := make([]float32, 2*saved.cols)
	m.moments.Saved(values)
	return m, g.Write(o.Saved, 0, values)
}

// joinAll is join of all, which it adds to a list.
func (g *group) joinAll(all []normGiven, list []moved) ([]moved, error) {
	for _, o := range all {
		m, err := g.join(o)
		if err != nil {
			return list, err
		}
		list = append(list, m)
	}
	return list, nil
}

// move moves the running numbers of the batches that were joined.
func (g *group) move(list []moved) error {
	for _, m := range list {
		if err := moveRunning(g, m.of, m.moments); err != nil {
			return err
		}
	}
	return nil
}
