package device

import (
	"fmt"
	"slices"
)

// Run runs stage after stage on all members. It returns when the last is queued, or, where
// it adds to a tally, done. What can be wrong with it is found before anything is done.
//
// A member that is lost before the members change anything that they share ends the run:
// after Drop it can be run again. One that is lost later does not: the others come to the
// end of it, and the next call says so.
func (p *groupPlan) Run() error {
	g := p.owner
	if err := p.runnable(); err != nil {
		return err
	}
	for _, s := range p.shifted {
		s.to.Set(s.from.Value() + s.by)
	}
	for _, o := range p.gathers {
		if err := o.Src.(*groupMatrix).refresh(g); err != nil {
			return err
		}
	}
	changing := false
	var joined []moved
	for i := range p.stages {
		s := &p.stages[i]
		before := len(g.lost)
		err := g.begin(s)
		if err == nil {
			joined, err = g.joinAll(s.join, joined)
		}
		if last := i == len(p.stages)-1; err == nil && (last || len(s.changes) > 0) {
			changing = changing || len(joined) > 0
			err, joined = g.move(joined), nil
		}
		if err != nil && changing && len(g.lost) > before {
			g.torn = true
		}
		if err != nil {
			return err
		}
		changing = changing || len(s.changes) > 0
		err = g.run(s)
		if err != nil && (!changing || len(g.lost) == len(g.members) || g.failed == nil) {
			return err
		}
	}
	return nil
}

func (p *groupPlan) runnable() error {
	g := p.owner
	if err := g.ready("run"); err != nil {
		return err
	}
	if p.released {
		return fmt.Errorf("run: plan %w", ErrReleased)
	}
	for _, o := range p.operands {
		if err := o.usable(g); err != nil {
			return fmt.Errorf("run: %w", err)
		}
	}
	for _, o := range p.gathers {
		x := o.Index.(*groupIndex)
		if err := checkGather(o.From, o.Dst.Rows(), x.n, x.low, x.top, o.Src.Rows()); err != nil {
			return fmt.Errorf("run: %w", err)
		}
	}
	return nil
}

// begin makes Parameters what a stage takes them for: sums summed, and copies the same.
func (g *group) begin(s *groupStage) error {
	var open []*groupLayer // of lists that ran before
	for _, p := range s.uses {
		for layer, holders := range p.holders {
			known := slices.ContainsFunc(open, func(l *groupLayer) bool { return l.of == p && l.layer == layer })
			if holders != nil && !known {
				open = append(open, g.newLayer(p, layer))
			}
		}
	}
	if len(open) > 0 {
		if err := g.sum(open...); err != nil {
			return err
		}
	}
	for _, p := range s.rows {
		if p.drifted {
			if err := g.copyFirst(p); err != nil {
				return err
			}
		}
	}
	for _, a := range s.adds {
		if err := g.open(a); err != nil {
			return err
		}
	}
	return nil
}

// open notes which members an Accumulate makes a part of Δ on. One that goes on from what
// is there finds that on the first member; elsewhere it begins with 0.
func (g *group) open(a groupAdd) error {
	held := a.sum.holders[a.layer]
	if a.fresh {
		a.sum.holders[a.layer] = slices.Clone(a.has)
		return nil
	}
	now := slices.Clone(held)
	if held == nil {
		now = make([]bool, len(g.members))
		now[0] = true
	}
	for k, has := range a.has {
		if !has || now[k] {
			continue
		}
		if err := g.clearLayer(k, a.sum, a.layer); err != nil {
			return err
		}
		now[k] = true
	}
	a.sum.holders[a.layer] = now
	return nil
}

// run runs a stage on each member, sums what the next one takes, and adds up the tallies.
func (g *group) run(s *groupStage) error {
	for _, r := range s.written {
		r.stale = true
	}
	for _, p := range s.changes {
		p.drifted = p.drifted || !g.alike
	}
	parts := make([][]Sums, len(g.members))
	err := g.work(s.pieces, func(k int) error {
		if !s.runsOn(k) {
			return nil
		}
		for _, t := range s.tallies {
			sums, err := g.members[k].ReadTally(t.parts[k])
			if err == nil {
				err = g.members[k].ResetTally(t.parts[k])
			}
			if err != nil {
				return err
			}
			parts[k] = append(parts[k], sums)
		}
		return nil
	})
	if err != nil && len(s.changes) == 0 {
		return err
	}
	for i, t := range s.tallies {
		for k := range parts {
			if i < len(parts[k]) {
				t.add(parts[k][i])
			}
		}
		if slices.Contains(s.squares, t) && len(parts[0]) > i && slices.Index(s.tallies, t) == i {
			t.total.Squares, t.total.Magnitudes = parts[0][i].Squares, parts[0][i].Magnitudes
		}
	}
	return err
}

// runsOn reports whether member k has anything to do in the stage.
func (s *groupStage) runsOn(k int) bool {
	return slices.ContainsFunc(s.pieces, func(p groupPiece) bool { return p.plans[k] != nil })
}

// add adds what a member has counted.
func (t *groupTally) add(part Sums) {
	t.total.Loss += part.Loss
	t.total.Correct += part.Correct
	t.total.Count += part.Count
}
