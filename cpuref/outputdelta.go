package cpuref

// OutputDelta is the derivative of the loss with respect to z(L):
//
//	δ(L) = a(L) − y
//
// for sigmoid units with their cross-entropy, and for the softmax with its own
// (C. M. Bishop, Pattern Recognition and Machine Learning, 2006, §5.2 and
// eq. 4.109). All three are b × K; delta may be a or y.
func OutputDelta[T Float](a, y, delta Matrix[T]) {
	if !a.is(delta.Rows, delta.Cols) || !y.is(delta.Rows, delta.Cols) || !delta.is(delta.Rows, delta.Cols) {
		panic(unfit("OutputDelta", "a y delta", a, y, delta))
	}
	for i, a := range a.Data {
		delta.Data[i] = a - y.Data[i]
	}
}
