package enginetest

import (
	"github.com/clprop/clprop/cpuref"
	"github.com/clprop/clprop/device"
)

// normStep takes a step of a net of one hidden layer with each normalisation, which an
// engine may join parts of, and holds it to 1e-5 of float64 in L2 norm, as step does; and
// again from the same start, for the same bits.
func normStep(s suite) {
	sizes := []size{{31, 33, 17}, {16, 16, 16}}
	if !s.opts.Small {
		sizes = append(sizes, size{101, 67, 129}, size{2, 5, 65}, size{65, 300, 127})
	}
	for _, n := range sizes {
		for _, batch := range []bool{true, false} {
			s.sub(map[bool]string{true: "Batch", false: "Layer"}[batch], func(s suite) { s.oneNormStep(n, batch) })
		}
	}
}

// normNet is n.in units, n.out with a normalisation and SiLU, and 3 outputs.
type normNet struct {
	n     size
	batch bool
	x, y  matrix32
	start []layer32 // two layers of weights, then those of the normalisation
}

const normAlpha, normLambda = 0.5, 0.7

func (s suite) oneNormStep(n size, batch bool) {
	net := normNet{n: n, batch: batch, x: normal(20, n.b, n.in, 1), y: classes(device.SoftmaxCrossEntropy, 30, n.b, 3)}
	net.start = append([]layer32{randomLayer(0, n.in, n.out), randomLayer(1, n.out, 3)}, normLayers(40, n.out)...)
	if !batch {
		net.start = net.start[:2+device.LayerNormLayers]
	}
	theta := s.parameters(net.start...)
	plan := s.prepare(net.ops(s, theta)...)
	step := func() (after []layer32) {
		s.write(theta, net.start)
		s.run(plan)
		for l := range net.start {
			after = append(after, s.layer(theta, l))
		}
		return after
	}
	first, again := step(), step()
	for l, want := range net.reference() {
		if d := distance(first[l], want); !(d <= 1e-5) {
			s.Errorf("%v: layer %d is off by %.2g in L2", n, l, d)
		}
		same(s, "again", numbers(again[l]), numbers(first[l]))
	}
}

// ops is the step, as a trainer writes it down.
func (net normNet) ops(s suite, theta device.Parameters) []device.Op {
	n, act := net.n, device.SiLU
	matrix := func() device.Matrix { return s.output(n.b, n.out) }
	x, z, kept, a, deltaY, deltaZ := s.matrix(net.x), matrix(), matrix(), matrix(), matrix(), matrix()
	out, h, delta := s.output(n.b, 3), s.output(n.b, 3), s.output(n.b, 3)
	sum, grad := s.parameters(net.start...), s.outputLayers(theta.Shapes()...)
	for l, v := range net.start { // Δ of what no operation sets is 0
		s.ok(s.e.WriteParameters(sum, l, make([]float32, len(v.W.Data)), make([]float32, len(v.B))))
	}
	saved := s.output(n.b, 2)
	if net.batch {
		saved = s.output(2, n.out)
	}
	var norm device.Op = device.LayerNorm{Act: act, Z: z, Theta: theta, Layer: 2, Saved: saved, Out: a, Y: kept}
	back := device.BatchNormDelta{Delta: deltaY, Z: z, Saved: saved, Theta: theta, Layer: 2, Sum: sum, Fresh: true, Back: deltaZ}
	var normBack device.Op = device.LayerNormDelta(back)
	if net.batch {
		norm, normBack = device.BatchNorm{Act: act, Z: z, Theta: theta, Layer: 2, Saved: saved, Out: a, Y: kept}, back
	}
	return []device.Op{
		device.Forward{Act: device.Linear, A: x, Theta: theta, Layer: 0, Out: z}, norm,
		device.Forward{Act: device.Linear, A: a, Theta: theta, Layer: 1, Out: out},
		device.Activate{Act: device.Softmax, Z: out, A: h},
		device.OutputDelta{Loss: device.SoftmaxCrossEntropy, A: h, Y: s.matrix(net.y), Delta: delta},
		device.Accumulate{Delta: delta, A: a, Sum: sum, Layer: 1, Fresh: true},
		device.HiddenDelta{Act: act, Next: delta, Theta: theta, Layer: 1, A: kept, Delta: deltaY}, normBack,
		device.Accumulate{Delta: deltaZ, A: x, Sum: sum, Layer: 0, Fresh: true},
		device.Gradient{Sum: sum, Theta: theta, Lambda: normLambda, M: n.b, Grad: grad},
		device.SGD{Theta: theta, Grad: grad, Rate: device.NewScalar(normAlpha)},
	}
}

// reference is Θ after the step, in float64.
func (net normNet) reference() (theta []layer64) {
	n := net.n
	var sum []layer64
	for _, l := range net.start {
		theta = append(theta, wideLayer(l))
		sum = append(sum, cpuref.NewLayer[float64](l.W.Cols, l.W.Rows))
	}
	matrix := func() matrix64 { return cpuref.NewMatrix[float64](n.b, n.out) }
	norm := cpuref.Norm[float64]{Gamma: theta[2].B, Beta: theta[3].B}
	sums := cpuref.Norm[float64]{Gamma: sum[2].B, Beta: sum[3].B}
	x, z, y, a, delta, back := wide(net.x), matrix(), matrix(), matrix(), cpuref.NewMatrix[float64](n.b, 3), matrix()
	cpuref.Forward(device.Linear, x, theta[0], z)
	saved := cpuref.NewMatrix[float64](n.b, 2)
	if net.batch {
		norm.Mean, norm.Variance = theta[4].B, theta[5].B
		saved = cpuref.NewMatrix[float64](2, n.out)
		cpuref.BatchNorm(z, norm, saved, y)
	} else {
		cpuref.LayerNorm(z, norm, saved, y)
	}
	cpuref.Activate(device.SiLU, y, a)
	cpuref.Forward(device.Softmax, a, theta[1], delta)
	cpuref.OutputDelta(device.SoftmaxCrossEntropy, delta, wide(net.y), delta)
	cpuref.Accumulate(delta, a, sum[1])
	cpuref.HiddenDelta(device.SiLU, delta, theta[1], y, back)
	if net.batch {
		cpuref.BatchNormDelta(back, z, saved, norm, sums, back)
	} else {
		cpuref.LayerNormDelta(back, z, saved, norm, sums, back)
	}
	cpuref.Accumulate(back, x, sum[0])
	for l := range theta {
		cpuref.Gradient(sum[l], theta[l], normLambda, n.b, sum[l])
		cpuref.SGD(theta[l], sum[l], normAlpha)
	}
	return theta
}
