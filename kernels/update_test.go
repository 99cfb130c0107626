package kernels

import (
	"math"
	"slices"
	"testing"

	"github.com/clprop/clprop/cpuref"
)

// updates are the optimisers with moments, as launchers and as functions of cpuref.
// A step of Lion and Adam is one with a decay only if decay is not 0.
var updates = []struct {
	name   string
	launch func(s *Set, theta, grad, m, v Weights) (*Launch, error)
	set    func(l *Launch, rate float64) error
	apply  func(theta, grad, m, v layer64, rate, decay float64)
}{
	{"momentum", func(s *Set, theta, grad, m, _ Weights) (*Launch, error) {
		return s.Momentum(theta, grad, m, 0.9, false)
	},
		setRate, func(theta, grad, m, _ layer64, rate, _ float64) { cpuref.Momentum(theta, grad, m, rate, 0.9, false) }},
	{"nesterov", func(s *Set, theta, grad, m, _ Weights) (*Launch, error) { return s.Momentum(theta, grad, m, 0.9, true) },
		setRate, func(theta, grad, m, _ layer64, rate, _ float64) { cpuref.Momentum(theta, grad, m, rate, 0.9, true) }},
	{"rmsprop", func(s *Set, theta, grad, _, v Weights) (*Launch, error) { return s.RMSprop(theta, grad, v, 0.9, 1e-3) },
		setRate, func(theta, grad, _, v layer64, rate, _ float64) { cpuref.RMSprop(theta, grad, v, rate, 0.9, 1e-3) }},
	{"adagrad", func(s *Set, theta, grad, _, v Weights) (*Launch, error) { return s.Adagrad(theta, grad, v, 1e-3) },
		setRate, func(theta, grad, _, v layer64, rate, _ float64) { cpuref.Adagrad(theta, grad, v, rate, 1e-3) }},
	{"adam", func(s *Set, theta, grad, m, v Weights) (*Launch, error) {
		return s.Adam(theta, grad, m, v, 0.9, 0.99, 1e-3)
	},
		func(l *Launch, rate float64) error { return l.SetAdam(adamStep(rate, 0.5).Factors()) },
		func(theta, grad, m, v layer64, rate, decay float64) {
			cpuref.Adam(theta, grad, m, v, adamStep(rate, decay))
		}},
	{"lion", func(s *Set, theta, grad, m, _ Weights) (*Launch, error) { return s.Lion(theta, grad, m, 0.9, 0.99) },
		func(l *Launch, rate float64) error { return l.SetLion(rate, 1-rate*0.5) },
		func(theta, grad, m, _ layer64, rate, decay float64) {
			cpuref.Lion(theta, grad, m, rate, 0.9, 0.99, decay)
		}},
}

func setRate(l *Launch, rate float64) error { return l.SetRate(float32(rate)) }

func adamStep(rate, decay float64) cpuref.AdamStep {
	return cpuref.AdamStep{Rate: rate, Step: 3, Beta1: 0.9, Beta2: 0.99, Eps: 1e-3, Decay: decay}
}

// TestUpdates runs each launch twice, with another α, and holds Θ to 4u|Θ| + 34u·U,
// and to twice that after two steps: enginetest derives it, with U the step from
// gradients and moments that are all positive. The moments are held to 3u of the sums
// of their magnitudes a step.
func TestUpdates(t *testing.T) {
	each(t, func(f fixture) {
		for _, n := range f.sizes {
			for _, c := range updates {
				theta, grad, m, v := randomLayer(0, n.in, n.out), randomLayer(2, n.in, n.out), randomLayer(4, n.in, n.out), randomLayer(6, n.in, n.out)
				for i, x := range v.W.Data {
					v.W.Data[i] = x * x
				}
				for i, x := range v.B {
					v.B[i] = x * x
				}
				w, inGrad, inM, inV := f.weights(theta), f.weights(grad), f.weights(m), f.weights(v)
				l, err := c.launch(f.set, w, inGrad, inM, inV)
				f.ok(err)
				want, d, m64, v64 := wideLayer(theta), wideLayer(grad), wideLayer(m), wideLayer(v)
				up, upD, upM, upV := cpuref.NewLayer[float64](n.in, n.out), absoluteLayer(grad), absoluteLayer(m), wideLayer(v)
				for step, rate := range []float64{0.1, 0.3} {
					f.ok(c.set(l, rate))
					f.enqueue(l)
					c.apply(want, d, m64, v64, rate, 0.5)
					c.apply(up, upD, upM, upV, rate, 0)
					k, steps, wants := float64(step+1), flat(up), flat(want)
					f.compare(n, c.name, flat(f.layer(w)), wants, func(i int) float64 {
						return k * u * (4*math.Abs(wants[i]) + 34*math.Abs(steps[i]))
					})
					upMs, upVs := flat(upM), flat(upV)
					f.compare(n, c.name+" m", flat(f.layer(inM)), flat(m64), func(i int) float64 { return k * 4 * u * upMs[i] })
					f.compare(n, c.name+" v", flat(f.layer(inV)), flat(v64), func(i int) float64 { return k * 4 * u * upVs[i] })
				}
				l.Release()
				f.unchanged(inGrad.Buf)
			}
		}
	})
}

// flat is weights and then biases.
func flat[T cpuref.Float](l cpuref.Layer[T]) []T { return slices.Concat(l.W.Data, l.B) }
