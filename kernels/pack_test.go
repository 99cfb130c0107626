package kernels

import (
	"math"
	"testing"
)

// Pack copies each weight, bit for bit, to where Transposed says it is, and writes
// nothing behind the copy's panels, through the caches and past them.
func TestPack(t *testing.T) {
	testPack(t)
	defer func(was int) { packCached = was }(packCached)
	packCached = 0
	testPack(t)
}

func testPack(t *testing.T) {
	t.Helper()
	eachWidth(t, func(f fixture) {
		if f.set.Tuning.Family != Block {
			return
		}
		for _, n := range f.sizes {
			theta := randomLayer(1, n.in, n.out)
			w := f.weights(theta)
			packed := f.packed(w)
			got := f.floats(packed.Buf, ceilDiv(n.in, packed.NR)*packed.Panel)
			for k := range n.out {
				for i := range n.in {
					at, want := i/packed.NR*packed.Panel+k*packed.NR+i%packed.NR, theta.W.Row(k)[i]
					if math.Float32bits(got[at]) != math.Float32bits(want) {
						f.Fatalf("%v: output %d, input %d is %v, want %v", n, k, i, got[at], want)
					}
				}
			}
			f.unchanged(w.Buf)
		}
	})
}
