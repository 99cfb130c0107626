package cpuref

// Mixup makes mixtures of neighbouring examples, of inputs and of labels alike:
//
//	out_i = λ a_i + (1−λ) a_j,   j = i+1 for even i, i−1 for odd i
//
// share is λ, 0 to 1. A last row without a neighbour stays as it is. Where the order of
// examples is random, neighbours are as random a pair as any, and parts of a batch of even
// size have the pairs of the whole. a and out have the same shape, and memory of their own.
//
// Source: H. Zhang, M. Cisse, Y. N. Dauphin and D. Lopez-Paz, "mixup: beyond empirical risk
// minimization", ICLR (2018), eq. 1, with one λ for a batch, as in the authors' program.
func Mixup[T Float](share float64, a, out Matrix[T]) {
	if !a.is(out.Rows, out.Cols) || !out.is(out.Rows, out.Cols) {
		panic(unfit("Mixup", "a out", a, out))
	}
	for i := range a.Rows {
		if i^1 == a.Rows {
			copy(out.Row(i), a.Row(i))
			continue
		}
		one, other, to := a.Row(i), a.Row(i^1), out.Row(i)
		for j := range to {
			to[j] = T(share)*one[j] + T(1-share)*other[j] // eq. 1
		}
	}
}
