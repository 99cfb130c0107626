package kernels

import "github.com/clprop/clprop/cl"

// HiddenDelta launches delta = (next W) ⊙ g′, with g′ from the activations a: next
// is b × out, a and delta b × in; for gelu, silu and hard-swish a is z(l). See
// hiddendelta.cl. Where NeedsTransposed says so it reads a Transposed copy of w, made by
// Pack; otherwise packed is not used, and on CPUs the kernel is that of hiddendot.cl.
func (s *Set) HiddenDelta(act string, next Matrix, w Weights, packed Transposed, a, delta Matrix) (*Launch, error) {
	err := fits("hidden delta", next.Cols == w.Out && a.Cols == w.In && delta.Cols == w.In &&
		next.Rows == a.Rows && next.Rows == delta.Rows,
		"next %v, weights %v, a %v, delta %v", next, w, a, delta)
	if err != nil {
		return nil, err
	}
	if s.Tuning.Family == Block && !s.NeedsTransposed(next.Rows, w) {
		return s.hiddenDot(act, next, w, a, delta)
	}
	buf, panel, step, extra := w.Buf, 0, w.NR, macros{"TB": 1}
	if s.Tuning.Family == Block {
		buf, panel, step, extra = packed.Buf, packed.Panel, packed.NR, nil
	}
	l, err := s.product("hiddendelta", act, next.Rows, w.In, extra)
	if err != nil {
		return nil, err
	}
	l.hiddenDeltaWork(next, w)
	return l.args(next.Rows, w.In, w.Out, next.Buf, next.LD, buf, panel, step, a.Buf, a.LD, delta.Buf, delta.LD)
}

// Transposed is a copy of weights with inputs and outputs exchanged: element
// (output k, input n) at (n/NR)·Panel + k·NR + n%NR.
type Transposed struct {
	Buf   *cl.MemObject
	NR    int
	Panel int
}

// NewTransposed lays out the copy for weights w; Buf is for the caller to fill in,
// with TransposedFloats(w) floats.
func (s *Set) NewTransposed(w Weights) Transposed {
	nr := s.Tuning.panelWidth(w.In)
	return Transposed{NR: nr, Panel: roundUp(w.Out, align) * nr}
}

// A copy of the weights is not worth its time for so few examples, unless the layer has
// so few outputs that adding lanes up takes longer: BenchmarkHiddenDot.
const (
	rowsWorthTransposing = 16
	widthWorthDots       = 128
)

// NeedsTransposed reports whether HiddenDelta of b examples reads a packed copy of w.
func (s *Set) NeedsTransposed(b int, w Weights) bool {
	dots := b < rowsWorthTransposing && w.Out >= widthWorthDots && w.NR%dotWidth == 0
	return s.Tuning.Family == Block && !dots
}

// dotStrip and dotWidth are STRIP and VW of hiddendot.cl.
const (
	dotStrip = 2
	dotWidth = 8
)

// hiddenDot launches HiddenDelta on the weights as they lie. See hiddendot.cl.
func (s *Set) hiddenDot(act string, next Matrix, w Weights, a, delta Matrix) (*Launch, error) {
	mac, err := activationMacro(act)
	if err != nil {
		return nil, err
	}
	mac["STRIP"], mac["VW"] = dotStrip, dotWidth
	k, err := s.kernel("hiddendot", mac, "square.cl", "activation.cl", "hiddendot.cl")
	if err != nil {
		return nil, err
	}
	l, err := s.launch("hiddendot", k, []int{ceilDiv(w.In, dotWidth*dotStrip)}, []int{1})
	if err != nil {
		return nil, err
	}
	l.hiddenDeltaWork(next, w)
	return l.args(next.Rows, w.In, w.Out, next.Buf, next.LD, w.Buf, w.Panel, w.NR, a.Buf, a.LD, delta.Buf, delta.LD)
}

// hiddenDeltaWork counts the product and its bytes.
func (l *Launch) hiddenDeltaWork(next Matrix, w Weights) {
	l.FLOPs = 2 * float64(next.Rows) * float64(w.In) * float64(w.Out)
	l.Bytes = 4 * (float64(next.Rows)*float64(w.Out+2*w.In) + float64(w.In)*float64(w.Out))
}

// TransposedFloats returns how many floats the copy's buffer has: 0 in the tile family,
// which reads no copy.
func (s *Set) TransposedFloats(w Weights) int {
	if s.Tuning.Family != Block {
		return 0
	}
	t := s.NewTransposed(w)
	return ceilDiv(w.In, t.NR)*t.Panel + slack*t.NR
}
