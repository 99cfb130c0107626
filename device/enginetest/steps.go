package enginetest

import (
	"fmt"
	"math"
	"slices"

	"github.com/clprop/clprop/cpuref"
	"github.com/clprop/clprop/device"
)

// head runs operations on the first rows of larger matrices, as the last batch
// of an epoch does: rows below are neither read nor written.
func head(s suite) {
	s.each(func(s suite, n size) {
		rows := n.b + 5
		a, delta := normal(0, rows, n.in, 1), normal(1, rows, n.out, 1)
		poison(a.Data[n.b*n.in:])
		poison(delta.Data[n.b*n.out:])
		theta := randomLayer(2, n.in, n.out)
		inA, inDelta, inTheta := s.matrix(a), s.matrix(delta), s.parameters(theta)
		below := normal(3, rows, n.out, 1)
		out, back := s.matrix(below), s.matrix(a)
		sum := s.outputLayers(device.Shape{In: n.in, Out: n.out})
		tally := s.tally()
		viewA, viewDelta := inA.Head(n.b), inDelta.Head(n.b)
		if viewA.Rows() != n.b || viewA.Cols() != n.in {
			s.Fatalf("Head(%d) of %d×%d is %d×%d", n.b, rows, n.in, viewA.Rows(), viewA.Cols())
		}
		s.do(
			device.Forward{Act: device.Linear, A: viewA, Theta: inTheta, Layer: 0, Out: out.Head(n.b)},
			device.HiddenDelta{Act: device.Linear, Next: viewDelta, Theta: inTheta, Layer: 0, A: viewA, Delta: back.Head(n.b)},
			device.Accumulate{Delta: viewDelta, A: viewA, Sum: sum, Layer: 0, Fresh: true},
			device.Cost{Loss: device.SigmoidCrossEntropy, Z: viewDelta, Y: viewDelta, Tally: tally},
		)

		// The same on matrices that are no larger than the batch gives, within the
		// bounds of forward, hiddenDelta and accumulate, the same.
		small := func(m matrix32) matrix64 {
			return wide(matrix32{Rows: n.b, Cols: m.Cols, Data: m.Data[:n.b*m.Cols]})
		}
		got := s.read(out)
		same(s, "forward, rows below", got[n.b*n.out:], below.Data[n.b*n.out:])
		want, bound := cpuref.NewMatrix[float64](n.b, n.out), cpuref.NewMatrix[float64](n.b, n.out)
		cpuref.Forward(cpuref.Linear, small(a), wideLayer(theta), want)
		cpuref.Forward(cpuref.Linear, absolute(small(a)), absoluteLayer(wideLayer(theta)), bound)
		within(s, "forward", got[:n.b*n.out], want.Data, func(i int) float64 { return 2 * float64(n.in+1) * u * bound.Data[i] })

		got = s.read(back)
		same(s, "hidden delta, rows below", got[n.b*n.in:], a.Data[n.b*n.in:])
		want, bound = cpuref.NewMatrix[float64](n.b, n.in), cpuref.NewMatrix[float64](n.b, n.in)
		cpuref.HiddenDelta(cpuref.Linear, small(delta), wideLayer(theta), small(a), want)
		cpuref.HiddenDelta(cpuref.Linear, absolute(small(delta)), absoluteLayer(wideLayer(theta)), small(a), bound)
		within(s, "hidden delta", got[:n.b*n.in], want.Data, func(i int) float64 { return 2 * float64(n.out) * u * bound.Data[i] })

		sums, sumsBound := cpuref.NewLayer[float64](n.in, n.out), cpuref.NewLayer[float64](n.in, n.out)
		cpuref.Accumulate(small(delta), small(a), sums)
		cpuref.Accumulate(absolute(small(delta)), absolute(small(a)), sumsBound)
		gotSums := s.layer(sum, 0)
		within(s, "accumulate", gotSums.W.Data, sums.W.Data, func(i int) float64 { return 2 * float64(n.b+1) * u * sumsBound.W.Data[i] })
		within(s, "accumulate", gotSums.B, sums.B, func(i int) float64 { return 2 * float64(n.b+1) * u * sumsBound.B[i] })
		if got := s.sums(tally); got.Count != n.b || math.IsNaN(got.Loss) {
			s.Errorf("cost of %d rows: %+v", n.b, got)
		}
	})
}

// training is one step of a 4-layer net, in the engine's memory.
type training struct {
	units  []int // four layers
	b      int
	hidden device.Activation
	loss   device.Loss
	alpha  float64
	lambda float64

	start []layer32     // Θ before the step
	x, y  []matrix32    // the micro-batches
	plans []device.Plan // one for each

	inX, inY    device.Matrix
	theta, grad device.Parameters
	tally       device.Tally
}

// step trains 4-layer nets for one step of two micro-batches, against float64,
// and again from the same start, for the same bits.
func step(s suite) {
	nets := []training{{units: []int{5, 7, 3, 2}, b: 4}, {units: []int{33, 16, 17, 10}, b: 31}}
	if !s.opts.Small {
		nets = append(nets, training{units: []int{64, 64, 64, 16}, b: 64},
			training{units: []int{157, 129, 67, 11}, b: 101}, training{units: []int{31, 127, 65, 1}, b: 33})
	}
	for _, net := range nets {
		for i, hidden := range hiddenActivations {
			if net.hidden = hidden; i > 3 && net.b != 31 {
				continue // the kernels of a step differ in g alone, and compiling takes longest
			}
			if s.opts.Small && net.b == 31 && hidden != device.Sigmoid && hidden != device.SiLU {
				continue // a simulator takes half a minute for each
			}
			for at, loss := range cpuref.Losses() {
				if net.loss = loss; at > 1 && at%4 != i%4 && net.b != 4 {
					continue // as above: each loss with some g
				}
				if net.loss == device.SoftmaxCrossEntropy && net.units[3] == 1 {
					continue // h is 1 whatever z is: D is 0, and no relative error of it
				}
				s.sub(fmt.Sprintf("%v/%s/%s", net.units, net.hidden, net.loss), func(s suite) {
					net.prepare(s)
					first := net.step(s)
					net.compare(s, first)
					again := net.step(s)
					for l := range first.theta {
						same(s, "weights again", again.theta[l].W.Data, first.theta[l].W.Data)
						same(s, "biases again", again.theta[l].B, first.theta[l].B)
						same(s, "gradient again", again.grad[l].W.Data, first.grad[l].W.Data)
						same(s, "bias gradient again", again.grad[l].B, first.grad[l].B)
					}
					if again.sums != first.sums {
						s.Errorf("sums again %+v, first %+v", again.sums, first.sums)
					}
				})
			}
		}
	}
}

// prepare draws the net and two micro-batches, and writes the step down.
func (n *training) prepare(s suite) {
	n.alpha, n.lambda = 0.5, 0.7
	last := len(n.units) - 2 // the last layer of Θ, from 0
	n.start, n.x, n.y = nil, nil, nil
	for l := range last + 1 {
		n.start = append(n.start, randomLayer(uint32(l), n.units[l], n.units[l+1]))
	}
	for batch := range uint32(2) {
		n.x = append(n.x, normal(20+batch, n.b, n.units[0], 1))
		n.y = append(n.y, classes(n.loss, 30+batch, n.b, n.units[last+1]))
	}
	n.theta, n.tally = s.parameters(n.start...), s.tally()
	n.grad = s.outputLayers(n.theta.Shapes()...)
	sum := s.outputLayers(n.theta.Shapes()...)

	a, delta := make([]device.Matrix, last+1), make([]device.Matrix, last+1)
	kept := make([]device.Matrix, last+1) // z of hidden layers, or nil
	for l, units := range n.units[1:] {
		a[l], delta[l] = s.output(n.b, units), s.output(n.b, units)
		if n.hidden.NeedsZ() {
			kept[l] = s.output(n.b, units)
		}
	}
	z := s.output(n.b, n.units[last+1])
	n.inX, n.inY = s.output(n.b, n.units[0]), s.output(n.b, n.units[last+1])
	input := func(l int) device.Matrix {
		if l == 0 {
			return n.inX
		}
		return a[l-1]
	}
	var batch []device.Op // without Fresh
	for l := range last {
		batch = append(batch, device.Forward{Act: n.hidden, A: input(l), Theta: n.theta, Layer: l, Out: a[l], Z: kept[l]})
	}
	batch = append(batch,
		device.Forward{Act: device.Linear, A: input(last), Theta: n.theta, Layer: last, Out: z},
		device.Cost{Loss: n.loss, Z: z, Y: n.inY, Tally: n.tally},
		device.Activate{Act: n.loss.Output(), Z: z, A: a[last]},
		device.OutputDelta{Loss: n.loss, A: a[last], Y: n.inY, Delta: delta[last]})
	for l := last; l > 0; l-- {
		saved := a[l-1]
		if kept[l-1] != nil {
			saved = kept[l-1]
		}
		batch = append(batch, device.HiddenDelta{Act: n.hidden, Next: delta[l], Theta: n.theta, Layer: l, A: saved, Delta: delta[l-1]})
	}
	first, more := slices.Clone(batch), batch
	for l := range last + 1 {
		op := device.Accumulate{Delta: delta[l], A: input(l), Sum: sum, Layer: l, Fresh: true}
		first = append(first, op)
		op.Fresh = false
		more = append(more, op)
	}
	more = append(more,
		device.Gradient{Sum: sum, Theta: n.theta, Lambda: n.lambda, M: 2 * n.b, Grad: n.grad},
		device.Penalty{Theta: n.theta, Tally: n.tally},
		device.SGD{Theta: n.theta, Grad: n.grad, Rate: device.NewScalar(n.alpha)})
	n.plans = []device.Plan{s.prepare(first...), s.prepare(more...)}
}

// outcome is what a step leaves behind.
type outcome struct {
	theta, grad []layer32
	sums        device.Sums
}

func (n *training) step(s suite) outcome {
	s.write(n.theta, n.start)
	s.ok(s.e.ResetTally(n.tally))
	for batch, plan := range n.plans {
		_, err := s.e.Upload(n.inX, n.x[batch].Data)
		s.ok(err)
		_, err = s.e.Upload(n.inY, n.y[batch].Data)
		s.ok(err)
		s.run(plan)
	}
	var o outcome
	for l := range n.start {
		o.theta, o.grad = append(o.theta, s.layer(n.theta, l)), append(o.grad, s.layer(n.grad, l))
	}
	o.sums = s.sums(n.tally)
	return o
}

// compare holds the step to 1e-5 of float64 in L2 norm, layer by layer: the
// design's figure for a whole step. ReLU's kinks are no exception for these
// seeds: no z is so near to 0 that float32 puts it on the other side.
func (n *training) compare(s suite, got outcome) {
	const relative = 1e-5
	theta, grad, sums := n.reference()
	for l := range theta {
		if d := distance(got.grad[l], grad[l]); !(d <= relative) {
			s.Errorf("layer %d: D is off by %.2g in L2", l, d)
		}
		if d := distance(got.theta[l], theta[l]); !(d <= relative) {
			s.Errorf("layer %d: Θ is off by %.2g in L2", l, d)
		}
	}
	s.checkSums("step", got.sums, sums, relative*sums.Loss)
	if !(math.Abs(got.sums.Squares-sums.Squares) <= relative*sums.Squares) {
		s.Errorf("Σ Θ² is %v, want %v", got.sums.Squares, sums.Squares)
	}
}

// reference is the same step in float64.
func (n *training) reference() (theta, grad []layer64, sums device.Sums) {
	var sum []layer64
	for _, l := range n.start {
		theta = append(theta, wideLayer(l))
		sum = append(sum, cpuref.NewLayer[float64](l.W.Cols, l.W.Rows))
		sums.Squares += cpuref.Penalty(wideLayer(l))
	}
	last := len(theta) - 1
	for batch := range n.x {
		a := []matrix64{wide(n.x[batch])}
		for l := range theta {
			out, act := cpuref.NewMatrix[float64](n.b, n.units[l+1]), n.hidden
			if l == last {
				act = device.Linear
			}
			cpuref.Forward(act, a[l], theta[l], out)
			a = append(a, out)
		}
		y, delta := wide(n.y[batch]), a[last+1]
		loss, correct := cpuref.Cost(n.loss, delta, y)
		sums.Loss += loss
		sums.Correct += correct
		sums.Count += n.b
		cpuref.Activate(n.loss.Output(), delta, delta)
		cpuref.OutputDelta(n.loss, delta, y, delta)
		for l := last; l >= 0; l-- {
			cpuref.Accumulate(delta, a[l], sum[l])
			if l > 0 {
				back, saved := cpuref.NewMatrix[float64](n.b, n.units[l]), a[l]
				if n.hidden.NeedsZ() {
					saved = cpuref.NewMatrix[float64](n.b, n.units[l])
					cpuref.Forward(device.Linear, a[l-1], theta[l-1], saved)
				}
				cpuref.HiddenDelta(n.hidden, delta, theta[l], saved, back)
				delta = back
			}
		}
	}
	for l := range theta {
		cpuref.Gradient(sum[l], theta[l], n.lambda, 2*n.b, sum[l])
		cpuref.SGD(theta[l], sum[l], n.alpha)
	}
	return theta, sum, sums
}

// distance is ‖got − want‖/‖want‖ over weights and biases.
func distance(got layer32, want layer64) float64 {
	var difference, norm float64
	add := func(got []float32, want []float64) {
		for i, w := range want {
			difference += (float64(got[i]) - w) * (float64(got[i]) - w)
			norm += w * w
		}
	}
	add(got.W.Data, want.W.Data)
	add(got.B, want.B)
	return math.Sqrt(difference / norm)
}
