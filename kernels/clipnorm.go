package kernels

import "github.com/clprop/clprop/cl"

// NormParts is how many partial sums SumSquares writes for a layer.
const NormParts = 256

// SumSquares launches the partial sums of Σ D² of one layer, biases too: NormParts
// floats of parts, from NormParts·layer on. See clipnorm.cl.
func (s *Set) SumSquares(grad Weights, layer int, parts *cl.MemObject) (*Launch, error) {
	if err := longEnough("sumsquares", operandBuffer{"gradient", grad.Buf, grad.Floats()}, operandBuffer{"parts", parts, NormParts * (layer + 1)}); err != nil {
		return nil, err
	}
	k, err := s.clipNorm("sumsquares")
	if err != nil {
		return nil, err
	}
	l, err := s.striding("sumsquares", k, []int{NormParts}, []int{min(8, s.local)})
	if err != nil {
		return nil, err
	}
	n := grad.Panels() * grad.Panel
	l.Bytes = 4 * float64(n)
	return l.args(n, NormParts*layer, grad.Buf, parts)
}

// ClipScale launches scale = min(1, limit/‖D‖), one float, from the partial sums of all
// layers. See clipnorm.cl.
func (s *Set) ClipScale(layers int, limit float64, parts, scale *cl.MemObject) (*Launch, error) {
	if err := longEnough("clipscale", operandBuffer{"parts", parts, NormParts * layers}, operandBuffer{"scale", scale, 1}); err != nil {
		return nil, err
	}
	k, err := s.clipNorm("clipscale")
	if err != nil {
		return nil, err
	}
	l, err := s.launch("clipscale", k, []int{1}, []int{1})
	if err != nil {
		return nil, err
	}
	l.Bytes = 4 * NormParts * float64(layers)
	return l.args(NormParts*layers, float32(limit), parts, scale)
}

// Rescale launches D := scale·D of one layer, biases too. See clipnorm.cl.
func (s *Set) Rescale(grad Weights, scale *cl.MemObject) (*Launch, error) {
	if err := longEnough("rescale", operandBuffer{"gradient", grad.Buf, grad.Floats()}, operandBuffer{"scale", scale, 1}); err != nil {
		return nil, err
	}
	k, err := s.clipNorm("rescale")
	if err != nil {
		return nil, err
	}
	n := grad.Panels() * grad.Panel
	l, err := s.overItems("rescale", k, ceilDiv(n, s.Tuning.Chunk*s.Tuning.VW), 1)
	if err != nil {
		return nil, err
	}
	l.Bytes = 2 * 4 * float64(n)
	return l.args(n, scale, grad.Buf)
}

// clipNorm returns a new kernel object of clipnorm.cl.
func (s *Set) clipNorm(name string) (*kernel, error) {
	return s.kernel(name, macros{"CHUNK": s.Tuning.Chunk}, "clipnorm.cl")
}
