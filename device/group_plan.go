package device

import (
	"fmt"
	"slices"
)

// groupPlan is a list of operations, cut into stages.
type groupPlan struct {
	owner    *group
	ops      []Op
	stages   []groupStage
	shifted  []shifted
	gathers  []Gather
	operands []interface{ usable(*group) error }
	released bool
}

// groupStage is what every member does without a word from the others.
type groupStage struct {
	uses    []*groupParameters // by other operations than Accumulate: sums must be summed
	rows    []*groupParameters // by those on rows: copies must be the first member's
	changes []*groupParameters // perhaps
	join    []normGiven
	adds    []groupAdd
	tallies []*groupTally
	squares []*groupTally // of Penalty
	written []*groupRows
	pieces  []groupPiece // one, or more if sums of the first begin before the last is done
}

// groupAdd is an Accumulate, or half of a LayerNormDelta: which members it is for.
type groupAdd struct {
	sum   *groupParameters
	layer int
	fresh bool
	has   []bool
}

func (g *group) Prepare(ops ...Op) (Plan, error) {
	if err := g.ready("prepare"); err != nil {
		return nil, err
	}
	if err := checkOps(ops); err != nil {
		return nil, err
	}
	if err := unscaled(ops); err != nil {
		return nil, err
	}
	ops, err := normsInParts(slices.Clone(ops), func(o BatchNormDelta) (int, error) { return o.Z.Rows(), nil })
	if err != nil {
		return nil, err
	}
	p := &groupPlan{owner: g, ops: ops}
	for i, op := range ops {
		if err := p.bind(op); err != nil {
			return nil, fmt.Errorf("prepare: operation %d: %w", i, err)
		}
	}
	if err := p.prepare(); err != nil {
		return nil, err
	}
	g.plans[p] = struct{}{}
	return p, nil
}

// bind checks that the operands of an operation are the group's, and split alike.
func (p *groupPlan) bind(op Op) error {
	g := p.owner
	split := splitMatrices(op)
	for i, m := range split {
		own, err := take[*groupMatrix](g, "matrix", m)
		if err != nil {
			return err
		}
		p.operands = append(p.operands, own)
		for k := range g.members {
			first, _ := own.share(k)
			if start, _ := split[0].(*groupMatrix).share(k); i > 0 && first != start {
				return mismatch("group", "views of matrices of %d and %d rows are split among devices at other rows: make them of one height",
					split[0].(*groupMatrix).rows, own.rows)
			}
		}
	}
	all, _ := parametersOf(op)
	for _, of := range all {
		own, err := take[*groupParameters](g, "parameters", of)
		if err != nil {
			return err
		}
		p.operands = append(p.operands, own)
	}
	var tally Tally
	switch o := op.(type) {
	case Cost:
		tally = o.Tally
	case Penalty:
		tally = o.Tally
	case Gather:
		return p.gather(o)
	case normMoments:
		return p.replicate(o.Saved)
	case normSums:
		return p.replicate(o.Saved)
	}
	if tally == nil {
		return nil
	}
	own, err := take[*groupTally](g, "tally", tally)
	p.operands = append(p.operands, own)
	return err
}

// replicate makes copies of what every member has all of.
func (p *groupPlan) replicate(m Matrix) error {
	own, err := take[*groupMatrix](p.owner, "matrix", m)
	if err != nil {
		return err
	}
	p.operands = append(p.operands, own)
	_, err = own.copiesOn(p.owner)
	return err
}

// gather makes copies of what is read, on every member.
func (p *groupPlan) gather(o Gather) error {
	g := p.owner
	src, err := take[*groupMatrix](g, "matrix", o.Src)
	if err != nil {
		return err
	}
	x, err := take[*groupIndex](g, "index", o.Index)
	if err != nil {
		return err
	}
	if changed(p.ops, src) {
		return fmt.Errorf("gather: a group of devices reads no rows that an operation of the same list writes: use two lists")
	}
	p.operands = append(p.operands, src, x)
	p.gathers = append(p.gathers, o)
	_, err = src.copiesOn(g)
	return err
}

// prepare makes the stages, with a plan for each member.
func (p *groupPlan) prepare() error {
	p.stages, p.shifted = nil, nil
	stages := Split(p.ops)
	for i, stage := range stages {
		s := groupStage{join: stage.join}
		for _, op := range stage.Ops {
			s.note(op)
		}
		var sums []Parameters
		if i+1 < len(stages) {
			sums = stages[i+1].Sums
		}
		for _, c := range cutForSums(stage.Ops, sums) {
			piece, err := p.preparePiece(c)
			s.pieces = append(s.pieces, piece)
			if err != nil {
				p.stages = append(p.stages, s)
				p.Release()
				return err
			}
		}
		p.stages = append(p.stages, s)
	}
	return nil
}

// preparePiece makes a plan for each member.
func (p *groupPlan) preparePiece(c sumCut) (groupPiece, error) {
	piece := groupPiece{plans: make([]Plan, len(p.owner.members))}
	for _, l := range c.layers {
		piece.layers = append(piece.layers, p.owner.newLayer(l.of.(*groupParameters), l.layer))
	}
	for k, m := range p.owner.members {
		var ops []Op
		for _, op := range c.ops {
			if own := (localiser{p.owner, k, &p.shifted}).op(op); own != nil {
				ops = append(ops, own)
			}
		}
		if len(ops) == 0 {
			continue
		}
		plan, err := m.Prepare(ops...)
		if err != nil {
			return piece, err
		}
		piece.plans[k] = plan
	}
	return piece, nil
}

// pieces are those of all stages.
func (p *groupPlan) pieces() (all []groupPiece) {
	for _, s := range p.stages {
		all = append(all, s.pieces...)
	}
	return all
}

func (p *groupPlan) releasePieces() {
	for _, piece := range p.pieces() {
		release(piece.plans)
	}
}

// note keeps what an operation has to do with others than the member that runs it.
func (s *groupStage) note(op Op) {
	for _, m := range written(op) {
		s.written = append(s.written, m.(*groupMatrix).groupRows)
	}
	all, _ := parametersOf(op)
	switch o := op.(type) {
	case Accumulate:
		s.adds = append(s.adds, newGroupAdd(o.Delta, o.Sum, o.Layer, o.Fresh))
		return
	case LayerNormDelta:
		for _, l := range addedLayers(op) {
			s.adds = append(s.adds, newGroupAdd(o.Delta, o.Sum, l, o.Fresh))
		}
		all = []Parameters{o.Theta}
	case normSums:
		for _, l := range addedLayers(op) {
			s.adds = append(s.adds, newGroupAdd(o.Delta, o.Sum, l, o.Fresh))
		}
		return
	case Cost:
		s.tallies = append(s.tallies, o.Tally.(*groupTally))
	case Penalty:
		s.tallies = append(s.tallies, o.Tally.(*groupTally))
		s.squares = append(s.squares, o.Tally.(*groupTally))
	}
	for _, p := range all {
		own := p.(*groupParameters)
		s.uses = append(s.uses, own)
		switch op.(type) {
		case Forward, HiddenDelta, LayerNorm, LayerNormDelta, BatchNorm, normGiven, normBack:
			s.rows = append(s.rows, own)
		case Penalty:
		default:
			s.changes = append(s.changes, own)
		}
	}
}

func newGroupAdd(delta Matrix, to Parameters, layer int, fresh bool) groupAdd {
	m, sum := delta.(*groupMatrix), to.(*groupParameters)
	a := groupAdd{sum: sum, layer: layer, fresh: fresh, has: make([]bool, len(sum.parts))}
	for k := range a.has {
		_, rows := m.share(k)
		a.has[k] = rows > 0
	}
	return a
}

func (p *groupPlan) Launches() (launches int) {
	for _, piece := range p.pieces() {
		for _, plan := range piece.plans {
			if plan != nil {
				launches += plan.Launches()
			}
		}
	}
	return launches
}

func (p *groupPlan) Release() {
	p.released = true
	delete(p.owner.plans, p)
	p.releasePieces()
}
