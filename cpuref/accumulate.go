package cpuref

import "gonum.org/v1/gonum/blas"

// Accumulate adds a batch to the sums of a layer:
//
//	Δ_W += δᵀ A,   Δ_θ0 += column sums of δ
//
// which is Δ(l) := Δ(l) + δ(l+1) [1; a(l)]ᵀ over the rows. delta = δ(l+1):
// b × out, a = a(l): b × in, sum: in → out. For Δ := 0 first, see Zero.
//
// Source: Rumelhart, Hinton and Williams (1986), eq. 6, summed over the examples.
func Accumulate[T Float](delta, a Matrix[T], sum Layer[T]) {
	if !sum.is(a.Cols, delta.Cols) || !delta.is(a.Rows, delta.Cols) || !a.is(a.Rows, a.Cols) {
		panic(unfit("Accumulate", "delta a sum bias", delta, a, sum.W, biases(sum.B)))
	}
	gemm(blas.Trans, blas.NoTrans, delta, a, 1, sum.W)
	for i := range delta.Rows {
		for j, d := range delta.Row(i) {
			sum.B[j] += d
		}
	}
}

// Zero is Δ(l) := 0.
func Zero[T Float](sum Layer[T]) {
	clear(sum.W.Data)
	clear(sum.B)
}
