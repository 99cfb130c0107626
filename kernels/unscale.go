package kernels

import "github.com/clprop/clprop/cl"

// NonFinite launches the search for what is not finite in Δ of one layer, biases too:
// NormParts ints of parts, from NormParts·layer on, are 0 where there is none. See unscale.cl.
func (s *Set) NonFinite(sum Weights, layer int, parts *cl.MemObject) (*Launch, error) {
	if err := longEnough("nonfinite", operandBuffer{"sum", sum.Buf, sum.Floats()}, operandBuffer{"parts", parts, NormParts * (layer + 1)}); err != nil {
		return nil, err
	}
	k, err := s.unscaling("nonfinite")
	if err != nil {
		return nil, err
	}
	l, err := s.striding("nonfinite", k, []int{NormParts}, []int{min(8, s.local)})
	if err != nil {
		return nil, err
	}
	n := sum.Panels() * sum.Panel
	l.Bytes = 4 * float64(n)
	return l.args(n, NormParts*layer, sum.Buf, parts)
}

// Adapt launches the next state of a loss scale, two floats, and the factor of Δ, one, from
// what NonFinite has found in all layers. The scale doubles after growth good steps, up to top. See
// unscale.cl.
func (s *Set) Adapt(layers int, growth, top float32, parts, state, factor *cl.MemObject) (*Launch, error) {
	if err := longEnough("adapt", operandBuffer{"parts", parts, NormParts * layers}, operandBuffer{"state", state, 2}, operandBuffer{"factor", factor, 1}); err != nil {
		return nil, err
	}
	k, err := s.unscaling("adapt")
	if err != nil {
		return nil, err
	}
	l, err := s.launch("adapt", k, []int{1}, []int{1})
	if err != nil {
		return nil, err
	}
	l.Bytes = 4 * NormParts * float64(layers)
	return l.args(NormParts*layers, growth, top, parts, state, factor)
}

// Unscale launches Δ := factor·Δ of one layer, biases too, or Δ := 0 where factor is 0. See
// unscale.cl.
func (s *Set) Unscale(sum Weights, factor *cl.MemObject) (*Launch, error) {
	if err := longEnough("unscale", operandBuffer{"sum", sum.Buf, sum.Floats()}, operandBuffer{"factor", factor, 1}); err != nil {
		return nil, err
	}
	k, err := s.unscaling("unscale")
	if err != nil {
		return nil, err
	}
	n := sum.Panels() * sum.Panel
	l, err := s.overItems("unscale", k, ceilDiv(n, s.Tuning.Chunk*s.Tuning.VW), 1)
	if err != nil {
		return nil, err
	}
	l.Bytes = 2 * 4 * float64(n)
	return l.args(n, factor, sum.Buf)
}

// unscaling returns a new kernel object of unscale.cl.
func (s *Set) unscaling(name string) (*kernel, error) {
	return s.kernel(name, macros{"CHUNK": s.Tuning.Chunk}, "unscale.cl")
}
