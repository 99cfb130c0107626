package enginetest

import (
	"math"
	"slices"

	"github.com/clprop/clprop/cpuref"
	"github.com/clprop/clprop/device"
)

func activate(s suite) {
	s.each(func(s suite, n size) {
		z := normal(0, n.b, n.out, 4)
		z.Data[0] = 200 // e^−z and e^z both leave float32
		z.Data[len(z.Data)-1] = -200
		in, out := s.matrix(z), s.output(n.b, n.out)
		for _, act := range cpuref.Activations() {
			s.do(device.Activate{Act: act, Z: in, A: out})
			want := cpuref.NewMatrix[float64](n.b, n.out)
			cpuref.Activate(act, wide(z), want)
			within(s, string(act), s.read(out), want.Data, func(i int) float64 {
				if act == device.Softmax {
					return softmaxError(z.Row(i/n.out), want.Data[i])
				}
				return activationError(act, want.Data[i])
			})
		}
	})
}

// softmaxError bounds the error of a = e^(z_k−c)/Σ_j e^(z_j−c). With s the spread
// of the row, z−c is off by u·s, which e^ makes a relative error, and adds 6u;
// the sum of K of these adds K·u to that; the division 5u:
//
//	(u s + 6u) + (u s + 6u + K u) + 5u,  relative
func softmaxError(z []float32, a float64) float64 {
	spread := float64(slices.Max(z)) - float64(slices.Min(z))
	return (2*spread + 17 + float64(len(z))) * u * a
}

// losses are all there are, and Huber's with another threshold.
var losses = append(cpuref.Losses(), cpuref.HuberLoss(0.25))

// outputDelta: a − y is one rounding; 1/K or 2/K, its product, and the weight, one each.
func outputDelta(s suite) {
	s.each(func(s suite, n size) {
		for turn, loss := range append([]device.Loss{""}, losses...) {
			if n.b != 31 && turn%4 != (n.b+n.out)%4 {
				continue // a kernel for each loss, with weights and without: compiling takes longest
			}
			reference := loss
			if loss == "" {
				reference = device.SigmoidCrossEntropy
			}
			h, y, weight := normal(0, n.b, n.out, 1), classes(reference, 1, n.b, n.out), weights(2, n.b)
			delta := s.output(n.b, n.out)
			op := device.OutputDelta{Loss: loss, A: s.matrix(h), Y: s.matrix(y), Delta: delta}
			want := cpuref.NewMatrix[float64](n.b, n.out)
			cpuref.OutputDelta(reference, wide(h), wide(y), want)
			tolerance := func(i int) float64 { return 4 * u * math.Abs(want.Data[i]) }
			s.do(op)
			within(s, string(loss), s.read(delta), want.Data, tolerance)
			op.Weight = s.matrix(weight)
			s.do(op)
			cpuref.ScaleRows(wide(weight), want)
			within(s, string(loss)+" with weights", s.read(delta), want.Data, tolerance)
		}
	})
}

// layersOf are three layers of which one is of the size asked for.
func layersOf(name uint32, n size) []layer32 {
	return []layer32{
		randomLayer(name, 3, n.in), randomLayer(name+1, n.in, n.out), randomLayer(name+2, n.out, 1),
	}
}

func gradient(s suite) {
	s.each(func(s suite, n size) {
		sum, theta := layersOf(0, n), layersOf(10, n)
		inSum, inTheta := s.parameters(sum...), s.parameters(theta...)
		grad := s.outputLayers(inSum.Shapes()...)
		for _, lambda := range []float64{0, 0.3, 1000} {
			s.do(device.Gradient{Sum: inSum, Theta: inTheta, Lambda: lambda, M: 7 * n.b, Grad: grad})
			for l := range sum {
				want := cpuref.NewLayer[float64](sum[l].W.Cols, sum[l].W.Rows)
				cpuref.Gradient(wideLayer(sum[l]), wideLayer(theta[l]), lambda, 7*n.b, want)
				got, m := s.layer(grad, l), float64(7*n.b)
				// Roundings: λ and λΘ, the sum, and dividing by m, 5u, or by a
				// rounded 1/m, 6u: 9u (|Δ| + |λΘ|)/m at most.
				within(s, "weights", got.W.Data, want.W.Data, func(i int) float64 {
					return 9 * u * (math.Abs(float64(sum[l].W.Data[i])) + lambda*math.Abs(float64(theta[l].W.Data[i]))) / m
				})
				// λ does not touch the bias: the division alone.
				within(s, "biases", got.B, want.B, func(i int) float64 { return 6 * u * math.Abs(want.B[i]) })
			}
		}
	})
}

// sgd runs one plan twice, with another α.
func sgd(s suite) {
	s.each(func(s suite, n size) {
		theta, grad := layersOf(0, n), layersOf(10, n)
		inTheta, inGrad := s.parameters(theta...), s.parameters(grad...)
		rate := device.NewScalar(0)
		plan := s.prepare(device.SGD{Theta: inTheta, Grad: inGrad, Rate: rate})
		for _, alpha := range []float64{0.1, -3} {
			s.write(inTheta, theta)
			rate.Set(alpha)
			s.run(plan)
			for l := range theta {
				want, d, got := wideLayer(theta[l]), wideLayer(grad[l]), s.layer(inTheta, l)
				cpuref.SGD(want, d, alpha)
				// Roundings: α, αD and the difference.
				tolerance := func(was float32, d float64) float64 {
					return 3 * u * (math.Abs(float64(was)) + math.Abs(alpha*d))
				}
				within(s, "weights", got.W.Data, want.W.Data, func(i int) float64 { return tolerance(theta[l].W.Data[i], d.W.Data[i]) })
				within(s, "biases", got.B, want.B, func(i int) float64 { return tolerance(theta[l].B[i], d.B[i]) })
			}
		}
	})
}
