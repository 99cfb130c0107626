package kernels

import (
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"
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

// A kernel that steps by the size of dimension 0 is launched as one, so that parts of a device
// do not do each other's work; and none asks for its group, which is counted from 0 in every
// share.
func TestStridingKernels(t *testing.T) {
	launchers := ""
	files, err := fs.Glob(os.DirFS("."), "*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		launchers += string(text)
	}
	if files, err = fs.Glob(sources, "*.cl"); err != nil {
		t.Fatal(err)
	}
	striding := 0
	for _, file := range files {
		text, err := sources.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), "get_group_id(") || strings.Contains(string(text), "get_num_groups(") {
			t.Errorf("%s: a group: use get_global_id and the local size", file)
		}
		for _, kernel := range strings.Split(string(text), "__kernel void ")[1:] {
			name := regexp.MustCompile(`^\w+`).FindString(kernel)
			if !strings.Contains(kernel, "get_global_size(0)") {
				continue
			}
			striding++
			if !strings.Contains(launchers, `s.striding("`+name+`"`) && !strings.Contains(launchers, `s.overRows("`+name+`"`) {
				t.Errorf("%s: %s steps by get_global_size(0): launch it by striding or overRows", file, name)
			}
		}
	}
	if striding < 8 {
		t.Errorf("%d kernels step by the size of dimension 0: the search finds too few", striding)
	}
}
