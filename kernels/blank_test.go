package kernels

import (
	"math"
	"testing"
)

// Blank writes every float of the buffer: zeros, and 1 in column cols of each row.
func TestBlank(t *testing.T) {
	eachWidth(t, func(f fixture) {
		for _, n := range f.sizes {
			m := Matrix{Rows: n.b, Cols: n.out, LD: LeadingDimension(n.out)}
			floats := m.Floats()
			m.Buf = f.scratch(floats)
			f.run(f.set.Blank(m))
			for at, got := range f.floats(m.Buf, floats) {
				var want float32
				if at/m.LD < m.Rows && at%m.LD == m.Cols {
					want = 1
				}
				if math.Float32bits(got) != math.Float32bits(want) {
					f.Fatalf("%v: float %d (row %d, column %d) is %v, want %v", m, at, at/m.LD, at%m.LD, got, want)
				}
			}
		}
	})
}
