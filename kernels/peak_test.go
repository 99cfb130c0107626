package kernels

import (
	"slices"
	"testing"
)

// Every chain of PeakFMA is c := c/2 + 1 from c = item + chain: after r rounds it is
// 2 + (c − 2)/2^r, exactly, as long as the numbers have few digits.
func TestPeakFMA(t *testing.T) {
	each(t, func(f fixture) {
		const items, rounds = 3, 4
		n := f.set.PeakFloats(items)
		out := f.scratch(n)
		l, err := f.set.PeakFMA(items, rounds, out)
		f.ok(err)
		defer l.Release()
		f.enqueue(l)
		vw := f.set.Tuning.VW
		ran := int(l.FLOPs) / (2 * peakChains * vw * rounds)
		if ran < items || ran*vw > n || l.Size != "4" {
			t.Fatalf("%d work-items of %d, %d floats, size %q", ran, items, n, l.Size)
		}
		for at, got := range f.floats(out, ran*vw) {
			want := 0.0
			for chain := range peakChains {
				want += 2 + (float64(at/vw+chain)-2)/(1<<rounds)
			}
			if float64(got) != want {
				t.Fatalf("float %d is %v, want %v", at, got, want)
			}
		}
	})
}

func TestPeakCopy(t *testing.T) {
	each(t, func(f fixture) {
		for _, n := range []int{16, 48, 4096 + 16} {
			if f.simulated && n > 100 {
				continue
			}
			content := normal(0, 1, n, 1).Data
			from, to := f.buffer(content), f.scratch(n)
			l, err := f.set.PeakCopy(n, from, to)
			f.run(l, err)
			if l.Bytes != float64(8*n) || !slices.Equal(f.floats(to, n), content) {
				t.Errorf("%d floats, %v bytes: not a copy", n, l.Bytes)
			}
			f.unchanged(from)
		}
		f.run(f.set.PeakEmpty())
		if _, err := f.set.PeakCopy(17, nil, nil); err == nil {
			t.Error("17 floats: no error")
		}
	})
}
