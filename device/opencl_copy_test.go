package device

import (
	"testing"

	"github.com/clprop/clprop/cl/cltest"
	"github.com/clprop/clprop/kernels"
)

// The weights of a layer that is larger than the staging memory lie where the kernels
// look for them, and come back: pieces that end within a panel and within a row of
// panels, the bias in any of them.
func TestLargeLayers(t *testing.T) {
	for _, family := range []kernels.Family{kernels.Block, kernels.Tile} {
		found, err := OpenWith("cpu", Options{Family: family})
		if err != nil {
			cltest.Missing(t, err)
		}
		e := found.(*opencl)
		for _, s := range []Shape{{In: 701, Out: 1601}, {In: 90_001, Out: 13}, {In: 16, Out: 70_001}, {In: 1, Out: 1}} {
			p, err := e.NewParameters([]Shape{s})
			if err != nil {
				t.Fatal(err)
			}
			weights, bias := make([]float32, s.In*s.Out), make([]float32, s.Out)
			for i := range weights {
				weights[i] = float32(i + 1)
			}
			for i := range bias {
				bias[i] = -float32(i + 1)
			}
			if err := e.WriteParameters(p, 0, weights, bias); err != nil {
				t.Fatal(err)
			}
			w := p.(*openclParameters).layers[0]
			raw := make([]float32, w.Panels()*w.Panel)
			if err := e.read("read", w.Buf, 0, raw); err != nil {
				t.Fatal(err)
			}
			gotW, gotB := make([]float32, len(weights)), make([]float32, len(bias))
			if err := e.ReadParameters(gotW, gotB, p, 0); err != nil {
				t.Fatal(err)
			}
			filled := 0
			for o := range s.Out {
				for i := range s.In {
					if v := weights[o*s.In+i]; raw[w.Index(i, o)] != v || gotW[o*s.In+i] != v {
						t.Fatalf("%s, %v: weight (%d, %d) is %v, lies as %v, comes back as %v", family, s, o, i, v, raw[w.Index(i, o)], gotW[o*s.In+i])
					}
				}
				if raw[w.Index(s.In, o)] != bias[o] || gotB[o] != bias[o] {
					t.Fatalf("%s, %v: bias %d is %v, lies as %v, comes back as %v", family, s, o, bias[o], raw[w.Index(s.In, o)], gotB[o])
				}
			}
			for _, v := range raw {
				if v != 0 {
					filled++
				}
			}
			if want := len(weights) + len(bias); filled > want { // padding is 0
				t.Errorf("%s, %v: %d values, want at most %d", family, s, filled, want)
			}
			p.Release()
		}
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	}
}
