package device

import (
	"fmt"
	"slices"
)

// columnsPlan is a list of operations, cut into stages.
type columnsPlan struct {
	owner    *columns
	stages   []*columnsStage
	gathers  []Gather
	operands []interface{ usable(*columns) error }
	copied   []*columnsParameters // with layers that all have, where members round differently
	released bool
}

// columnsStage is what every member does without a word from the others, and what the host
// does before and after it.
type columnsStage struct {
	needs  []columnRows // before: rows in a form
	ops    []Op
	plans  []Plan       // by member; nil where it has nothing to do
	writes []columnRows // after: rows that are valid in this form alone
	sums   []columnsSum // after: those written inHost
	clip   *columnsClip // after; nil if there is none
}

// columnRows are the first rows of a matrix, in a form.
type columnRows struct {
	r    *columnsRows
	form form
	rows int
}

// columnsSum is a hidden delta, of which the holders have partial sums.
type columnsSum struct {
	r       *columnsRows
	holders []int
	rows    int
}

func (c *columns) Prepare(ops ...Op) (Plan, error) {
	if err := c.ready("prepare"); err != nil {
		return nil, err
	}
	if err := checkOps(ops); err != nil {
		return nil, err
	}
	p := &columnsPlan{owner: c}
	for i, op := range ops {
		if err := p.bind(op); err != nil {
			return nil, fmt.Errorf("prepare: operation %d: %w", i, err)
		}
	}
	p.cut(sink(c.expand(ops...)))
	if err := p.prepare(); err != nil {
		p.Release()
		return nil, err
	}
	return p, nil
}

// bind checks that the operands of an operation are the engine's.
func (p *columnsPlan) bind(op Op) error {
	c := p.owner
	if o, ok := op.(OutputDelta); ok && o.Scale != nil {
		return fmt.Errorf("a scaled %T on several devices: %w", op, ErrHalf)
	}
	if _, ok := op.(Unscale); ok {
		return fmt.Errorf("%T on several devices: %w", op, ErrHalf)
	}
	for _, part := range c.expand(op) {
		reads, writes := columnUses(part)
		for _, u := range append(reads, writes...) {
			m, err := take[*columnsMatrix](c, "matrix", u.m)
			if err != nil {
				return err
			}
			if p.operands = append(p.operands, m); u.form == inWhole {
				continue
			}
			if _, err := m.partsOn(c); err != nil {
				return err
			}
		}
	}
	all, _ := parametersOf(op)
	for _, of := range all {
		own, err := take[*columnsParameters](c, "parameters", of)
		if err != nil {
			return err
		}
		p.operands = append(p.operands, own)
		if !c.alike && !slices.Contains(p.copied, own) && slices.ContainsFunc(own.shapes, func(s Shape) bool { return s.In == 0 }) {
			p.copied = append(p.copied, own)
		}
	}
	return p.bindSums(op)
}

// bindSums does so for tallies and indexes.
func (p *columnsPlan) bindSums(op Op) error {
	tally := func(t Tally) error {
		own, err := take[*columnsTally](p.owner, "tally", t)
		p.operands = append(p.operands, own)
		return err
	}
	switch o := op.(type) {
	case Cost:
		return tally(o.Tally)
	case Penalty:
		return tally(o.Tally)
	case Gather:
		x, err := take[*columnsIndex](p.owner, "index", o.Index)
		p.operands, p.gathers = append(p.operands, x), append(p.gathers, o)
		return err
	}
	return nil
}

// cut makes stages: one ends before an operation that reads in one form what an operation of
// it has written in another.
func (p *columnsPlan) cut(ops []Op) {
	s := &columnsStage{}
	for _, op := range ops {
		reads, writes := columnUses(op)
		_, scaled := op.(rescale)
		if scaled || s.splits(reads, writes) {
			p.stages, s = append(p.stages, s), &columnsStage{}
		}
		for _, u := range reads {
			if need := rowsOfUse(u); s.written(need.r) == nil && !slices.Contains(s.needs, need) {
				s.needs = append(s.needs, need)
			}
		}
		s.ops = append(s.ops, op)
		for _, u := range writes {
			s.writes = append(s.writes, rowsOfUse(u))
		}
	}
	p.stages = append(p.stages, s)
}

func rowsOfUse(u columnUse) columnRows {
	m := u.m.(*columnsMatrix)
	return columnRows{m.columnsRows, u.form, m.head}
}

// written is the last that the stage writes of a matrix; nil if it does not.
func (s *columnsStage) written(r *columnsRows) *columnRows {
	for i := len(s.writes) - 1; i >= 0; i-- {
		if s.writes[i].r == r {
			return &s.writes[i]
		}
	}
	return nil
}

func (s *columnsStage) splits(reads, writes []columnUse) bool {
	for _, u := range reads {
		need := rowsOfUse(u)
		if w := s.written(need.r); w != nil && (w.rows < need.rows || w.form != need.form && !(w.form == inWhole && narrow(w.r.cut))) {
			return true
		}
	}
	for _, u := range writes { // over a sum that is not made yet
		if w := s.written(rowsOfUse(u).r); w != nil && w.form == inHost {
			return true
		}
	}
	return false
}

// prepare makes the plans of the members.
func (p *columnsPlan) prepare() error {
	c := p.owner
	var clip *columnsClip
	for _, s := range p.stages {
		for _, op := range s.ops {
			var err error
			switch o := op.(type) {
			case HiddenDelta:
				s.sums = append(s.sums, newColumnsSum(o))
			case gradientNorm:
				clip, err = c.newClip(o)
				s.clip = clip
			}
			if err != nil {
				return err
			}
		}
		var err error
		s.plans, err = spread(c.members, func(d int) (Plan, error) {
			var own []Op
			for _, op := range s.ops {
				if local := (columnsMember{c, d, clip}).op(op); local != nil {
					own = append(own, local)
				}
			}
			if len(own) == 0 {
				return nil, nil
			}
			return c.members[d].Prepare(own...)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func newColumnsSum(o HiddenDelta) columnsSum {
	theta, delta := o.Theta.(*columnsParameters), o.Delta.(*columnsMatrix)
	s := columnsSum{r: delta.columnsRows, rows: delta.head}
	for d := range theta.local {
		if theta.local[d][o.Layer] >= 0 {
			s.holders = append(s.holders, d)
		}
	}
	return s
}

func (p *columnsPlan) Launches() (launches int) {
	for _, s := range p.stages {
		for _, plan := range s.plans {
			if plan != nil {
				launches += plan.Launches()
			}
		}
	}
	return launches
}

func (p *columnsPlan) Release() {
	if p.released {
		return
	}
	p.released = true
	for _, s := range p.stages {
		release(s.plans)
		if s.clip != nil {
			s.clip.release()
		}
	}
}
