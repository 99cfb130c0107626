package cpuref

// OutputDelta is δ(L), the derivative of the loss with respect to z(L), written
// from h = a(L) = g(z(L)) with the loss's own g:
//
//	cross-entropies  h − y          (C. M. Bishop, Pattern Recognition and Machine
//	                                Learning, 2006, §5.2 and eq. 4.109)
//	hinge            −t where t h < 1, else 0, with t = 2y − 1
//	MSE              (2/K)(h − y)
//	MAE              (1/K) sign(h − y), 0 where they are equal
//	Huber            (1/K) (h − y) cut to ±δ
//
// All three are b × K; delta may be a or y. It panics on an unknown loss.
func OutputDelta[T Float](loss Loss, a, y, delta Matrix[T]) {
	if !a.is(delta.Rows, delta.Cols) || !y.is(delta.Rows, delta.Cols) || !delta.is(delta.Rows, delta.Cols) {
		panic(unfit("OutputDelta", "a y delta", a, y, delta))
	}
	if err := loss.Check(); err != nil {
		panic("cpuref.OutputDelta: " + err.Error())
	}
	slope := func(h, y T) T { return h - y }
	k, limit := T(delta.Cols), T(loss.HuberDelta())
	switch loss.Kind() {
	case Hinge:
		slope = func(h, y T) T { return hingeSlope(h, 2*y-1) }
	case MeanSquaredError:
		slope = func(h, y T) T { return (h - y) * (2 / k) }
	case MeanAbsoluteError:
		slope = func(h, y T) T { return T(sign(float64(h-y))) / k }
	case Huber:
		slope = func(h, y T) T { return cut(h-y, limit) / k }
	}
	for i, a := range a.Data {
		delta.Data[i] = slope(a, y.Data[i])
	}
}

// hingeSlope is the derivative of max(0, 1 − t h) by h; NaN stays NaN.
func hingeSlope[T Float](h, t T) T {
	margin := 1 - t*h
	switch {
	case margin > 0:
		return -t
	case margin <= 0:
		return 0
	}
	return margin
}

// cut is r, but at most limit away from 0; NaN stays NaN.
func cut[T Float](r, limit T) T {
	switch {
	case r > limit:
		return limit
	case r < -limit:
		return -limit
	}
	return r
}

// ScaleRows multiplies row i of delta by weight i: a weight of an example scales
// its loss, and with it δ(L) and all that comes of it. weight is b × 1, delta b × K.
func ScaleRows[T Float](weight, delta Matrix[T]) {
	if !weight.is(delta.Rows, 1) || !delta.is(delta.Rows, delta.Cols) {
		panic(unfit("ScaleRows", "weight delta", weight, delta))
	}
	for i, w := range weight.Data {
		for k := range delta.Row(i) {
			delta.Row(i)[k] *= w
		}
	}
}
