package device

import "github.com/clprop/clprop/cpuref"

// update adds the calls of an optimiser, one a layer.
func (b *binder) update(op Op) {
	switch o := op.(type) {
	case Momentum:
		b.perLayer(func(p [][]cpuref.Layer[float32], l int) {
			cpuref.Momentum(p[0][l], p[1][l], p[2][l], o.Rate.Value(), o.Mu, o.Nesterov)
		}, o.Theta, o.Grad, o.Velocity)
	case RMSprop:
		b.perLayer(func(p [][]cpuref.Layer[float32], l int) {
			cpuref.RMSprop(p[0][l], p[1][l], p[2][l], o.Rate.Value(), o.Rho, o.Eps)
		}, o.Theta, o.Grad, o.Square)
	case Adagrad:
		b.perLayer(func(p [][]cpuref.Layer[float32], l int) {
			cpuref.Adagrad(p[0][l], p[1][l], p[2][l], o.Rate.Value(), o.Eps)
		}, o.Theta, o.Grad, o.Square)
	case Adam:
		b.perLayer(func(p [][]cpuref.Layer[float32], l int) {
			cpuref.Adam(p[0][l], p[1][l], p[2][l], p[3][l], o.now())
		}, o.Theta, o.Grad, o.M, o.V)
	case Lion:
		b.perLayer(func(p [][]cpuref.Layer[float32], l int) {
			cpuref.Lion(p[0][l], p[1][l], p[2][l], o.Rate.Value(), o.Beta1, o.Beta2, o.Decay)
		}, o.Theta, o.Grad, o.M)
	}
}

// perLayer adds a call for each layer of parameters.
func (b *binder) perLayer(do func(parameters [][]cpuref.Layer[float32], l int), parameters ...Parameters) {
	var bound [][]cpuref.Layer[float32]
	for _, p := range parameters {
		bound = append(bound, b.layers(p))
	}
	for l := range bound[0] {
		b.call(func() { do(bound, l) })
	}
}

// now is the step with the present values of the Scalars.
func (o Adam) now() cpuref.AdamStep {
	return cpuref.AdamStep{
		Rate: o.Rate.Value(), Step: max(1, o.Step.Value()), Beta1: o.Beta1, Beta2: o.Beta2, Eps: o.Eps, Decay: o.Decay,
	}
}
