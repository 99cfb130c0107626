package device

import (
	"math"
	"slices"
	"testing"

	"github.com/clprop/clprop/kernels"
)

func TestBucket(t *testing.T) {
	for n, want := range map[int]int{1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 6, 7: 8, 10: 12, 13: 16, 100: 128, 128: 128, 129: 192, 193: 256, 784: 1024,
		math.MaxInt/4 + 1: math.MaxInt/4 + 1, math.MaxInt/4*3 + 3: math.MaxInt/4*3 + 3, math.MaxInt/4*3 + 4: math.MaxInt, math.MaxInt: math.MaxInt} {
		if got := bucketOf(n); got != want {
			t.Errorf("%d rounds up to %d, want %d", n, got, want)
		}
	}
	w := Workload{Sizes: []int{784, 500, 10}, Batch: 100}
	if got := w.bucket(); got != "1024-512-12 at 128" {
		t.Errorf("%v is in bucket %s", w, got)
	}
}

func TestWorkloadCheck(t *testing.T) {
	for _, bad := range []Workload{{}, {Sizes: []int{3}, Batch: 1}, {Sizes: []int{3, 2}}, {Sizes: []int{3, 0}, Batch: 1}} {
		if bad.check() == nil {
			t.Errorf("%v passes", bad)
		}
	}
	if err := (Workload{Sizes: []int{3, 1}, Batch: 1}).check(); err != nil {
		t.Error(err)
	}
}

// Equal layers are one product each, counted; the first layer has no hidden delta; the
// products that take longest come first.
func TestProducts(t *testing.T) {
	got := Workload{Sizes: []int{4, 6, 6, 6, 2}, Batch: 3}.products()
	want := []product{
		{kernels.ForwardProduct, 3, 6, 6, 2}, {kernels.DescendProduct, 3, 6, 6, 2}, {kernels.HiddenDeltaProduct, 3, 6, 6, 2}, // 2·216
		{kernels.ForwardProduct, 3, 4, 6, 1}, {kernels.DescendProduct, 3, 4, 6, 1}, // 144
		{kernels.ForwardProduct, 3, 6, 2, 1}, {kernels.HiddenDeltaProduct, 3, 6, 2, 1}, {kernels.DescendProduct, 3, 6, 2, 1}, // 72
	}
	for i := range min(len(got), len(want)) {
		if !slices.Contains(want, got[i]) || i > 0 && float64(got[i].count)*got[i].flops() > float64(got[i-1].count)*got[i-1].flops() {
			t.Errorf("product %d is %+v", i, got[i])
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d products %+v, want %d", len(got), got, len(want))
	}
}
