package kernels

import (
	"fmt"

	"github.com/clprop/clprop/cl"
)

// align is the granule of rows, in floats: one 512-bit vector.
const align = 16

// slack is how many rows or columns a block may read past the end of a matrix: MR−1
// at most.
const slack = 16

// Matrix is rows × cols float32 in a buffer; the package documentation draws it.
type Matrix struct {
	Buf        *cl.MemObject
	Rows, Cols int
	LD         int // floats from one row to the next
}

// LeadingDimension returns the ld of a matrix with cols columns: room for the
// column of ones, whole vectors, and not a multiple of 256 floats.
func LeadingDimension(cols int) int {
	ld := roundUp(cols+1, align)
	if ld%256 == 0 {
		ld += align
	}
	return ld
}

// MatrixFloats returns how many floats the buffer of a rows × cols matrix has.
func MatrixFloats(rows, cols int) int {
	return (rows + slack) * LeadingDimension(cols)
}

// Weights is Θ (or Δ, or D) of one layer in a buffer; the package documentation
// draws it.
type Weights struct {
	Buf     *cl.MemObject
	In, Out int
	NR      int // panel width in floats
	Panel   int // floats from one panel to the next
}

// NewWeights lays out a layer for the set's family of kernels; Buf is for the
// caller to fill in. A layer without inputs has biases alone, that of output o at o.
func (s *Set) NewWeights(in, out int) Weights {
	nr := LeadingDimension(out)
	if s.Tuning.Family == Block {
		nr = s.Tuning.panelWidth(out)
	}
	rows := roundUp(in+1, align)
	if in == 0 {
		rows = 1 // biases alone, which then lie one after the other
	}
	return Weights{In: in, Out: out, NR: nr, Panel: rows * nr}
}

// Panels returns the number of panels.
func (w Weights) Panels() int { return ceilDiv(w.Out, w.NR) }

// Floats returns how many floats the buffer has: the panels, and what a block
// may read past them.
func (w Weights) Floats() int { return w.Panels()*w.Panel + slack*w.NR }

// Index returns where the weight from input i to output o lies; i = In is the bias
// of output o.
func (w Weights) Index(i, o int) int {
	return o/w.NR*w.Panel + i*w.NR + o%w.NR
}

func (m Matrix) String() string { return fmt.Sprintf("%d×%d", m.Rows, m.Cols) }

func (w Weights) String() string { return fmt.Sprintf("%d→%d", w.In, w.Out) }

func roundUp(n, to int) int { return ceilDiv(n, to) * to }

func ceilDiv(n, d int) int { return (n + d - 1) / d }
