package kernels

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/clprop/clprop/cl"
)

// A chain is some launches, by their numbers, of which each needs no more of those before it than the
// same rows of the batch: who has done some rows of the first goes on with the second, and waits for
// nobody. Or it is a copy in panels and the product that reads them, of which each needs one panel. A launch that goes
// by anything else is a chain by itself.
type chain []int

// A phase is chains that need nothing of each other.
type phase []chain

// What is small can come earlier than where it stands, beside what it does not need; what is large stays
// where its core finds in the caches what it had before. A product is in a chain where its weights are
// near, and either there are blocks enough for all workers or it is short for one.
const (
	smallBytes  = 1 << 16
	smallFLOPs  = 1 << 18
	nearWeights = 1 << 16 // bytes
)

// Nor is a longer product done by panels, of which there are few to take from each other.
const panelFLOPs = 1 << 21

// inPhases puts launches into phases, each behind all whose results it needs.
func inPhases(launches []*Launch, workers int) []phase {
	var phases []phase
	for _, n := range whenNeeded(launches) {
		l := launches[n]
		last := len(phases) - 1 // of the phases that it needs
		for last >= 0 && !l.needsAny(launches, phases[last]) {
			last--
		}
		switch {
		case extend(phases[max(last, 0):], launches, n, workers):
		case last+1 < len(phases) && (chain{n}).small(launches) && !phases[last+1].onAMX(launches):
			phases[last+1] = append(phases[last+1], chain{n})
		default:
			phases = append(phases, phase{chain{n}})
		}
	}
	return phases
}

// whenNeeded are the launches in an order of the same results: each Gather comes right before what needs it, and can be
// one chain with that. Those of rows that are read by number are not among them.
func whenNeeded(launches []*Launch) (order []int) {
	later := rowsByNumber(launches).gathers()
	var waiting chain
	for n, l := range launches {
		for _, g := range waiting {
			if l.needs(launches, chain{g}) {
				order = append(order, g)
			}
		}
		waiting = slices.DeleteFunc(waiting, func(g int) bool { return slices.Contains(order, g) })
		switch {
		case slices.Contains(later, n):
		case l.Name == "gather":
			waiting = append(waiting, n)
		default:
			order = append(order, n)
		}
	}
	return append(order, waiting...)
}

// onAMX reports whether a phase has a product of amx.cl, whose few work-items should be all that there is to take.
func (p phase) onAMX(launches []*Launch) bool {
	return slices.ContainsFunc(p, func(c chain) bool { return launches[c[0]].room != nil })
}

// extend puts launch n at the end of the first chain with which it can be one, in a phase where it needs
// no other.
func extend(phases []phase, launches []*Launch, n, workers int) bool {
	for _, p := range phases {
		for i, c := range p {
			longer, others := append(slices.Clone(c), n), slices.Delete(slices.Clone(p), i, i+1)
			if (longer.byRows(launches, workers) || longer.byPanels(launches, workers)) && !launches[n].needsAny(launches, others) {
				p[i] = longer
				return true
			}
		}
	}
	return false
}

// needsAny reports whether a launch needs some chain of a phase.
func (l *Launch) needsAny(launches []*Launch, p phase) bool {
	return slices.ContainsFunc(p, func(c chain) bool { return l.needs(launches, c) })
}

// needs reports whether a launch cannot come before those of a chain: one writes what the other has. No
// two buffers are parts of one.
func (l *Launch) needs(launches []*Launch, c chain) bool {
	return slices.ContainsFunc(c, func(n int) bool {
		before := launches[n]
		return slices.ContainsFunc(l.written(), before.has) || slices.ContainsFunc(before.written(), l.has)
	})
}

// written are the buffers that a launch may write.
func (l *Launch) written() (all []*cl.MemObject) {
	if l.writes != nil && l.room != nil {
		return append(slices.Clone(l.writes), l.room)
	}
	if l.writes != nil {
		return l.writes
	}
	for _, value := range l.values {
		if buf, ok := value.(*cl.MemObject); ok {
			all = append(all, buf)
		}
	}
	return all
}

func (l *Launch) has(buf *cl.MemObject) bool { return slices.Contains(l.values, any(buf)) }

// byRows reports whether launches can be a chain: none reads other rows of what another writes.
func (c chain) byRows(launches []*Launch, workers int) bool {
	block := c.block(launches)
	for _, n := range c {
		l := launches[n]
		if l.rowBlock == 0 || l.rowBlock != block && l.rowBlock != 1 {
			return false
		}
		for _, m := range c {
			if m != n && l.anyRow != nil && slices.Contains(launches[m].written(), l.anyRow) {
				return false
			}
		}
		if l.product && (l.anyRow.Size() > nearWeights || l.global[0] < 2*workers && l.FLOPs > smallFLOPs) {
			return false
		}
	}
	return true
}

// byPanels reports whether launches are a copy and the product that reads it, and who makes a panel can go on
// with all blocks of the product that are below it: there are as many panels for each worker, or nearly.
func (c chain) byPanels(launches []*Launch, workers int) bool {
	if len(c) != 2 {
		return false
	}
	copied, product := launches[c[0]], launches[c[1]]
	if !copied.byPanel || !product.product || product.FLOPs > panelFLOPs {
		return false
	}
	panels := copied.global[0]
	return slices.Contains(copied.writes, product.anyRow) && product.global[1] == panels &&
		(panels%workers == 0 || panels >= 8*workers)
}

// block is how many rows of the batch a work-item of a chain does.
func (c chain) block(launches []*Launch) int {
	block := 0
	for _, n := range c {
		block = max(block, launches[n].rowBlock)
	}
	return block
}

// bytes is what the launches of a chain must move.
func (c chain) bytes(launches []*Launch) (all float64) {
	for _, n := range c {
		all += launches[n].Bytes
	}
	return all
}

// small reports whether no launch of a chain is long.
func (c chain) small(launches []*Launch) bool {
	return !slices.ContainsFunc(c, func(n int) bool { return launches[n].Bytes > smallBytes || launches[n].FLOPs > smallFLOPs })
}

// writePhase writes the call of a phase, whose work-items are those of its chains: RUN_n does one of launch n. What is small
// comes behind the parts that are cut into ranges, so that of the large ones the same is near in all phases.
func writePhase(to *strings.Builder, number int, p phase, launches []*Launch) {
	chains := slices.SortedStableFunc(slices.Values(p), func(a, b chain) int { return cmp.Compare(b.bytes(launches), a.bytes(launches)) })
	items, parts := 0, []int{}
	var calls strings.Builder
	for i, c := range chains {
		count := c.write(to, fmt.Sprintf("CHAIN_%d_%d", number, i), launches)
		fmt.Fprintf(&calls, " if (i >= %d && i < %d) CHAIN_%d_%d((i - %d))", items, items+count, number, i, items)
		items += count
		if c.small(launches) && !chains[0].small(launches) {
			continue
		}
		if of := launches[c[0]].parts; of != nil && len(c) == 1 {
			parts = append(parts, of...)
		} else {
			parts = append(parts, count)
		}
	}
	list := strings.TrimPrefix(fmt.Sprintf("%#v", parts), "[]int")
	fmt.Fprintf(to, "#define CHAINS_%d(i) {%s }\n    const int parts_%d[] = %s;\n    PHASE(%d, %d, parts_%d, %d, CHAINS_%d)\n",
		number, calls.String(), number, list, number, items, number, len(parts), number)
}

// write writes a macro that does a work-item of a chain, and returns how many there are.
func (c chain) write(to *strings.Builder, name string, launches []*Launch) (items int) {
	fmt.Fprintf(to, "#define %s(i) {", name)
	defer fmt.Fprintf(to, " }\n")
	block := c.block(launches)
	for _, n := range c {
		l := launches[n]
		shape := l.shapeOf()
		all := l.WorkItems()
		switch {
		case launches[c[0]].byPanel && len(c) > 1:
			at := "i, j"
			if l.product {
				at = "j, i"
			}
			items = launches[c[0]].global[0]
			fmt.Fprintf(to, " for (int j = 0; j < %d; j++) RUN_%d(%s, 0)", all/items, n, at)
		case len(c) == 1:
			fmt.Fprintf(to, " RUN_%d(i %% %d, i / %d %% %d, i / %d)", n, shape[0], shape[0], shape[1], shape[0]*shape[1])
			return all
		case l.product:
			fmt.Fprintf(to, " if (i < %d) for (int j = 0; j < %d; j++) RUN_%d(i, j, 0)", shape[0], shape[1], n)
			items = max(items, shape[0])
		default:
			fmt.Fprintf(to, " for (int j = i * %d; j < min(i * %d + %d, %d); j++) RUN_%d(j %% %d, j / %d %% %d, 0)",
				block, block, block, all, n, shape[0], shape[0], shape[1])
			items = max(items, ceilDiv(all, block))
		}
	}
	return items
}
