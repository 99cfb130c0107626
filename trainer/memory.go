package trainer

import (
	"fmt"

	"github.com/clprop/clprop/device"
)

// memory is what was allocated on an engine for one purpose. It keeps the first
// error, after which its methods do nothing and return nil, so that a list of
// allocations is checked once at its end; release gives everything back.
type memory struct {
	eng  device.Engine
	held []interface{ Release() }
	err  error
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
	for l, size := range net.Sizes[1:] {
		u.a = append(u.a, m.matrix(fmt.Sprintf("a(%d)", l+2), batch, size))
		if back && net.Hidden.NeedsZ() && l < len(net.Sizes)-2 {
			u.kept = append(u.kept, m.matrix(fmt.Sprintf("z(%d)", l+2), batch, size))
		}
		if back {
			u.delta = append(u.delta, m.matrix(fmt.Sprintf("δ(%d)", l+2), batch, size))
		}
	}
	u.z = m.matrix("z(L)", batch, net.outputs())
	return u
}

// release gives back everything held, the newest first. It is safe to call twice.
func (m *memory) release() {
	for i := len(m.held) - 1; i >= 0; i-- {
		m.held[i].Release()
	}
	m.held = nil
}

// Bytes estimates the device memory that Fit takes for a network and a batch
// size: Θ, Δ and D, which is all that sgd needs; other optimizers take as much as Θ
// again for each moment; the activations and errors of a batch, its inputs and
// labels, and, if rows is not 0, the rows examples of a resident training set; not
// the weights of examples, 4 bytes each. A device pads what it stores, so it takes a little more.
func Bytes(net *Network, batch, rows int) int64 {
	perExample := int64(net.Sizes[0] + net.outputs())
	inputs := int64(1)
	if rows == 0 {
		inputs = 2 // streamed: one is filled while the other is worked on
	}
	units := int64(net.outputs())
	for l, size := range net.Sizes[1:] {
		units += 2 * int64(size)
		if net.Hidden.NeedsZ() && l < len(net.Sizes)-2 {
			units += int64(size)
		}
	}
	values := 3*int64(net.Parameters()) + int64(batch)*(units+inputs*perExample) + int64(rows)*(perExample+1)
	return 4 * values
}

// checkFits compares Bytes with what the device has, before anything is
// allocated, and names the batch that fits.
func (t *Trainer) checkFits(batch int, c Config) error {
	total := t.eng.Info().TotalMemory
	if total == 0 { // not limited
		return nil
	}
	theta := 4 * int64(t.net.Parameters()) // allocated by New
	available := total - t.eng.Counters().Allocated
	moments := theta * int64(len(c.Optimizer.moments()))
	if c.Regularizers.Average > 0 {
		moments += theta // the mean
	}
	needed := Bytes(t.net, batch, 0) - theta + moments
	if needed <= available {
		return nil
	}
	perExample := Bytes(t.net, 1, 0) - Bytes(t.net, 0, 0)
	advice := "no batch fits: make the layers smaller"
	if fits := (available - (Bytes(t.net, 0, 0) - theta + moments)) / perExample; fits > 0 {
		advice = fmt.Sprintf("a batch of %d fits", fits)
	}
	return fmt.Errorf("network %v with batch %d: %w: needs %d bytes more, %s has %d left of %d: %s",
		t.net, batch, ErrMemory, needed, t.eng.Info().Name, available, total, advice)
}
