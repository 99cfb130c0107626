package kernels

import "github.com/clprop/clprop/cl"

// HiddenDelta launches delta = (next W) ⊙ g′, with g′ from the activations a: next
// is b × out, a and delta b × in, all three halves or none; for gelu, silu and hard-swish a
// is z(l). See hiddendelta.cl, and hiddenlanes.cl and hiddendot.cl for HiddenReads of other than
// TransposedWeights: where that names a copy, packed is the one that Pack or PackDelta made.
func (s *Set) HiddenDelta(act string, next Matrix, w Weights, packed Transposed, a, delta Matrix) (*Launch, error) {
	err := fits("hidden delta", next.Cols == w.Out && a.Cols == w.In && delta.Cols == w.In &&
		next.Rows == a.Rows && next.Rows == delta.Rows && next.Half == a.Half && next.Half == delta.Half,
		"next %v, weights %v, a %v, delta %v", next, w, a, delta)
	if err != nil {
		return nil, err
	}
	if s.Tuning.Family != Block {
		return s.hiddenProduct(act, next, w, operand{w.Buf, w.NR, 0}, macros{"TB": 1}, a, delta)
	}
	switch s.HiddenReads(next, w) {
	case WeightsAsTheyLie:
		if s.hiddenOnAMX(next, w) {
			return s.hiddenProduct(act, next, w, operand{w.Buf, w.NR, w.Panel}, macros{"TB": 1}, a, delta)
		}
		return s.hiddenDot(act, next, w, a, delta)
	case TransposedDelta:
		return s.hiddenLanes(act, next, w, packed, a, delta)
	default:
		return s.hiddenPacked(act, next, w, packed, a, delta)
	}
}

// hiddenPacked launches HiddenDelta on a transposed copy of the weights. See hiddendelta.cl.
func (s *Set) hiddenPacked(act string, next Matrix, w Weights, packed Transposed, a, delta Matrix) (*Launch, error) {
	return s.hiddenProduct(act, next, w, operand{packed.Buf, packed.NR, packed.Panel}, macros{}, a, delta)
}

func (s *Set) hiddenProduct(act string, next Matrix, w Weights, right operand, extra macros, a, delta Matrix) (*Launch, error) {
	extra.half("A_HALF", next)
	extra.half("C_HALF", delta)
	nr := w.NR
	if right.Buf != w.Buf {
		nr = 0 // a copy is read by vectors only: hiddenOnAMX, which goes by the weights as they lie, said no
	}
	l, err := s.product("hiddendelta", act, next.Rows, w.In, w.Out, nr, extra)
	if err != nil {
		return nil, err
	}
	l.hiddenDeltaWork(next, w)
	s.byBlocks(l, next, right.Buf)
	l.writes = []*cl.MemObject{delta.Buf}
	return l.args(next.Rows, w.In, w.Out, next.Buf, next.LD, right.Buf, right.panel, right.step, a.Buf, a.LD, delta.Buf, delta.LD)
}

// HiddenOperand is what HiddenDelta reads.
type HiddenOperand int

// The operands: the matrices themselves, and their copies by Pack and by PackDelta. The sums
// of both copies have the same bits.
const (
	WeightsAsTheyLie HiddenOperand = iota
	TransposedWeights
	TransposedDelta
)

// A copy of the weights is not worth its time for few examples. The weights as they lie need δ
// turned round, or sums by lanes for still fewer examples. Either costs more than it saves where
// a layer has few outputs. BenchmarkHiddenDelta shows where the lines are.
const (
	rowsWorthLanes       = 6
	rowsWorthTransposing = 640
	widthWorthAsTheyLie  = 128
)

// HiddenReads says what HiddenDelta reads in the place of w and next, δ(l+1), which may be
// halves: those have one kernel.
func (s *Set) HiddenReads(next Matrix, w Weights) HiddenOperand {
	if next.Half && s.Tuning.Family == Block {
		return TransposedWeights
	}
	if s.hiddenOnAMX(next, w) {
		return WeightsAsTheyLie
	}
	return s.Tuning.hiddenReads(next.Rows, w.Out)
}

func (t Tuning) hiddenReads(b, out int) HiddenOperand {
	switch {
	case t.Family != Block:
		return WeightsAsTheyLie
	case out < widthWorthAsTheyLie || b >= rowsWorthTransposing:
		return TransposedWeights
	case b >= rowsWorthLanes:
		return TransposedDelta
	case t.panelWidth(out)%dotWidth == 0:
		return WeightsAsTheyLie
	}
	return TransposedWeights
}

// Transposed is a copy of weights with inputs and outputs exchanged, element (output k,
// input n) at (n/NR)·Panel + k·NR + n%NR; or of δ, with examples in the place of inputs.
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

// TransposedFloats returns how many floats the copy's buffer has: 0 in the tile family,
// which reads no copy.
func (s *Set) TransposedFloats(w Weights) int {
	if s.Tuning.Family != Block {
		return 0
	}
	t := s.NewTransposed(w)
	return ceilDiv(w.In, t.NR)*t.Panel + slack*t.NR
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
	l.Bytes = next.bytes(next.Rows*(w.Out+2*w.In)) + 4*float64(w.In)*float64(w.Out)
}
