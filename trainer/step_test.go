package trainer

import (
	"context"
	"math"
	"slices"
	"testing"

	"github.com/clprop/clprop/cpuref"
	"github.com/clprop/clprop/device"
	"github.com/clprop/clprop/trainer/data"
)

// oracle is a network in float64, and what back-propagation is when written
// without plans, queues or devices.
type oracle struct {
	hidden cpuref.Activation
	loss   cpuref.Loss
	theta  []cpuref.Layer[float64]
}

func newOracle(net *Network) *oracle {
	o := &oracle{hidden: net.Hidden, loss: net.Loss}
	for l, layer := range net.Layers {
		theta := cpuref.NewLayer[float64](net.Sizes[l], net.Sizes[l+1])
		for i, w := range layer.W {
			theta.W.Data[i] = float64(w)
		}
		for i, b := range layer.B {
			theta.B[i] = float64(b)
		}
		o.theta = append(o.theta, theta)
	}
	return o
}

// forward returns a(1) … a(L) and z(L).
func (o *oracle) forward(x cpuref.Matrix[float64]) (a []cpuref.Matrix[float64], z cpuref.Matrix[float64]) {
	a = append(a, x)
	for l, theta := range o.theta {
		out := cpuref.NewMatrix[float64](x.Rows, len(theta.B))
		g := o.hidden
		if l == len(o.theta)-1 {
			g = cpuref.Linear
		}
		cpuref.Forward(g, a[l], theta, out)
		a = append(a, out)
	}
	z = a[len(a)-1]
	h := cpuref.NewMatrix[float64](z.Rows, z.Cols)
	cpuref.Activate(o.loss.Output(), z, h)
	a[len(a)-1] = h
	return a, z
}

// gradient returns D of a batch whose examples have these weights, and the sum of its
// losses.
func (o *oracle) gradient(x, y, weight cpuref.Matrix[float64], lambda float64) (d []cpuref.Layer[float64], loss float64) {
	a, z := o.forward(x)
	loss, _ = cpuref.WeightedCost(o.loss, z, y, weight)
	delta := cpuref.NewMatrix[float64](z.Rows, z.Cols)
	cpuref.OutputDelta(o.loss, a[len(a)-1], y, delta)
	cpuref.ScaleRows(weight, delta)
	d = make([]cpuref.Layer[float64], len(o.theta))
	for l := len(o.theta) - 1; l >= 0; l-- {
		in, out := a[l].Cols, a[l+1].Cols
		sum := cpuref.NewLayer[float64](in, out)
		cpuref.Accumulate(delta, a[l], sum)
		d[l] = cpuref.NewLayer[float64](in, out)
		cpuref.Gradient(sum, o.theta[l], lambda, x.Rows, d[l])
		if l > 0 {
			previous, saved := cpuref.NewMatrix[float64](x.Rows, in), a[l]
			if o.hidden.NeedsZ() {
				saved = cpuref.NewMatrix[float64](x.Rows, in)
				cpuref.Forward(cpuref.Linear, a[l-1], o.theta[l-1], saved)
			}
			cpuref.HiddenDelta(o.hidden, delta, o.theta[l], saved, previous)
			delta = previous
		}
	}
	return d, loss
}

// rows64 gathers rows of a set in float64.
func rows64(values []float32, cols int, rows []int32) cpuref.Matrix[float64] {
	m := cpuref.NewMatrix[float64](len(rows), cols)
	for i, row := range rows {
		for j := range cols {
			m.Data[i*cols+j] = float64(values[int(row)*cols+j])
		}
	}
	return m
}

// distance is the relative L2 distance of got from want over all layers.
func distance(got []Layer, want []cpuref.Layer[float64]) float64 {
	var difference, norm float64
	add := func(got []float32, want []float64) {
		for i := range want {
			difference += (float64(got[i]) - want[i]) * (float64(got[i]) - want[i])
			norm += want[i] * want[i]
		}
	}
	for l := range want {
		add(got[l].W, want[l].W.Data)
		add(got[l].B, want[l].B)
	}
	return math.Sqrt(difference / norm)
}

// One epoch, 4 full steps and one of 3 examples. Each step is compared with the
// oracle begun at the float32 weights before it: D within the design's relative
// L2 of 1e-5 for a whole step. Then the whole epoch is, with the oracle going its
// own way: 5 steps, so 5e-5.
func TestEpochAgainstFloat64(t *testing.T) {
	const lambda, rate, batch, bound = 0.7, 0.3, 5, 1e-5
	for _, hidden := range cpuref.HiddenActivations() {
		for turn, loss := range append(cpuref.Losses(), cpuref.HuberLoss(0.3)) {
			t.Run(string(hidden)+" "+string(loss), func(t *testing.T) {
				set := randomSet(9, 4*batch+3, 6, 3)
				if turn%2 == 1 { // the others go without: other kernels
					set.Weights = randomWeights(8, set.Rows)
				}
				weights := make([]float32, set.Rows)
				for i := range weights {
					weights[i] = 1
				}
				if set.Weights != nil {
					weights = set.Weights
				}
				net := newNetwork(t, NetworkConfig{Sizes: []int{6, 9, 8, 3}, Hidden: hidden, Loss: loss, Seed: 5})
				whole := newOracle(net)
				tr := open(t, net, device.OpenReference())
				f := &fit{Trainer: tr, memory: memory{eng: tr.eng},
					config: Config{Epochs: 1, BatchSize: batch, Rate: rate, Lambda: lambda, Resident: ResidentYes}}
				defer f.memory.release()
				if err := f.prepare(set, nil); err != nil {
					t.Fatal(err)
				}
				shuffle(f.train.rows, 11, 1)
				if err := f.train.ordered(); err != nil {
					t.Fatal(err)
				}
				total := 0.0
				for step := range 5 {
					from, to := step*batch, min((step+1)*batch, set.Rows)
					rows := f.train.rows[from:to]
					x, y, weight := rows64(set.X, 6, rows), rows64(set.Y, 3, rows), rows64(weights, 1, rows)
					want, _ := newOracle(net).gradient(x, y, weight, lambda)
					if err := f.train.run(step); err != nil || f.train.examples(step) != to-from {
						t.Fatalf("step %d: %d examples, %v", step, f.train.examples(step), err)
					}
					d := net.clone().Layers
					for l := range d {
						if err := tr.eng.ReadParameters(d[l].W, d[l].B, f.to.grad, l); err != nil {
							t.Fatal(err)
						}
					}
					if got := distance(d, want); got > bound {
						t.Errorf("step %d: D is %.1e off", step, got)
					}
					if kept, err := tr.read(); err != nil || !kept {
						t.Fatal(kept, err)
					}
					d64, cost := whole.gradient(x, y, weight, lambda)
					total += cost
					for l := range d64 {
						cpuref.SGD(whole.theta[l], d64[l], rate)
					}
				}
				if got := distance(net.Layers, whole.theta); got > 5*bound {
					t.Errorf("after the epoch Θ is %.1e off", got)
				}
				sums, err := tr.eng.ReadTally(f.to.tally)
				if err != nil || sums.Count != set.Rows || math.Abs(sums.Loss/total-1) > 5*bound {
					t.Errorf("sums %+v (%v), want %d examples and loss %v", sums, err, set.Rows, total)
				}
			})
		}
	}
}

// randomWeights has the mean 1, and some 0.
func randomWeights(seed uint64, rows int) []float32 {
	stream, weights, sum := cpuref.NewStream(seed, 3, 0), make([]float32, rows), 0.0
	for i := range weights {
		weights[i] = float32(max(0, stream.Normal(uint64(i))))
		sum += float64(weights[i])
	}
	for i := range weights {
		weights[i] *= float32(float64(rows) / sum)
	}
	return weights
}

// What History says of an epoch, and what Evaluate and Predict say of the net,
// against the formulas in float64.
func TestNumbersAgainstFloat64(t *testing.T) {
	for _, outputs := range []int{1, 4} {
		train, validation := randomSet(1, 30, 5, outputs), randomSet(2, 700, 5, outputs)
		net, history := fitted(t, NetworkConfig{Sizes: []int{5, 6, outputs}, Seed: 2}, train, validation,
			Config{Epochs: 3, BatchSize: 100, Lambda: 0.5})
		o, e := newOracle(net), history.Last()
		mean, accuracy, h := o.judge(validation)
		near := func(what string, got, want float64) {
			if math.Abs(got-want) > 1e-5*math.Abs(want) { // a step's bound
				t.Errorf("%d outputs: %s is %v, want %v", outputs, what, got, want)
			}
		}
		near("validation loss", e.ValLoss, mean)
		near("validation accuracy", e.ValAccuracy, accuracy)
		squares := 0.0
		for _, layer := range o.theta {
			squares += cpuref.Penalty(layer)
		}
		near("cost", e.Cost, e.Loss+0.5/(2*30)*squares) // m is the 30 there are, not 100

		tr := open(t, net, device.OpenReference())
		evaluation, err := tr.Evaluate(t.Context(), validation)
		if err != nil {
			t.Fatal(err)
		}
		near("loss", evaluation.Loss, mean)
		near("accuracy", evaluation.Accuracy, accuracy)
		sum, diagonal := 0, 0
		for i, row := range evaluation.Confusion {
			diagonal += row[i]
			for _, n := range row {
				sum += n
			}
		}
		if sum != 700 || evaluation.Count != 700 || float64(diagonal)/700 != evaluation.Accuracy {
			t.Errorf("%d outputs: evaluation %+v", outputs, evaluation)
		}
		for _, batch := range []int{0, 1, 64, 1000} {
			got, err := tr.Predict(t.Context(), validation.X, batch)
			if err != nil || len(got) != len(h.Data) {
				t.Fatalf("batch %d: %d values, %v", batch, len(got), err)
			}
			for i := range got {
				if math.Abs(float64(got[i])-h.Data[i]) > 1e-5 {
					t.Fatalf("batch %d: probability %d is %v, want %v", batch, i, got[i], h.Data[i])
				}
			}
		}
	}
}

// judge returns mean loss and accuracy on a set, and h.
func (o *oracle) judge(s *data.Set) (loss, accuracy float64, h cpuref.Matrix[float64]) {
	rows := make([]int32, s.Rows)
	for i := range rows {
		rows[i] = int32(i)
	}
	a, z := o.forward(rows64(s.X, s.Features, rows))
	sum, correct := cpuref.Cost(o.loss, z, rows64(s.Y, s.Outputs, rows))
	return sum / float64(s.Rows), float64(correct) / float64(s.Rows), a[len(a)-1]
}

// The plan is the algorithm: its operations, in their order.
func TestTrainingStepIsBackPropagation(t *testing.T) {
	rec := &recorder{Engine: device.OpenReference()}
	net := newNetwork(t, NetworkConfig{Sizes: []int{2, 3, 4, 2}, Seed: 1})
	tr := open(t, net, rec)
	if _, err := tr.Fit(context.Background(), randomSet(1, 5, 2, 2), nil, Config{Epochs: 1, BatchSize: 3}); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"device.Gather", "device.Gather",
		"device.Forward 0", "device.Forward 1", "device.Forward 2",
		"device.Cost", "device.Activate", "device.OutputDelta",
		"device.Accumulate 2", "device.HiddenDelta 2",
		"device.Accumulate 1", "device.HiddenDelta 1",
		"device.Accumulate 0",
		"device.Gradient", "device.SGD",
	}
	if len(rec.plans) != 3 || !slices.Equal(rec.plans[1], want) || !slices.Equal(rec.plans[2], want) {
		t.Errorf("plans %v\nwant the penalty and twice %v", rec.plans, want)
	}
}
