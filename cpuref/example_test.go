package cpuref_test

import (
	"fmt"

	"github.com/clprop/clprop/cpuref"
)

// One layer forward for a batch of two examples: z = a Wᵀ + 1 θ0ᵀ.
func ExampleForward() {
	a := cpuref.Matrix[float32]{Rows: 2, Cols: 2, Data: []float32{
		1, 2,
		3, 4,
	}}
	theta := cpuref.Layer[float32]{
		W: cpuref.Matrix[float32]{Rows: 1, Cols: 2, Data: []float32{10, -1}},
		B: []float32{0.5},
	}
	z := cpuref.NewMatrix[float32](2, 1)
	cpuref.Forward(cpuref.Linear, a, theta, z)
	fmt.Println(z.Data)
	// Output: [8.5 26.5]
}

// A whole step of gradient descent, repeated: one sigmoid unit learns "or".
func ExampleSGD() {
	x := cpuref.Matrix[float64]{Rows: 4, Cols: 2, Data: []float64{0, 0, 0, 1, 1, 0, 1, 1}}
	y := cpuref.Matrix[float64]{Rows: 4, Cols: 1, Data: []float64{0, 1, 1, 1}}
	theta, sum, grad := cpuref.NewLayer[float64](2, 1), cpuref.NewLayer[float64](2, 1), cpuref.NewLayer[float64](2, 1)
	z, h, delta := cpuref.NewMatrix[float64](4, 1), cpuref.NewMatrix[float64](4, 1), cpuref.NewMatrix[float64](4, 1)

	for step := range 101 {
		cpuref.Forward(cpuref.Linear, x, theta, z)
		loss, correct := cpuref.Cost(cpuref.SigmoidCrossEntropy, z, y)
		if step%50 == 0 {
			fmt.Printf("step %3d: cost %.3f, %d of 4 right\n", step, loss/4, correct)
		}
		cpuref.Activate(cpuref.Sigmoid, z, h)
		cpuref.OutputDelta(cpuref.SigmoidCrossEntropy, h, y, delta)
		cpuref.Zero(sum)
		cpuref.Accumulate(delta, x, sum)
		cpuref.Gradient(sum, theta, 0, 4, grad)
		cpuref.SGD(theta, grad, 1)
	}
	// Output:
	// step   0: cost 0.693, 1 of 4 right
	// step  50: cost 0.156, 4 of 4 right
	// step 100: cost 0.089, 4 of 4 right
}

// A number depends on the seed, the two names of its stream and its element only.
func ExampleStream() {
	const seed, epoch, step = 42, 3, 17
	s := cpuref.NewStream(seed, epoch, step)
	fmt.Println(s.Float64(5) == cpuref.NewStream(seed, epoch, step).Float64(5))
	fmt.Println(s.Float64(5) == s.Float64(6))
	// Output:
	// true
	// false
}
