package device

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
)

var _ Engine = (*columns)(nil)

// How the devices of an engine share the work: Info.Parallel.
const (
	ParallelData   = "data"   // each has all of Θ and its rows of a batch, see NewGroup
	ParallelTensor = "tensor" // each has its columns of every layer and all rows, see NewColumns
)

// LeastColumns is the least units of a layer that NewColumns of 0 gives to a device.
const LeastColumns = 128

// columns is an engine made of engines, its members, for layers that are too wide for the
// memory of one: tensor parallel. The units of a layer are cut into ranges, and member d has
// those of range d: their rows Θ_d of Θ, and those of Δ, D and the moments.
//
//	forward     a_d = g(Θ_d [1; a])                       by member d, for all rows of the batch
//	            a = [a_0, a_1, …]                         gathered by the host, copied to all
//	hidden      p_d = (Θ_dᵀ δ_d without its bias row) ⊙ g′(z)      by member d
//	            δ = (p_0 + p_1) + p_2 …                   on the host, in this order, so that bits repeat
//	accumulate  Δ_d += δ_d [1; a]ᵀ                        by member d, as gradient and update
//
// The columns of a are units of a layer, hence the name. Θ, Δ, D and the moments never move.
// What is not a product, such as the softmax and a mask of Dropout, every member does for
// itself, on whole matrices; Cost the first one alone. Layers of biases alone, of
// normalisations, are the same on all.
//
// Source: M. Shoeybi et al., "Megatron-LM: training multi-billion parameter language models
// using model parallelism", arXiv:1909.08053 (2019), section 3, cuts weights in the same way,
// there two layers at a time, with attention.
type columns struct {
	info    Info
	members []Engine
	least   int  // units of a layer that a member has at least; narrower layers are the first member's
	alike   bool // the members come to the same bits
	sizes   *columns
	lent    map[*columnsRows][]Matrix // parts that a Sizing has counted for what sizes owns

	failed  error // of a member: every call returns it
	closed  bool
	moved   int64       // bytes, see Counters
	staging [][]float32 // one for each member
}

// NewColumns makes one engine of several that splits the layers of a network by columns, the
// units of each, where NewGroup splits batches: a network that is too large for the memory of
// one device fits n of them, and every step moves activations and errors between them, see
// StepTraffic. The members belong to it from then on, and Close closes them. A member has at
// least so many units of a layer, LeastColumns for 0; of layers that are narrower than all
// need, the first member has all. One member is that engine itself.
//
// Each member holds its part of Θ, Δ, D and the moments, and all of the rest. It works in
// float32. The results depend on the number of members, to rounding; they repeat bit for bit.
// A member that is lost ends the engine.
func NewColumns(members []Engine, least int) (Engine, error) {
	switch {
	case len(members) == 0:
		return nil, errors.New("columns: no device given: need at least one")
	case least < 0:
		return nil, fmt.Errorf("columns: at least %d units for a device: need 1 or more, or 0 for %d", least, LeastColumns)
	case len(members) == 1:
		return members[0], nil
	}
	c := &columns{members: slices.Clone(members), least: least, info: describeAll(members), staging: make([][]float32, len(members))}
	if least == 0 {
		c.least = LeastColumns
	}
	c.alike = c.info.Alike()
	c.info.Name, c.info.Parallel = c.info.Name+", layers split by columns", ParallelTensor
	return c, nil
}

// ByColumns splits layers by columns over the devices of a group, which must hold nothing yet
// and is no longer to be used: see NewColumns. Any other engine is an error.
func ByColumns(e Engine) (Engine, error) {
	g, ok := e.(*group)
	switch {
	case !ok:
		return nil, fmt.Errorf("%s: it is one device: to split layers by columns name several, such as --device 0,1", e.Info().Name)
	case g.closed:
		return nil, fmt.Errorf("columns: %w", ErrClosed)
	case len(g.objects) > 0 || len(g.plans) > 0:
		return nil, fmt.Errorf("%s: it holds matrices or weights: release them before its layers are split by columns", g.info.Name)
	}
	c, err := NewColumns(g.members, 0)
	if err == nil {
		g.closed, g.members = true, nil
	}
	return c, err
}

// cut is where the columns of each member begin: member d has those from cut[d] up to, and
// without, cut[d+1]. It depends on nothing but their number, so that what one operation
// writes lies as another reads it. Ranges begin at multiples of 16, or of the least that a
// member has if that is less, which vectors and lines of cache like.
func (c *columns) cut(cols int) []int {
	n := len(c.members)
	list := make([]int, n+1)
	for d := 1; d <= n; d++ {
		list[d] = cols
	}
	if cols < n*c.least {
		return list
	}
	block := min(16, c.least)
	for d := 1; d < n; d++ {
		list[d] = d * cols / n / block * block
	}
	return list
}

// narrow reports whether the first member has all columns.
func narrow(cut []int) bool { return cut[1] == cut[len(cut)-1] }

func (c *columns) Info() Info { return c.info }

// Counters are sums over the members, and Allocated as that of a group.
func (c *columns) Counters() Counters {
	sum := counters(c.members)
	sum.Moved = c.moved
	return sum
}

// Sizing counts what the members would hold.
func (c *columns) Sizing() Engine {
	d := &columns{info: c.info, least: c.least, alike: c.alike, sizes: c, lent: map[*columnsRows][]Matrix{}}
	for _, m := range c.members {
		d.members = append(d.members, m.Sizing())
	}
	return d
}

// ready says why the engine takes no more work, if it does not.
func (c *columns) ready(op string) error {
	if c.closed {
		return fmt.Errorf("%s: %w", op, ErrClosed)
	}
	return c.failed
}

// each calls do for every member at the same time, and returns the first error in their
// order, which is kept if a member is lost.
func (c *columns) each(do func(d int) error) error {
	err := cmp.Or(atOnce(len(c.members), do)...)
	if errors.Is(err, ErrLost) {
		c.failed = cmp.Or(c.failed, err)
	}
	return err
}

func (c *columns) Sync() error {
	if err := c.ready("sync"); err != nil {
		return err
	}
	return c.each(func(d int) error { return c.members[d].Sync() })
}

func (c *columns) Close() error {
	c.closed = true
	return cmp.Or(atOnce(len(c.members), func(d int) error { return c.members[d].Close() })...)
}
