package cpuref

import (
	"fmt"
	"strings"
)

// Float is what the operations compute in: float64 for the oracle, float32 for
// training.
type Float interface{ float32 | float64 }

// Matrix is dense and row-major: element (i, j) is Data[i·Cols + j], and
// len(Data) is Rows·Cols.
type Matrix[T Float] struct {
	Rows, Cols int
	Data       []T
}

// NewMatrix returns a rows × cols matrix of zeros.
func NewMatrix[T Float](rows, cols int) Matrix[T] {
	return Matrix[T]{Rows: rows, Cols: cols, Data: make([]T, rows*cols)}
}

// Row returns row i, which shares memory with m.
func (m Matrix[T]) Row(i int) []T { return m.Data[i*m.Cols : (i+1)*m.Cols] }

// is reports whether m is a well-formed rows × cols matrix.
func (m Matrix[T]) is(rows, cols int) bool {
	return m.Rows == rows && m.Cols == cols && len(m.Data) == rows*cols
}

// Layer is a layer's Θ, or anything of its shape (Δ, D): W holds the weights,
// out × in, and B the out biases, which are the column j = 0 of Θ.
type Layer[T Float] struct {
	W Matrix[T]
	B []T
}

// NewLayer returns a layer of zeros from in to out units.
func NewLayer[T Float](in, out int) Layer[T] {
	return Layer[T]{W: NewMatrix[T](out, in), B: make([]T, out)}
}

// is reports whether l is a well-formed layer from in to out units.
func (l Layer[T]) is(in, out int) bool { return l.W.is(out, in) && len(l.B) == out }

// unfit is the message of the panic for operands that do not fit. operands
// names them in the order of ms.
func unfit[T Float](function, operands string, ms ...Matrix[T]) string {
	var b strings.Builder
	fmt.Fprintf(&b, "cpuref.%s: operands do not fit:", function)
	for i, name := range strings.Fields(operands) {
		fmt.Fprintf(&b, " %s %d×%d (%d elements)", name, ms[i].Rows, ms[i].Cols, len(ms[i].Data))
	}
	return b.String()
}

// biases gives a bias the shape that unfit prints.
func biases[T Float](b []T) Matrix[T] { return Matrix[T]{Rows: 1, Cols: len(b), Data: b} }

// alike panics unless layers are well-formed and of one shape; operands names them.
func alike[T Float](function, operands string, layers ...Layer[T]) {
	in, out := layers[0].W.Cols, layers[0].W.Rows
	for _, l := range layers {
		if l.is(in, out) {
			continue
		}
		var ms []Matrix[T]
		for _, l := range layers {
			ms = append(ms, l.W, biases(l.B))
		}
		var names []string
		for _, name := range strings.Fields(operands) {
			names = append(names, name, name+"-bias")
		}
		panic(unfit(function, strings.Join(names, " "), ms...))
	}
}
