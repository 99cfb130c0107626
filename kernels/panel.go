package kernels

import "github.com/clprop/clprop/cl"

// Panels holds copies of a and delta cut into panels, for Accumulate and Descend; zero
// if those are to read the matrices themselves.
type Panels struct {
	A, Delta *cl.MemObject
}

// rowsWorthPanels is the batch, and widthWorthPanels the columns of the wider operand
// unless Tuning.PanelWidth says otherwise, from which copies pay: BenchmarkAccumulate
// shows them even at 784×512 and several times faster at 4096×4096, where every row is on
// a page of its own. Half as many columns do where both operands have pagesWorthPanels floats,
// more pages than a CPU's TLB has entries: from 2048 examples of 784×512 on, twice as fast.
const (
	rowsWorthPanels  = 32
	widthWorthPanels = 1024
	pagesWorthPanels = 1 << 20
)

// panelFloats is how many floats of a row a work-item of panel.cl copies, or one panel.
const panelFloats = 128

// WantsPanels reports whether Accumulate and Descend are faster on panels of a and delta.
// Of halves there are none, and products on AMX read none.
func (s *Set) WantsPanels(delta, a Matrix) bool {
	return !a.Half && !delta.Half && s.Tuning.Panels(a.Rows, a.Cols, delta.Cols) && !s.SumsOnAMX(delta, a)
}

// Panels is WantsPanels for a batch and a layer.
func (t Tuning) Panels(batch, in, out int) bool {
	from := t.PanelWidth
	if from == 0 {
		from = widthWorthPanels
	}
	width := max(in, out)
	return t.Family == Block && batch >= rowsWorthPanels &&
		(width >= from || 2*width >= from && batch*(in+out) >= pagesWorthPanels)
}

// PanelFloats returns the floats of the buffers of Panels.
func (s *Set) PanelFloats(delta, a Matrix) (forA, forDelta int) {
	return a.Rows * roundUp(a.Cols+1, s.aWidth(a)), delta.Rows * roundUp(delta.Cols, s.Tuning.panelWidth(delta.Cols))
}

// aWidth is the width of the panels of a: the block height of the product, whose rows
// are the columns of [a 1].
func (s *Set) aWidth(a Matrix) int { return s.Tuning.rows(a.Cols + 1) }

// PanelA launches the copy of a, column of ones included, for Panels.A. See panel.cl.
func (s *Set) PanelA(a Matrix, to *cl.MemObject) (*Launch, error) {
	return s.panel(a, a.Cols+1, s.aWidth(a), to)
}

// PanelDelta launches the copy of delta for Panels.Delta. See panel.cl.
func (s *Set) PanelDelta(delta Matrix, to *cl.MemObject) (*Launch, error) {
	return s.panel(delta, delta.Cols, s.Tuning.panelWidth(delta.Cols), to)
}

func (s *Set) panel(m Matrix, cols, width int, to *cl.MemObject) (*Launch, error) {
	if err := fits("panel", inFloats(m), "matrix %v", m); err != nil {
		return nil, err
	}
	if err := longEnough("panel", operandBuffer{"matrix", m.Buf, m.Rows * m.LD}, operandBuffer{"panels", to, m.Rows * roundUp(cols, width)}); err != nil {
		return nil, err
	}
	panels, each := ceilDiv(cols, width), max(1, panelFloats/width)
	k, err := s.kernel("panel", macros{"WIDTH": width, "PANELS": each}, "panel.cl")
	if err != nil {
		return nil, err
	}
	l, err := s.launch("panel", k, []int{ceilDiv(m.Rows, 16), ceilDiv(panels, each)}, []int{1, 1})
	if err != nil {
		return nil, err
	}
	l.Bytes = 2 * 4 * float64(m.Rows) * float64(cols)
	return l.args(m.Rows, panels, m.LD, m.Buf, to)
}

// operand is one side of a product as block.cl reads it: floats from one k to the
// next, and from one panel to the next.
type operand struct {
	Buf         *cl.MemObject
	step, panel int
}

// operands returns [a 1]ᵀ and delta, in panels if there are any.
func (s *Set) operands(delta, a Matrix, panels Panels) (left, right operand) {
	if s.Tuning.Family != Block {
		return operand{a.Buf, a.LD, 0}, operand{delta.Buf, delta.LD, 0}
	}
	mr, nr := s.aWidth(a), s.Tuning.panelWidth(delta.Cols)
	if s.SumsOnAMX(delta, a) {
		panels = Panels{}
	}
	left, right = operand{a.Buf, a.LD, mr}, operand{delta.Buf, delta.LD, nr}
	if panels.A != nil {
		left = operand{panels.A, mr, a.Rows * mr}
	}
	if panels.Delta != nil {
		right = operand{panels.Delta, nr, delta.Rows * nr}
	}
	return left, right
}

// sumMacros are those of a product that sums over the examples of a batch, of what operands returns.
func sumMacros(delta, a Matrix, panels Panels) macros {
	mac := macros{"TA": 1}
	if panels.A != nil && panels.Delta != nil {
		mac["IN_PANELS"] = 1
	}
	mac.half("A_HALF", a)
	mac.half("B_HALF", delta)
	return mac
}
