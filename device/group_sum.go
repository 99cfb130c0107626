package device

import (
	"slices"
	"sync"
)

// Δ is summed while the devices go on. A stage that adds to Δ is cut where some layers of it
// are complete; every member queues all pieces, and has each layer lent to the host when its
// piece is done. What the members found of it is added up in their order, a slice of the
// elements by each member, of which none depends on another:
//
//	member 0   │ piece 1: δ, Δ of the upper layers │ piece 2: of the lower layers │ the update
//	member 1   │ piece 1                           │ piece 2                      │ the update
//	host                                           │ Σ of the upper layers │      │ Σ │
//
// A member never changes more than Δ before the last sum is on the host.

// groupPiece is a part of a stage, and the layers of Δ that are complete after it, to be
// summed.
type groupPiece struct {
	plans  []Plan // by member; nil where it has nothing to do
	layers []*groupLayer
}

// groupLayer is a layer of Δ.
type groupLayer struct {
	of    *groupParameters
	layer int
	views [][]float32 // by member, of those that have added to it, while it is lent to the host
}

func (g *group) newLayer(of *groupParameters, layer int) *groupLayer {
	return &groupLayer{of, layer, make([][]float32, len(g.members))}
}

// sum makes layers of Δ the same on all members.
func (g *group) sum(layers ...*groupLayer) error {
	return g.work([]groupPiece{{plans: make([]Plan, len(g.members)), layers: layers}}, func(int) error { return nil })
}

// groupWork is what the members do at the same time: pieces, and their sums.
type groupWork struct {
	*group
	pieces []groupPiece
	last   func(k int) error // what member k does when its pieces have run, if only in vain
	meeting
}

// work runs pieces on all members, and returns when the sums are on their way back to them.
func (g *group) work(pieces []groupPiece, last func(k int) error) error {
	sums := slices.ContainsFunc(pieces, func(p groupPiece) bool { return len(p.layers) > 0 })
	if sums && len(g.lost) > 0 { // a part of Δ is gone, and an update before it was made
		g.torn = true
		return g.failed
	}
	w := &groupWork{group: g, pieces: pieces, last: last, meeting: newMeeting(len(g.members))}
	if err := g.each(w.member); err != nil {
		return err
	}
	for _, piece := range pieces {
		for _, l := range piece.layers {
			l.of.holders[l.layer] = nil
		}
	}
	return nil
}

// member is the work of one member. If it fails the others do not wait for it.
func (w *groupWork) member(k int) (err error) {
	loans, ended := make([][]loan, len(w.pieces)), 0
	defer func() {
		if err != nil {
			w.leave()
		}
		if ended < len(w.pieces) {
			w.abandon(k, loans[ended:])
		}
	}()
	for i := range w.pieces {
		if loans[i], err = w.begin(k, i); err != nil {
			return err
		}
		for ended <= i && (i == len(w.pieces)-1 || w.computesAtOnce(k)) {
			if met, err := w.end(k, ended, loans[ended]); err != nil || !met {
				return err
			}
			ended++
		}
	}
	return nil
}

// computesAtOnce reports whether a member has done a piece when its plan returns.
func (w *groupWork) computesAtOnce(k int) bool {
	_, queues := w.members[k].(*opencl)
	return !queues
}

// begin queues a piece on member k, and begins to lend its layers to the host.
func (w *groupWork) begin(k, i int) (loans []loan, err error) {
	piece := w.pieces[i]
	if piece.plans[k] != nil {
		if err := piece.plans[k].Run(); err != nil {
			return nil, err
		}
	}
	for _, l := range piece.layers {
		one, err := w.lend(k, l.of, l.layer)
		if err != nil {
			return loans, err
		}
		loans = append(loans, one)
	}
	return loans, nil
}

// end sums the layers of a piece with the other members; met is false if one of them failed.
func (w *groupWork) end(k, i int, loans []loan) (met bool, err error) {
	piece := w.pieces[i]
	all := make([][]float32, len(loans))
	for j, l := range loans {
		if all[j], err = l.wait(); err != nil {
			return false, err
		}
		piece.layers[j].views[k] = all[j]
	}
	if i == len(w.pieces)-1 { // nothing is queued any more
		if err := w.last(k); err != nil {
			return false, err
		}
	}
	if len(loans) == 0 {
		return true, nil
	}
	if !w.meet() {
		return false, nil
	}
	for _, l := range piece.layers {
		l.add(k)
	}
	if !w.meet() {
		return false, nil
	}
	for _, l := range loans {
		if err := l.giveBack(); err != nil {
			return true, err
		}
	}
	return true, nil
}

// abandon ends what member k began, of sums that do not come about: another member failed, or
// it did. Whatever an error says the next call of the engine says too.
func (w *groupWork) abandon(k int, loans [][]loan) {
	for _, list := range loans {
		for _, l := range list {
			if _, err := l.wait(); err == nil {
				_ = l.giveBack()
			}
			l.release()
		}
	}
	_ = w.last(k)
}

// addAtOnce is how many values are added up before the sums are copied: they stay in a cache.
const addAtOnce = 1 << 12

// add makes member k's slice of the elements the sum, on all members.
func (l *groupLayer) add(k int) {
	n, floats, holders := len(l.views), len(l.views[k]), l.of.holders[l.layer]
	from, to := k*floats/n, (k+1)*floats/n
	for ; from < to; from += addAtOnce {
		end := min(to, from+addAtOnce)
		var total []float32
		for m, has := range holders {
			switch part := l.views[m]; {
			case has && total == nil:
				total = part[from:end]
			case has:
				addRows(total, part[from:end])
			}
		}
		for _, view := range l.views {
			if part := view[from:end]; &part[0] != &total[0] {
				copy(part, total)
			}
		}
	}
}

// meeting is where the members wait for each other.
type meeting struct {
	changed             *sync.Cond
	all, here, meetings int
	broken              bool
}

func newMeeting(all int) meeting { return meeting{changed: sync.NewCond(new(sync.Mutex)), all: all} }

// meet returns when all have called it, or with false if one has left.
func (m *meeting) meet() bool {
	m.changed.L.Lock()
	defer m.changed.L.Unlock()
	if m.here++; m.here == m.all {
		m.here = 0
		m.meetings++
		m.changed.Broadcast()
		return !m.broken
	}
	for now := m.meetings; m.meetings == now && !m.broken; {
		m.changed.Wait()
	}
	return !m.broken
}

// leave is for who cannot meet the others any more.
func (m *meeting) leave() {
	m.changed.L.Lock()
	defer m.changed.L.Unlock()
	m.broken = true
	m.changed.Broadcast()
}

// copyFirst gives the other members the first one's values of every layer.
func (g *group) copyFirst(p *groupParameters) error {
	for layer, s := range p.shapes {
		values := p.staging(0, layer, s.Out*s.In+s.Out)
		weights, bias := values[:s.Out*s.In], values[s.Out*s.In:]
		if err := g.on(0, func() error { return g.members[0].ReadParameters(weights, bias, p.parts[0], layer) }); err != nil {
			return err
		}
		err := g.each(func(k int) error {
			if k == 0 {
				return nil
			}
			return g.members[k].WriteParameters(p.parts[k], layer, weights, bias)
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
