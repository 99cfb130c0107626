package enginetest

import (
	"math"

	"github.com/clprop/clprop/cpuref"
	"github.com/clprop/clprop/device"
)

// partial is training of a net with one hidden layer on batches in parts: all that depends
// on the place of an example in its batch, weights and masks, and all that is done once a
// batch, clipping and moments.
type partial struct {
	s            suite
	in, out      int
	first        *device.Scalar // row of the part in its batch
	step         *device.Scalar
	theta        device.Parameters
	sum, grad    device.Parameters
	velocity     device.Parameters
	tally        device.Tally
	x, y, w      device.Matrix // of a part
	a, read, z   device.Matrix
	h, top, back device.Matrix
}

const (
	partialBatch  = 10
	partialHidden = 17
)

func newPartial(s suite) *partial {
	const in, out = 6, 3
	p := &partial{s: s, in: in, out: out, first: device.NewScalar(0), step: device.NewScalar(0),
		theta: s.parameters(randomLayer(0, in, partialHidden), randomLayer(1, partialHidden, out)), tally: s.tally(),
		x: s.output(partialBatch, in), y: s.output(partialBatch, out), w: s.output(partialBatch, 1),
		a: s.output(partialBatch, partialHidden), read: s.output(partialBatch, partialHidden),
		z: s.output(partialBatch, out), h: s.output(partialBatch, out),
		top: s.output(partialBatch, out), back: s.output(partialBatch, partialHidden)}
	shapes := p.theta.Shapes()
	p.sum, p.grad = s.outputLayers(shapes...), s.outputLayers(shapes...)
	zero := []layer32{cpuref.NewLayer[float32](in, partialHidden), cpuref.NewLayer[float32](partialHidden, out)}
	p.velocity = s.parameters(zero...)
	return p
}

// plan writes down a part of so many rows.
func (p *partial) plan(rows int, fresh, last bool) device.Plan {
	x, y, w := p.x.Head(rows), p.y.Head(rows), p.w.Head(rows)
	a, read, z, h := p.a.Head(rows), p.read.Head(rows), p.z.Head(rows), p.h.Head(rows)
	top, back := p.top.Head(rows), p.back.Head(rows)
	mask := device.Dropout{A: a, Out: read, Rate: 0.3, Seed: 11, Layer: 1, Step: p.step, First: p.first}
	way := mask
	way.A, way.Out = back, back
	ops := []device.Op{
		device.Forward{Act: device.Tanh, A: x, Theta: p.theta, Layer: 0, Out: a},
		mask,
		device.Forward{Act: device.Linear, A: read, Theta: p.theta, Layer: 1, Out: z},
		device.Cost{Loss: device.SoftmaxCrossEntropy, Z: z, Y: y, Weight: w, Tally: p.tally},
		device.Activate{Act: device.Softmax, Z: z, A: h},
		device.OutputDelta{Loss: device.SoftmaxCrossEntropy, A: h, Y: y, Weight: w, Delta: top},
		device.Accumulate{Delta: top, A: read, Sum: p.sum, Layer: 1, Fresh: fresh},
		device.HiddenDelta{Act: device.Tanh, Next: top, Theta: p.theta, Layer: 1, A: a, Delta: back},
		way,
		device.Accumulate{Delta: back, A: x, Sum: p.sum, Layer: 0, Fresh: fresh},
	}
	if last {
		ops = append(ops,
			device.Gradient{Sum: p.sum, Theta: p.theta, Lambda: 0.5, M: partialBatch, Grad: p.grad},
			device.ClipNorm{Grad: p.grad, Limit: 0.3},
			device.Momentum{Theta: p.theta, Grad: p.grad, Velocity: p.velocity, Rate: device.NewScalar(0.1), Mu: 0.9})
	}
	return p.s.prepare(ops...)
}

// train takes steps on batches in parts of at most size rows.
func (p *partial) train(steps, size int) (theta []layer32, sums device.Sums) {
	var plans []device.Plan
	for from := 0; from < partialBatch; from += size {
		to := min(from+size, partialBatch)
		plans = append(plans, p.plan(to-from, from == 0, to == partialBatch))
	}
	for step := range steps {
		p.step.Set(float64(step))
		x := normal(uint32(40+2*step), partialBatch, p.in, 1)
		y := classes(device.SoftmaxCrossEntropy, uint32(41+2*step), partialBatch, p.out)
		for k, plan := range plans {
			from, to := k*size, min((k+1)*size, partialBatch)
			weights := make([]float32, to-from)
			for i := range weights {
				weights[i] = 0.5 + float32((from+i)%3)
			}
			p.s.ok(p.s.e.Write(p.x, 0, x.Data[from*p.in:to*p.in]))
			p.s.ok(p.s.e.Write(p.y, 0, y.Data[from*p.out:to*p.out]))
			p.s.ok(p.s.e.Write(p.w, 0, weights))
			p.first.Set(float64(from))
			p.s.run(plan)
		}
	}
	for l := range p.theta.Shapes() {
		theta = append(theta, p.s.layer(p.theta, l))
	}
	return theta, p.s.sums(p.tally)
}

// parts trains on batches whole and in parts. A step is within 1e-5 of float64 either way
// (the design's bound), and so are the losses of it; the same parts give the same bits.
func parts(s suite) {
	steps := 20
	if s.opts.Small {
		steps = 3
	}
	bound := float64(steps) * 2e-5
	whole, want := newPartial(s).train(steps, partialBatch)
	for _, size := range []int{4, 5, 1} { // the last is smaller, and not; all alone
		got, sums := newPartial(s).train(steps, size)
		for l := range got {
			if d := distance(got[l], wideLayer(whole[l])); !(d <= bound) {
				s.Errorf("parts of %d: layer %d is %.1e off", size, l, d)
			}
		}
		if !(math.Abs(sums.Loss-want.Loss) <= bound*want.Loss) || sums.Count != want.Count || sums.Correct != want.Correct {
			s.Errorf("parts of %d: %+v, whole %+v", size, sums, want)
		}
		again, twice := newPartial(s).train(steps, size)
		for l := range got {
			same(s, "weights again", again[l].W.Data, got[l].W.Data)
			same(s, "biases again", again[l].B, got[l].B)
		}
		if twice != sums {
			s.Errorf("parts of %d: sums again %+v, first %+v", size, twice, sums)
		}
	}
}
