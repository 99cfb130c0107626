package device

import "github.com/clprop/clprop/kernels"

// update adds the launches of an optimiser, one a layer.
func (p *openclPlan) update(op Op) {
	set := p.engine.set
	switch o := op.(type) {
	case Momentum:
		theta, grad, v := p.layers(o.Theta), p.layers(o.Grad), p.layers(o.Velocity)
		for i := range theta {
			l := p.launch(func() (*kernels.Launch, error) { return set.Momentum(theta[i], grad[i], v[i], o.Mu, o.Nesterov) })
			p.follow(o.Rate, func(v float64) error { return l.SetRate(float32(v)) })
		}
	case RMSprop:
		theta, grad, s := p.layers(o.Theta), p.layers(o.Grad), p.layers(o.Square)
		for i := range theta {
			l := p.launch(func() (*kernels.Launch, error) { return set.RMSprop(theta[i], grad[i], s[i], o.Rho, o.Eps) })
			p.follow(o.Rate, func(v float64) error { return l.SetRate(float32(v)) })
		}
	case Adagrad:
		theta, grad, s := p.layers(o.Theta), p.layers(o.Grad), p.layers(o.Square)
		for i := range theta {
			l := p.launch(func() (*kernels.Launch, error) { return set.Adagrad(theta[i], grad[i], s[i], o.Eps) })
			p.follow(o.Rate, func(v float64) error { return l.SetRate(float32(v)) })
		}
	case Adam:
		p.adam(o)
	case Lion:
		theta, grad, m := p.layers(o.Theta), p.layers(o.Grad), p.layers(o.M)
		for i := range theta {
			l := p.launch(func() (*kernels.Launch, error) { return set.Lion(theta[i], grad[i], m[i], o.Beta1, o.Beta2) })
			p.follow(o.Rate, func(v float64) error { return l.SetLion(v, 1-v*o.Decay) })
		}
	}
}

func (p *openclPlan) adam(o Adam) {
	theta, grad, m, v := p.layers(o.Theta), p.layers(o.Grad), p.layers(o.M), p.layers(o.V)
	for i := range theta {
		l := p.launch(func() (*kernels.Launch, error) {
			return p.engine.set.Adam(theta[i], grad[i], m[i], v[i], o.Beta1, o.Beta2, o.Eps)
		})
		refresh := func(float64) error { return l.SetAdam(o.now().Factors()) }
		p.follow(o.Rate, refresh)
		p.follow(o.Step, refresh)
	}
}
