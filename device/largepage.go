package device

import (
	"github.com/clprop/clprop/cl"
	"github.com/clprop/clprop/kernels"
)

// largePage is the size of a large page of the processors that have pages of 4 KiB. A product of
// matrices goes through more of those than the TLB of a core has entries: with large ones it is
// up to a tenth faster.
const largePage = 2 << 20

// takesLargePages reports whether a driver computes in memory that it is given: there it finds
// large pages, which it does not ask the system for. PoCL does; others may keep a copy.
func takesLargePages(dev *cl.Device) bool {
	return kernels.IsPoCL(dev)
}

// largePageBuffer makes a buffer in large pages where there are such, or else one of the driver's.
func largePageBuffer(context *cl.Context, bytes int) (mem *cl.MemObject, giveBack func() error, err error) {
	memory, free, err := largePages(bytes)
	if err != nil {
		mem, err = context.CreateEmptyBuffer(cl.MemReadWrite, bytes)
		return mem, nil, err
	}
	return bufferOf(context, memory, free)
}
