package trainer

import (
	"errors"
	"fmt"
	"sort"

	"github.com/clprop/clprop/device"
	"github.com/clprop/clprop/trainer/data"
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

// sized is an engine with the limits of another.
type sized struct {
	device.Engine
	info device.Info
}

func (s sized) Info() device.Info { return s.info }

// needs returns how many bytes prepare will take for a batch size, exactly: it is
// prepare on an engine that only counts.
func (f *fit) needs(batch int, train, validation *data.Set) (int64, error) {
	t := *f.Trainer
	t.eng = sized{f.eng.Sizing(), f.eng.Info()}
	try := &fit{Trainer: &t, config: f.config, memory: memory{eng: t.eng}}
	try.config.BatchSize = batch
	before := t.eng.Counters().Allocated
	err := try.prepare(train, validation)
	return t.eng.Counters().Allocated - before, err
}

// checkFits compares what is needed with what the device has, before anything is
// allocated, and names the batch that fits.
func (f *fit) checkFits(train, validation *data.Set) error {
	info := f.eng.Info()
	if info.TotalMemory == 0 { // not limited
		return nil
	}
	available := info.TotalMemory - f.eng.Counters().Allocated
	batch := f.config.BatchSize
	needed, err := f.needs(batch, train, validation)
	var refused *device.MemoryError
	if err != nil && !errors.As(err, &refused) {
		return err
	}
	if err == nil && needed <= available {
		return nil
	}
	// The first batch size from the top that fits: what is needed grows with it.
	below := sort.Search(batch-1, func(i int) bool {
		n, err := f.needs(batch-1-i, train, validation)
		return err == nil && n <= available
	})
	advice := "no batch fits: make the layers smaller"
	if fits := batch - 1 - below; fits > 0 {
		advice = fmt.Sprintf("a batch of %d fits", fits)
	}
	if err != nil {
		return fmt.Errorf("network %v with batch %d: %w: %s: %w", f.net, batch, ErrMemory, advice, err)
	}
	return fmt.Errorf("network %v with batch %d: %w: needs %s more, %s has %s left of %s: %s",
		f.net, batch, ErrMemory, device.FormatBytes(needed), info.Name, device.FormatBytes(available), device.FormatBytes(info.TotalMemory), advice)
}
