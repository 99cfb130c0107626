package onnx

import (
	"encoding/json"
	"errors"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/clprop/clprop/device"
	"github.com/clprop/clprop/trainer"
)

// torchGraph is what testdata/torch_graphs.py says of a graph.
type torchGraph struct {
	Hidden device.Activation
	Loss   string
	X, H   []float32
}

func torchGraphs(t *testing.T) map[string]torchGraph {
	t.Helper()
	graphs := map[string]torchGraph{}
	text, err := os.ReadFile("testdata/torch/expected.json")
	if err == nil {
		err = json.Unmarshal(text, &graphs)
	}
	if err != nil {
		t.Fatal(err)
	}
	return graphs
}

// compute is h of a network for examples x, on the CPU reference.
func compute(t *testing.T, n *trainer.Network, x []float32) []float32 {
	t.Helper()
	eng := device.OpenReference()
	defer eng.Close()
	tr, err := trainer.New(n, eng)
	if err != nil {
		t.Fatal(err)
	}
	defer tr.Close()
	h, err := tr.Predict(t.Context(), x, 0)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// within compares with what something else computed in float32. Three layers of at most
// six inputs of sizes up to 20 are off by some ten roundings of values below 64.
func within(t *testing.T, what string, got, want []float32) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d values, want %d", what, len(got), len(want))
	}
	for i := range got {
		if !(math.Abs(float64(got[i]-want[i])) <= 1e-5) {
			t.Errorf("%s: value %d is %v, want %v", what, i, got[i], want[i])
		}
	}
}

// restored are outputs as a graph of floats has them.
func restored(m *trainer.Model, h []float32) []float32 {
	for i, y := range m.Preprocess.Restore(h) {
		h[i] = float32(y)
	}
	return h
}

// The graphs that torch.onnx.export writes give networks that compute what PyTorch does.
func TestReadTorch(t *testing.T) {
	for name, g := range torchGraphs(t) {
		for _, set := range []string{"9", "17"} {
			path := "testdata/torch/" + name + "-" + set + ".onnx"
			if _, err := os.Stat(path); err != nil && name == "norm-layer" && set == "9" {
				continue // PyTorch writes one operator of it since 17
			}
			if g.Hidden == "" {
				_, err := ReadFile(path, "")
				if !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), g.Loss) {
					t.Errorf("%s: %v, want one that names %s", path, err, g.Loss)
				}
				continue
			}
			f, err := ReadFile(path, device.Loss(g.Loss))
			if err != nil {
				t.Error(err)
				continue
			}
			if f.Network.Hidden != g.Hidden || !strings.HasPrefix(f.Producer, "pytorch 1.13") {
				t.Errorf("%s: activation %s, by %s", path, f.Network.Hidden, f.Producer)
			}
			m, err := f.Model(nil)
			if err != nil {
				t.Error(err)
				continue
			}
			x := append([]float32(nil), g.X...)
			for i := range x {
				c := m.Preprocess.Columns[i%len(m.Preprocess.Columns)]
				x[i] = float32((float64(x[i]) - c.Mean) / c.Std)
			}
			within(t, path, restored(m, compute(t, f.Network, x)), g.H)
		}
	}
}

// The loss that is not given is that of the output activation.
func TestReadLoss(t *testing.T) {
	for _, c := range []struct {
		file       string
		loss, want device.Loss // "" is an error
	}{
		{"tanh-17", "", device.SoftmaxCrossEntropy},
		{"sigmoid-17", "", device.SigmoidCrossEntropy},
		{"relu-17", "", device.SoftmaxCrossEntropy},
		{"scaled-17", "", device.MeanSquaredError},
		{"relu-17", device.Hinge, device.Hinge},
		{"relu-17", device.SigmoidCrossEntropy, device.SigmoidCrossEntropy},
		{"tanh-17", device.MeanSquaredError, ""},
		{"scaled-17", device.SoftmaxCrossEntropy, ""},
		{"single-17", device.SoftmaxCrossEntropy, ""},
	} {
		f, err := ReadFile("testdata/torch/"+c.file+".onnx", c.loss)
		if c.want == "" {
			if !errors.Is(err, ErrFormat) {
				t.Errorf("%s, %s: %v", c.file, c.loss, err)
			}
		} else if err != nil || f.Network.Loss != c.want {
			t.Errorf("%s, %s: %v, want %s", c.file, c.loss, err, c.want)
		}
	}
}

// newSmall is a file of these nodes, with the constants w, 2 × 2, and one.
func newSmall(nodes ...message) []byte {
	var set, graph, model message
	set.integer(opsetVersion, opset)
	for _, n := range nodes {
		graph.message(graphNode, n)
	}
	w := tensorHead("w", []int{2, 2})
	w = append(w, make([]byte, 16)...)
	graph.message(graphInitializer, w)
	one := append(tensorHead("one", nil), 0, 0, 0x80, 0x3f)
	graph.message(graphInitializer, one)
	graph.message(graphInput, batchOf("x", 2))
	graph.message(graphOutput, batchOf("y", 2))
	model.message(modelOpsetImport, set)
	model.message(modelGraph, graph)
	return model
}

func TestReadRefuses(t *testing.T) {
	gemm := node("Gemm", []string{"x", "w"}, "y")
	whole := newSmall(gemm)
	if _, err := parse(whole, ""); err != nil {
		t.Fatal(err)
	}
	external := func() []byte {
		var c, graph, model, set message
		set.integer(opsetVersion, opset)
		model.message(modelOpsetImport, set)
		c.text(tensorName, "w")
		c.message(tensorExternalData, pair("location", "/etc/passwd"))
		graph.message(graphInitializer, c)
		model.message(modelGraph, graph)
		return model
	}
	domain := func() message {
		m := node("Gemm", []string{"x", "w"}, "y")
		m.text(nodeDomain, "com.microsoft")
		return m
	}
	for want, content := range map[string][]byte{
		"there is no graph": nil,
		"not a message":     {0xff},
		"external_data":     external(),
		`node "y" of operator "Foo": this operator`: newSmall(node("Foo", []string{"x"}, "y")),
		"operators of domain":                       newSmall(domain()),
		"no node before it gives its input":         newSmall(node("Relu", []string{"z"}, "y")),
		`"x" is given twice`:                        newSmall(node("Gemm", []string{"x", "w"}, "x")),
		"is not what the last layer gives":          newSmall(node("Gemm", []string{"x", "w"}, "z")),
		"alpha or beta":                             newSmall(node("Gemm", []string{"x", "w"}, "y", attribute{"alpha", float32(2)})),
		"it takes an earlier result":                newSmall(node("Gemm", []string{"x", "w"}, "z"), node("Gemm", []string{"x", "w"}, "y")),
		"it comes before the first layer":           newSmall(node("Relu", []string{"x"}, "z"), node("Gemm", []string{"z", "w"}, "y")),
		"it comes after relu":                       newSmall(gemm, node("Relu", []string{"y"}, "z"), node("Tanh", []string{"z"}, "u")),
		"alpha is 2: leaky-relu here has 0.01":      newSmall(gemm, node("LeakyRelu", []string{"y"}, "z", attribute{"alpha", float32(2)})),
		"it is not of z/√2":                         newSmall(gemm, node("Erf", []string{"y"}, "z")),
		"a product of two results":                  newSmall(gemm, node("Tanh", []string{"y"}, "z"), node("Mul", []string{"y", "z"}, "u")),
		"a constant less or over":                   newSmall(gemm, node("Sub", []string{"one", "y"}, "u")),
		"not a constant matrix":                     newSmall(node("Gemm", []string{"x", "one"}, "y")),
		"need two inputs, one of them":              newSmall(node("Add", []string{"one", "one"}, "y")),
		"axis is 0":                                 newSmall(node("Gemm", []string{"x", "w"}, "z"), node("Softmax", []string{"z"}, "y", attribute{"axis", 0})),
		"the output is relu of the last layer":      newSmall(node("Gemm", []string{"x", "w"}, "z"), node("Relu", []string{"z"}, "y")),
		"is not what takes the place of missing":    newSmall(node("IsNaN", []string{"x"}, "m"), node("Where", []string{"m", "w", "x"}, "y")),
	} {
		_, err := Read(strings.NewReader(string(content)), int64(len(content)), "")
		if !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	for n := range whole {
		if _, err := parse(whole[:n], ""); err == nil {
			t.Errorf("the first %d of %d bytes are taken", n, len(whole))
		}
	}
}

// A constant that is used many times does not make a network that is larger than its file.
func TestReadBounded(t *testing.T) {
	var graph, model, set message
	set.integer(opsetVersion, opset)
	model.message(modelOpsetImport, set)
	side := 300
	graph.message(graphInitializer, append(tensorHead("w", []int{side, side}), make([]byte, 4*side*side)...))
	graph.message(graphInput, batchOf("x", side))
	from := "x"
	for range 40 {
		graph.message(graphNode, node("Gemm", []string{from, "w"}, from+"x"))
		from += "x"
	}
	graph.message(graphOutput, batchOf(from, side))
	model.message(modelGraph, graph)
	if _, err := parse(model, ""); err == nil || !strings.Contains(err.Error(), "larger than its file") {
		t.Errorf("%v", err)
	}
}
