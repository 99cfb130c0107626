package device

import "github.com/clprop/clprop/cpuref"

// update adds the calls of an optimiser, one a layer.
func (b *binder) update(op Op) {
	switch o := op.(type) {
	case Momentum:
		b.perLayer(func(p []cpuref.Layer[float32]) {
			cpuref.Momentum(p[0], p[1], p[2], o.Rate.Value(), o.Mu, o.Nesterov)
		}, o.Theta, o.Grad, o.Velocity)
	case RMSprop:
		b.perLayer(func(p []cpuref.Layer[float32]) {
			cpuref.RMSprop(p[0], p[1], p[2], o.Rate.Value(), o.Rho, o.Eps)
		}, o.Theta, o.Grad, o.Square)
	case Adagrad:
		b.perLayer(func(p []cpuref.Layer[float32]) {
			cpuref.Adagrad(p[0], p[1], p[2], o.Rate.Value(), o.Eps)
		}, o.Theta, o.Grad, o.Square)
	case Adam:
		b.perLayer(func(p []cpuref.Layer[float32]) {
			cpuref.Adam(p[0], p[1], p[2], p[3], o.now())
		}, o.Theta, o.Grad, o.M, o.V)
	case Lion:
		b.perLayer(func(p []cpuref.Layer[float32]) {
			cpuref.Lion(p[0], p[1], p[2], o.Rate.Value(), o.Beta1, o.Beta2, o.Decay)
		}, o.Theta, o.Grad, o.M)
	}
}

// now is the step with the present values of the Scalars.
func (o Adam) now() cpuref.AdamStep {
	return cpuref.AdamStep{
		Rate: o.Rate.Value(), Step: max(1, o.Step.Value()), Beta1: o.Beta1, Beta2: o.Beta2, Eps: o.Eps, Decay: o.Decay,
	}
}
