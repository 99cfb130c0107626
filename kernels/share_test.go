package kernels

import (
	"slices"
	"testing"

	"github.com/clprop/clprop/cl"
)

// The shares of a launch are all of its work-groups, each once, along one dimension: the
// last that has enough of them, and never one that the kernel strides over.
func TestDivide(t *testing.T) {
	for _, c := range []struct {
		global, local []int
		strides       bool
		units         []int
		along         int
		groups        []int // of each part, along that dimension
	}{
		{[]int{99, 64}, []int{1, 1}, false, []int{1, 1}, 1, []int{32, 32}},
		{[]int{99, 1}, []int{1, 1}, false, []int{1, 1}, 0, []int{50, 49}},
		{[]int{1, 256}, []int{1, 16}, true, []int{3, 1}, 1, []int{12, 4}},
		{[]int{64, 1}, []int{8, 1}, true, []int{1, 1}, 0, []int{8, 0}},
		{[]int{64}, []int{8}, true, []int{1, 1}, 0, []int{8, 0}},
		{[]int{64}, []int{8}, false, []int{1, 1, 1}, 0, []int{3, 3, 2}},
		{[]int{1}, []int{1}, false, []int{1, 1}, 0, []int{1, 0}},
		{[]int{1, 3, 2}, []int{1, 1, 1}, false, []int{1, 1, 1}, 1, []int{1, 1, 1}},
		{[]int{4}, []int{1}, false, []int{1, 100, 1}, 0, []int{1, 3, 0}},
	} {
		whole, err := cl.NewNDRange(c.global, c.local)
		if err != nil {
			t.Fatal(err)
		}
		l := &Launch{shape: whole, global: c.global, local: c.local, strides: c.strides}
		shares, err := l.divide(c.units)
		if err != nil {
			t.Fatal(err)
		}
		from := 0
		for k, n := range c.groups {
			var want *cl.NDRange
			global, offset := slices.Clone(c.global), make([]int, len(c.global))
			global[c.along], offset[c.along] = n*c.local[c.along], from*c.local[c.along]
			from += n
			if n > 0 {
				if want, err = cl.NewNDRangeFrom(offset, global, c.local); err != nil {
					t.Fatal(err)
				}
			}
			if shares[k] == whole && n*c.local[c.along] == c.global[c.along] {
				continue // undivided
			}
			if (want == nil) != (shares[k] == nil) || want != nil && *want != *shares[k] {
				t.Errorf("%v in groups of %v on parts of %v: part %d has %+v, want %+v", c.global, c.local, c.units, k, shares[k], want)
			}
		}
	}
}
