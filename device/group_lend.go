package device

// packed reports whether a layer lies in the same way on all members, and can be summed as
// it lies: then nothing is rearranged on the way to the host and back.
func (g *group) packed(p *groupParameters, layer int) bool {
	first, ok := p.parts[0].(*openclParameters)
	if !ok {
		return false
	}
	w := first.layers[layer]
	for _, part := range p.parts[1:] {
		own, ok := part.(*openclParameters)
		if !ok || own.layers[layer].NR != w.NR || own.layers[layer].Panel != w.Panel {
			return false
		}
	}
	return true
}

// lend gives the host a layer of member k. Packed or not, weights come before biases or among
// them: a sum does not care.
func (g *group) lend(k int, p *groupParameters, layer int) (loan, error) {
	host := func(floats int) []float32 { return p.staging(k, layer, floats) }
	if g.packed(p, layer) {
		return g.members[k].(*opencl).lend(p.parts[k].(*openclParameters), layer, host)
	}
	s := p.shapes[layer]
	l := copied{g.members[k], p.parts[k], layer, host(s.Out*s.In + s.Out)}
	return l, l.read()
}

// staging is host memory for a copy of a layer of member k, with what was left there.
func (p *groupParameters) staging(k, layer, floats int) []float32 {
	if p.host[k] == nil {
		p.host[k] = make([][]float32, len(p.shapes))
	}
	if len(p.host[k][layer]) != floats {
		p.host[k][layer] = make([]float32, floats)
	}
	return p.host[k][layer]
}

// copied is a loan of weights and then biases, as ReadParameters has them.
type copied struct {
	engine Engine
	of     Parameters
	layer  int
	values []float32
}

func (l copied) weights() int { s := l.of.Shapes()[l.layer]; return s.In * s.Out }

func (l copied) read() error {
	n := l.weights()
	return l.engine.ReadParameters(l.values[:n], l.values[n:], l.of, l.layer)
}

func (l copied) wait() ([]float32, error) { return l.values, nil }

func (copied) release() {}

func (l copied) giveBack() error {
	n := l.weights()
	return l.engine.WriteParameters(l.of, l.layer, l.values[:n], l.values[n:])
}
