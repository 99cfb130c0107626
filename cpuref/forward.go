package cpuref

import "gonum.org/v1/gonum/blas"

// Forward is one layer for a batch:
//
//	z = a Wᵀ + 1 θ0ᵀ,   out = g(z)
//
// a: b × in, theta: in → out, out: b × out, which must not share memory with a.
// With Linear, out is z itself, as Cost wants it. Every activation works, the
// softmax too.
//
// Source: Rumelhart, Hinton and Williams (1986), see the package's comment, eq. 1 and 2,
// where g is the sigmoid.
func Forward[T Float](act Activation, a Matrix[T], theta Layer[T], out Matrix[T]) {
	if !theta.is(a.Cols, out.Cols) || !a.is(out.Rows, a.Cols) || !out.is(out.Rows, out.Cols) {
		panic(unfit("Forward", "a W bias out", a, theta.W, biases(theta.B), out))
	}
	for i := range out.Rows {
		copy(out.Row(i), theta.B)
	}
	gemm(blas.NoTrans, blas.Trans, a, theta.W, 1, out)
	Activate(act, out, out)
}
