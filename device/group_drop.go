package device

import (
	"errors"
	"fmt"
	"slices"
)

// ErrNotDropped is wrapped by the error of a Drop that cannot go on.
var ErrNotDropped = errors.New("cannot go on without it")

// Drop goes on without the members of a group that are lost, which an error that wraps
// ErrLost has told of, and returns them. Parameters, Indexes, Tallies and what Gather reads
// are on the others as of the last plan that was run to its end; matrices of batches are 0,
// and split anew, by the shares of those that are left. Plans stay, and can be run again.
//
// Where e is no group, or none is left, or a member was lost half-way between two steps of
// one plan, the error says so, and e stays as it was.
func Drop(e Engine) (lost []Info, err error) {
	g, ok := e.(*group)
	switch {
	case !ok:
		return nil, fmt.Errorf("%s: %w: it is no group of devices", e.Info().Name, ErrNotDropped)
	case len(g.lost) == 0:
		return nil, fmt.Errorf("%s: %w: no device of it is lost", g.info.Name, ErrNotDropped)
	case len(g.lost) == len(g.members):
		return nil, fmt.Errorf("%s: %w: every device of it is lost", g.info.Name, ErrNotDropped)
	case g.torn:
		return nil, fmt.Errorf("%s: %w: the device was lost between two steps of a plan", g.info.Name, ErrNotDropped)
	}
	slices.Sort(g.lost)
	for _, k := range slices.Backward(g.lost) {
		lost = append([]Info{g.members[k].Info()}, lost...)
		g.remove(k)
	}
	g.lost, g.failed = nil, nil
	if g.shares, err = checkShares(g.shares, len(g.members)); err != nil {
		return lost, err
	}
	g.describe()
	return lost, g.layOut()
}

// remove takes member k out of everything, and closes it: what it says to that is known.
func (g *group) remove(k int) {
	for p := range g.plans {
		for _, piece := range p.pieces() {
			if piece.plans[k] != nil {
				piece.plans[k].Release()
				piece.plans[k] = nil
			}
		}
	}
	for o := range g.objects {
		o.drop(k)
	}
	_ = g.members[k].Close()
	g.members, g.shares = slices.Delete(g.members, k, k+1), slices.Delete(g.shares, k, k+1)
}

// layOut splits every matrix, and prepares every plan, for the members there are.
func (g *group) layOut() error {
	for p := range g.plans {
		p.releasePieces()
	}
	for o := range g.objects {
		r, ok := o.(*groupRows)
		if !ok {
			continue
		}
		release(r.parts)
		if err := r.allocate(); err != nil {
			return err
		}
	}
	for p := range g.plans {
		if err := p.prepare(); err != nil {
			return err
		}
	}
	return nil
}
