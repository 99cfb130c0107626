package enginetest

import (
	"errors"
	"math"

	"github.com/clprop/clprop/cpuref"
	"github.com/clprop/clprop/device"
)

// refused checks that an error of a kind came back.
func (s suite) refused(what string, err, kind error) {
	s.Helper()
	switch {
	case err == nil:
		s.Errorf("%s: no error", what)
	case kind != nil && !errors.Is(err, kind):
		s.Errorf("%s: %q is not of the kind %q", what, err, kind)
	}
}

// misuse is refused with an error of its kind, and the engine works on.
func misuse(s suite) {
	s.sub("Sizes", misuseSizes)
	s.sub("Transfers", misuseTransfers)
	s.sub("Operations", misuseOperations)
	s.sub("Foreign", misuseForeign)
	s.sub("Released", misuseReleased)
	s.ok(s.e.Sync())
	s.do(device.Activate{Act: device.ReLU, Z: s.matrix(normal(0, 2, 2, 1)), A: s.output(2, 2)})
}

func misuseSizes(s suite) {
	const huge = 1 << 30 // huge × huge float32 are 4 EiB
	for _, n := range [][2]int{{0, 1}, {1, 0}, {-1, 1}, {1, -1}, {huge, huge}} {
		_, err := s.e.NewMatrix(n[0], n[1])
		s.refused("new matrix", err, nil)
		if n[0] == 0 {
			continue // a layer of biases alone
		}
		_, err = s.e.NewParameters([]device.Shape{{In: 1, Out: 1}, {In: n[0], Out: n[1]}})
		s.refused("new parameters", err, nil)
	}
	_, err := s.e.NewParameters(nil)
	s.refused("no layers", err, nil)
	_, err = s.e.NewIndex(0)
	s.refused("empty index", err, nil)
}

func misuseTransfers(s suite) {
	v := normal(0, 4, 3, 1)
	m, p, x := s.matrix(v), s.parameters(randomLayer(0, 3, 2)), s.index([]int32{0, 1})
	for _, c := range []struct {
		what   string
		row, n int
	}{
		{"nothing", 0, 0}, {"part of a row", 0, 4}, {"too many rows", 0, 15}, {"beyond the end", 3, 6},
		{"row −1", -1, 3}, {"row 4 of 4", 4, 3},
	} {
		s.refused("write "+c.what, s.e.Write(m, c.row, make([]float32, c.n)), device.ErrShape)
		s.refused("read "+c.what, s.e.Read(make([]float32, c.n), m, c.row), device.ErrShape)
		if c.row == 0 {
			_, err := s.e.Upload(m, make([]float32, c.n))
			s.refused("upload "+c.what, err, device.ErrShape)
		}
	}
	same(s, "after what was refused", s.read(m), v.Data)
	for _, rows := range []int{-1, 0, 5} {
		s.refused("a view of too many rows or none", s.e.Write(m.Head(rows), 0, make([]float32, 3)), device.ErrShape)
	}

	for _, c := range []struct {
		what                   string
		layer, weights, biases int
	}{
		{"layer −1", -1, 6, 2}, {"layer 1 of 1", 1, 6, 2}, {"short weights", 0, 5, 2}, {"long biases", 0, 6, 3},
	} {
		w, b := make([]float32, c.weights), make([]float32, c.biases)
		s.refused("write "+c.what, s.e.WriteParameters(p, c.layer, w, b), device.ErrShape)
		s.refused("read "+c.what, s.e.ReadParameters(w, b, p, c.layer), device.ErrShape)
	}
	s.refused("short index", s.e.WriteIndex(x, []int32{0}), device.ErrShape)
	s.refused("long index", s.e.WriteIndex(x, []int32{0, 0, 0}), device.ErrShape)
}

func misuseOperations(s suite) {
	matrix := func(rows, cols int) device.Matrix { return s.matrix(cpuref.NewMatrix[float32](rows, cols)) }
	a, out := matrix(4, 3), matrix(4, 2)
	theta, other := s.parameters(randomLayer(0, 3, 2)), s.parameters(randomLayer(0, 2, 2))
	alone := layer32{W: matrix32{Rows: 2}, B: make([]float32, 2)}
	units := s.parameters(alone, alone, alone, alone)
	x, from, tally := s.index([]int32{0, 1}), device.NewScalar(0), s.tally()
	var none device.Matrix
	d, v, v2 := s.parameters(randomLayer(0, 3, 2)), s.parameters(randomLayer(0, 3, 2)), s.parameters(randomLayer(0, 3, 2))
	for _, c := range []struct {
		what string
		op   device.Op
		kind error
	}{
		{"gather of fewer numbers than rows", device.Gather{Src: a, Index: x, From: from, Dst: matrix(3, 3)}, device.ErrShape},
		{"gather into other columns", device.Gather{Src: a, Index: x, From: from, Dst: matrix(2, 2)}, device.ErrShape},
		{"gather from nowhere", device.Gather{Src: a, Index: x, Dst: matrix(2, 3)}, nil},
		{"forward of layer 1 of 1", device.Forward{Act: device.Tanh, A: a, Theta: theta, Layer: 1, Out: out}, device.ErrShape},
		{"forward of layer −1", device.Forward{Act: device.Tanh, A: a, Theta: theta, Layer: -1, Out: out}, device.ErrShape},
		{"forward of other columns", device.Forward{Act: device.Tanh, A: out, Theta: theta, Out: out}, device.ErrShape},
		{"forward of other rows", device.Forward{Act: device.Tanh, A: a, Theta: theta, Out: matrix(3, 2)}, device.ErrShape},
		{"forward with the softmax", device.Forward{Act: device.Softmax, A: a, Theta: theta, Out: out}, nil},
		{"forward of nothing", device.Forward{Act: device.Tanh, A: none, Theta: theta, Out: out}, nil},
		{"unknown activation", device.Activate{Act: "swish", Z: a, A: a}, nil},
		{"activate into another shape", device.Activate{Act: device.Tanh, Z: a, A: out}, device.ErrShape},
		{"output delta of another shape", device.OutputDelta{A: out, Y: a, Delta: out}, device.ErrShape},
		{"hidden delta of other columns", device.HiddenDelta{Act: device.Tanh, Next: a, Theta: theta, A: a, Delta: a}, device.ErrShape},
		{"hidden delta with the softmax", device.HiddenDelta{Act: device.Softmax, Next: out, Theta: theta, A: a, Delta: a}, nil},
		{"accumulate of other rows", device.Accumulate{Delta: out, A: matrix(5, 3), Sum: theta}, device.ErrShape},
		{"gradient of other layers", device.Gradient{Sum: theta, Theta: other, M: 1, Grad: theta}, device.ErrShape},
		{"batch norm without γ", device.BatchNorm{Act: device.Tanh, Z: out, Theta: theta, Out: out}, device.ErrShape},
		{"batch norm of fewer units", device.BatchNorm{Act: device.Tanh, Z: a, Theta: units, Out: a}, device.ErrShape},
		{"batch norm without a variance", device.BatchNorm{Act: device.Tanh, Z: out, Theta: units, Layer: 1, Out: out}, device.ErrShape},
		{"batch norm with the softmax", device.BatchNorm{Act: device.Softmax, Z: out, Theta: units, Out: out}, nil},
		{"batch norm saving rows", device.BatchNorm{Act: device.Tanh, Z: out, Theta: units, Saved: matrix(4, 2), Out: out}, device.ErrShape},
		{"layer norm saving columns", device.LayerNorm{Act: device.Tanh, Z: out, Theta: units, Saved: matrix(2, 2), Out: out}, device.ErrShape},
		{"layer norm of other rows", device.LayerNorm{Act: device.Tanh, Z: out, Theta: units, Out: matrix(3, 2)}, device.ErrShape},
		{"layer norm of the last layer and more", device.LayerNorm{Act: device.Tanh, Z: out, Theta: units, Layer: 3, Out: out}, device.ErrShape},
		{"batch norm delta of nothing saved", device.BatchNormDelta{Delta: out, Z: out, Theta: units, Sum: units, Back: out}, nil},
		{"layer norm delta into a net's Δ", device.LayerNormDelta{Delta: out, Z: out, Saved: matrix(4, 2), Theta: units, Sum: theta, Back: out}, device.ErrShape},
		{"layer norm delta of other columns", device.LayerNormDelta{Delta: a, Z: out, Saved: matrix(4, 2), Theta: units, Sum: units, Back: out}, device.ErrShape},
		{"gradient of no examples", device.Gradient{Sum: theta, Theta: theta, M: 0, Grad: theta}, nil},
		{"sgd of other layers", device.SGD{Theta: theta, Grad: other, Rate: from}, device.ErrShape},
		{"sgd without a rate", device.SGD{Theta: theta, Grad: theta}, nil},
		{"momentum of other layers", device.Momentum{Theta: theta, Grad: d, Velocity: other, Rate: from}, device.ErrShape},
		{"momentum without a rate", device.Momentum{Theta: theta, Grad: d, Velocity: v}, nil},
		{"momentum of 1", device.Momentum{Theta: theta, Grad: d, Velocity: v, Rate: from, Mu: 1}, nil},
		{"momentum in place", device.Momentum{Theta: theta, Grad: theta, Velocity: v, Rate: from}, nil},
		{"rmsprop without ε", device.RMSprop{Theta: theta, Grad: d, Square: v, Rate: from, Rho: 0.9}, nil},
		{"adagrad without ε", device.Adagrad{Theta: theta, Grad: d, Square: v, Rate: from}, nil},
		{"adam without a step", device.Adam{Theta: theta, Grad: d, M: v, V: v2, Rate: from, Eps: 1e-8}, nil},
		{"adam of NaN", device.Adam{Theta: theta, Grad: d, M: v, V: v2, Rate: from, Step: from, Beta1: math.NaN(), Eps: 1}, nil},
		{"adam without V", device.Adam{Theta: theta, Grad: d, M: v, Rate: from, Step: from, Eps: 1}, nil},
		{"lion that grows", device.Lion{Theta: theta, Grad: d, M: v, Rate: from, Decay: -1}, nil},
		{"l1 of other layers", device.L1{Theta: theta, Grad: other, M: 1}, device.ErrShape},
		{"l1 of no examples", device.L1{Theta: theta, Grad: d}, nil},
		{"l1 below 0", device.L1{Theta: theta, Grad: d, M: 1, Lambda: -1}, nil},
		{"clip value at 0", device.ClipValue{Grad: d}, nil},
		{"clip norm at NaN", device.ClipNorm{Grad: d, Limit: math.NaN()}, nil},
		{"clip norm of nothing", device.ClipNorm{Limit: 1}, nil},
		{"max-norm of infinity", device.MaxNorm{Theta: theta, Limit: math.Inf(1)}, nil},
		{"average of other layers", device.Average{Theta: theta, Mean: other, Share: from}, device.ErrShape},
		{"average without a share", device.Average{Theta: theta, Mean: d}, nil},
		{"average in place", device.Average{Theta: theta, Mean: theta, Share: from}, nil},
		{"dropout of everything", device.Dropout{A: a, Out: a, Rate: 1, Step: from}, nil},
		{"dropout below 0", device.Dropout{A: a, Out: a, Rate: -0.1, Step: from}, nil},
		{"shift by more than the image", device.Shift{A: a, Out: matrix(4, 3), Image: device.ImageShape{Height: 3, Width: 1, Channels: 1}, By: 1, Step: from}, nil},
		{"shift of another image", device.Shift{A: a, Out: matrix(4, 3), Image: device.ImageShape{Height: 2, Width: 2, Channels: 1}, Step: from}, device.ErrShape},
		{"shift of no image", device.Shift{A: a, Out: matrix(4, 3), Step: from}, nil},
		{"shift in place", device.Shift{A: a, Out: a, Image: device.ImageShape{Height: 3, Width: 1, Channels: 1}, Step: from}, nil},
		{"noise without a step", device.Noise{A: a, Out: a}, nil},
		{"noise below 0", device.Noise{A: a, Out: a, Deviation: -1, Step: from}, nil},
		{"noise into another shape", device.Noise{A: a, Out: out, Step: from}, device.ErrShape},
		{"mixup without a share", device.Mixup{A: a, Out: matrix(4, 3)}, nil},
		{"mixup in place", device.Mixup{A: a, Out: a, Share: from}, nil},
		{"mixup into another shape", device.Mixup{A: a, Out: out, Share: from}, device.ErrShape},
		{"dropout into another shape", device.Dropout{A: a, Out: out, Step: from}, device.ErrShape},
		{"dropout without a step", device.Dropout{A: a, Out: a}, nil},
		{"unknown loss", device.Cost{Loss: "absent", Z: a, Y: a, Tally: tally}, nil},
		{"cost with weights of other rows", device.Cost{Loss: device.Hinge, Z: a, Y: a, Weight: matrix(3, 1), Tally: tally}, device.ErrShape},
		{"unknown loss of an output delta", device.OutputDelta{Loss: "huber:x", A: a, Y: a, Delta: a}, nil},
		{"output delta with a row of weights", device.OutputDelta{A: a, Y: a, Delta: a, Weight: matrix(4, 2)}, device.ErrShape},
		{"forward that keeps z of another shape", device.Forward{Act: device.GELU, A: a, Theta: theta, Out: out, Z: a}, device.ErrShape},
		{"cost of another shape", device.Cost{Loss: device.SoftmaxCrossEntropy, Z: a, Y: out, Tally: tally}, device.ErrShape},
		{"penalty of nothing", device.Penalty{Tally: tally}, nil},
		{"a view of too many rows", device.Activate{Act: device.Tanh, Z: a.Head(9), A: a.Head(9)}, device.ErrShape},
		{"no operation", nil, nil},
		{"an operation by reference", &device.Penalty{Theta: theta, Tally: tally}, nil},
		{"a nil operation", (*device.Penalty)(nil), nil},
	} {
		_, err := s.e.Prepare(c.op)
		if errors.Is(err, device.ErrOneDevice) {
			continue // refused whatever the operands
		}
		s.refused(c.what, err, c.kind)
	}
	_, err := s.e.Prepare()
	s.refused("an empty plan", err, nil)
}

// misuseForeign hands over operands of another engine.
func misuseForeign(s suite) {
	foreign := suite{s.T, device.OpenReference(), s.sizes, s.opts}
	defer foreign.e.Close()
	m, p, x := foreign.matrix(normal(0, 2, 2, 1)), foreign.parameters(randomLayer(0, 2, 2)), foreign.index([]int32{0, 0})
	mine, theta, t := s.matrix(normal(0, 2, 2, 1)), s.parameters(randomLayer(0, 2, 2)), foreign.tally()
	v := make([]float32, 4)

	s.refused("write", s.e.Write(m, 0, v), device.ErrForeign)
	s.refused("read", s.e.Read(v, m, 0), device.ErrForeign)
	s.refused("write to a view", s.e.Write(m.Head(1), 0, v[:2]), device.ErrForeign)
	_, err := s.e.Upload(m, v)
	s.refused("upload", err, device.ErrForeign)
	s.refused("write parameters", s.e.WriteParameters(p, 0, v, v[:2]), device.ErrForeign)
	s.refused("read parameters", s.e.ReadParameters(v, v[:2], p, 0), device.ErrForeign)
	s.refused("write index", s.e.WriteIndex(x, []int32{0, 0}), device.ErrForeign)
	s.refused("reset tally", s.e.ResetTally(t), device.ErrForeign)
	s.refused("write tally", s.e.WriteTally(t, device.Sums{}), device.ErrForeign)
	_, err = s.e.ReadTally(t)
	s.refused("read tally", err, device.ErrForeign)
	for _, op := range []device.Op{
		device.Activate{Act: device.Tanh, Z: mine, A: m},
		device.Forward{Act: device.Tanh, A: mine, Theta: p, Out: mine},
		device.Gather{Src: mine, Index: x, From: device.NewScalar(0), Dst: mine},
		device.SGD{Theta: theta, Grad: p, Rate: device.NewScalar(0)},
		device.Penalty{Theta: theta, Tally: t},
	} {
		_, err := s.e.Prepare(op)
		s.refused("prepare", err, device.ErrForeign)
	}
	s.refused("write to nothing", s.e.Write(nil, 0, v), nil)
}

// misuseReleased uses what was released, also under a plan.
func misuseReleased(s suite) {
	m, out, v := s.matrix(normal(0, 2, 2, 1)), s.output(2, 2), make([]float32, 4)
	view := m.Head(1)
	op := device.Activate{Act: device.Tanh, Z: m, A: out}
	plan := s.prepare(op)
	m.Release()
	s.refused("write", s.e.Write(m, 0, v), device.ErrReleased)
	s.refused("read", s.e.Read(v, m, 0), device.ErrReleased)
	s.refused("write to a view", s.e.Write(view, 0, v[:2]), device.ErrReleased)
	_, err := s.e.Prepare(op)
	s.refused("prepare", err, device.ErrReleased)
	s.refused("run", plan.Run(), device.ErrReleased)

	plan = s.prepare(device.Activate{Act: device.Tanh, Z: out, A: out})
	plan.Release()
	plan.Release()
	s.refused("run of a released plan", plan.Run(), device.ErrReleased)
}

// another opens an engine that a case may leave unusable.
func (s suite) another() suite {
	s.Helper()
	if s.opts.Another == nil {
		s.Skip("Options.Another is not set: no second engine to break")
	}
	e, err := s.opts.Another()
	s.ok(err)
	return suite{s.T, e, s.sizes, s.opts}
}

// failure is a plan whose numbers are wrong although its shapes are right. The
// error comes from Run, or from the call that waits. If it came before anything
// was queued the engine may work on, with nothing half done; otherwise every
// later call returns it.
func failure(s suite) {
	for _, c := range []struct {
		what string
		rows []int32
		from float64
	}{
		{"row beyond the source", []int32{0, 3}, 0},
		{"row far beyond the source", []int32{1 << 30, 0}, 0},
		{"negative row", []int32{-1, 0}, 0},
		{"negative row in another batch", []int32{0, 0, -1}, 0},
		{"position beyond the index", []int32{0, 0}, 1},
		{"negative position", []int32{0, 0}, -1},
	} {
		s.sub(c.what, func(s suite) {
			s = s.another()
			defer s.e.Close()
			src, copied, dst := s.matrix(normal(0, 3, 2, 1)), s.output(3, 2), s.output(2, 2)
			before := s.read(copied)
			plan := s.prepare(
				device.Activate{Act: device.Linear, Z: src, A: copied},
				device.Gather{Src: src, Index: s.index(c.rows), From: device.NewScalar(c.from), Dst: dst})
			refused := plan.Run()
			failed := s.e.Sync()
			if refused == nil {
				refused = failed
			}
			s.refused("run", refused, device.ErrShape)
			if failed == nil {
				same(s, "what the refused plan writes", s.read(copied), before)
				s.refused("run again", plan.Run(), device.ErrShape)
				return
			}
			s.refused("sync again", s.e.Sync(), device.ErrShape)
			s.refused("run again", plan.Run(), device.ErrShape)
			s.refused("read", s.e.Read(make([]float32, 4), dst, 0), device.ErrShape)
			_, err := s.e.NewMatrix(1, 1)
			s.refused("new matrix", err, device.ErrShape)
		})
	}
}

// closed uses an engine after Close.
func closed(s suite) {
	s = s.another()
	m, out, v := s.matrix(normal(0, 2, 2, 1)), s.output(2, 2), make([]float32, 4)
	op := device.Activate{Act: device.Tanh, Z: m, A: out}
	plan := s.prepare(op)
	s.run(plan)
	s.ok(s.e.Close())
	s.ok(s.e.Close())
	if held := s.e.Counters().Allocated; held != 0 {
		s.Errorf("%d bytes counted after Close", held)
	}
	s.refused("write", s.e.Write(m, 0, v), device.ErrClosed)
	s.refused("read", s.e.Read(v, m, 0), device.ErrClosed)
	s.refused("run", plan.Run(), device.ErrClosed)
	s.refused("sync", s.e.Sync(), device.ErrClosed)
	_, err := s.e.Prepare(op)
	s.refused("prepare", err, device.ErrClosed)
	_, err = s.e.NewMatrix(1, 1)
	s.refused("new matrix", err, device.ErrClosed)
	_, err = s.e.NewTally()
	s.refused("new tally", err, device.ErrClosed)
}
