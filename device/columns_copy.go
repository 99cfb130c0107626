package device

import "slices"

// take finds the matrix of a copy of n values from row on.
func (c *columns) take(op string, m Matrix, row, n int) (*columnsMatrix, error) {
	own, err := take[*columnsMatrix](c, op, m)
	if err != nil {
		return nil, err
	}
	return own, checkRows(op, own, row, n)
}

func (c *columns) Write(dst Matrix, row int, src []float32) error {
	m, err := c.take("write", dst, row, len(src))
	if err != nil {
		return err
	}
	m.wrote(inWhole, row, row+len(src)/m.cols)
	return c.each(func(d int) error { return c.members[d].Write(m.whole[d], row, src) })
}

func (c *columns) Read(dst []float32, src Matrix, row int) error {
	m, err := c.take("read", src, row, len(dst))
	if err != nil {
		return err
	}
	to := row + len(dst)/m.cols
	if len(m.valid[inWhole].gaps(row, to)) == 0 { // as of a large set: no copy of it is kept
		return c.each(func(d int) error {
			if d > 0 {
				return nil
			}
			return c.members[0].Read(dst, m.whole[0], row)
		})
	}
	if _, err := m.bring(inHost, row, to); err != nil {
		return err
	}
	copy(dst, m.host[row*m.cols:])
	return nil
}

// Upload sends all rows to every member.
func (c *columns) Upload(dst Matrix, src []float32) (Transfer, error) {
	m, err := c.take("upload", dst, 0, len(src))
	if err != nil {
		return nil, err
	}
	rows := len(src) / m.cols
	m.wrote(inWhole, 0, rows)
	list := make(transfers, len(c.members))
	err = c.each(func(d int) (err error) {
		list[d], err = c.members[d].Upload(m.whole[d].Head(rows), src)
		return err
	})
	return list, err
}

// layer finds one layer that the host slices fit.
func (c *columns) layer(op string, of Parameters, layer int, weights, bias []float32) (*columnsParameters, error) {
	p, err := take[*columnsParameters](c, op, of)
	if err != nil {
		return nil, err
	}
	return p, checkLayer(op, p, layer, len(weights), len(bias))
}

// inRows calls do for every member that has units of a layer, with those of the host slices.
func (c *columns) inRows(p *columnsParameters, layer int, weights, bias []float32, do func(d, local int, weights, bias []float32) error) error {
	in := p.shapes[layer].In
	return c.each(func(d int) error {
		local := p.local[d][layer]
		if local < 0 {
			return nil
		}
		from, to := p.rows(d, layer)
		return do(d, local, weights[from*in:to*in], bias[from:to])
	})
}

func (c *columns) WriteParameters(dst Parameters, layer int, weights, bias []float32) error {
	p, err := c.layer("write parameters", dst, layer, weights, bias)
	if err != nil {
		return err
	}
	return c.inRows(p, layer, weights, bias, func(d, local int, weights, bias []float32) error {
		return c.members[d].WriteParameters(p.parts[d], local, weights, bias)
	})
}

// ReadParameters puts the rows of the members together; of what all have it reads the first
// member's.
func (c *columns) ReadParameters(weights, bias []float32, src Parameters, layer int) error {
	p, err := c.layer("read parameters", src, layer, weights, bias)
	if err != nil {
		return err
	}
	return c.inRows(p, layer, weights, bias, func(d, local int, weights, bias []float32) error {
		if d > 0 && p.replicated(layer) {
			return nil
		}
		return c.members[d].ReadParameters(weights, bias, p.parts[d], local)
	})
}

func (c *columns) WriteIndex(dst Index, rows []int32) error {
	x, err := take[*columnsIndex](c, "write index", dst)
	if err != nil {
		return err
	}
	if err := checkIndex("write index", x, len(rows)); err != nil {
		return err
	}
	x.low, x.top = slices.Min(rows), slices.Max(rows)
	return c.each(func(d int) error { return c.members[d].WriteIndex(x.parts[d], rows) })
}

// ReadTally adds the sums of weights, in the order of the members, to what the first has.
func (c *columns) ReadTally(t Tally) (Sums, error) {
	own, err := take[*columnsTally](c, "read tally", t)
	if err != nil {
		return Sums{}, err
	}
	all := make([]Sums, len(c.members))
	err = c.each(func(d int) (err error) {
		all[d], err = c.members[d].ReadTally(own.parts[d])
		return err
	})
	sums := all[0]
	for _, other := range all[1:] {
		sums.Squares += other.Squares
		sums.Magnitudes += other.Magnitudes
	}
	return sums, err
}

func (c *columns) WriteTally(t Tally, sums Sums) error {
	own, err := take[*columnsTally](c, "write tally", t)
	if err != nil {
		return err
	}
	return c.each(func(d int) error {
		if d > 0 {
			return c.members[d].ResetTally(own.parts[d])
		}
		return c.members[0].WriteTally(own.parts[0], sums)
	})
}

func (c *columns) ResetTally(t Tally) error {
	own, err := take[*columnsTally](c, "reset tally", t)
	if err != nil {
		return err
	}
	return c.each(func(d int) error { return c.members[d].ResetTally(own.parts[d]) })
}
