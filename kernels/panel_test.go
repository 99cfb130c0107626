package kernels

import (
	"slices"
	"testing"
)

// TestPanels copies a and δ into panels, looks at every element where the index
// formula puts it, and accumulates from the panels: the same bits as without.
func TestPanels(t *testing.T) {
	eachProduct(t, func(f fixture) {
		if f.set.Tuning.Family != Block {
			return
		}
		for _, n := range f.sizes {
			delta, a := normal(1, n.b, n.out, 1), normal(2, n.b, n.in, 1)
			inDelta, inA := f.matrix(delta), f.matrix(a)
			forA, forDelta := f.set.PanelFloats(inDelta, inA)
			panels := Panels{A: f.scratch(forA), Delta: f.scratch(forDelta)}
			f.run(f.set.PanelA(inA, panels.A))
			f.run(f.set.PanelDelta(inDelta, panels.Delta))
			f.unchanged(inDelta.Buf, inA.Buf)

			width := f.set.aWidth(inA)
			got := f.floats(panels.A, forA)
			for i := range n.b {
				for j := range n.in + 1 {
					want := float32(1) // the column of ones
					if j < n.in {
						want = a.Data[i*n.in+j]
					}
					if v := got[j/width*n.b*width+i*width+j%width]; v != want {
						t.Fatalf("%v: a(%d, %d) is %v in its panel, want %v", n, i, j, v, want)
					}
				}
			}
			width, got = f.set.Tuning.panelWidth(n.out), f.floats(panels.Delta, forDelta)
			for i := range n.b {
				for j := range n.out {
					if v, want := got[j/width*n.b*width+i*width+j%width], delta.Data[i*n.out+j]; v != want {
						t.Fatalf("%v: δ(%d, %d) is %v in its panel, want %v", n, i, j, v, want)
					}
				}
			}

			plain, paneled := f.outputWeights(n.in, n.out), f.outputWeights(n.in, n.out)
			f.run(f.set.Accumulate(inDelta, inA, Panels{}, plain, true))
			f.run(f.set.Accumulate(inDelta, inA, panels, paneled, true))
			if x, y := f.layer(plain), f.layer(paneled); !slices.Equal(x.W.Data, y.W.Data) || !slices.Equal(x.B, y.B) {
				t.Errorf("%v: Δ from panels differs", n)
			}
		}
	})
}
