package device

import (
	"fmt"
	"testing"
)

// BenchmarkStep runs whole training steps, queued ten at a time: examples gathered from a
// set, forward, cost, deltas, accumulate, gradient, update. FLOPs count the three products, 6·b·Σ in·out less
// the input layer's delta.
func BenchmarkStep(b *testing.B) {
	for _, c := range []struct {
		sizes []int
		batch int
	}{
		{[]int{784, 128, 10}, 32},
		{[]int{784, 512, 512, 10}, 128},
		{[]int{784, 2048, 2048, 10}, 256},
		{[]int{617, 1531, 977, 26}, 200},
		{[]int{50, 50, 50, 50, 50, 50, 50, 50, 50, 10}, 64},
		{[]int{32, 64, 64, 64, 64, 64, 64, 4}, 64},
		{[]int{256, 256, 256, 256, 256, 16}, 64},
		{[]int{784, 512, 512, 10}, 1},
		{[]int{784, 128, 10}, 1},
		{[]int{300, 100, 10}, 8},
		{[]int{256, 64, 10}, 32},
		{[]int{64, 64, 10}, 32},
		{[]int{4, 8, 3}, 8},
	} {
		for _, unfused := range []bool{false, true} {
			b.Run(fmt.Sprintf("%v-%d/unfused=%v", c.sizes, c.batch, unfused), func(b *testing.B) {
				benchmarkStep(b, c.sizes, c.batch, Options{Unfused: unfused})
			})
		}
	}
}

func benchmarkStep(b *testing.B, sizes []int, batch int, options Options) {
	e, err := OpenWith("", options)
	if err != nil {
		b.Fatal(err)
	}
	defer e.Close()
	plan := newStep(b, e, sizes, batch, 0)
	// Memory that was never written is one page of zeros, from which examples come faster than from a set.
	examples := make([]float32, 2*batch*sizes[0])
	for i := range examples {
		examples[i] = float32(i%13) / 13
	}
	if err := e.Write(plan.x, 0, examples); err != nil {
		b.Fatal(err)
	}
	for range 3 {
		if err := plan.Run(); err != nil {
			b.Fatal(err)
		}
	}
	e.Sync()
	b.ResetTimer()
	for i := range b.N {
		if err := plan.Run(); err != nil {
			b.Fatal(err)
		}
		if i%10 == 9 {
			e.Sync()
		}
	}
	if err := e.Sync(); err != nil {
		b.Fatal(err)
	}
	products := 0
	for l := range len(sizes) - 1 {
		products += 6 * sizes[l] * sizes[l+1]
	}
	flops := float64(batch * (products - 2*sizes[0]*sizes[1]))
	seconds := b.Elapsed().Seconds() / float64(b.N)
	b.ReportMetric(float64(batch)/seconds, "samples/s")
	b.ReportMetric(flops/seconds/1e9, "GFLOPS")
	b.ReportMetric(float64(plan.Launches()), "launches")
}

// stepPlan is a training step of a sigmoid net and what it works on.
type stepPlan struct {
	Plan
	x, y  Matrix // the set, of twice as many examples as the batch, which is every second of them
	theta Parameters
	tally Tally
	index Index // of twice the batch; from is the first of the batch, a number that may change
	from  *Scalar
	rate  *Scalar
}

// newStep prepares a training step on zero data, with an L1 penalty if l1 is not 0.
func newStep(tb testing.TB, e Engine, sizes []int, batch int, l1 float64) stepPlan {
	tb.Helper()
	var shapes []Shape
	var a, delta []Matrix
	rows := func(n, cols int) Matrix {
		m, err := e.NewMatrix(n, cols)
		if err != nil {
			tb.Fatal(err)
		}
		return m
	}
	matrix := func(cols int) Matrix { return rows(batch, cols) }
	for l, s := range sizes {
		a, delta = append(a, matrix(s)), append(delta, matrix(s))
		if l > 0 {
			shapes = append(shapes, Shape{sizes[l-1], s})
		}
	}
	parameters := func() Parameters {
		p, err := e.NewParameters(shapes)
		if err != nil {
			tb.Fatal(err)
		}
		return p
	}
	theta, sum, grad := parameters(), parameters(), parameters()
	last := len(shapes)
	h, y := matrix(sizes[last]), matrix(sizes[last])
	index, err := e.NewIndex(2 * batch)
	if err != nil {
		tb.Fatal(err)
	}
	order := make([]int32, 2*batch)
	for i := range order {
		order[i] = int32((2*i + 1) % (2 * batch))
	}
	if err := e.WriteIndex(index, order); err != nil {
		tb.Fatal(err)
	}
	tally, err := e.NewTally()
	if err != nil {
		tb.Fatal(err)
	}
	setX, setY, from := rows(2*batch, sizes[0]), rows(2*batch, sizes[last]), NewScalar(0)
	ops := []Op{Gather{setX, index, from, a[0]}, Gather{setY, index, from, y}}
	for l := range last - 1 {
		ops = append(ops, Forward{Act: Sigmoid, A: a[l], Theta: theta, Layer: l, Out: a[l+1]})
	}
	ops = append(ops, Forward{Act: Linear, A: a[last-1], Theta: theta, Layer: last - 1, Out: a[last]},
		Cost{Loss: SigmoidCrossEntropy, Z: a[last], Y: y, Tally: tally}, Activate{Sigmoid, a[last], h}, OutputDelta{A: h, Y: y, Delta: delta[last]})
	for l := last - 1; l >= 0; l-- {
		ops = append(ops, Accumulate{delta[l+1], a[l], sum, l, true})
		if l > 0 {
			ops = append(ops, HiddenDelta{Sigmoid, delta[l+1], theta, l, a[l], delta[l]})
		}
	}
	ops = append(ops, Gradient{sum, theta, 0.1, batch, grad})
	if l1 != 0 {
		ops = append(ops, L1{Theta: theta, Lambda: l1, M: batch, Grad: grad})
	}
	rate := NewScalar(0.1)
	ops = append(ops, SGD{theta, grad, rate})
	plan, err := e.Prepare(ops...)
	if err != nil {
		tb.Fatal(err)
	}
	return stepPlan{plan, setX, setY, theta, tally, index, from, rate}
}
