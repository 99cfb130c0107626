package device

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/clprop/clprop/kernels"
)

// Workload is what a device is to be fast at: training one network. The zero value stands
// for any network.
type Workload struct {
	Sizes []int // units of each layer, features first
	Batch int   // examples of a step
}

// check says what is wrong with a Workload.
func (w Workload) check() error {
	if len(w.Sizes) < 2 {
		return errors.New("workload: need the sizes of two layers at least")
	}
	if w.Batch < 1 || slices.Min(w.Sizes) < 1 {
		return fmt.Errorf("workload: batch %d, layers %v: need at least 1 of each", w.Batch, w.Sizes)
	}
	return nil
}

// String writes a Workload as "784-512-10 at 128".
func (w Workload) String() string {
	return dashed(w.Sizes) + " at " + strconv.Itoa(w.Batch)
}

// bucket stands for all workloads that share a tuned entry: every size is rounded up to
// the next of 1, 2, 3, 4, 6, 8, 12, 16, …
func (w Workload) bucket() string {
	rounded := Workload{Batch: bucketOf(w.Batch)}
	for _, size := range w.Sizes {
		rounded.Sizes = append(rounded.Sizes, bucketOf(size))
	}
	return rounded.String()
}

// bucketOf rounds n up to a power of two, or to one and a half of one; to the largest int if there
// is none.
func bucketOf(n int) int {
	for power := 1; power > 0; power *= 2 { // the one after the largest power is below 0
		switch {
		case n <= power:
			return power
		case power > 1 && n <= power+power/2:
			return power + power/2
		}
	}
	return math.MaxInt
}

func dashed(sizes []int) string {
	var parts []string
	for _, size := range sizes {
		parts = append(parts, strconv.Itoa(size))
	}
	return strings.Join(parts, "-")
}

// product is one matrix product of a step, with what belongs to it: the copies that it
// reads, and the update that ends it.
type product struct {
	kind           kernels.Product
	batch, in, out int
	count          int // how often a step has it
}

// flops counts the additions and multiplications of the product alone: 2·b·in·out.
func (p product) flops() float64 {
	return 2 * float64(p.batch) * float64(p.in) * float64(p.out)
}

// products are those of a training step, each size once, the largest first. The first
// layer has no hidden delta.
func (w Workload) products() []product {
	var all []product
	add := func(p product) {
		for i := range all {
			if q := all[i]; q.kind == p.kind && q.in == p.in && q.out == p.out {
				all[i].count++
				return
			}
		}
		all = append(all, p)
	}
	for l := 1; l < len(w.Sizes); l++ {
		in, out := w.Sizes[l-1], w.Sizes[l]
		add(product{kernels.ForwardProduct, w.Batch, in, out, 1})
		if l > 1 {
			add(product{kernels.HiddenDeltaProduct, w.Batch, in, out, 1})
		}
		add(product{kernels.DescendProduct, w.Batch, in, out, 1})
	}
	slices.SortStableFunc(all, func(a, b product) int {
		return cmp.Compare(float64(b.count)*b.flops(), float64(a.count)*a.flops())
	})
	return all
}
