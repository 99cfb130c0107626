package kernels

import (
	"math"
	"testing"
	"unsafe"

	"github.com/clprop/clprop/cl"
	"github.com/clprop/clprop/cpuref"
)

// index makes a buffer of row numbers.
func (f fixture) index(rows []int32) *cl.MemObject {
	f.Helper()
	words := make([]float32, len(rows))
	for i, r := range rows {
		words[i] = math.Float32frombits(uint32(r))
	}
	return f.buffer(words)
}

// TestGather copies rows bit for bit, from two places of an index with a row used
// twice; the column of ones comes along.
func TestGather(t *testing.T) {
	eachWidth(t, func(f fixture) {
		for _, n := range f.sizes {
			src := normal(0, n.b+3, n.in, 1)
			rows := make([]int32, 2*n.b)
			for i := range rows {
				rows[i] = int32((i * i) % src.Rows)
			}
			in, index, dst := f.matrix(src), f.index(rows), f.output(n.b, n.in)
			l, err := f.set.Gather(in, index, dst)
			f.ok(err)
			for _, from := range []int{0, n.b} {
				f.ok(l.SetFrom(int32(from)))
				f.enqueue(l)
				want := cpuref.NewMatrix[float32](n.b, n.in)
				cpuref.Gather(src, rows[from:from+n.b], want)
				got := f.values(dst)
				for i := range want.Data {
					if math.Float32bits(got.Data[i]) != math.Float32bits(want.Data[i]) {
						f.Fatalf("%v: from %d: element %d is %v, want %v", n, from, i, got.Data[i], want.Data[i])
					}
				}
			}
			l.Release()
			f.unchanged(in.Buf, index)
		}
	})
}

// ints reads words as int32.
func ints(words []float32) []int32 {
	return unsafe.Slice((*int32)(unsafe.Pointer(unsafe.SliceData(words))), len(words))
}
