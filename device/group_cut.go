package device

import "slices"

// sumCut are operations of a stage, and the layers of Δ that are complete after them.
type sumCut struct {
	ops    []Op
	layers []addedLayer
}

type addedLayer struct {
	of    Parameters
	layer int
}

// cutForSums cuts the operations of a stage where so many values of sums, which the next stage
// takes, are complete that it pays to add them up while the devices go on: leastBucket of
// them. There is at least one cut, and the last has what the rest adds to.
func cutForSums(ops []Op, sums []Parameters) []sumCut {
	complete := map[addedLayer]int{} // the last operation that adds to it
	for i, op := range ops {
		for _, l := range layersAddedBy(op, sums) {
			complete[l] = i
		}
	}
	cuts, values := []sumCut{{}}, 0
	for i, op := range ops {
		now := &cuts[len(cuts)-1]
		now.ops = append(now.ops, op)
		for _, l := range layersAddedBy(op, sums) {
			if complete[l] != i {
				continue
			}
			delete(complete, l)
			now.layers = append(now.layers, l)
			s := l.of.Shapes()[l.layer]
			values += (s.In + 1) * s.Out
		}
		if values >= leastBucket && len(complete) > 0 {
			cuts, values = append(cuts, sumCut{}), 0
		}
	}
	return cuts
}

// layersAddedBy are the layers of sums that an operation adds to.
func layersAddedBy(op Op, sums []Parameters) (layers []addedLayer) {
	if to := addsTo(op); to != nil && slices.Contains(sums, to) {
		for _, l := range addedLayers(op) {
			layers = append(layers, addedLayer{to, l})
		}
	}
	return layers
}
