package device

import (
	"math"
	"slices"
	"testing"

	"github.com/clprop/clprop/kernels"
)

// A step whose products are large enough for AMX, where there is one, learns what the CPU reference learns, with
// all operations one by one, fused, joined, and on parts of the device: these to the same bits. The bound is that of
// a whole step, 1e-5 of the norm of the weights, and three steps are made.
func TestWideStep(t *testing.T) {
	found := findPoCL(t)
	sizes, batch := []int{31, 1033, 1061, 7}, 259
	reference, err := OpenWith("cpuref", Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer reference.Close()
	want, _ := trainedWeights(t, reference, sizes, batch, 0)
	one, many := trainedWeights(t, openFamily(t, found, kernels.Block, true), sizes, batch, 0)
	for i := range want {
		var off, norm float64
		for j, v := range want[i] {
			off += math.Pow(float64(v-one[i][j]), 2)
			norm += float64(v) * float64(v)
		}
		if !(math.Sqrt(off) <= 3e-5*math.Sqrt(norm)) {
			t.Errorf("part %d: off by %.3g of its norm", i, math.Sqrt(off/norm))
		}
	}
	for _, spec := range []string{"pthread", "pthread/1x2"} {
		if found.Units < 2 && spec != "pthread" {
			continue
		}
		e, err := OpenWith(spec, Options{Family: kernels.Block, Eager: true})
		if err != nil {
			t.Fatal(err)
		}
		got, launches := trainedWeights(t, e, sizes, batch, 0)
		for i := range one {
			if !slices.Equal(got[i], one[i]) {
				t.Errorf("%s: part %d has other bits than with operations one by one", spec, i)
			}
		}
		if launches > many {
			t.Errorf("%s: %d launches, %d one by one", spec, launches, many)
		}
		e.Close()
	}
}
