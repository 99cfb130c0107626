package kernels

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/clprop/clprop/cl"
)

// A program that does not compile says in which file: a block height of 3 does not
// exist, and block.cl is used from forward.cl. (The simulator names every file
// input.cl.)
func TestBuildError(t *testing.T) {
	for _, b := range open(t) {
		if b.simulated {
			continue
		}
		s := NewSet(b.context, b.device, Tuning{Family: Block, VW: 4, MRs: []int{3}, NV: 1})
		w := s.NewWeights(2, 2)
		m := Matrix{Rows: 2, Cols: 2, LD: LeadingDimension(2)}
		_, err := s.Forward("linear", m, w, m)
		if !errors.Is(err, cl.ErrBuildProgramFailure) || !strings.Contains(err.Error(), "kernel forward") ||
			!strings.Contains(err.Error(), "forward.cl:") && !strings.Contains(err.Error(), "block.cl:") {
			t.Errorf("%s: %v", b.device.Name(), err)
		}
		s.Release()
	}
}

// Equal kernels are compiled once, and launches outlive their Set.
func TestProgramsShared(t *testing.T) {
	eachWidth(t, func(f fixture) {
		z, out := f.matrix(normal(0, 2, 3, 1)), f.output(2, 3)
		own := NewSet(f.context, f.device, f.set.Tuning)
		first, err := own.OutputDelta(crossEntropy, z, z, out)
		f.ok(err)
		defer first.Release()
		second, err := own.OutputDelta(crossEntropy, out, z, z)
		f.ok(err)
		second.Release()
		if len(own.programs) != 1 {
			f.Errorf("%d programs for two launches of one kernel", len(own.programs))
		}
		own.Release()
		f.enqueue(first)
		for i, v := range f.values(out).Data {
			if v != 0 {
				f.Fatalf("z − z is %v at element %d", v, i)
			}
		}
	})
}

// What has whole panels takes the program of what has a narrower last one, with the bits of a program of its own.
func TestProgramsReused(t *testing.T) {
	eachWidth(t, func(f fixture) {
		t := f.set.Tuning
		if t.Family != Block {
			return
		}
		narrow, whole := 0, 0 // so many columns, in panels of one width
		for n := 2 * t.VW; n < 12*t.VW && whole == 0; n += t.VW {
			switch nv := t.vectors(n); {
			case narrow == 0 && t.last(n, nv) > 0:
				narrow = n
			case narrow > 0 && nv == t.vectors(narrow) && t.last(n, nv) == 0:
				whole = n
			}
		}
		if whole == 0 {
			return // a panel is one vector
		}
		a := normal(0, 5, 7, 1)
		forward := func(s *Set, n int) matrix32 {
			f.Helper()
			out := f.output(5, n)
			l, err := s.Forward("tanh", f.matrix(a), f.weights(randomLayer(1, 7, n)), out)
			f.ok(err)
			defer l.Release()
			f.enqueue(l)
			return f.values(out)
		}
		alone, shared := NewSet(f.context, f.device, t), NewSet(f.context, f.device, t)
		defer alone.Release()
		defer shared.Release()
		want := forward(alone, whole)
		forward(shared, narrow)
		if got := forward(shared, whole); !slices.Equal(got.Data, want.Data) {
			f.Errorf("%d columns are others where %d were before", whole, narrow)
		}
		if len(shared.programs) != 1 {
			f.Errorf("%d programs for %d and %d columns", len(shared.programs), narrow, whole)
		}
	})
}
