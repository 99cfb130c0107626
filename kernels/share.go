package kernels

import (
	"fmt"

	"github.com/clprop/clprop/cl"
)

// EnqueueShare queues the share of part k of a device that was cut into parts of so many
// compute units: some of the work-groups, which all parts together have once each. It
// begins when the given events have ended. Without a share there is no event. units must be
// the same each time.
//
// Of a joined launch the share of part 0 comes first, and takes the runs that wait, see Hold, for
// all parts: between runs their workers wait for each other by the state that they share, as those
// of one device do.
//
// The groups are divided along the last dimension that has one for each part, and not
// along dimension 0 where its size counts.
func (l *Launch) EnqueueShare(q *cl.CommandQueue, units []int, k int, after []*cl.Event) (*cl.Event, error) {
	if l.shares == nil {
		var err error
		if l.shares, err = l.divide(units); err != nil {
			return nil, fmt.Errorf("kernel %s: %w", l.Name, err)
		}
	}
	if l.shares[k] == nil {
		return nil, nil
	}
	if k == 0 {
		if err := l.arm(); err != nil {
			return nil, err
		}
	}
	event, err := q.LaunchAfter(l.kernel.Kernel, l.shares[k], after)
	if err != nil {
		return nil, fmt.Errorf("kernel %s, part %d: %w", l.Name, k, err)
	}
	return event, nil
}

// divide returns the index space of each part; nil for one that has nothing to do, which
// the first never is.
func (l *Launch) divide(units []int) ([]*cl.NDRange, error) {
	shares := make([]*cl.NDRange, len(units))
	along, groups := l.divided(len(units))
	if groups < len(units) {
		shares[0] = l.shape // too little to do to be worth it
		return shares, nil
	}
	all := 0
	for _, n := range units {
		all += n
	}
	from, end := 0, 0
	for k, n := range units {
		end += n
		// Rounded up, so that each part has a group if all have as many units.
		to := ceilDiv(groups*end, all)
		if to == from {
			continue
		}
		global, offset := append([]int{}, l.global...), make([]int, len(l.global))
		global[along], offset[along] = (to-from)*l.local[along], from*l.local[along]
		var err error
		if shares[k], err = cl.NewNDRangeFrom(offset, global, l.local); err != nil {
			return nil, err
		}
		from = to
	}
	return shares, nil
}

// divided returns the dimension to divide among n parts, and how many groups it has.
func (l *Launch) divided(n int) (along, groups int) {
	least := 0
	if l.strides {
		least = 1
	}
	for d := len(l.global) - 1; d >= least; d-- {
		if g := l.global[d] / l.local[d]; g > groups {
			if along, groups = d, g; g >= n {
				break
			}
		}
	}
	return along, groups
}
