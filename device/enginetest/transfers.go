package enginetest

import (
	"fmt"
	"slices"

	"github.com/clprop/clprop/cpuref"
	"github.com/clprop/clprop/device"
)

// memory starts at zero, is counted, and is given back once.
func memory(s suite) {
	before := s.e.Counters().Allocated
	m, err := s.e.NewMatrix(5, 7)
	s.ok(err)
	shapes := []device.Shape{{In: 3, Out: 2}, {In: 2, Out: 1}}
	p, err := s.e.NewParameters(shapes)
	s.ok(err)
	x, err := s.e.NewIndex(11)
	s.ok(err)
	t, err := s.e.NewTally()
	s.ok(err)

	if m.Rows() != 5 || m.Cols() != 7 || x.Len() != 11 || !slices.Equal(p.Shapes(), shapes) {
		s.Errorf("asked for 5×7, 11, %v; got %d×%d, %d, %v", shapes, m.Rows(), m.Cols(), x.Len(), p.Shapes())
	}
	same(s, "new matrix", s.read(m), make([]float32, 35))
	for l, shape := range shapes {
		got := s.layer(p, l)
		same(s, "new weights", got.W.Data, make([]float32, shape.Out*shape.In))
		same(s, "new biases", got.B, make([]float32, shape.Out))
	}
	if got := s.sums(t); got != (device.Sums{}) {
		s.Errorf("new tally: %+v", got)
	}
	// At least what was asked for; layouts and alignment may add to it.
	if held, least := s.e.Counters().Allocated-before, int64(4*(35+8+3+11)); held < least {
		s.Errorf("%d bytes counted, want at least %d", held, least)
	}
	s.ok(s.e.Sync())
	for range 2 {
		m.Release()
		p.Release()
		x.Release()
		t.Release()
	}
	if left := s.e.Counters().Allocated - before; left != 0 {
		s.Errorf("%d bytes still counted after Release", left)
	}
}

// writeRead writes all rows, then rows in the middle, and reads all and some.
func writeRead(s suite) {
	s.each(func(s suite, n size) {
		v := normal(0, n.b, n.in, 1)
		m := s.matrix(v)
		same(s, "all rows", s.read(m), v.Data)

		first, last := n.b/3, n.b-n.b/3
		middle := normal(1, last-first, n.in, 1)
		src := slices.Clone(middle.Data)
		s.ok(s.e.Write(m, first, src))
		poison(src) // "may be changed when Write returns"
		copy(v.Data[first*n.in:], middle.Data)
		same(s, "after writing the middle", s.read(m), v.Data)

		some := make([]float32, len(middle.Data))
		s.ok(s.e.Read(some, m, first))
		same(s, "the middle", some, middle.Data)
		row := make([]float32, n.in)
		s.ok(s.e.Read(row, m, n.b-1))
		same(s, "the last row", row, v.Row(n.b-1))
	})
}

// upload puts one batch after the other into the same rows with nothing waited
// for between: a plan sees the batch uploaded before it, none after it.
func upload(s suite) {
	const rounds = 8
	rows, cols := 33, 31
	in := s.output(rows, cols)
	var outs []device.Matrix
	var plans []device.Plan
	for range rounds {
		out := s.output(rows, cols)
		outs = append(outs, out)
		plans = append(plans, s.prepare(device.Activate{Act: device.Linear, Z: in, A: out}))
	}
	batches := make([]matrix32, rounds)
	transfers := make([]device.Transfer, rounds)
	for i := range batches {
		batches[i] = normal(uint32(i), rows, cols, 1)
		transfer, err := s.e.Upload(in, batches[i].Data)
		s.ok(err)
		transfers[i] = transfer
		s.run(plans[i])
	}
	for _, transfer := range transfers {
		s.ok(transfer.Wait())
		s.ok(transfer.Wait())
	}
	for i, out := range outs {
		same(s, fmt.Sprintf("batch %d", i), s.read(out), batches[i].Data)
	}

	// Into the first rows only, by a view; the source changes after Wait.
	src := normal(99, 5, cols, 1)
	want := append(slices.Clone(src.Data), batches[rounds-1].Data[5*cols:]...)
	transfer, err := s.e.Upload(in.Head(5), src.Data)
	s.ok(err)
	s.ok(transfer.Wait())
	poison(src.Data)
	same(s, "upload to a view", s.read(in), want)
}

// parameters come back as they went in, layer by layer.
func parameters(s suite) {
	s.each(func(s suite, n size) {
		layers := layersOf(0, n)
		p := s.parameters(layers...)
		changed := randomLayer(9, n.in, n.out)
		w, b := slices.Clone(changed.W.Data), slices.Clone(changed.B)
		s.ok(s.e.WriteParameters(p, 1, w, b))
		poison(w)
		poison(b)
		layers[1] = changed
		for l, want := range layers {
			got := s.layer(p, l)
			same(s, fmt.Sprintf("weights of layer %d", l), got.W.Data, want.W.Data)
			same(s, fmt.Sprintf("biases of layer %d", l), got.B, want.B)
		}
	})
}

// gather copies batch after batch of a shuffled data set with one plan, then
// with other numbers in the same index.
func gather(s suite) {
	s.each(func(s suite, n size) {
		const batches = 3
		examples := batches*n.b + 1
		src := normal(0, examples, n.in, 1)
		shuffled := make([]int32, examples)
		for i := range shuffled {
			shuffled[i] = int32((i*2 + 1) % examples) // examples may be even: some rows twice
		}
		x, out, from := s.index(shuffled), s.output(n.b, n.in), device.NewScalar(0)
		plan := s.prepare(device.Gather{Src: s.matrix(src), Index: x, From: from, Dst: out})
		want := cpuref.NewMatrix[float32](n.b, n.in)
		check := func(what string, position int) {
			from.Set(float64(position))
			s.run(plan)
			cpuref.Gather(src, shuffled[position:position+n.b], want)
			same(s, what, s.read(out), want.Data)
		}
		for batch := range batches {
			check("batch", batch*n.b)
		}
		check("up to the end", examples-n.b)

		slices.Reverse(shuffled)
		s.ok(s.e.WriteIndex(x, shuffled))
		check("after WriteIndex", 0)
	})
}
