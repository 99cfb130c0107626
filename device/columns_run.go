package device

import "fmt"

// Run runs stage after stage on all members. It returns when the last is queued. What can be
// wrong with it is found before anything is done.
func (p *columnsPlan) Run() error {
	if err := p.runnable(); err != nil {
		return err
	}
	for _, s := range p.stages {
		if err := p.owner.run(s); err != nil {
			return err
		}
	}
	for _, own := range p.copied {
		if err := p.owner.copyFirst(own); err != nil {
			return err
		}
	}
	return nil
}

func (p *columnsPlan) runnable() error {
	c := p.owner
	if err := c.ready("run"); err != nil {
		return err
	}
	if p.released {
		return fmt.Errorf("run: plan %w", ErrReleased)
	}
	for _, o := range p.operands {
		if err := o.usable(c); err != nil {
			return fmt.Errorf("run: %w", err)
		}
	}
	for _, o := range p.gathers {
		x := o.Index.(*columnsIndex)
		if err := checkGather(o.From, o.Dst.Rows(), x.n, x.low, x.top, o.Src.Rows()); err != nil {
			return fmt.Errorf("run: %w", err)
		}
	}
	return nil
}

// run is a stage: what it needs is brought to the members, and what it leaves in pieces is
// summed.
func (c *columns) run(s *columnsStage) error {
	for _, need := range s.needs {
		moved, err := need.r.bring(need.form, 0, need.rows)
		if c.moved += moved; err != nil {
			return err
		}
	}
	err := c.each(func(d int) error {
		if s.plans[d] == nil {
			return nil
		}
		return s.plans[d].Run()
	})
	if err != nil {
		return err
	}
	for _, w := range s.writes {
		if w.form != inHost {
			w.r.wrote(w.form, 0, w.rows)
		}
	}
	for _, sum := range s.sums {
		if err := sum.r.sum(sum.holders, sum.rows); err != nil {
			return err
		}
	}
	if s.clip != nil {
		return s.clip.exchange(c)
	}
	return nil
}

// copyFirst gives the other members the first one's values of the layers that all have.
func (c *columns) copyFirst(p *columnsParameters) error {
	for l, s := range p.shapes {
		if !p.replicated(l) {
			continue
		}
		bias := make([]float32, s.Out)
		if err := c.ReadParameters(nil, bias, p, l); err != nil {
			return err
		}
		if err := c.WriteParameters(p, l, nil, bias); err != nil {
			return err
		}
	}
	return nil
}
