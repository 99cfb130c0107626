package kernels

import (
	"maps"
	"slices"

	"github.com/clprop/clprop/cl"
)

// numbered are launches that read the rows of a batch by number, where a Gather would copy them from, and which Gather
// that is: what another core has copied comes late, and many read it.
type numbered map[int]int

// rowsByNumber are those of joined launches. Nobody but these needs what the Gather would write, but after the last
// run, which it then follows.
func rowsByNumber(launches []*Launch) numbered {
	all := numbered{}
	for g, l := range launches {
		if l.Name == "gather" && l.number(gatherFrom) != nil {
			for _, n := range readersByNumber(launches, g) {
				all[n] = g
			}
		}
	}
	return all
}

// gathers are those that come after the last run.
func (n numbered) gathers() []int { return slices.Compact(slices.Sorted(maps.Values(n))) }

// readersByNumber are the launches that read the batch of Gather number g, if that is all that is done with it, behind the
// Gather, and all can do it by number.
func readersByNumber(launches []*Launch, g int) (all []int) {
	gather := launches[g]
	batch := gather.values[gatherBatch].(*cl.MemObject)
	for n, l := range launches {
		switch reads := l.has(batch); {
		case n == g:
		case slices.ContainsFunc(l.written(), gather.has), reads && (n < g || !l.byNumberOnly(batch)):
			return nil
		case reads:
			all = append(all, n)
		}
	}
	return all
}

// byNumberOnly reports whether a matrix is an argument of a launch only where that can read its rows by number.
func (l *Launch) byNumberOnly(matrix *cl.MemObject) bool {
	at := slices.Index(l.values, any(matrix))
	return l.byNumber != 0 && at == l.byNumber && !slices.Contains(l.values[at+1:], any(matrix))
}
