package device

import (
	"github.com/clprop/clprop/cl"
	"github.com/clprop/clprop/cpuref"
)

// Sizing counts what the engine would hold, through the same code that holds it: its
// buffers have a size and no memory, and nothing is launched.
func (e *opencl) Sizing() Engine {
	d := &opencl{
		info: e.info, set: e.set, sizes: e, allocated: e.allocated, buffers: map[*buffer]interface{ Release() }{}, plans: map[*openclPlan]struct{}{},
		clockMHz: e.clockMHz, unfused: e.unfused, wanted: e.wanted,
	}
	for _, s := range e.scratch { // plans to come would share it
		d.scratch = append(d.scratch, &scratch{buffer: &buffer{owner: d, mem: new(cl.MemObject)}, floats: s.floats, users: 1})
	}
	return d
}

// Sizing counts what the engine would hold. Its plans hold nothing.
func (e *reference) Sizing() Engine {
	return &reference{info: e.info, sizes: true, allocated: e.allocated}
}

// storage is a matrix of the engine, without memory where it only counts.
func (e *reference) storage(rows, cols int) cpuref.Matrix[float32] {
	if e.sizes {
		return cpuref.Matrix[float32]{Rows: rows, Cols: cols}
	}
	return cpuref.NewMatrix[float32](rows, cols)
}
