package kernels

import "github.com/clprop/clprop/cl"

// packSquares is SQUARES of pack.cl.
const packSquares = 9

// packCached is up to how many floats a copy may have that is to stay in the caches, where the product
// that reads it finds it: what cores have of their own, two or a few. Tests change it.
var packCached = 1 << 20

// Pack launches the transposing copy of w into t. See pack.cl.
func (s *Set) Pack(w Weights, t Transposed) (*Launch, error) {
	if err := longEnough("pack", operandBuffer{"weights", w.Buf, w.Floats()}, operandBuffer{"copy", t.Buf, s.TransposedFloats(w)}); err != nil {
		return nil, err
	}
	return s.pack(w.In, w.Out, operand{w.Buf, w.NR, w.Panel}, t)
}

func (s *Set) pack(in, out int, from operand, t Transposed) (*Launch, error) {
	k, err := s.plain("pack")
	if err != nil {
		return nil, err
	}
	vw := s.Tuning.VW
	outputs := packSquares * vw / t.NR * vw // of a work-item
	l, err := s.launch("pack", k, []int{ceilDiv(in, t.NR), ceilDiv(out, outputs)}, []int{1, 1})
	if err != nil {
		return nil, err
	}
	l.Bytes = 2 * 4 * float64(in) * float64(out)
	l.writes, l.byPanel = []*cl.MemObject{t.Buf}, true
	return l.args(in, out, from.Buf, from.panel, from.step, t.Buf, t.Panel, t.NR, boolean(in*out > packCached))
}
