package kernels

import "github.com/clprop/clprop/cl"

// HiddenDelta launches delta = (next W) ⊙ g′, with g′ from the activations a: next
// is b × out, a and delta b × in; for gelu, silu and hard-swish a is z(l). See
// hiddendelta.cl. The block family reads a Transposed copy of w, made by Pack; for the
// tile family packed is not used.
func (s *Set) HiddenDelta(act string, next Matrix, w Weights, packed Transposed, a, delta Matrix) (*Launch, error) {
	err := fits("hidden delta", next.Cols == w.Out && a.Cols == w.In && delta.Cols == w.In &&
		next.Rows == a.Rows && next.Rows == delta.Rows,
		"next %v, weights %v, a %v, delta %v", next, w, a, delta)
	if err != nil {
		return nil, err
	}
	buf, panel, step, extra := w.Buf, 0, w.NR, macros{"TB": 1}
	if s.Tuning.Family == Block {
		buf, panel, step, extra = packed.Buf, packed.Panel, packed.NR, nil
	}
	l, err := s.product("hiddendelta", act, next.Rows, w.In, extra)
	if err != nil {
		return nil, err
	}
	l.FLOPs = 2 * float64(next.Rows) * float64(w.In) * float64(w.Out)
	l.Bytes = 4 * (float64(next.Rows)*float64(w.Out+2*w.In) + float64(w.In)*float64(w.Out))
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

// NeedsTransposed reports whether HiddenDelta reads a packed copy.
func (s *Set) NeedsTransposed() bool { return s.Tuning.Family == Block }

// TransposedFloats returns how many floats the copy's buffer has.
func (s *Set) TransposedFloats(w Weights) int {
	t := s.NewTransposed(w)
	return ceilDiv(w.In, t.NR)*t.Panel + slack*t.NR
}
