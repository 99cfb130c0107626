package kernels

import (
	"fmt"
	"math"
	"slices"

	"github.com/clprop/clprop/cl"
	"github.com/clprop/clprop/cpuref"
)

// guard is how many floats lie behind the end of each buffer, to see writes there.
// The simulator has none: it reports the first byte past the end itself.
const guard = 64

// canaries are NaNs that each know their place. Read by mistake, one spoils a
// result; written over, it shows.
func canaries(n int) []float32 {
	v := make([]float32, n)
	for i := range v {
		v[i] = math.Float32frombits(0x7fc00000 | uint32(i)&0x3fffff)
	}
	return v
}

// buffer makes a buffer of this content, and canaries behind it.
func (f fixture) buffer(content []float32) *cl.MemObject {
	f.Helper()
	all := content
	if !f.simulated {
		all = append(slices.Clone(content), canaries(guard)...)
	}
	buf, err := f.context.CreateBufferFloat32(cl.MemReadWrite|cl.MemCopyHostPtr, all)
	f.ok(err)
	f.was[buf] = slices.Clone(all)
	return buf
}

// scratch is a buffer whose content means nothing: canaries, or on the simulator
// memory that was never written.
func (f fixture) scratch(floats int) *cl.MemObject {
	f.Helper()
	if !f.simulated {
		return f.buffer(canaries(floats))
	}
	buf, err := f.context.CreateEmptyBuffer(cl.MemReadWrite, 4*floats)
	f.ok(err)
	f.was[buf] = make([]float32, floats)
	return buf
}

func (f fixture) read(buf *cl.MemObject) []float32 {
	f.Helper()
	v := make([]float32, len(f.was[buf]))
	event, err := f.queue.EnqueueReadBufferFloat32(buf, true, 0, v, nil)
	f.ok(err)
	event.Release()
	return v
}

// matrix makes a Matrix as package device does, by Blank, with stale rows below
// it, as a taller batch leaves them. It is written in one piece: of a buffer that
// the host has written to, oclgrind 21.10 takes only the last piece as initialised.
func (f fixture) matrix(v matrix32) Matrix {
	f.Helper()
	m := NewMatrix(v.Rows, v.Cols, false)
	return f.filled(m, func(all []float32, i int) { copy(all[i*m.LD:], v.Row(i)) })
}

// filled is a new matrix in which set puts each row i among all that the buffer has.
func (f fixture) filled(m Matrix, set func(all []float32, i int)) Matrix {
	f.Helper()
	m.Buf = f.scratch(m.Floats())
	f.run(f.set.Blank(m))
	all := f.read(m.Buf)
	for i := range m.Rows {
		set(all, i)
	}
	if !f.simulated {
		copy(all[m.Rows*m.Words():], canaries(slack*m.Words()))
	}
	event, err := f.queue.EnqueueWriteBufferFloat32(m.Buf, true, 0, all, nil)
	f.ok(err)
	event.Release()
	f.was[m.Buf] = all
	return m
}

// output is a matrix full of canaries.
func (f fixture) output(rows, cols int) Matrix {
	f.Helper()
	return f.matrix(matrix32{Rows: rows, Cols: cols, Data: canaries(rows * cols)})
}

// values reads a Matrix, and checks that everything around it is as it was.
func (f fixture) values(m Matrix) matrix32 {
	f.Helper()
	v, all := cpuref.NewMatrix[float32](m.Rows, m.Cols), f.read(m.Buf)
	for i := range m.Rows {
		copy(v.Row(i), all[i*m.LD:])
	}
	f.intact("matrix "+m.String(), m.Buf, all, func(at int) bool { return at < m.Rows*m.LD && at%m.LD < m.Cols })
	return v
}

// weights makes Weights as package device does, zeros around the values; a block
// may read what is behind the panels, but nothing may depend on it.
func (f fixture) weights(v layer32) Weights {
	f.Helper()
	w := f.set.NewWeights(v.W.Cols, v.W.Rows)
	content := make([]float32, w.Floats())
	if !f.simulated {
		copy(content[w.Panels()*w.Panel:], canaries(slack*w.NR))
	}
	for o := range w.Out {
		for i := range w.In {
			content[w.Index(i, o)] = v.W.Row(o)[i]
		}
		content[w.Index(w.In, o)] = v.B[o]
	}
	w.Buf = f.buffer(content)
	return w
}

// outputWeights are weights full of canaries.
func (f fixture) outputWeights(in, out int) Weights {
	f.Helper()
	return f.weights(layer32{W: matrix32{Rows: out, Cols: in, Data: canaries(in * out)}, B: canaries(out)})
}

// layer reads Weights, and checks that everything around them is as it was.
func (f fixture) layer(w Weights) layer32 {
	f.Helper()
	v, all := cpuref.NewLayer[float32](w.In, w.Out), f.read(w.Buf)
	own := make([]bool, len(all))
	for o := range w.Out {
		for i := range w.In + 1 {
			own[w.Index(i, o)] = true
		}
		for i := range w.In {
			v.W.Row(o)[i] = all[w.Index(i, o)]
		}
		v.B[o] = all[w.Index(w.In, o)]
	}
	f.intact("weights "+w.String(), w.Buf, all, func(at int) bool { return own[at] })
	return v
}

// floats reads the first n of a buffer, and checks that what is behind them is as
// it was.
func (f fixture) floats(buf *cl.MemObject, n int) []float32 {
	f.Helper()
	all := f.read(buf)
	f.intact("buffer", buf, all, func(at int) bool { return at < n })
	return all[:n]
}

// unchanged checks that operands that are only read are as they were, bit for bit.
func (f fixture) unchanged(operands ...*cl.MemObject) {
	f.Helper()
	for i, buf := range operands {
		f.intact(fmt.Sprintf("operand %d", i), buf, f.read(buf), func(int) bool { return false })
	}
}

// intact checks a buffer's bits but for those that may have changed.
func (f fixture) intact(what string, buf *cl.MemObject, now []float32, may func(at int) bool) {
	f.Helper()
	for at, was := range f.was[buf] {
		if math.Float32bits(now[at]) != math.Float32bits(was) && !may(at) {
			f.Errorf("%s: float %d of %d was %v (%08x) and is %v (%08x)", what, at, len(now),
				was, math.Float32bits(was), now[at], math.Float32bits(now[at]))
			return
		}
	}
}
