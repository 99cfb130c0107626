package cpuref

import "math"

// Dropout keeps an element of a with probability 1−p and drops it with p:
//
//	out_ij = a_ij/(1−p) where the mask keeps (i, j), else 0
//
// so that out is a on average, and a trained network needs no scaling (inverted dropout).
// It is linear, and its own way back: δ goes through the same mask. What is dropped is 0
// even if it was not a number.
//
// The mask is addressed, not stored. first+i is the row's number in its batch; with
// q = j div 64 and r = j mod 64,
//
//	word (r div 16) of Philox(16q + r mod 16, first+i, layer, step; seed) ≥ ⌊p·2³²⌋
//
// keeps (i, j): 16 neighbouring columns read one word of 16 neighbouring counters, in which
// vectors of any width up to 16 work without moving a number from lane to lane. So s is
// NewStream(seed, layer, step). p is 0 or more, and below 1. a and out have the same shape
// and may be the same matrix.
//
// Source: N. Srivastava, G. Hinton, A. Krizhevsky, I. Sutskever and R. Salakhutdinov,
// "Dropout: a simple way to prevent neural networks from overfitting", JMLR 15 (2014)
// 1929–1958, §4, with the scaling in training instead of after it, as §10 has it.
func Dropout[T Float](s Stream, p float64, first int, a, out Matrix[T]) {
	if !a.is(out.Rows, out.Cols) || !out.is(out.Rows, out.Cols) {
		panic(unfit("Dropout", "a out", a, out))
	}
	threshold, scale := DropoutThreshold(p), T(1/(1-p))
	for i := range a.Rows {
		from, to := a.Row(i), out.Row(i)
		for counter := 0; ; counter++ {
			j := counter/16*64 + counter%16
			if counter/16*64 >= a.Cols {
				break
			}
			words := s.words(uint64(first+i)<<32 | uint64(counter))
			for k, word := range words {
				if at := j + 16*k; at < a.Cols {
					if word >= threshold {
						to[at] = scale * from[at]
					} else {
						to[at] = 0
					}
				}
			}
		}
	}
}

// DropoutThreshold is ⌊p·2³²⌋: a word of the mask below it drops an element.
func DropoutThreshold(p float64) uint32 { return uint32(math.Floor(p * (1 << 32))) }
