package cpuref

import (
	"strings"
	"testing"
)

func TestGather(t *testing.T) {
	src := Matrix[float32]{3, 2, []float32{0, 1, 10, 11, 20, 21}}
	dst := NewMatrix[float32](4, 2)
	Gather(src, []int32{2, 0, 0, 1}, dst)
	want := []float32{20, 21, 0, 1, 0, 1, 10, 11}
	for i := range want {
		if dst.Data[i] != want[i] {
			t.Fatalf("dst = %v, want %v", dst.Data, want)
		}
	}
}

// A mistake panics with the name of the function, before anything is written.
func TestMistakesPanic(t *testing.T) {
	type m = Matrix[float32]
	matrix, layer := NewMatrix[float32], NewLayer[float32]
	out := matrix(2, 3)
	for i := range out.Data {
		out.Data[i] = 7
	}
	short := m{Rows: 2, Cols: 4, Data: make([]float32, 7)}
	for name, call := range map[string]func(){
		"Forward: operands":     func() { Forward(Linear, matrix(2, 5), layer(4, 3), out) },
		"Forward: operands ":    func() { Forward(Linear, short, layer(4, 3), out) },
		"Forward: operands  ":   func() { Forward(Linear, matrix(1, 4), layer(4, 3), out) },
		"Activate: operands":    func() { Activate(Linear, matrix(3, 2), out) },
		"Activate: unknown":     func() { Activate("swish", matrix(2, 3), out) },
		"OutputDelta: operands": func() { OutputDelta(Hinge, matrix(2, 3), matrix(2, 4), out) },
		"HiddenDelta: operands": func() { HiddenDelta(Tanh, matrix(2, 4), layer(4, 3), matrix(2, 3), out) },
		"HiddenDelta: unknown":  func() { HiddenDelta("swish", matrix(2, 4), layer(3, 4), matrix(2, 3), out) },
		"HiddenDelta: softmax":  func() { HiddenDelta(Softmax, matrix(2, 4), layer(3, 4), matrix(2, 3), out) },
		"Accumulate: operands":  func() { Accumulate(matrix(5, 2), matrix(4, 3), Layer[float32]{out, make([]float32, 2)}) },
		"Accumulate: operands ": func() { Accumulate(matrix(5, 2), matrix(5, 3), Layer[float32]{out, make([]float32, 3)}) },
		"Gradient: operands":    func() { Gradient(layer(3, 2), layer(2, 3), 0, 1, Layer[float32]{out, make([]float32, 2)}) },
		"Gradient: m is 0":      func() { Gradient(layer(3, 2), layer(3, 2), 0, 0, Layer[float32]{out, make([]float32, 2)}) },
		"SGD: operands":         func() { SGD(Layer[float32]{out, make([]float32, 2)}, layer(3, 3), 1) },
		"Momentum: operands":    func() { Momentum(Layer[float32]{out, make([]float32, 2)}, layer(3, 2), layer(3, 3), 1, 1, false) },
		"RMSprop: operands":     func() { RMSprop(Layer[float32]{out, make([]float32, 2)}, layer(3, 2), layer(2, 2), 1, 1, 1) },
		"Adagrad: operands":     func() { Adagrad(Layer[float32]{out, make([]float32, 3)}, layer(3, 2), layer(3, 2), 1, 1) },
		"Adam: operands": func() {
			Adam(Layer[float32]{out, make([]float32, 2)}, layer(3, 2), layer(3, 2), layer(1, 2), AdamStep{})
		},
		"Lion: operands":          func() { Lion(Layer[float32]{out, make([]float32, 2)}, layer(4, 2), layer(3, 2), 1, 1, 1, 0) },
		"Cost: operands":          func() { Cost(SoftmaxCrossEntropy, out, matrix(3, 2)) },
		"Cost: unknown":           func() { Cost("absent", out, matrix(2, 3)) },
		"OutputDelta: unknown":    func() { OutputDelta("absent", matrix(2, 3), matrix(2, 3), out) },
		"ScaleRows: operands":     func() { ScaleRows(matrix(3, 1), out) },
		"WeightedCost: operands":  func() { WeightedCost(Hinge, out, matrix(2, 3), matrix(2, 3)) },
		"Gather: operands":        func() { Gather(matrix(9, 3), []int32{1}, out) },
		"Gather: rows[1] is 9":    func() { Gather(matrix(9, 3), []int32{1, 9}, out) },
		"Gather: rows[0] is -1":   func() { Gather(matrix(9, 3), []int32{-1, 1}, out) },
		"Forward: operands    ":   func() { Forward(Linear, matrix(2, 4), Layer[float32]{matrix(3, 4), nil}, out) },
		"OutputDelta: operands  ": func() { OutputDelta(Hinge, matrix(3, 3), matrix(3, 3), out) },
	} {
		func() {
			defer func() {
				message, _ := recover().(string)
				if want := "cpuref." + strings.TrimRight(name, " "); !strings.HasPrefix(message, want) {
					t.Errorf("panic %q, want %q…", message, want)
				}
			}()
			call()
			t.Errorf("%s: no panic", name)
		}()
	}
	for _, v := range out.Data {
		if v != 7 {
			t.Fatalf("written to before the panic: %v", out.Data)
		}
	}
}
