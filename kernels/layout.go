package kernels

import (
	"fmt"
	"slices"

	"github.com/clprop/clprop/cl"
)

// align is the granule of rows, in floats: one 512-bit vector.
const align = 16

// slack is how many rows or columns a block may read past the end of a matrix: MR−1
// at most.
const slack = 16

// Matrix is rows × cols float32, or halves, in a buffer; the package documentation draws it.
type Matrix struct {
	Buf        *cl.MemObject
	Rows, Cols int
	LD         int  // elements from one row to the next
	Half       bool // elements are IEEE 754 binary16, of which two fill a float
}

// NewMatrix lays out rows × cols float32, or halves; Buf is for the caller to fill in.
func NewMatrix(rows, cols int, half bool) Matrix {
	m := Matrix{Rows: rows, Cols: cols, LD: LeadingDimension(cols), Half: half}
	if half { // rows of a half matrix begin where those of a float matrix could
		m.LD = 2 * LeadingDimension(ceilDiv(cols-1, 2))
	}
	return m
}

// Words returns how many floats a row takes.
func (m Matrix) Words() int {
	if m.Half {
		return m.LD / 2
	}
	return m.LD
}

// Floats returns how many floats the buffer has.
func (m Matrix) Floats() int { return (m.Rows + slack) * m.Words() }

// bytes is what n elements take.
func (m Matrix) bytes(n int) float64 {
	if m.Half {
		return 2 * float64(n)
	}
	return 4 * float64(n)
}

// inFloats reports whether none of the operands is halves, for kernels that read floats only.
func inFloats(operands ...Matrix) bool {
	return !slices.ContainsFunc(operands, func(m Matrix) bool { return m.Half })
}

// LeadingDimension returns the ld of a float32 matrix with cols columns: room for the
// column of ones, whole vectors, and not a multiple of 256 floats.
func LeadingDimension(cols int) int {
	ld := roundUp(cols+1, align)
	if ld%256 == 0 {
		ld += align
	}
	return ld
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

func (m Matrix) String() string {
	if m.Half {
		return fmt.Sprintf("%d×%d halves", m.Rows, m.Cols)
	}
	return fmt.Sprintf("%d×%d", m.Rows, m.Cols)
}

func (w Weights) String() string { return fmt.Sprintf("%d→%d", w.In, w.Out) }

func roundUp(n, to int) int { return ceilDiv(n, to) * to }

func ceilDiv(n, d int) int { return (n + d - 1) / d }
