package device

import (
	"runtime"
	"sync"

	"github.com/clprop/clprop/cpuref"
)

// sharedValues is how many values an operation has at least that is worth several
// cores. A value takes 0.5 ns (SGD) to 20 ns (Adam, tanh), a goroutine 1 µs to start.
const sharedValues = 1 << 13

// share adds one call to the plan, in parts that run at the same time if there are
// values enough: part returns the call for rows from … to−1. No row may depend on
// another, so that the bits are the same however rows are shared. All parts are made
// here, so that none is when the plan runs.
func (b *binder) share(rows, values int, part func(from, to int) func()) {
	if b.err != nil {
		return
	}
	cores := min(runtime.GOMAXPROCS(0), rows)
	if values < sharedValues || cores < 2 {
		b.call(part(0, rows))
		return
	}
	var done sync.WaitGroup
	first, others := part(0, rows/cores), make([]func(), 0, cores-1)
	for i := 1; i < cores; i++ {
		do := part(i*rows/cores, (i+1)*rows/cores)
		others = append(others, func() {
			defer done.Done()
			do()
		})
	}
	b.call(func() {
		done.Add(len(others))
		for _, other := range others {
			go other()
		}
		first()
		done.Wait()
	})
}

// activate adds a = g(z), which no row of g, the softmax included, takes from another.
func (b *binder) activate(act Activation, z, a cpuref.Matrix[float32]) {
	b.share(a.Rows, len(a.Data), func(from, to int) func() {
		z, a := rowsOf(z, from, to), rowsOf(a, from, to)
		return func() { cpuref.Activate(act, z, a) }
	})
}

// perLayer adds a call for each layer of parameters, which have one shape. do gets
// those of a layer, or of some of its units: it must work element by element, or
// unit by unit.
func (b *binder) perLayer(do func(p []cpuref.Layer[float32]), parameters ...Parameters) {
	var bound [][]cpuref.Layer[float32]
	for _, p := range parameters {
		bound = append(bound, b.layers(p))
	}
	for l, layer := range bound[0] {
		b.share(layer.W.Rows, len(layer.W.Data), func(from, to int) func() {
			var units []cpuref.Layer[float32]
			for _, layers := range bound {
				units = append(units, unitsOf(layers[l], from, to))
			}
			return func() { do(units) }
		})
	}
}

// rowsOf and unitsOf are views: rows of a matrix, units of a layer.
func rowsOf(m cpuref.Matrix[float32], from, to int) cpuref.Matrix[float32] {
	return cpuref.Matrix[float32]{Rows: to - from, Cols: m.Cols, Data: m.Data[from*m.Cols : to*m.Cols]}
}

func unitsOf(l cpuref.Layer[float32], from, to int) cpuref.Layer[float32] {
	return cpuref.Layer[float32]{W: rowsOf(l.W, from, to), B: l.B[from:to]}
}
