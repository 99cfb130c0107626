package device

import (
	"math/rand/v2"
	"testing"
)

// Spans of rows against a list of rows, by many random changes.
func TestSpans(t *testing.T) {
	const rows = 12
	r := rand.New(rand.NewPCG(1, 2))
	var s spans
	var has [rows]bool
	for range 2000 {
		from := r.IntN(rows)
		to := from + r.IntN(rows-from+1)
		added := r.IntN(2) == 0
		if added {
			s.add(from, to)
		} else {
			s.remove(from, to)
		}
		for i := from; i < to; i++ {
			has[i] = added
		}
		from = r.IntN(rows)
		to = from + r.IntN(rows-from+1)
		missing := [rows]bool{}
		for _, gap := range s.gaps(from, to) {
			if gap[0] >= gap[1] {
				t.Fatalf("%v has an empty gap %v", s, gap)
			}
			for i := gap[0]; i < gap[1]; i++ {
				missing[i] = true
			}
		}
		for i := range rows {
			if want := i >= from && i < to && !has[i]; missing[i] != want {
				t.Fatalf("%v, %v: row %d of %d to %d missing: %v, want %v", s, has, i, from, to, missing[i], want)
			}
		}
	}
}
