package cpuref

import "gonum.org/v1/gonum/blas"

// HiddenDelta carries δ one layer back:
//
//	δ(l) = (δ(l+1) W(l)) ⊙ g′(z(l))
//
// which is the batched Θ(l)ᵀ δ(l+1) without its bias row; g′ is written from
// a = a(l) = g(z(l)), or, for an activation that NeedsZ, a is z(l) itself. next = δ(l+1):
// b × out, theta: in → out, a and delta: b × in; delta must share memory with no other
// operand. It panics on an activation that is not elementwise.
//
// Source: Rumelhart, Hinton and Williams (1986), eq. 7 and then 5, whose ∂E/∂x is δ and
// whose y(1−y) is g′ of the sigmoid.
func HiddenDelta[T Float](act Activation, next Matrix[T], theta Layer[T], a, delta Matrix[T]) {
	if !theta.is(a.Cols, next.Cols) || !next.is(a.Rows, next.Cols) ||
		!a.is(a.Rows, a.Cols) || !delta.is(a.Rows, a.Cols) {
		panic(unfit("HiddenDelta", "next W bias a delta", next, theta.W, biases(theta.B), a, delta))
	}
	if err := act.Check(); err != nil {
		panic("cpuref.HiddenDelta: " + err.Error())
	}
	if !act.Elementwise() {
		panic("cpuref.HiddenDelta: " + string(act) + " has no g′ per element: it is for the output layer")
	}
	gemm(blas.NoTrans, blas.NoTrans, next, theta.W, 0, delta)
	scaleByDerivative(act, a.Data, delta.Data)
}
