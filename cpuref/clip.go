package cpuref

import "math"

// ClipValue cuts every element of D of one layer, biases too, to −limit … limit. NaN
// stays.
//
// Source: T. Mikolov, "Statistical language models based on neural networks" (PhD
// thesis, Brno 2012), section 3.2.2.
func ClipValue[T Float](grad Layer[T], limit float64) {
	c := T(limit)
	for _, part := range [][]T{grad.W.Data, grad.B} {
		for i, d := range part {
			switch { // neither is true of NaN
			case d > c:
				part[i] = c
			case d < -c:
				part[i] = -c
			}
		}
	}
}

// ClipNorm scales D of all layers, biases too, so that its norm is at most limit:
//
//	D := D · min(1, limit/‖D‖),   ‖D‖ = √(Σ_l Σ_ij D_ij(l)²)
//
// The sum is float64 in either type. Where ‖D‖ is not a number D stays as it is.
//
// Source: R. Pascanu, T. Mikolov and Y. Bengio, "On the difficulty of training recurrent
// neural networks", ICML (2013), algorithm 1.
func ClipNorm[T Float](grad []Layer[T], limit float64) {
	sum := 0.0
	for _, l := range grad {
		sum += SumSquares(l)
	}
	if scale := limit / math.Sqrt(sum); scale < 1 {
		Rescale(scale, grad)
	}
}

// SumSquares is Σ_ij D_ij² of one layer, biases too, in float64.
func SumSquares[T Float](grad Layer[T]) (sum float64) {
	for _, part := range [][]T{grad.W.Data, grad.B} {
		for _, d := range part {
			sum += float64(d) * float64(d)
		}
	}
	return sum
}

// Rescale is D := scale·D of all layers, biases too.
func Rescale[T Float](scale float64, grad []Layer[T]) {
	for _, l := range grad {
		for _, part := range [][]T{l.W.Data, l.B} {
			for i, d := range part {
				part[i] = T(scale * float64(d))
			}
		}
	}
}
