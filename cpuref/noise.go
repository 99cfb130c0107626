package cpuref

import "math"

// Noise adds normal noise of mean 0 and the given standard deviation to every element:
//
//	out_ij = a_ij + deviation·n_ij
//
// n_ij is addressed as the words of Dropout are: with q = j div 64, r = j mod 64,
// k = r div 16 and w = Philox(16q + r mod 16, first+i, layer, step; seed),
//
//	u1 = (w_p div 2⁸ + 1)/2²⁴,  u2 = (w_{p+1} div 2⁸)/2²⁴,  p = 2(k div 2)
//	n_ij = √(−2 ln u1) cos(2π u2) for even k, √(−2 ln u1) sin(2π u2) for odd k
//
// so that u1 and u2 are the same bits everywhere, and n the same up to the rounding of
// logarithm, root and cosine. s is NewStream(seed, layer, step). a and out have the same
// shape and may be the same matrix.
//
// Sources: C. M. Bishop, "Training with noise is equivalent to Tikhonov regularization",
// Neural Computation 7 (1995) 108–116; G. E. P. Box and M. E. Muller, "A note on the
// generation of random normal deviates", Annals of Mathematical Statistics 29 (1958)
// 610–611.
func Noise[T Float](s Stream, deviation float64, first int, a, out Matrix[T]) {
	if !a.is(out.Rows, out.Cols) || !out.is(out.Rows, out.Cols) {
		panic(unfit("Noise", "a out", a, out))
	}
	for i := range a.Rows {
		from, to := a.Row(i), out.Row(i)
		for counter := 0; counter/16*64 < a.Cols; counter++ {
			n := normals(s.words(uint64(first+i)<<32 | uint64(counter)))
			for k, v := range n {
				if j := counter/16*64 + counter%16 + 16*k; j < a.Cols {
					to[j] = from[j] + T(deviation*v)
				}
			}
		}
	}
}

// normals makes four numbers of the normal distribution of four words.
func normals(w [4]uint32) (n [4]float64) {
	for p := 0; p < 4; p += 2 {
		u1, u2 := float64(w[p]>>8+1)*0x1p-24, float64(w[p+1]>>8)*0x1p-24
		r := math.Sqrt(-2 * math.Log(u1))
		sin, cos := math.Sincos(2 * math.Pi * u2)
		n[p], n[p+1] = r*cos, r*sin
	}
	return n
}
