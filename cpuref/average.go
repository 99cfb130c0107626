package cpuref

// Average moves a running mean E of Θ towards it, weights and biases alike:
//
//	E := E + s (Θ − E),   that is  (1−s) E + s Θ
//
// theta and mean have one shape; share = s, 0 to 1.
//
// Source: B. T. Polyak and A. B. Juditsky, "Acceleration of stochastic approximation by
// averaging", SIAM J. Control and Optimization 30 (1992) 838–855, with weights that decay
// exponentially instead of equal ones.
func Average[T Float](theta, mean Layer[T], share float64) {
	alike("Average", "theta mean", theta, mean)
	for _, part := range [][2][]T{{theta.W.Data, mean.W.Data}, {theta.B, mean.B}} {
		for i, w := range part[0] {
			e := float64(part[1][i])
			part[1][i] = T(e + share*(float64(w)-e))
		}
	}
}
