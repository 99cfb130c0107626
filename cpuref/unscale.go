package cpuref

import "math"

// A loss scale S keeps small δ above what halves flush to 0: δ(L) is times S, and with it, as
// the way back is linear in δ, every δ(l) and Δ. S is a power of two, so that no other bit
// changes.
const (
	FirstScale  = 1 << 15 // S of the first step
	MaxScale    = 1 << 24 // no S is larger, and none is below 1
	ScaleGrowth = 2000    // steps in a row without an overflow after which S is doubled
)

// Scale multiplies every element of δ(L) by S.
func Scale[T Float](s T, delta Matrix[T]) {
	for i := range delta.Data {
		delta.Data[i] *= s
	}
}

// Unscale takes the scale out of Δ of all layers, biases too, and adapts it. state is S and
// the good steps since it changed:
//
//	Δ finite      Δ := Δ/S; after ScaleGrowth such steps in a row S := 2S
//	Δ not finite  Δ := 0,   S := S/2
//
// so that a step that has overflowed learns nothing. Where S is 1 an overflow is none of the
// scale's, and Δ stays as it is, for what is wrong to be seen.
//
// Source: P. Micikevicius, S. Narang, J. Alben, G. Diamos, E. Elsen, D. Garcia, B. Ginsburg,
// M. Houston, O. Kuchaiev, G. Venkatesh and H. Wu, "Mixed precision training", ICLR (2018),
// §3.2. How S moves is PyTorch's GradScaler.
func Unscale[T Float](sum []Layer[T], state []T) {
	scale, factor := state[0], 1/state[0]
	state[1]++
	switch {
	case !finite(sum):
		factor = 0
		if scale == 1 {
			factor = 1
		}
		state[0], state[1] = max(1, scale/2), 0
	case state[1] >= ScaleGrowth:
		state[0], state[1] = min(MaxScale, 2*scale), 0
	}
	for _, l := range sum {
		if factor == 0 {
			Zero(l)
			continue
		}
		for _, part := range [][]T{l.W.Data, l.B} {
			for i := range part {
				part[i] *= factor
			}
		}
	}
}

// finite reports whether all elements are.
func finite[T Float](sum []Layer[T]) bool {
	for _, l := range sum {
		for _, part := range [][]T{l.W.Data, l.B} {
			for _, v := range part {
				if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
					return false
				}
			}
		}
	}
	return true
}
