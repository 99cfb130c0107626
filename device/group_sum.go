package device

// packed reports whether a layer lies in the same way on all members, and can be summed as
// it lies: then nothing is rearranged on the way to the host and back.
func (g *group) packed(p *groupParameters, layer int) (floats int, ok bool) {
	first, ok := p.parts[0].(*openclParameters)
	if !ok {
		return 0, false
	}
	w := first.layers[layer]
	for _, part := range p.parts[1:] {
		own, ok := part.(*openclParameters)
		if !ok || own.layers[layer].NR != w.NR || own.layers[layer].Panel != w.Panel {
			return 0, false
		}
	}
	return w.Panels() * w.Panel, true
}

// fetch copies a layer of member k to its staging memory, and send copies it back from v.
// Packed or not, weights come before biases or among them: a sum does not care.
func (g *group) fetch(k int, p *groupParameters, layer, floats int, packed bool) error {
	if len(g.staging[k]) < floats {
		g.staging[k] = make([]float32, floats)
	}
	v := g.staging[k][:floats]
	if packed {
		e := g.members[k].(*opencl)
		return e.read("sum", p.parts[k].(*openclParameters).layers[layer].Buf, 0, v)
	}
	s := p.shapes[layer]
	return g.members[k].ReadParameters(v[:s.Out*s.In], v[s.Out*s.In:], p.parts[k], layer)
}

func (g *group) send(k int, p *groupParameters, layer int, v []float32, packed bool) error {
	if packed {
		e := g.members[k].(*opencl)
		return e.write("sum", p.parts[k].(*openclParameters).layers[layer].Buf, 0, v)
	}
	s := p.shapes[layer]
	return g.members[k].WriteParameters(p.parts[k], layer, v[:s.Out*s.In], v[s.Out*s.In:])
}

// sum makes a layer of Δ the same on all members: Σ_k Δ_k, added in the order of the
// members. The sum is shared among them by its elements, of which none depends on another.
func (g *group) sum(p *groupParameters, layer int) error {
	holders := p.holders[layer]
	floats, packed := g.packed(p, layer)
	if s := p.shapes[layer]; !packed {
		floats = s.Out*s.In + s.Out
	}
	g.stage()
	err := g.each(func(k int) error {
		if !holders[k] {
			return nil
		}
		return g.fetch(k, p, layer, floats, packed)
	})
	if err != nil {
		return err
	}
	var total []float32
	var others [][]float32
	for k, has := range holders {
		switch {
		case has && total == nil:
			total = g.staging[k][:floats]
		case has:
			others = append(others, g.staging[k][:floats])
		}
	}
	n := len(g.members)
	_ = g.each(func(k int) error { // adds, which does not fail
		from, to := k*floats/n, (k+1)*floats/n
		for _, part := range others {
			addRows(total[from:to], part[from:to])
		}
		return nil
	})
	p.holders[layer] = nil
	return g.each(func(k int) error { return g.send(k, p, layer, total, packed) })
}

// stage makes room for pointers to the staging memory of each member.
func (g *group) stage() {
	if len(g.staging) != len(g.members) {
		g.staging = make([][]float32, len(g.members))
	}
}

// copyFirst gives the other members the first one's values of a layer.
func (g *group) copyFirst(p *groupParameters) error {
	g.stage()
	for layer, s := range p.shapes {
		floats := s.Out*s.In + s.Out
		if err := g.on(0, func() error { return g.fetch(0, p, layer, floats, false) }); err != nil {
			return err
		}
		err := g.each(func(k int) error {
			if k == 0 {
				return nil
			}
			return g.send(k, p, layer, g.staging[0][:floats], false)
		})
		if err != nil {
			return err
		}
	}
	p.drifted = false
	return nil
}

// clearLayer sets a layer to 0 on one member.
func (g *group) clearLayer(k int, p *groupParameters, layer int) error {
	s := p.shapes[layer]
	return g.on(k, func() error {
		return g.members[k].WriteParameters(p.parts[k], layer, make([]float32, s.Out*s.In), make([]float32, s.Out))
	})
}
