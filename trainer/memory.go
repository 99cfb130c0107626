package trainer

import (
	"fmt"

	"github.com/clprop/clprop/device"
)

// memory is what was allocated on an engine for one purpose. It keeps the first
// error, after which its methods do nothing and return nil, so that a list of
// allocations is checked once at its end; release gives everything back.
type memory struct {
	eng   device.Engine
	ranks ranks // that share the batches of a pass
	half  bool  // what may be halves is
	held  []interface{ Release() }
	err   error
}

// hold keeps what was allocated, or the error wrapped with what it was for.
func hold[T interface{ Release() }](m *memory, what string, allocate func() (T, error)) (object T) {
	if m.err != nil {
		return object
	}
	made, err := allocate()
	if err != nil {
		m.err = fmt.Errorf("%s: %w", what, err)
		return object
	}
	m.held = append(m.held, made)
	return made
}

func (m *memory) matrix(what string, rows, cols int) device.Matrix {
	return hold(m, "allocating "+what, func() (device.Matrix, error) { return m.eng.NewMatrix(rows, cols) })
}

func (m *memory) parameters(what string, shapes []device.Shape) device.Parameters {
	return hold(m, "allocating "+what, func() (device.Parameters, error) { return m.eng.NewParameters(shapes) })
}

func (m *memory) index(what string, n int) device.Index {
	return hold(m, "allocating "+what, func() (device.Index, error) { return m.eng.NewIndex(n) })
}

func (m *memory) tally() device.Tally {
	return hold(m, "allocating the sums of the loss", m.eng.NewTally)
}

func (m *memory) plan(what string, ops ...device.Op) device.Plan {
	return hold(m, "preparing "+what, func() (device.Plan, error) { return m.eng.Prepare(ops...) })
}

// units allocates the activations of up to batch examples, and their errors if
// there will be a way back.
func (m *memory) units(net *Network, batch int, back bool) units {
	var u units
	last := len(net.Sizes) - 2
	for l, size := range net.Sizes[1:] {
		allocate := m.stored
		if l == last {
			allocate = m.matrix // h, of which the loss is
		}
		u.a = append(u.a, allocate(fmt.Sprintf("a(%d)", l+2), batch, size))
		if back && net.Hidden.NeedsZ() && l < last {
			u.kept = append(u.kept, m.stored(fmt.Sprintf("z(%d)", l+2), batch, size))
		}
		if back {
			u.delta = append(u.delta, m.stored(fmt.Sprintf("δ(%d)", l+2), batch, size))
		}
	}
	u.z = m.matrix("z(L)", batch, net.outputs())
	if back {
		u.normed = m.normed(net, batch)
	}
	for _, n := range u.normed {
		if m.half {
			u.full = append(u.full, n.z)
		}
	}
	return u
}

// reads holds a pass whose set may be read from a file until the end.
func (m *memory) reads(p *pass) {
	if p != nil && p.stream != nil {
		m.held = append(m.held, p.stream)
	}
}

// release gives back everything held, the newest first. It is safe to call twice.
func (m *memory) release() {
	for i := len(m.held) - 1; i >= 0; i-- {
		m.held[i].Release()
	}
	m.held = nil
}

// sized is an engine with the limits of another.
type sized struct {
	device.Engine
	info device.Info
}

func (s sized) Info() device.Info { return s.info }
